//! Counts of trials, jobs and resource, updated at every launch and end.

use super::experiment::{Experiment, Totals};
use super::job::ScheduledJob;
use crate::types::allocation::Allocation;
use crate::types::allocation::PromotedStart;
use crate::types::outcome::Outcome;

/// Counts of a study. A job counts once, however many attempts it has; it has ended when no further attempt follows.
#[derive(Debug)]
pub(super) struct Counters {
    planned: Totals,
    promoted: PromotedStart,
    trials: u64,
    jobs: u64,
    ended: u64,
    failed: u64,
    committed: f64,
}

impl Counters {
    pub fn new(experiment: &Experiment) -> Counters {
        Counters {
            planned: experiment.totals(&experiment.plan()),
            promoted: experiment.promoted,
            trials: 0,
            jobs: 0,
            ended: 0,
            failed: 0,
            committed: 0.0,
        }
    }

    /// Launched trials.
    pub fn trials(&self) -> u64 {
        self.trials
    }

    /// Launched jobs.
    pub fn jobs(&self) -> u64 {
        self.jobs
    }

    /// Ended jobs.
    pub fn ended(&self) -> u64 {
        self.ended
    }

    /// Ended jobs without a usable value.
    pub fn failed(&self) -> u64 {
        self.failed
    }

    /// The resource that ended attempts have spent, plus all that the other launched jobs may spend.
    pub fn committed_resource(&self) -> f64 {
        self.committed
    }

    pub fn planned_jobs(&self) -> u64 {
        self.planned.jobs
    }

    pub fn planned_trials(&self) -> u64 {
        self.planned.trials
    }

    /// Counts the first attempt of `job`.
    pub fn add_launch(&mut self, job: &ScheduledJob) {
        if job.attempt.0 > 1 {
            return;
        }
        self.jobs += 1;
        self.trials += u64::from(job.start.previous.is_none());
        self.committed += self.promoted.cost(job.start.resource, job.start.previous);
    }

    /// Counts the end of a job; `step` is the resource that its last reading named.
    pub fn add_end(&mut self, outcome: &Outcome, allocation: Allocation, step: Option<f64>) {
        self.ended += 1;
        self.failed += u64::from(matches!(outcome, Outcome::Failed { .. }));
        self.committed -= allocation.total() - allocation.spent(outcome, step);
    }

    /// Counts the end of an attempt after which the job is launched again.
    pub fn add_attempt(&mut self, outcome: &Outcome, allocation: Allocation, step: Option<f64>) {
        self.committed += allocation.spent(outcome, step);
    }

    /// A failed job has not ended after all: it may spend `total` again.
    pub fn reopen(&mut self, total: f64) {
        self.ended -= 1;
        self.failed -= 1;
        self.committed += total;
    }
}
