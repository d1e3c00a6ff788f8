//! Replay: a journal's records applied to a fresh engine, which checks that it would have decided the same.
//!
//! Jobs are taken from the schedule in the order in which they were launched then, whatever the number of slots now. Draws of
//! samplers that ignore observations must come out as recorded; other samplers adopt what was recorded, so that a model goes on
//! exactly from what it had learnt. Which slots jobs had does not matter, and limits, retries' pauses and readings play no part.

use std::sync::Arc;

use super::event::{Command, FinishReason};
use super::finish::{AT_ONCE, JobEnd};
use super::job::ScheduledJob;
use super::launch::Configured;
pub use super::mismatch::ReplayError;
use super::progress::Progress;
use super::state::{Engine, Phase};
use crate::schedule::{Next, Start, Verdict};
use crate::types::assignment::Assignment;
use crate::types::ids::{Attempt, BracketId, JobId, Slot, TrialId};
use crate::types::outcome::{CurvePoint, Outcome, Reading, StopRule};
use crate::types::units::{Moment, Resource};

/// One recorded step.
#[derive(Clone, Copy, Debug)]
pub enum ReplayRecord<'a> {
    /// A driver took the study up: whatever ran before is lost.
    Session {
        /// Further attempts of a job that failed, until the next session.
        retries: u32,
    },
    /// A job was launched.
    Launch {
        /// Trial, rung and attempt.
        job: JobId,
        /// Its bracket.
        bracket: BracketId,
        /// What it got.
        resource: Resource,
        /// What its trial had before; zero at first.
        previous: Resource,
        /// Where it ran.
        slot: Slot,
        /// The configuration, in the trial's first launch.
        assignment: Option<&'a Assignment>,
        /// When.
        at: Moment,
    },
    /// A rule wanted a job ended.
    Kill {
        /// Which.
        job: JobId,
        /// Why.
        why: &'a StopRule,
    },
    /// A job ended.
    Ended {
        /// Which.
        job: JobId,
        /// How.
        outcome: &'a Outcome,
        /// The objective on the way, thinned.
        curve: &'a [CurvePoint],
        /// The resource that its last reading named.
        step: Option<f64>,
        /// Every reading of the objective, if they are known.
        readings: Option<&'a [CurvePoint]>,
        /// When.
        at: Moment,
    },
    /// A trial went on.
    Promoted(TrialId),
    /// A trial was over.
    Retired(TrialId),
    /// The session ended in order.
    Finish(&'a FinishReason, Moment),
}

/// What a replay leaves to be done before the study goes on.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Recovery {
    /// Launched and not ended: lost with the driver. Journal that; they are launched again as a new attempt.
    pub lost: Vec<JobId>,
    /// [`Command::Promoted`] and [`Command::Retired`] that follow from recorded results and are not in the journal yet.
    pub unrecorded: Vec<Command>,
}

impl Engine {
    /// Applies one recorded step without filling slots; errs with what differs when this engine would have done otherwise.
    pub fn replay(&mut self, step: ReplayRecord<'_>) -> Result<(), ReplayError> {
        match step {
            ReplayRecord::Session { retries } => {
                self.lose_running();
                self.retries.max = retries;
                Ok(())
            }
            ReplayRecord::Launch { job, bracket, resource, previous, assignment, .. } => {
                let due = self.due(job, assignment)?;
                let had = due.start.previous.unwrap_or(Resource::ZERO);
                if (due.start.bracket, due.start.resource, had) != (bracket, resource, previous) {
                    return Err(ReplayError::Allotment { job, recorded: resource, due: due.start.resource });
                }
                self.launch(due, None, &mut Vec::new());
                Ok(())
            }
            ReplayRecord::Ended { job, outcome, curve, step, readings, at } => {
                self.relearn(job, readings.unwrap_or_default());
                self.replay_end(at, job, &JobEnd { outcome, curve, step })
            }
            ReplayRecord::Promoted(trial) => self.recorded(Verdict::Promote(trial)),
            ReplayRecord::Retired(trial) => self.recorded(Verdict::Retire(trial)),
            ReplayRecord::Kill { job, why } => {
                self.note_study_finished(job, why);
                Ok(())
            }
            ReplayRecord::Finish(reason, _) => {
                if let FinishReason::MetricReached { job, .. } = reason {
                    self.tally.decided(job.key);
                }
                if !reason.is_resumable() {
                    self.phase = Phase::Finished(reason.clone());
                }
                Ok(())
            }
        }
    }

    /// Ends the replay: jobs in flight are lost and run again before anything else.
    pub fn recover(&mut self) -> Recovery {
        let lost = self.lose_running();
        self.retries = self.experiment.retries;
        let mut verdicts: Vec<_> = self.unrecorded.drain(..).collect();
        verdicts.extend(self.decide());
        let mut unrecorded = Vec::new();
        self.announce(verdicts, &mut unrecorded);
        Recovery { lost, unrecorded }
    }

    /// A snapshot of how far the study is.
    pub fn progress(&self) -> Progress {
        self.tally.snapshot(self.again.len() as u64)
    }

    fn lose_running(&mut self) -> Vec<JobId> {
        let running = std::mem::take(&mut self.running);
        let lost = running.into_values().map(|running| self.lose(running.job));
        lost.collect()
    }

    fn lose(&mut self, job: ScheduledJob) -> JobId {
        let id = job.id();
        self.tally.stops_running();
        self.again.push(AT_ONCE, job.next_attempt());
        id
    }

    /// The recorded job, taken from those to run again or from the schedule.
    fn due(&mut self, recorded: JobId, assignment: Option<&Assignment>) -> Result<ScheduledJob, ReplayError> {
        if let Some(running) = self.running.remove(&recorded.key) {
            self.lose(running.job);
        }
        if let Some(job) = self.again.remove(recorded.key) {
            let due = job.id();
            return if due == recorded { Ok(job) } else { Err(ReplayError::Job { recorded, due: Some(due) }) };
        }
        let start = self.handed_out(recorded)?;
        let job = |assignment| ScheduledJob::first(start, assignment);
        if recorded.attempt != Attempt(1) {
            let due = JobId { key: start.key, attempt: Attempt(1) };
            return Err(ReplayError::Job { recorded, due: Some(due) });
        }
        self.recorded_configuration(&start, assignment).map(job)
    }

    /// Asks the schedule until it hands out the recorded job. While an outside tuner thinks, later jobs may overtake new trials:
    /// those are held back.
    fn handed_out(&mut self, recorded: JobId) -> Result<Start, ReplayError> {
        if let Some(index) = self.held.iter().position(|start| start.key == recorded.key) {
            return self.held.remove(index).ok_or(ReplayError::Job { recorded, due: None });
        }
        loop {
            let Next::Start(start) = self.scheduler.next() else {
                return Err(ReplayError::Job { recorded, due: None });
            };
            if start.key == recorded.key {
                return Ok(start);
            }
            if self.is_exhausted_at(&start) {
                let verdicts = self.close(&[start.key.trial]);
                self.unrecorded.extend(verdicts);
            } else if self.may_overtake(recorded, &start) {
                self.held.push_back(start);
            } else {
                let due = JobId { key: start.key, attempt: Attempt(1) };
                return Err(ReplayError::Job { recorded, due: Some(due) });
            }
        }
    }

    fn is_exhausted_at(&mut self, start: &Start) -> bool {
        let blind = self.experiment.method.sampler.ignores_observations();
        blind && start.previous.is_none() && matches!(self.configure(start), Configured::Exhausted)
    }

    fn may_overtake(&self, recorded: JobId, start: &Start) -> bool {
        let waits = !self.experiment.method.sampler.ignores_observations();
        waits && (start.previous.is_some() || start.key.trial < recorded.key.trial)
    }

    fn recorded_configuration(
        &mut self,
        start: &Start,
        recorded: Option<&Assignment>,
    ) -> Result<Arc<Assignment>, ReplayError> {
        let trial = start.key.trial;
        if let Some(live) = self.trials.get(&trial) {
            return Ok(live.assignment.clone());
        }
        let recorded = recorded.ok_or(ReplayError::NoConfiguration { trial })?;
        if !self.experiment.method.sampler.ignores_observations() {
            return Ok(Arc::new(recorded.clone()));
        }
        match self.configure(start) {
            Configured::Ready(drawn) if *drawn == *recorded => Ok(drawn),
            _ => Err(ReplayError::Draw { trial }),
        }
    }

    /// Tells the policies what the job printed then. What they said to it is in the journal.
    fn relearn(&mut self, job: JobId, readings: &[CurvePoint]) {
        let Some(metric) = &self.experiment.metric else { return };
        let Some(running) = self.running.get(&job.key).filter(|running| running.job.attempt == job.attempt) else {
            return;
        };
        for point in readings {
            let reading = Reading { step: Some(point.step), numbers: vec![(metric.name.clone(), point.value)] };
            self.policies.judge(&running.job.start, &reading);
        }
    }

    fn replay_end(&mut self, at: Moment, job: JobId, end: &JobEnd<'_>) -> Result<(), ReplayError> {
        let outcome = end.outcome;
        let Some(verdicts) = self.take_end(at, job, end) else {
            // A lost job may be recorded as such after the session that found it lost.
            let lost = outcome.runs_again() && self.again.contains(job.key);
            return if lost { Ok(()) } else { Err(ReplayError::NotRunning { job }) };
        };
        self.unrecorded.extend(verdicts);
        self.check_final_value(job, outcome, &mut Vec::new());
        let shares_threshold = |by: &StopRule| self.experiment.stopping.failure_share == by.threshold;
        if let Outcome::Stopped { by, .. } = outcome
            && !shares_threshold(by)
        {
            self.note_study_finished(job, by);
        }
        Ok(())
    }

    /// A job that was ended because a condition was met: the study is ending. The job whose reading met it is the first that is
    /// killed; journals that begin with another one were written before that was so.
    fn note_study_finished(&mut self, job: JobId, why: &StopRule) {
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

    /// A recorded verdict: the next that is expected, as a rule.
    fn recorded(&mut self, verdict: Verdict) -> Result<(), ReplayError> {
        if self.expected(verdict).is_none() && self.scheduler.accept(verdict) {
            self.forget_retired(&[verdict]);
            return Ok(());
        }
        let Some(index) = self.expected(verdict).or_else(|| self.expected_without_new_trials(verdict)) else {
            let (Verdict::Promote(trial) | Verdict::Retire(trial)) = verdict;
            return Err(ReplayError::Verdict { trial });
        };
        self.unrecorded.remove(index);
        Ok(())
    }

    fn expected(&self, verdict: Verdict) -> Option<usize> {
        self.unrecorded.iter().position(|expected| *expected == verdict)
    }

    /// A searcher that ran out of configurations leaves no record of it, only verdicts on rungs that go on without new trials.
    fn expected_without_new_trials(&mut self, verdict: Verdict) -> Option<usize> {
        let Next::Start(start) = self.scheduler.next() else { return None };
        if start.previous.is_some() {
            self.held.push_back(start);
            return None;
        }
        let verdicts = self.close(&[start.key.trial]);
        self.unrecorded.extend(verdicts);
        self.expected(verdict)
    }
}
