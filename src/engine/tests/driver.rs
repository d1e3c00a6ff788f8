//! A simulated driver for tests: it carries out the engine's commands in memory and keeps a journal.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::journal::{self, StudyResult, TestRecord, last_step};
use super::setup::{failed, natural_outcome};
use crate::engine::Engine;
use crate::engine::event::{Command, Event, FinishReason, Launch};
use crate::engine::experiment::Experiment;
use crate::engine::replay::{Recovery, ReplayError};
use crate::types::ids::{JobId, TrialId};
use crate::types::incumbent::Candidate;
use crate::types::objective::Score;
use crate::types::outcome::{CurvePoint, Failure, Outcome, Reading, StopRule};
use crate::types::units::Moment;

/// How a resumed study differs from the recorded one.
pub(super) struct TestChange {
    /// The length of the schedule when the study started.
    pub initial: u64,
    /// Whether failed jobs run again.
    pub rerun: bool,
}

pub(super) struct TestDriver {
    pub engine: Engine,
    pub now: Moment,
    pub running: Vec<Launch>,
    pub journal: Vec<TestRecord>,
    pub kills: Vec<(JobId, StopRule)>,
    /// Trials that wait for a suggestion.
    pub pending: Vec<TrialId>,
    curves: HashMap<JobId, Vec<CurvePoint>>,
    pub next_wakeup: Option<Moment>,
}

impl TestDriver {
    /// A study that has started.
    pub fn new(experiment: Experiment, slots: u32) -> TestDriver {
        let mut driver = TestDriver::idle(experiment, slots);
        driver.send(Event::Start);
        driver
    }

    fn idle(experiment: Experiment, slots: u32) -> TestDriver {
        TestDriver {
            engine: Engine::new(Arc::new(experiment), slots),
            now: Moment(0),
            running: Vec::new(),
            journal: Vec::new(),
            kills: Vec::new(),
            pending: Vec::new(),
            curves: HashMap::new(),
            next_wakeup: None,
        }
    }

    /// The study resumed from `journal`.
    pub fn resumed(experiment: Experiment, slots: u32, journal: &[TestRecord]) -> Result<TestDriver, ReplayError> {
        let length = experiment.method.schedule.length().amount();
        TestDriver::changed(experiment, slots, journal, &TestChange { initial: length, rerun: false })
    }

    /// The study resumed from `journal` with a change: its schedule has the length of `experiment` from now on.
    pub fn changed(
        experiment: Experiment,
        slots: u32,
        journal: &[TestRecord],
        change: &TestChange,
    ) -> Result<TestDriver, ReplayError> {
        let length = experiment.method.schedule.length().amount();
        let mut driver = TestDriver::idle(experiment, slots);
        driver.engine.start_with_length(change.initial);
        for record in journal {
            driver.engine.replay(record.to_replay())?;
            driver.now = record.moment().unwrap_or(driver.now);
        }
        driver.journal = journal.to_vec();
        if driver.engine.length() != length {
            driver.engine.set_length(length);
            driver.journal.push(TestRecord::Length(length));
        }
        let failed_jobs = driver.engine.failed_jobs();
        if change.rerun && !failed_jobs.is_empty() {
            driver.engine.run_again(&failed_jobs);
            driver.journal.push(TestRecord::RunAgain(failed_jobs));
        }
        let Recovery { lost, unrecorded } = driver.engine.recover();
        let now = driver.now;
        driver
            .journal
            .extend(lost.into_iter().map(|job| TestRecord::Ended(job, failed(Failure::Lost), now, Vec::new())));
        driver.execute(unrecorded);
        driver.send(Event::Start);
        Ok(driver)
    }

    pub fn send(&mut self, event: Event) {
        let commands = self.engine.handle(self.now, event);
        self.execute(commands);
        let slots: BTreeSet<_> = self.running.iter().map(|launch| launch.slot).collect();
        assert_eq!(slots.len(), self.running.len(), "two jobs run on one slot");
    }

    fn execute(&mut self, commands: Vec<Command>) {
        for command in commands {
            match command {
                Command::Launch(launch) => {
                    self.journal.push(TestRecord::Launch(launch.clone(), self.now));
                    self.running.push(launch);
                }
                Command::Kill { job, why } => {
                    self.journal.push(TestRecord::Kill(job, why.clone()));
                    self.kills.push((job, why));
                }
                Command::Promoted { trial, skips_to } => self.journal.push(TestRecord::Promoted(trial, skips_to)),
                Command::Retired(trial) => self.journal.push(TestRecord::Retired(trial)),
                Command::WakeAt(moment) => self.next_wakeup = Some(moment),
                Command::Suggest { trials } => self.pending.extend(trials.into_iter().map(|(trial, ..)| trial)),
                Command::Finish(reason) => {
                    assert!(self.running.is_empty(), "finished while jobs are running");
                    self.journal.push(TestRecord::Finish(reason, self.now));
                }
            }
        }
    }

    /// Ends the `index`-th running job.
    pub fn end(&mut self, index: usize, outcome: Outcome) {
        self.now = self.now.after(Duration::from_secs(1));
        let job = self.running.remove(index).job;
        let curve = self.curves.remove(&job).unwrap_or_default();
        self.journal.push(TestRecord::Ended(job, outcome.clone(), self.now, curve.clone()));
        let step = last_step(&curve);
        self.send(Event::Ended { job, outcome, curve, step });
    }

    /// Sends a reading of the `index`-th running job.
    pub fn print(&mut self, index: usize, loss: f64) {
        let job = self.running[index].job;
        let curve = self.curves.entry(job).or_default();
        curve.push(CurvePoint { step: curve.len() as f64 + 1.0, value: loss });
        self.send(Event::Reading { job, reading: Reading { step: None, numbers: vec![("loss".into(), loss)] } });
    }

    /// Ends the first running job of `trial`.
    pub fn end_trial(&mut self, trial: u64, outcome: Outcome) {
        let index = self.running.iter().position(|launch| launch.job.key.trial.0 == trial);
        self.end(index.expect("the trial is running"), outcome);
    }

    /// Ends every killed job.
    pub fn end_killed(&mut self, score: Option<f64>) {
        for (job, by) in std::mem::take(&mut self.kills) {
            if let Some(index) = self.running.iter().position(|launch| launch.job == job) {
                self.end(index, Outcome::Stopped { score: score.and_then(Score::new), by });
            }
        }
    }

    /// Ends jobs with their natural outcome until none is running. `choose` returns an index, given the number of running jobs.
    pub fn run(&mut self, mut choose: impl FnMut(usize) -> usize) {
        while !self.running.is_empty() || self.wait() {
            if self.running.is_empty() {
                continue;
            }
            let index = choose(self.running.len()) % self.running.len();
            let outcome = natural_outcome(&self.running[index]);
            self.end(index, outcome);
        }
    }

    /// Advances the clock to the requested wake-up. False if none is requested or the study has finished.
    pub fn wait(&mut self) -> bool {
        let Some(moment) = self.next_wakeup.take().filter(|_| self.finish().is_none()) else { return false };
        self.now = self.now.max(moment);
        self.send(Event::Tick);
        true
    }

    pub fn finish(&self) -> Option<&FinishReason> {
        journal::finish(&self.journal)
    }

    pub fn launched(&self) -> Vec<JobId> {
        let launch =
            |record: &TestRecord| if let TestRecord::Launch(launch, _) = record { Some(launch.job) } else { None };
        self.journal.iter().filter_map(launch).collect()
    }

    /// Launched jobs that are neither running nor ended.
    pub fn waiting_jobs(&self) -> usize {
        let counters = &self.engine.counters;
        (counters.jobs() - counters.ended()) as usize - self.running.len()
    }

    pub fn incumbent(&self) -> Option<Candidate> {
        journal::incumbent(&self.journal, &self.engine.experiment, self.engine.decisive())
    }

    pub fn result(&self) -> StudyResult {
        journal::result(&self.journal, self.incumbent())
    }
}
