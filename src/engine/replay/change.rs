//! What a session may change in a study: its length, and the fate of failed jobs. A session makes the change after the replay of the
//! journal and records it; a later replay applies the record.

use crate::engine::early_failures::EarlyFailures;
use crate::engine::event::FinishReason;
use crate::engine::finish::{DUE_IMMEDIATELY, JobEnd};
use crate::engine::job::ScheduledJob;
use crate::engine::state::{Engine, StudyPhase};
use crate::schedule::Verdict;
use crate::types::ids::{JobKey, TrialId};
use crate::types::outcome::Outcome;

impl Engine {
    /// The amount of the current length of the schedule.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Before the first record of a replay: the study was started with this length of the schedule.
    pub fn start_with_length(&mut self, length: u64) {
        let direction = self.experiment.metric.as_ref().map(|metric| metric.direction);
        self.scheduler = self.experiment.method.schedule.with_length(length).scheduler(direction);
        self.length = length;
    }

    /// In a replay: changes the length of the schedule. A completed study is open again.
    pub fn set_length(&mut self, length: u64) {
        let scheduler = &self.scheduler;
        self.unrecorded_verdicts
            .retain(|verdict| !matches!(verdict, Verdict::Retire(trial) if scheduler.may_return(*trial)));
        self.scheduler.set_length(length);
        self.length = length;
        if self.phase == StudyPhase::Finished(FinishReason::Completed) {
            self.phase = StudyPhase::Open;
        }
        if self.max_trials.is_some_and(|most| self.counters.trials() >= most) {
            let verdicts = self.close_scheduler(&[]);
            self.unrecorded_verdicts.extend(verdicts);
        }
    }

    /// In a replay: remembers `job` if `end` is a failure, after which it does not run again by itself.
    pub(in crate::engine) fn remember_failure(&mut self, job: ScheduledJob, end: &JobEnd<'_>) {
        if matches!(end.outcome, Outcome::Failed { .. }) && !self.retry_queue.contains(job.start.key) {
            self.failed_jobs.insert(job.start.key, job);
        }
    }

    /// After a replay: the failed jobs, which [`Engine::run_again`] accepts. None in a study that ended because a metric condition
    /// was met.
    pub fn failed_jobs(&self) -> Vec<JobKey> {
        match &self.phase {
            StudyPhase::Ending(FinishReason::MetricReached { .. })
            | StudyPhase::Finished(FinishReason::MetricReached { .. }) => Vec::new(),
            _ => self.failed_jobs.keys().copied().collect(),
        }
    }

    /// In a replay: queues failed jobs for another attempt, before all other jobs and with all their retries. Where the schedule has
    /// already decided on promotions without such a job, its result counts, but its trial is not promoted. A study that has ended is
    /// open again. Other jobs are ignored.
    pub fn run_again(&mut self, jobs: &[JobKey]) {
        for key in jobs {
            let Some(job) = self.failed_jobs.remove(key) else { continue };
            let start = &job.start;
            self.searcher.forget_failure(key.trial, &job.assignment, start.resource);
            self.counters.reopen(self.allocation(&job).total());
            self.unrecorded_verdicts.retain(|verdict| *verdict != Verdict::Retire(key.trial));
            if !self.scheduler.reopen(start) {
                self.unscheduled.insert(*key);
            }
            self.trials.insert(key.trial, job.assignment.clone());
            self.retry_queue.push(DUE_IMMEDIATELY, ScheduledJob { failures: 0, ..job }.next_attempt());
        }
        self.early_failures = EarlyFailures::new();
        if matches!(self.phase, StudyPhase::Ending(_) | StudyPhase::Finished(_)) {
            self.phase = StudyPhase::Open;
        }
    }

    /// Whether `trial` was launched and may run a further job.
    pub fn may_run(&self, trial: TrialId) -> bool {
        self.trials.contains_key(&trial)
    }

    /// Why the study has ended, if it cannot be resumed as it is.
    pub fn final_reason(&self) -> Option<&FinishReason> {
        match &self.phase {
            StudyPhase::Finished(reason) => Some(reason),
            StudyPhase::Open | StudyPhase::Ending(_) => None,
        }
    }
}
