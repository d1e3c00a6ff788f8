//! The one place where events become records and orders. Behind a lock; nothing in here waits.

use std::time::Instant;

use super::checkpoints::Removal;
use super::checkpoints::restart_check::RestartCheck;
use super::checkpoints::retention::Retention;
use super::clock::Clock;
use super::error::RunError;
use super::observer::Observer;
use super::process::slot_table::SlotTable;
use super::process::termination::KillReason;
use super::tuner::{SuggestionEnd, Suggestions, Tuner};
use crate::engine::Engine;
use crate::engine::event::{Command, Event, FinishReason, Launch};
use crate::journal::record::{EndRecord, LaunchRecord, Record};
use crate::journal::writer::JournalWriter;
use crate::types::ids::{Attempt, BracketId, JobId, TrialId};
use crate::types::outcome::Reading;
use crate::types::units::{Moment, Resource};

/// What is to be done outside the lock.
#[derive(Debug, Default)]
pub struct Effects {
    /// Jobs to spawn, journalled.
    pub launches: Vec<Launch>,
    /// Directories that are of no use once what is journalled up to here is on the disk.
    pub removals: Vec<Removal>,
    /// Questions to the outside tuner.
    pub questions: Vec<Vec<(TrialId, BracketId, Resource)>>,
}

/// The end of one job, as its thread saw it.
#[derive(Debug)]
pub struct Ended {
    /// For the journal; its moment is set when it is written.
    pub record: Box<EndRecord>,
    /// Step of the first reading.
    pub first_step: Option<f64>,
}

/// Engine and journal, and what must change together with them.
pub struct Coordinator<'a> {
    /// Decides.
    pub engine: Engine,
    /// Remembers.
    pub journal: JournalWriter,
    /// Whose checkpoints are kept.
    pub retention: Retention,
    /// Study time.
    pub clock: Clock,
    /// Notices scripts that ignore their checkpoint.
    pub starts_over: RestartCheck,
    /// Looks on.
    pub watcher: &'a dyn Observer,
    /// Looks on too, if there is one.
    pub tuner: Option<&'a Tuner>,
    /// Who runs where.
    pub places: &'a SlotTable,
    /// When the engine wants a tick.
    pub wake_at: Option<Moment>,
    /// Why the session is over.
    pub finished: Option<FinishReason>,
    /// Why the driver cannot go on; from then on nothing is journalled or launched.
    pub fault: Option<RunError>,
}

impl Coordinator<'_> {
    /// Tells the engine of `event` and does what it commands, as far as that is a record or a signal.
    pub fn handle(&mut self, event: Event) -> Effects {
        let mut orders = Effects::default();
        if self.fault.is_some() {
            return orders;
        }
        let now = self.clock.now();
        let commands = self.engine.handle(now, event);
        self.engine.decisive().into_iter().for_each(|job| self.retention.decided(job));
        self.obey(commands, now, &mut orders);
        orders
    }

    /// Journals the end of a job and tells the engine.
    pub fn job_ended(&mut self, launch: &Launch, ended: Ended) -> Effects {
        let mut record = ended.record;
        record.at = self.clock.now();
        let seconds = record.usage.duration_s;
        let (job, outcome, curve) = (record.job, record.outcome.clone(), record.readings.curve.clone());
        let step = record.readings.step(self.engine.resource());
        let allocation = self.engine.promoted().allocation(launch.resource, Some(launch.previous));
        self.retention.ended(job.key, allocation, &outcome, step);
        if outcome.score().is_some() && !outcome.runs_again() {
            let said = self.starts_over.succeeded(launch, ended.first_step, seconds);
            said.iter().for_each(|said| self.watcher.note(said));
        }
        let is_promoted = launch.previous > Resource::ZERO;
        let settled = is_promoted && outcome.score().is_some() && !outcome.runs_again();
        self.write(Record::End(record));
        let mut orders = self.handle(Event::Ended { job, outcome, curve, step });
        if settled && self.fault.is_none() {
            orders.removals.push(Removal::Copies(job.key));
        }
        orders
    }

    /// Tells the engine of a running job's readings.
    pub fn job_printed(&mut self, job: JobId, readings: Vec<Reading>) -> Effects {
        self.handle_all(readings.into_iter().map(|reading| Event::Reading { job, reading }))
    }

    /// Handles the response of the external tuner.
    pub fn suggested(&mut self, Suggestions { ready, end }: Suggestions) -> Effects {
        let over = end.map(|end| match end {
            SuggestionEnd::Exhausted => Event::TunerFinished { error: None },
            SuggestionEnd::Failed(message) => Event::TunerFinished { error: Some(message) },
        });
        self.handle_all([Event::Suggested { suggestions: ready }].into_iter().chain(over))
    }

    fn handle_all(&mut self, events: impl Iterator<Item = Event>) -> Effects {
        let mut all = Effects::default();
        for event in events {
            let orders = self.handle(event);
            all.launches.extend(orders.launches);
            all.removals.extend(orders.removals);
            all.questions.extend(orders.questions);
        }
        all
    }

    /// Does what was commanded; also used for what a replay left to be recorded.
    pub fn obey(&mut self, commands: Vec<Command>, now: Moment, orders: &mut Effects) {
        for command in commands {
            match command {
                Command::Launch(launch) => self.launch(launch, now, orders),
                Command::Kill { job, why } => {
                    self.write(Record::Kill { job, why: why.clone(), at: now });
                    self.places.kill(job, &KillReason::Rule(why), Instant::now());
                }
                Command::Promoted(trial) => self.write(Record::Promoted { trial }),
                Command::Retired(trial) => {
                    self.write(Record::Retired { trial });
                    self.starts_over.retired(trial);
                    orders.removals.extend(self.retention.retired(trial).into_iter().map(Removal::Checkpoint));
                }
                Command::WakeAt(moment) => {
                    self.wake_at = Some(self.wake_at.map_or(moment, |earlier| earlier.min(moment)));
                }
                Command::Suggest { trials } => orders.questions.push(trials),
                Command::Finish(reason) => {
                    self.write(Record::Finish { reason: reason.clone(), at: now });
                    orders.removals.extend(self.retention.finished(&reason));
                    self.finished = Some(reason);
                }
            }
        }
        if self.fault.is_some() {
            orders.launches.clear();
            orders.removals.clear();
        }
    }

    /// Appends a record and shows it around, unless the driver is at its end.
    pub fn write(&mut self, record: Record) {
        if self.fault.is_some() {
            return;
        }
        if let Err(fault) = self.journal.append(&record) {
            self.fault = Some(fault.into());
            return;
        }
        self.watcher.record(&record);
        if let Some(tuner) = self.tuner {
            tuner.record(&record);
        }
    }

    fn launch(&mut self, launch: Launch, now: Moment, orders: &mut Effects) {
        if !self.places.reserve(launch.slot, launch.job) {
            let what = format!("slot {} was given to {} while it was taken", launch.slot, launch.job);
            self.fault.get_or_insert(RunError::Internal(what));
            return;
        }
        let is_new = launch.previous == Resource::ZERO && launch.job.attempt == Attempt(1);
        self.write(Record::Launch(Box::new(LaunchRecord {
            job: launch.job,
            bracket: launch.bracket,
            resource: launch.resource,
            previous: launch.previous,
            slot: launch.slot,
            params: is_new.then(|| (*launch.assignment).clone()),
            at: now,
        })));
        self.retention.launched(launch.job.key);
        orders.launches.push(launch);
    }
}
