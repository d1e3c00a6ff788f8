//! Ends the study early: metric conditions and failures.

use super::event::{Command, FinishReason};
use super::experiment::{FirstFailures, MetricCondition};
use super::state::{Engine, ReadingState, RunningJob, StudyPhase};
use crate::types::ids::JobId;
use crate::types::objective::Score;
use crate::types::outcome::{Failure, Outcome, Reading, StopRule};

/// Fewest ended jobs from which a share of failures is computed, unless the plan has fewer.
const MIN_ENDED_JOBS: u64 = 5;

impl Engine {
    /// Ends the study for `reason` when no job is running. A reason that is not resumable is not replaced by a later one.
    pub(super) fn stop(&mut self, reason: FinishReason, out: &mut Vec<Command>) {
        let is_final = match &self.phase {
            StudyPhase::Open => false,
            StudyPhase::Ending(earlier) => !earlier.is_resumable(),
            StudyPhase::Finished(_) => true,
        };
        if is_final {
            return;
        }
        let why = |value, threshold| StopRule::new(StopRule::STUDY_FINISHED, value, threshold);
        match &reason {
            FinishReason::MetricReached { job, value, threshold, .. } => {
                self.kill_all(Some(*job), &why(Some(*value), Some(*threshold)), out);
            }
            FinishReason::FailureShare { failed, ended } => {
                let share = *failed as f64 / *ended as f64;
                self.kill_all(None, &why(Some(share), self.experiment.stopping.failure_share), out);
            }
            FinishReason::FirstFailures { .. } => self.kill_all(None, &why(None, None), out),
            _ => {}
        }
        self.phase = StudyPhase::Ending(reason);
    }

    /// Applies the policies, then the metric conditions, to a reading of a running job.
    pub(super) fn on_reading(&mut self, id: JobId, reading: &Reading, out: &mut Vec<Command>) {
        let Some(running) = self.running.get_mut(&id.key).filter(|r| r.job.attempt == id.attempt) else { return };
        let metric = self.experiment.metric.as_ref().and_then(|metric| reading.number(&metric.name));
        running.reading_state = if metric.is_some() {
            ReadingState::WithObjective
        } else {
            running.reading_state.max(ReadingState::WithoutObjective)
        };
        if let Some(why) = self.policies.evaluate(&running.job.start, reading)
            && !running.killed
        {
            running.killed = true;
            out.push(Command::Kill { job: id, why });
        }
        let reason = self.experiment.stopping.conditions.iter().find_map(|condition| {
            let score = Score::new(reading.number(&condition.metric)?)?;
            metric_reached(condition, id, score)
        });
        if let Some(reason) = reason {
            self.stop(reason, out);
        }
    }

    /// Applies the conditions on the objective to the final value of a job, which may come from a file instead of a reading.
    pub(super) fn check_final_value(&mut self, id: JobId, outcome: &Outcome, out: &mut Vec<Command>) {
        let Some(score) = outcome.score().filter(|_| !outcome.runs_again()) else { return };
        let Some(metric) = &self.experiment.metric else { return };
        let conditions = self.experiment.stopping.conditions.iter().filter(|c| c.metric == metric.name);
        if let Some(reason) = conditions.filter_map(|condition| metric_reached(condition, id, score)).next() {
            self.stop(reason, out);
        }
    }

    /// Ends the study if the first jobs show that its command cannot work. Checked when a job ends, never in a replay, so that a
    /// study continues after its program was fixed.
    pub(super) fn check_first_failures(&mut self, out: &mut Vec<Command>) {
        if self.experiment.first_failures == FirstFailures::KeepGoing {
            return;
        }
        let space = &self.experiment.space;
        let varying = space.params.iter().filter(|param| param.domain.cardinality() != Some(1));
        let varying: Vec<&str> = varying.map(|param| &*param.name).collect();
        let trials = self.counters.planned_trials();
        let Some(failure) = self.early_failures.verdict(trials, space.cardinality(), &varying) else { return };
        // a job whose readings lack the metric may fail for the same reason
        let is_working = |running: &RunningJob| match failure {
            Failure::NoMetric(_) => running.reading_state == ReadingState::WithObjective,
            _ => running.reading_state != ReadingState::NoReading,
        };
        if !self.running.values().any(is_working) {
            let failure = failure.to_string();
            self.stop(FinishReason::FirstFailures { failure }, out);
        }
    }

    /// Whether `value` and `threshold` are those of the share of failures, not of a metric condition.
    pub(super) fn is_failure_share(&self, value: f64, threshold: f64) -> bool {
        let share = self.counters.failed() as f64 / self.counters.ended() as f64;
        self.experiment.stopping.failure_share == Some(threshold) && share == value
    }

    /// Ends the study if the share of failed among ended jobs has reached its limit.
    pub(super) fn check_failure_share(&mut self, out: &mut Vec<Command>) {
        let (failed, ended) = (self.counters.failed(), self.counters.ended());
        if let Some(share) = self.experiment.stopping.failure_share
            && ended >= MIN_ENDED_JOBS.min(self.counters.planned_jobs()).max(1)
            && failed as f64 >= share * ended as f64
        {
            self.stop(FinishReason::FailureShare { failed, ended }, out);
        }
    }
}

fn metric_reached(condition: &MetricCondition, job: JobId, score: Score) -> Option<FinishReason> {
    let threshold = Score::new(condition.value)?;
    condition.direction.reaches(score, threshold).then(|| FinishReason::MetricReached {
        job,
        metric: condition.metric.clone(),
        value: score.value(),
        threshold: condition.value,
    })
}
