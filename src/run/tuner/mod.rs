//! An outside tuner: a program that proposes configurations, over JSON lines.
//!
//! The program is started when it is first asked and lives as long as the session. It reads one JSON object a line on stdin and
//! answers each with one line on stdout; everything else it has to say belongs on stderr, which is kept in `tuner.stderr.log` in
//! the study's folder. When its stdin closes the study is over, and it has two seconds to end.
//!
//! # Questions
//!
//! | field | |
//! |---|---|
//! | `op` | `"suggest"` |
//! | `version` | version of this protocol: [`question::VERSION`] |
//! | `count` | how many configurations are wanted, 1 or more |
//! | `trials` | the trials they are for: one number each, the same after a restart |
//! | `bracket`, `round` | where those trials start |
//! | `resource` | what their first jobs get; null where nothing is allotted |
//! | `maxResource` | R; null likewise |
//! | `metric` | `{"name", "optimization": "minimize" or "maximize"}`, or null |
//! | `seed` | the study's |
//! | `params` | the matrix's `tuner.params` |
//! | `space` | every parameter by name: its `kind`, its `type`, and what follows from that (below) |
//! | `observations` | every job that ended since the last question, in order; in a session's first question all of them |
//!
//! Types of parameters: `choice` (`values` without an order, their prior probabilities in `weights`), `ordered` (`values` in order,
//! equally likely; `count` of them, of which at most 1,000 are listed), `float` (`low` to `high`, where `log` evenly on a log
//! scale), `normal` (`loc` and `scale`; where `log`, of the logarithm). The last two have a `q` where values are its multiples.
//!
//! An observation has `trial`, `bracket`, `round`, `resource`, `params` (what ran, starting points included), `status`
//! (`succeeded`, `stopped` by a rule, `failed`), `value` (the metric; null without one), `metrics` (the last reading), `curve`
//! (`[{"step", "value"}]`) and, of a failed job, `failure`. Jobs of earlier studies (`--warm-start`) come first; their `trial` is
//! null and they have no bracket.
//!
//! # Answers
//!
//! `{"suggestions": [{name: value, …}, …]}`: every parameter once, each value one that its parameter may take. Fewer than `count`,
//! or `"done": true`, means that there are no more: the study goes on with the trials it has. More than `count`, values outside the
//! space, anything else on stdout, silence for longer than `tuner.timeout` seconds, or the program's end are faults: the study ends
//! as soon as nothing runs, and the same line goes on from there once the program is mended.
//!
//! # Environment
//!
//! `HYPERTUNE_STUDY_DIR`; `HYPERTUNE_TUNER_VERSION` where the matrix names a version (`hubRef: org/name:version`);
//! `PYTHONUNBUFFERED=1`, so that a Python program's answers leave it at once.

pub(crate) mod observations;
pub(crate) mod process;
pub(crate) mod request;
pub(crate) mod response;
mod start;

use std::process::ExitStatus;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use crate::engine::experiment::Experiment;
use crate::journal::folder::layout::StudyFolder;
use crate::journal::record::Record;
use crate::launch::orphans::guard::Guard;
use crate::launch::orphans::mark::{Mark, SessionMark};
use crate::launch::orphans::marked_processes::{Sweep, Whose};
use crate::run::process::wakeup::Wakeup;
use crate::run::tuner::observations::Notes;
use crate::run::tuner::process::{MAX_ANSWER, ProtocolError, Shutdown, TunerProcess};
use crate::run::tuner::request::Constant;
use crate::types::assignment::Assignment;
use crate::types::ids::{BracketId, Slot, TrialId};
use crate::types::units::Resource;

/// Which program proposes.
#[derive(Clone, PartialEq, Debug)]
pub struct TunerProgram {
    /// What messages call it.
    pub name: String,
    /// Its argument list, not empty; the program itself as for jobs.
    pub argv: Vec<String>,
    /// The version that the matrix asks for.
    pub version: Option<String>,
    /// The user's settings for it.
    pub params: Map<String, Value>,
    /// Longest wait for an answer.
    pub patience: Duration,
}

/// What a session lends to its tuner.
#[derive(Clone, Copy, Debug)]
pub struct TunerContext<'a> {
    /// The study's folder, absolute.
    pub folder: &'a StudyFolder,
    /// This session, in the program's environment.
    pub session: &'a SessionMark,
    /// Told of its process group.
    pub guard: &'a Guard,
    /// The guard's line for it: one that no job has.
    pub slot: Slot,
}

/// What came of a question.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Suggestions {
    /// Configurations for trials it was asked for.
    pub ready: Vec<(TrialId, Assignment)>,
    /// What becomes of the others, if there are any.
    pub rest: Rest,
}

/// What becomes of trials that got no configuration.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Rest {
    /// There are none, or nobody needs to know: the study is over, or somebody else has told.
    #[default]
    Nothing,
    /// The tuner has no more; the study goes on with the trials it has.
    Over,
    /// It died or talked nonsense; the sentence names it.
    Failed(String),
}

/// The tuner of a session. Questions come from several threads and are put one after the other.
#[derive(Debug)]
pub struct Tuner {
    program: TunerProgram,
    experiment: Arc<Experiment>,
    space: Value,
    notes: Mutex<Notes>,
    line: Mutex<Line>,
    cancel: Wakeup,
}

/// How the tuner stands.
#[derive(Debug)]
enum Line {
    /// Nobody has asked yet.
    Idle,
    Up(Conversation),
    /// It has no more.
    Over,
    /// Its fault was told to whoever asked.
    Broken,
}

/// A tuner that runs, and where its stderr goes.
#[derive(Debug)]
struct Conversation {
    companion: TunerProcess,
    log: start::Log,
}

impl Tuner {
    /// A tuner that is not started yet, for a study that does this.
    pub fn new(program: TunerProgram, experiment: Arc<Experiment>) -> std::io::Result<Tuner> {
        let Experiment { resource, promoted, retries, prior, .. } = &*experiment;
        Ok(Tuner {
            space: request::outline(&experiment.space),
            notes: Mutex::new(Notes::new(resource.clone(), *promoted, *retries, prior)),
            line: Mutex::new(Line::Idle),
            cancel: Wakeup::new()?,
            program,
            experiment,
        })
    }

    /// `record` is in the journal; on a resumed study those of earlier sessions come first. Returns at once.
    pub fn record(&self, record: &Record) {
        locked(&self.notes).record(record);
    }

    /// Asks for a configuration for each of `trials` and waits for the answers, each in bounded time.
    pub fn suggest(&self, trials: &[(TrialId, BracketId, Resource)], desk: &TunerContext<'_>) -> Suggestions {
        let mut line = locked(&self.line);
        let mut all = Suggestions::default();
        for group in trials.chunk_by(|a, b| (a.1, a.2) == (b.1, b.2)) {
            let Suggestions { ready, rest } = self.ask(&mut line, group, desk);
            let complete = ready.len() == group.len();
            all.ready.extend(ready);
            all.rest = rest;
            if !complete {
                break;
            }
        }
        all
    }

    /// Nobody wants an answer any more: whoever waits for one is let go.
    pub fn cancel(&self) {
        self.cancel.set();
    }

    /// The session is over: no process of the tuner is left, nor any that it started, wherever that went.
    pub fn dismiss(&self, desk: &TunerContext<'_>) {
        let mut line = locked(&self.line);
        if matches!(*line, Line::Idle) {
            return;
        }
        // How it ends is its own business now.
        let _ = self.send_away(&mut line, desk, Line::Broken, Shutdown::Politely);
        Sweep::new(vec![Mark::Job(desk.session.tuner())], Whose::ThisSession).end();
    }

    fn ask(&self, line: &mut Line, group: &[(TrialId, BracketId, Resource)], desk: &TunerContext<'_>) -> Suggestions {
        if self.cancel.is_set() {
            return Suggestions::default();
        }
        let asked = match line {
            Line::Over => return Suggestions { rest: Rest::Over, ..Suggestions::default() },
            Line::Broken => return Suggestions::default(),
            Line::Idle => start::start(&self.program, desk).map(|talk| *line = Line::Up(talk)),
            Line::Up(_) => Ok(()),
        };
        if let Err(fault) = asked {
            *line = Line::Broken;
            return self.failed(&fault, "");
        }
        let Line::Up(talk) = line else { return Suggestions::default() };
        match self.converse(talk, group) {
            Ok(answer) => {
                let trials = group.iter().map(|(trial, ..)| *trial);
                let ready: Vec<_> = trials.zip(answer.suggestions).collect();
                let rest = if answer.last { Rest::Over } else { Rest::Nothing };
                if answer.last {
                    self.send_away(line, desk, Line::Over, Shutdown::Politely);
                }
                Suggestions { ready, rest }
            }
            Err(TunerError::ProtocolError(ProtocolError::Cancelled)) => Suggestions::default(),
            Err(lapse) => {
                let log = talk.log.clone();
                let status = self.send_away(line, desk, Line::Broken, Shutdown::AtOnce);
                self.failed(&self.sentence(lapse, status), &log.tail())
            }
        }
    }

    fn converse(
        &self,
        talk: &mut Conversation,
        group: &[(TrialId, BracketId, Resource)],
    ) -> Result<response::Response, TunerError> {
        let experiment = &*self.experiment;
        let constant = Constant { experiment, params: &self.program.params, space: &self.space };
        let trials: Vec<TrialId> = group.iter().map(|(trial, ..)| *trial).collect();
        let start = group
            .first()
            .map_or((BracketId::default(), Resource::ZERO), |(_, bracket, resource)| (*bracket, *resource));
        let observations = locked(&self.notes).take();
        let question = request::question(&constant, &trials, start, &observations);
        let question = question.map_err(|e| TunerError::Nonsense(format!("could not be asked: {e}")))?;
        let deadline = Instant::now() + self.program.patience;
        let line = talk
            .companion
            .exchange(&question, deadline, self.cancel.descriptor())
            .map_err(TunerError::ProtocolError)?;
        response::read(&line, trials.len(), &experiment.space).map_err(TunerError::Nonsense)
    }

    /// Ends the process; how it ended, if it ran.
    fn send_away(&self, line: &mut Line, desk: &TunerContext<'_>, next: Line, manner: Shutdown) -> Option<ExitStatus> {
        let Line::Up(talk) = std::mem::replace(line, next) else { return None };
        let reaped = talk.companion.end(manner);
        // A failing note leaves the guard with a number that is nobody's, or with its search by environment.
        let _ = desk.guard.note(desk.slot, None);
        reaped.ok().map(|reaped| reaped.status)
    }

    fn failed(&self, what: &str, tail: &str) -> Suggestions {
        let name = &self.program.name;
        let mut sentence = format!("`{name}` {what}");
        if !tail.is_empty() {
            sentence.push_str(&format!("\nits stderr ended with\n{tail}"));
        }
        Suggestions { rest: Rest::Failed(sentence), ..Suggestions::default() }
    }

    fn sentence(&self, lapse: TunerError, status: Option<ExitStatus>) -> String {
        match lapse {
            TunerError::Nonsense(what) => what,
            TunerError::ProtocolError(ProtocolError::Cancelled) => "was not needed any more".into(),
            TunerError::ProtocolError(ProtocolError::Ended) => {
                let how = status.map_or("it cannot be said how".into(), |status| status.to_string());
                format!("ended before it answered ({how})")
            }
            TunerError::ProtocolError(ProtocolError::ClosedStdout) => "closed its stdout".into(),
            TunerError::ProtocolError(ProtocolError::Silent) => format!(
                "gave no answer within {} s; `timeout` in the matrix's `tuner` allows more, in seconds",
                self.program.patience.as_secs_f64()
            ),
            TunerError::ProtocolError(ProtocolError::TooLong) => {
                format!("answered with more than {} MiB on one line", MAX_ANSWER >> 20)
            }
            TunerError::ProtocolError(ProtocolError::Unasked(line)) => {
                format!("printed {} without being asked; stdout is for answers alone", response::shown(&line))
            }
            TunerError::ProtocolError(ProtocolError::System(error)) => format!("cannot be talked to: {error}"),
        }
    }
}

/// Why a question has no usable answer.
enum TunerError {
    ProtocolError(ProtocolError),
    /// What follows the tuner's name in a message.
    Nonsense(String),
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Whoever panicked is reported by the driver; the process must be ended all the same.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
