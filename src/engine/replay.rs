//! Replay: applies the records of a journal to a new engine and checks that it decides the same.
//!
//! Jobs are taken from the schedule in the order of their recorded launches, for any number of slots. Samplers that ignore
//! observations must draw the recorded configurations; other samplers adopt them, so that a model has observed the same after the
//! replay as before. Slots, limits and pauses before retries are not checked.

mod change;
mod error;

use std::sync::Arc;

use super::event::{Command, FinishReason};
use super::finish::{DUE_IMMEDIATELY, JobEnd};
use super::job::ScheduledJob;
use super::launch::TrialConfig;
use super::state::{Engine, StudyPhase};
use crate::schedule::{Next, Start, Verdict};
use crate::types::assignment::Assignment;
use crate::types::ids::{Attempt, BracketId, JobId, JobKey, Rung, Slot, TrialId};
use crate::types::outcome::{CurvePoint, Outcome, Reading, StopRule};
use crate::types::units::{Moment, Resource};
pub use error::{Allotment, ReplayError};

/// A record of the journal, as far as the engine needs it.
#[derive(Clone, Copy, Debug)]
pub enum ReplayRecord<'a> {
    /// A driver started or resumed the study: jobs that were running are lost.
    Session {
        /// The session's limit of retries.
        retries: u32,
    },
    /// A job was launched.
    Launch {
        /// Trial, rung and attempt.
        job: JobId,
        /// Its bracket.
        bracket: BracketId,
        /// Its resource.
        resource: Resource,
        /// The resource of the trial's previous job; zero for the first.
        previous: Resource,
        /// Its slot.
        slot: Slot,
        /// The configuration, in the trial's first launch.
        assignment: Option<&'a Assignment>,
        /// The moment of the launch.
        at: Moment,
    },
    /// A rule ended a running job.
    Kill {
        /// The job.
        job: JobId,
        /// The rule.
        why: &'a StopRule,
    },
    /// A job ended.
    Ended {
        /// The job.
        job: JobId,
        /// Its outcome.
        outcome: &'a Outcome,
        /// The objective's learning curve, thinned.
        curve: &'a [CurvePoint],
        /// The resource in its last reading.
        step: Option<f64>,
        /// Every reading of the objective, if the record has all of them.
        readings: Option<&'a [CurvePoint]>,
        /// The moment of the end.
        at: Moment,
    },
    /// A trial was promoted; see [`Command::Promoted`].
    Promoted(TrialId, Option<Rung>),
    /// A trial was retired.
    Retired(TrialId),
    /// The length of the schedule was changed.
    Length(u64),
    /// Failed jobs were queued for another attempt.
    RunAgain(&'a [JobKey]),
    /// The session ended normally.
    Finish(&'a FinishReason, Moment),
}

/// Records that the driver appends to the journal before the study continues.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Recovery {
    /// Jobs that were running when the driver ended. They will be launched again as a new attempt.
    pub lost: Vec<JobId>,
    /// [`Command::Promoted`] and [`Command::Retired`] that follow from recorded results but are not recorded.
    pub unrecorded: Vec<Command>,
}

impl Engine {
    /// Applies one record. Fills no slots.
    ///
    /// # Errors
    /// The difference, if the record does not follow from this engine's decisions.
    pub fn replay(&mut self, record: ReplayRecord<'_>) -> Result<(), ReplayError> {
        match record {
            ReplayRecord::Session { retries } => {
                self.requeue_running();
                self.retries.max = retries;
                Ok(())
            }
            ReplayRecord::Launch { job, bracket, resource, previous, assignment, .. } => {
                let due = self.recorded_job(job, assignment)?;
                let recorded = Allotment { bracket, resource, previous };
                let allotted = allotment(&due.start);
                if recorded != allotted {
                    return Err(ReplayError::Allotment { job, recorded, due: allotted });
                }
                self.launch(due, None, &mut Vec::new());
                Ok(())
            }
            ReplayRecord::Ended { job, outcome, curve, step, readings, at } => {
                self.replay_readings(job, readings.unwrap_or_default());
                self.replay_end(at, job, &JobEnd { outcome, curve, step })
            }
            ReplayRecord::Promoted(trial, None) => self.replay_verdict(Verdict::Promote(trial)),
            ReplayRecord::Promoted(trial, Some(rung)) => self.replay_verdict(Verdict::PromoteTo(trial, rung)),
            ReplayRecord::Retired(trial) => self.replay_verdict(Verdict::Retire(trial)),
            ReplayRecord::Kill { job, why } => {
                self.replay_metric_reached(job, why);
                Ok(())
            }
            ReplayRecord::Length(length) => {
                self.set_length(length);
                Ok(())
            }
            ReplayRecord::RunAgain(jobs) => {
                self.run_again(jobs);
                Ok(())
            }
            ReplayRecord::Finish(reason, _) => {
                if !reason.is_resumable() {
                    self.phase = StudyPhase::Finished(reason.clone());
                }
                Ok(())
            }
        }
    }

    /// Ends the replay. Jobs that were running will be launched again before all others.
    pub fn recover(&mut self) -> Recovery {
        let lost = self.requeue_running();
        self.retries = self.experiment.retries;
        self.failed_jobs.clear();
        let mut verdicts: Vec<_> = self.unrecorded_verdicts.drain(..).collect();
        verdicts.extend(self.decide());
        let mut unrecorded = Vec::new();
        self.emit_verdicts(verdicts, &mut unrecorded);
        Recovery { lost, unrecorded }
    }

    fn requeue_running(&mut self) -> Vec<JobId> {
        let running = std::mem::take(&mut self.running);
        running.into_values().map(|running| self.requeue(running.job)).collect()
    }

    fn requeue(&mut self, job: ScheduledJob) -> JobId {
        let id = job.id();
        self.retry_queue.push(DUE_IMMEDIATELY, job.next_attempt());
        id
    }

    /// The job of a recorded launch, taken from the retry queue or the schedule.
    fn recorded_job(&mut self, recorded: JobId, assignment: Option<&Assignment>) -> Result<ScheduledJob, ReplayError> {
        if let Some(running) = self.running.remove(&recorded.key) {
            self.requeue(running.job);
        }
        if let Some(job) = self.retry_queue.remove(recorded.key) {
            let due = job.id();
            return if due == recorded { Ok(job) } else { Err(ReplayError::Job { recorded, due }) };
        }
        let start = self.recorded_start(recorded)?;
        if recorded.attempt != Attempt(1) {
            return Err(ReplayError::Job { recorded, due: first_attempt(&start) });
        }
        let assignment = self.checked_configuration(&start, assignment)?;
        Ok(ScheduledJob::new(start, assignment))
    }

    /// Takes starts from the schedule up to the recorded job. Trials that wait for the external tuner may have been overtaken by
    /// later jobs; their starts are deferred.
    fn recorded_start(&mut self, recorded: JobId) -> Result<Start, ReplayError> {
        if let Some(index) = self.deferred_starts.iter().position(|start| start.key == recorded.key) {
            return self.deferred_starts.remove(index).ok_or(ReplayError::NoJob { recorded });
        }
        loop {
            let Next::Start(start) = self.scheduler.next_recorded(recorded.key) else {
                return Err(ReplayError::NoJob { recorded });
            };
            if start.key == recorded.key {
                return Ok(start);
            }
            if self.is_sampler_exhausted(&start) {
                let verdicts = self.close_scheduler(&[start.key.trial]);
                self.unrecorded_verdicts.extend(verdicts);
            } else if self.may_overtake(recorded, &start) {
                self.deferred_starts.push_back(start);
            } else {
                return Err(ReplayError::Job { recorded, due: first_attempt(&start) });
            }
        }
    }

    fn is_sampler_exhausted(&mut self, start: &Start) -> bool {
        let is_replayable = self.experiment.method.sampler.ignores_observations();
        is_replayable && start.previous.is_none() && matches!(self.configuration_for(start), TrialConfig::Exhausted)
    }

    fn may_overtake(&self, recorded: JobId, start: &Start) -> bool {
        let may_wait = !self.experiment.method.sampler.ignores_observations();
        may_wait && (start.previous.is_some() || start.key.trial < recorded.key.trial)
    }

    /// The recorded configuration. A sampler that ignores observations must draw the same.
    fn checked_configuration(
        &mut self,
        start: &Start,
        recorded: Option<&Assignment>,
    ) -> Result<Arc<Assignment>, ReplayError> {
        let trial = start.key.trial;
        if let Some(assignment) = self.trials.get(&trial) {
            return Ok(assignment.clone());
        }
        let recorded = recorded.ok_or(ReplayError::NoConfiguration { trial })?;
        if !self.experiment.method.sampler.ignores_observations() {
            return Ok(Arc::new(recorded.clone()));
        }
        match self.configuration_for(start) {
            TrialConfig::Ready(drawn, _) if *drawn == *recorded => Ok(drawn),
            _ => Err(ReplayError::Configuration { trial }),
        }
    }

    /// Gives the recorded readings to the policies. Their decisions are ignored, because the journal has those that were made.
    fn replay_readings(&mut self, job: JobId, readings: &[CurvePoint]) {
        let Some(metric) = &self.experiment.metric else { return };
        let Some(running) = self.running.get(&job.key).filter(|running| running.job.attempt == job.attempt) else {
            return;
        };
        for point in readings {
            let reading = Reading { step: Some(point.step), numbers: vec![(metric.name.clone(), point.value)] };
            self.policies.evaluate(&running.job.start, &reading);
        }
    }

    fn replay_end(&mut self, at: Moment, job: JobId, end: &JobEnd<'_>) -> Result<(), ReplayError> {
        let outcome = end.outcome;
        let ended = self.running.get(&job.key).map(|running| running.job.clone());
        let Some(verdicts) = self.apply_end(at, job, end) else {
            // the next session records the end of a lost job
            let is_lost = outcome.runs_again() && self.retry_queue.contains(job.key);
            return if is_lost { Ok(()) } else { Err(ReplayError::NotRunning { job }) };
        };
        ended.into_iter().for_each(|job| self.remember_failure(job, end));
        self.unrecorded_verdicts.extend(verdicts);
        self.check_final_value(job, outcome, &mut Vec::new());
        let shares_threshold = |by: &StopRule| self.experiment.stopping.failure_share == by.threshold;
        if let Outcome::Stopped { by, .. } = outcome
            && !shares_threshold(by)
        {
            self.replay_metric_reached(job, by);
        }
        Ok(())
    }

    /// Ends the study if a job was ended because a metric condition was met. The job that met it is the first one killed; older
    /// versions of hypertune killed it in the order of trials.
    fn replay_metric_reached(&mut self, job: JobId, why: &StopRule) {
        let StopRule { rule, value: Some(value), threshold: Some(threshold) } = why else { return };
        let conditions = &self.experiment.stopping.conditions;
        if rule == StopRule::STUDY_FINISHED
            && !self.is_failure_share(*value, *threshold)
            && let Some(condition) = conditions.iter().find(|condition| condition.value == *threshold)
        {
            let metric = condition.metric.clone();
            let reason = FinishReason::MetricReached { job, metric, value: *value, threshold: *threshold };
            self.stop(reason, &mut Vec::new());
        }
    }

    /// Matches a recorded verdict with an unrecorded one, in any order, or with one that the scheduler accepts.
    fn replay_verdict(&mut self, verdict: Verdict) -> Result<(), ReplayError> {
        if self.unrecorded_index(verdict).is_none() && self.scheduler.accept(verdict) {
            self.remove_retired_trials(&[verdict]);
            return Ok(());
        }
        let Some(index) = self.unrecorded_index(verdict).or_else(|| self.unrecorded_index_without_new_trials(verdict))
        else {
            let (Verdict::Promote(trial) | Verdict::PromoteTo(trial, _) | Verdict::Retire(trial)) = verdict;
            return Err(ReplayError::Verdict { trial });
        };
        self.unrecorded_verdicts.remove(index);
        Ok(())
    }

    fn unrecorded_index(&self, verdict: Verdict) -> Option<usize> {
        self.unrecorded_verdicts.iter().position(|unrecorded| *unrecorded == verdict)
    }

    /// The index of a verdict that follows only if the searcher has no more configurations. The journal has no record of that.
    fn unrecorded_index_without_new_trials(&mut self, verdict: Verdict) -> Option<usize> {
        let Next::Start(start) = self.scheduler.next() else { return None };
        if start.previous.is_some() {
            self.deferred_starts.push_back(start);
            return None;
        }
        let verdicts = self.close_scheduler(&[start.key.trial]);
        self.unrecorded_verdicts.extend(verdicts);
        self.unrecorded_index(verdict)
    }
}

fn first_attempt(start: &Start) -> JobId {
    JobId { key: start.key, attempt: Attempt(1) }
}

fn allotment(start: &Start) -> Allotment {
    Allotment { bracket: start.bracket, resource: start.resource, previous: start.previous.unwrap_or(Resource::ZERO) }
}
