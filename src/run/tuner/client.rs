//! Requests configurations from the tuner, which it starts at the first request.

use std::io;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::observations::ObservationQueue;
use super::process::{ProtocolError, Shutdown};
use super::program::{ProtocolVersion, TunerContext, TunerProgram};
use super::request::{self, RequestContext};
use super::response::{self, RejectedSuggestion, Response, ResponseError};
use super::start::{RunningTuner, start};
use crate::engine::experiment::Experiment;
use crate::journal::record::Record;
use crate::launch::orphans::mark::Mark;
use crate::launch::orphans::marked_processes::{MarkedProcesses, SearchScope};
use crate::run::process::wakeup::Wakeup;
use crate::schedule::finite;
use crate::types::assignment::Assignment;
use crate::types::ids::{BracketId, TrialId};
use crate::types::units::Resource;

/// Most responses in a row whose suggestions all break a constraint.
const MAX_REJECTING: usize = 100;

/// The result of a request.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Suggestions {
    /// Configurations for requested trials, in their order.
    pub ready: Vec<(TrialId, Assignment)>,
    /// Why the tuner makes no more suggestions; `None` as long as it does, and if that was reported before.
    pub end: Option<SuggestionEnd>,
    /// What the user should know, for example about suggestions that are not used.
    pub note: Option<String>,
}

/// Why a tuner makes no more suggestions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SuggestionEnd {
    /// It has none; the study continues with the trials it has.
    Exhausted,
    /// It failed. The message names the tuner.
    Failed(String),
}

impl From<SuggestionEnd> for Suggestions {
    fn from(end: SuggestionEnd) -> Suggestions {
        Suggestions { end: Some(end), ..Suggestions::default() }
    }
}

/// The tuner of a session. Requests from several threads are made one after the other.
#[derive(Debug)]
pub struct Tuner {
    program: TunerProgram,
    experiment: Arc<Experiment>,
    space: Value,
    observations: Mutex<ObservationQueue>,
    connection: Mutex<Connection>,
    cancelled: Wakeup,
}

#[derive(Debug)]
enum Connection {
    NotStarted,
    Open(RunningTuner),
    /// The tuner has no more suggestions.
    Exhausted,
    /// The tuner failed, which was reported, or the session is over.
    Closed,
}

#[derive(Debug, thiserror::Error)]
enum RequestError {
    #[error("cannot be asked: {0}")]
    Encode(#[source] serde_json::Error),
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    #[error(transparent)]
    Response(#[from] ResponseError),
    #[error("suggested only configurations that are not allowed in {MAX_REJECTING} responses in a row: {0}")]
    Rejected(String),
}

impl Tuner {
    /// A tuner for `experiment` that is not started yet.
    pub fn new(program: TunerProgram, experiment: Arc<Experiment>) -> io::Result<Tuner> {
        let Experiment { resource, promoted, retries, prior, .. } = &*experiment;
        Ok(Tuner {
            space: request::describe_space(&experiment.space, program.protocol),
            observations: Mutex::new(ObservationQueue::new(resource.clone(), *promoted, *retries, prior)),
            connection: Mutex::new(Connection::NotStarted),
            cancelled: Wakeup::new()?,
            program,
            experiment,
        })
    }

    /// Takes a record of the journal, those of earlier sessions first. Does not block.
    pub fn record(&self, record: &Record) {
        locked(&self.observations).record(record);
    }

    /// Requests a configuration for each of `trials`: one request per bracket and resource, each answered within the tuner's timeout.
    pub fn suggest(&self, trials: &[(TrialId, BracketId, Resource)], context: &TunerContext<'_>) -> Suggestions {
        let mut connection = locked(&self.connection);
        let mut all = Suggestions::default();
        for group in trials.chunk_by(|a, b| (a.1, a.2) == (b.1, b.2)) {
            let Suggestions { ready, end, note } = self.request(&mut connection, group, context);
            let is_complete = ready.len() == group.len();
            all.ready.extend(ready);
            (all.end, all.note) = (end, note);
            if !is_complete {
                break;
            }
        }
        all
    }

    /// Cancels the current request and all later ones.
    pub fn cancel(&self) {
        self.cancelled.set();
    }

    /// Ends the tuner and every process it started.
    pub fn shut_down(&self, context: &TunerContext<'_>) {
        let mut connection = locked(&self.connection);
        if matches!(*connection, Connection::NotStarted) {
            return;
        }
        end(&mut connection, context, Connection::Closed, Shutdown::Graceful);
        MarkedProcesses::new(vec![Mark::Job(context.session.tuner())], SearchScope::CurrentSession).end();
    }

    fn request(
        &self,
        connection: &mut Connection,
        group: &[(TrialId, BracketId, Resource)],
        context: &TunerContext<'_>,
    ) -> Suggestions {
        if self.cancelled.is_set() {
            return Suggestions::default();
        }
        let tuner = match self.open(connection, context) {
            Ok(tuner) => tuner,
            Err(suggestions) => return suggestions,
        };
        match self.suggestions(tuner, group) {
            Ok(response) => {
                let note = self.end_note(group, &response);
                let trials = group.iter().map(|(trial, ..)| *trial);
                let ready = trials.zip(response.suggestions).collect();
                if response.is_last {
                    end(connection, context, Connection::Exhausted, Shutdown::Graceful);
                }
                Suggestions { ready, end: response.is_last.then_some(SuggestionEnd::Exhausted), note }
            }
            Err(RequestError::Protocol(ProtocolError::Cancelled)) => Suggestions::default(),
            Err(error) => {
                let log = tuner.log.clone();
                let status = end(connection, context, Connection::Closed, Shutdown::Immediate);
                let mut message = error.to_string();
                if matches!(error, RequestError::Protocol(ProtocolError::Exited)) {
                    let status = status.map_or("unknown exit status".into(), |status| status.to_string());
                    message += &format!(" ({status})");
                    if self.experiment.space.has_rules() && self.program.protocol == ProtocolVersion::Two {
                        message += "; if it reads only version 1 of the protocol, set `protocol: 1` in `tuner`";
                    }
                }
                self.failed(&message, &log.tail())
            }
        }
    }

    /// The running tuner, started if it was not. The error is the result of a request to a tuner that does not run.
    fn open<'c>(
        &self,
        connection: &'c mut Connection,
        context: &TunerContext<'_>,
    ) -> Result<&'c mut RunningTuner, Suggestions> {
        if matches!(connection, Connection::NotStarted) {
            *connection = Connection::Closed;
            let tuner = start(&self.program, context).map_err(|error| self.failed(&error.to_string(), ""))?;
            *connection = Connection::Open(tuner);
        }
        match connection {
            Connection::Open(tuner) => Ok(tuner),
            Connection::Exhausted => Err(SuggestionEnd::Exhausted.into()),
            Connection::NotStarted | Connection::Closed => Err(Suggestions::default()),
        }
    }

    /// A configuration for each of `group`. Suggestions that break a constraint are requested again.
    fn suggestions(
        &self,
        tuner: &mut RunningTuner,
        group: &[(TrialId, BracketId, Resource)],
    ) -> Result<Response, RequestError> {
        let mut all = self.exchange(tuner, group, &[])?;
        let mut rejecting = 0;
        while let (Some(last), false) = (all.rejected.last(), all.is_last) {
            if rejecting == MAX_REJECTING {
                return Err(RequestError::Rejected(last.reason.clone()));
            }
            let Response { suggestions, rejected, is_last } =
                self.exchange(tuner, &group[all.suggestions.len()..], &all.rejected)?;
            rejecting = if suggestions.is_empty() { rejecting + 1 } else { 0 };
            all.suggestions.extend(suggestions);
            (all.rejected, all.is_last) = (rejected, is_last);
        }
        Ok(all)
    }

    fn exchange(
        &self,
        tuner: &mut RunningTuner,
        group: &[(TrialId, BracketId, Resource)],
        rejected: &[RejectedSuggestion],
    ) -> Result<Response, RequestError> {
        let experiment = &*self.experiment;
        let TunerProgram { params, protocol, .. } = &self.program;
        let context = RequestContext { experiment, params, space: &self.space, rejected, protocol: *protocol };
        let trials: Vec<TrialId> = group.iter().map(|(trial, ..)| *trial).collect();
        let start = group
            .first()
            .map_or((BracketId::default(), Resource::ZERO), |(_, bracket, resource)| (*bracket, *resource));
        let mut observations = locked(&self.observations).take();
        if self.program.protocol == ProtocolVersion::One {
            observations.iter_mut().for_each(|observation| observation.complete(&experiment.space));
        }
        let request = request::encode(&context, &trials, start, &observations).map_err(RequestError::Encode)?;
        let line = tuner.process.exchange(&request, self.program.timeout, self.cancelled.descriptor())?;
        Ok(response::parse(&line, trials.len(), &experiment.space)?)
    }

    /// What a response says that ends the study before all planned trials have a configuration, and why its suggestions were rejected.
    fn end_note(&self, group: &[(TrialId, BracketId, Resource)], response: &Response) -> Option<String> {
        let planned = finite(self.experiment.plan().trials());
        let count = group.first().map_or(0, |(trial, ..)| trial.0) + response.suggestions.len() as u64;
        if !response.is_last || (planned.is_some_and(|planned| count >= planned) && response.rejected.is_empty()) {
            return None;
        }
        let of = planned.map(|planned| format!(" of {planned}")).unwrap_or_default();
        let trials = if planned.unwrap_or(count) == 1 { "trial" } else { "trials" };
        let mut note = format!("the tuner `{}` ended the study after {count}{of} {trials}", self.program.name);
        if let Some(first) = response.rejected.first() {
            let (number, were) = match response.rejected.len() {
                1 => ("1 suggestion".to_owned(), "was"),
                several => (format!("{several} suggestions"), "were"),
            };
            note += &format!(
                "; {number} of its last response {were} rejected and not requested again, because it ends with `done` or fewer \
                 suggestions than requested: {}",
                first.reason
            );
        }
        Some(note)
    }

    fn failed(&self, error: &str, stderr_tail: &str) -> Suggestions {
        let mut message = format!("`{}` {error}", self.program.name);
        if !stderr_tail.is_empty() {
            message += &format!("\nits stderr ended with\n{stderr_tail}");
        }
        SuggestionEnd::Failed(message).into()
    }
}

/// Ends the tuner if it runs, sets `connection` to `next` and returns the exit status.
fn end(
    connection: &mut Connection,
    context: &TunerContext<'_>,
    next: Connection,
    shutdown: Shutdown,
) -> Option<ExitStatus> {
    let Connection::Open(tuner) = std::mem::replace(connection, next) else { return None };
    let reaped = tuner.process.end(shutdown);
    // If this fails, the guard keeps an ID that is unused, or finds the process by its environment.
    let _ = context.groups.set(context.slot, None);
    reaped.ok().map(|reaped| reaped.status)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Ignores poisoning: the driver reports the panic, and the process must be ended all the same.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
