//! Turns events into journal records and effects. Runs behind a lock and never blocks.

use std::time::Instant;

use super::checkpoints::Removal;
use super::checkpoints::restart_check::RestartCheck;
use super::checkpoints::retention::Retention;
use super::clock::Clock;
use super::error::RunError;
use super::observer::Observer;
use super::output::result_checks::ResultChecks;
use super::process::slot_table::SlotTable;
use super::process::termination::KillReason;
use super::tuner::{SuggestionEnd, Suggestions, Tuner};
use crate::engine::Engine;
use crate::engine::event::{Command, Event, FinishReason, Launch};
use crate::journal::record::{EndRecord, LaunchRecord, Record};
use crate::journal::writer::JournalWriter;
use crate::types::ids::{Attempt, BracketId, JobId, TrialId};
use crate::types::outcome::Reading;
use crate::types::placement::Placement;
use crate::types::units::{Moment, Resource};

/// Seconds up to which the end of a job is written together with what follows from it. The ends of longer jobs are written before the
/// engine handles them, since a model may compute for seconds, in which the driver could be killed.
const SHORT_JOB: f64 = 1.0;

/// What the caller does after it releases the lock.
#[derive(Debug, Default)]
pub struct Effects {
    /// Jobs to start; their launch records are written.
    pub launches: Vec<Launch>,
    /// Directories to remove once the journal is synced up to here.
    pub removals: Vec<Removal>,
    /// Requests to the external tuner, each for trials with their bracket and the resource of their first job.
    pub tuner_requests: Vec<Vec<(TrialId, BracketId, Resource)>>,
}

impl Effects {
    fn extend(&mut self, other: Effects) {
        self.launches.extend(other.launches);
        self.removals.extend(other.removals);
        self.tuner_requests.extend(other.tuner_requests);
    }
}

/// The end of one job.
#[derive(Debug)]
pub struct JobResult {
    /// Its record. The coordinator sets the time when it writes it.
    pub record: Box<EndRecord>,
    /// Step of the first reading.
    pub first_step: Option<f64>,
}

/// Engine and journal, and the state that changes together with them.
pub struct Coordinator<'a> {
    /// The state machine.
    pub engine: Engine,
    /// Where records are appended.
    pub journal: JournalWriter,
    /// Records that are appended together, in one write, before anything that follows from them is done.
    pub unwritten: Vec<Record>,
    /// Decides which checkpoints are kept.
    pub retention: Retention,
    /// Study time.
    pub clock: Clock,
    /// Detects scripts that ignore their checkpoint.
    pub restart_check: RestartCheck,
    /// Detects programs that ignore their parameters or their resource.
    pub result_checks: ResultChecks,
    /// Receives every record, and notes for the user.
    pub observer: &'a dyn Observer,
    /// Receives every record, if the study has an external tuner.
    pub tuner: Option<&'a Tuner>,
    /// The running jobs.
    pub slot_table: &'a SlotTable,
    /// When to send [`Event::Tick`].
    pub wake_at: Option<Moment>,
    /// Why the session ends.
    pub finish: Option<FinishReason>,
    /// The error that ends the session. Once it is set, nothing is written or launched.
    pub error: Option<RunError>,
}

impl Coordinator<'_> {
    /// Whether the session ends: no job will be launched.
    pub fn is_over(&self) -> bool {
        self.finish.is_some() || self.error.is_some()
    }

    /// Passes `event` to the engine and executes its commands.
    pub fn handle(&mut self, event: Event) -> Effects {
        let mut effects = Effects::default();
        if self.error.is_some() {
            return effects;
        }
        let now = self.clock.now();
        let commands = self.engine.handle(now, event);
        self.engine.decisive().into_iter().for_each(|job| self.retention.decided(job));
        self.execute(commands, now, &mut effects);
        effects
    }

    /// Writes that a scheduler has started a job.
    pub fn job_started(&mut self, job: JobId, placement: &Placement) {
        let at = self.clock.now();
        self.write(Record::Started { job, placement: placement.clone(), at });
    }

    /// Writes the end of a job and passes it to the engine.
    pub fn job_ended(&mut self, launch: &Launch, end: JobResult) -> Effects {
        let mut record = end.record;
        record.at = self.clock.now();
        let duration = record.usage.duration_s;
        let (job, outcome, curve) = (record.job, record.outcome.clone(), record.readings.curve.clone());
        let step = record.readings.step(self.engine.resource());
        let allocation = self.engine.promoted().allocation(launch.resource, Some(launch.previous));
        self.retention.ended(job.key, allocation, &outcome, step);
        let is_scored = outcome.score().is_some() && !outcome.runs_again();
        if is_scored && let Some(note) = self.restart_check.succeeded(launch, end.first_step, duration) {
            self.observer.warn(&note);
        }
        if is_scored {
            self.result_checks.succeeded(launch, &record).iter().for_each(|note| self.observer.warn(note));
        }
        self.push(Record::End(record));
        if duration >= SHORT_JOB {
            self.flush();
        }
        let mut effects = self.handle(Event::Ended { job, outcome, curve, step });
        if is_scored && launch.previous > Resource::ZERO && self.error.is_none() {
            effects.removals.push(Removal::Copies(job.key));
        }
        effects
    }

    /// Passes readings of a running job to the engine.
    pub fn job_printed(&mut self, job: JobId, readings: Vec<Reading>) -> Effects {
        self.handle_all(readings.into_iter().map(|reading| Event::Reading { job, reading }))
    }

    /// Passes a response of the external tuner to the engine.
    pub fn suggested(&mut self, Suggestions { ready, end, note }: Suggestions) -> Effects {
        note.iter().for_each(|note| self.observer.warn(note));
        let finished = end.map(|end| match end {
            SuggestionEnd::Exhausted => Event::TunerFinished { error: None },
            SuggestionEnd::Failed(message) => Event::TunerFinished { error: Some(message) },
        });
        self.handle_all([Event::Suggested { suggestions: ready }].into_iter().chain(finished))
    }

    fn handle_all(&mut self, events: impl Iterator<Item = Event>) -> Effects {
        let mut effects = Effects::default();
        for event in events {
            effects.extend(self.handle(event));
        }
        effects
    }

    /// Executes commands of the engine, or those of a replay that were not recorded.
    pub fn execute(&mut self, commands: Vec<Command>, now: Moment, effects: &mut Effects) {
        for command in commands {
            match command {
                Command::Launch(launch) => self.launch(launch, now, effects),
                Command::Kill { job, why } => {
                    self.write(Record::Kill { job, why: why.clone(), at: now });
                    self.slot_table.kill(job, &KillReason::Rule(why), Instant::now());
                }
                Command::Promoted { trial, skips_to } => self.push(Record::Promoted { trial, rung: skips_to }),
                Command::Retired(trial) => {
                    self.push(Record::Retired { trial });
                    self.restart_check.retired(trial);
                    self.result_checks.retired(trial);
                    effects.removals.extend(self.retention.retired(trial).into_iter().map(Removal::Checkpoint));
                }
                Command::WakeAt(moment) => {
                    self.wake_at = Some(self.wake_at.map_or(moment, |earlier| earlier.min(moment)));
                }
                Command::Suggest { trials } => effects.tuner_requests.push(trials),
                Command::Finish(reason) => {
                    self.push(Record::Finish {
                        reason: reason.clone(),
                        at: now,
                        patience_hint: self.engine.patience_hint(),
                    });
                    effects.removals.extend(self.retention.finished(&reason));
                    self.finish = Some(reason);
                }
            }
        }
        self.flush();
        if self.error.is_some() {
            for launch in effects.launches.drain(..) {
                self.slot_table.release(launch.slot);
            }
            effects.removals.clear();
        }
    }

    /// Appends a record and passes it to the observers, unless an error ends the session.
    pub fn write(&mut self, record: Record) {
        self.push(record);
        self.flush();
    }

    /// Adds a record to those that [`Coordinator::flush`] appends. [`Coordinator::handle`] and [`Coordinator::execute`] call it.
    fn push(&mut self, record: Record) {
        self.unwritten.push(record);
    }

    /// Appends the records pushed so far and passes them to the observers, unless an error ends the session.
    fn flush(&mut self) {
        let records = std::mem::take(&mut self.unwritten);
        if self.error.is_some() || records.is_empty() {
            return;
        }
        if let Err(error) = self.journal.append(&records) {
            self.error = Some(error.into());
            return;
        }
        for record in &records {
            self.observer.record(record);
            if let Some(tuner) = self.tuner {
                tuner.record(record);
            }
        }
    }

    fn launch(&mut self, launch: Launch, now: Moment, effects: &mut Effects) {
        if !self.slot_table.reserve(launch.slot, launch.job) {
            let what = format!("{} was launched in slot {}, which is occupied", launch.job, launch.slot);
            self.error.get_or_insert(RunError::Internal(what));
            return;
        }
        let is_new = launch.previous == Resource::ZERO && launch.job.attempt == Attempt(1);
        self.push(Record::Launch(Box::new(LaunchRecord {
            job: launch.job,
            bracket: launch.bracket,
            resource: launch.resource,
            previous: launch.previous,
            slot: launch.slot,
            params: is_new.then(|| (*launch.assignment).clone()),
            origin: launch.origin.clone(),
            at: now,
        })));
        self.retention.launched(launch.job.key);
        effects.launches.push(launch);
    }
}
