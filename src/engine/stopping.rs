//! What ends the study before its plan is done: metric conditions, failures, and the order of reasons.

use super::event::{Command, FinishReason};
use super::experiment::{FirstFailures, MetricCondition};
use super::state::{Engine, Phase, Printed, RunningJob};
use crate::types::ids::JobId;
use crate::types::objective::Score;
use crate::types::outcome::{Failure, Outcome, Reading, StopRule};

/// So many ended jobs say something about a failure share.
const ENOUGH: u64 = 5;

impl Engine {
    /// The study ends for `reason` as soon as nothing runs. A reason after which a study cannot go on stands for good.
    pub(super) fn stop(&mut self, reason: FinishReason, out: &mut Vec<Command>) {
        let settled = match &self.phase {
            Phase::Open => false,
            Phase::Ending(earlier) => !earlier.is_resumable(),
            Phase::Finished(_) => true,
        };
        if settled {
            return;
        }
        let why = |value, threshold| StopRule::new(StopRule::STUDY_FINISHED, value, threshold);
        match &reason {
            FinishReason::MetricReached { job, value, threshold, .. } => {
                self.tally.decided(job.key);
                self.kill_all(Some(*job), &why(Some(*value), Some(*threshold)), out);
            }
            FinishReason::FailureShare { failed, ended } => {
                let share = *failed as f64 / *ended as f64;
                self.kill_all(None, &why(Some(share), self.experiment.stopping.failure_share), out);
            }
            FinishReason::FirstFailures { .. } => self.kill_all(None, &why(None, None), out),
            _ => {}
        }
        self.phase = Phase::Ending(reason);
    }

    /// A reading of a running job: conditions of the study first, then policies on the job.
    pub(super) fn read(&mut self, id: JobId, reading: &Reading, out: &mut Vec<Command>) {
        let Some(running) = self.running.get_mut(&id.key).filter(|r| r.job.attempt == id.attempt) else { return };
        let metric = self.experiment.metric.as_ref().and_then(|metric| reading.number(&metric.name));
        running.printed = if metric.is_some() { Printed::Metric } else { running.printed.max(Printed::Reading) };
        if let Some(why) = self.policies.judge(&running.job.start, reading)
            && !running.killed
        {
            running.killed = true;
            out.push(Command::Kill { job: id, why });
        }
        let reached = self.experiment.stopping.conditions.iter().find_map(|condition| {
            let score = Score::new(reading.number(&condition.metric)?)?;
            reached_by(condition, id, score)
        });
        if let Some(reason) = reached {
            self.stop(reason, out);
        }
    }

    /// Conditions on the objective hold for final values too, wherever those were read from.
    pub(super) fn check_final_value(&mut self, id: JobId, outcome: &Outcome, out: &mut Vec<Command>) {
        let Some(score) = outcome.score().filter(|_| !outcome.runs_again()) else { return };
        let Some(metric) = &self.experiment.metric else { return };
        let conditions = self.experiment.stopping.conditions.iter().filter(|c| c.metric == metric.name);
        if let Some(reason) = conditions.filter_map(|condition| reached_by(condition, id, score)).next() {
            self.stop(reason, out);
        }
    }

    /// Ends the study where the first jobs show that its command does not work. Judged only when a job ends, never in a replay, so
    /// that a study whose program was repaired continues.
    pub(super) fn judge_first_failures(&mut self, out: &mut Vec<Command>) {
        if self.experiment.first_failures == FirstFailures::KeepGoing {
            return;
        }
        let configurations = self.experiment.space.cardinality();
        let Some(failure) = self.early_failures.verdict(self.tally.planned_trials(), configurations) else { return };
        // a job that prints readings without the metric may fail for that too
        let works = |running: &RunningJob| match failure {
            Failure::NoMetric(_) => running.printed == Printed::Metric,
            _ => running.printed != Printed::Nothing,
        };
        let works = self.running.values().any(works);
        if !works {
            let failure = failure.to_string();
            self.stop(FinishReason::FirstFailures { failure }, out);
        }
    }

    /// Whether a study that is ended for these two numbers is ended for its share of failures.
    pub(super) fn is_failure_share(&self, value: f64, threshold: f64) -> bool {
        let share = self.tally.failed() as f64 / self.tally.done() as f64;
        self.experiment.stopping.failure_share == Some(threshold) && share == value
    }

    /// Ends the study where too large a share of the ended jobs failed.
    pub(super) fn judge_failure_share(&mut self, out: &mut Vec<Command>) {
        let (failed, ended) = (self.tally.failed(), self.tally.done());
        if let Some(share) = self.experiment.stopping.failure_share
            && ended >= ENOUGH.min(self.tally.planned_jobs()).max(1)
            && failed as f64 >= share * ended as f64
        {
            self.stop(FinishReason::FailureShare { failed, ended }, out);
        }
    }
}

fn reached_by(condition: &MetricCondition, job: JobId, score: Score) -> Option<FinishReason> {
    let threshold = Score::new(condition.value)?;
    condition.direction.reaches(score, threshold).then(|| FinishReason::MetricReached {
        job,
        metric: condition.metric.clone(),
        value: score.value(),
        threshold: condition.value,
    })
}
