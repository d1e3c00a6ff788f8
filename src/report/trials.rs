//! Trials, best first.

use std::sync::Arc;

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::{Map, Value};

use super::best::best_job;
use super::view::{JobStatus, JobView, StudyView};
use super::{metrics, number};
use crate::types::assignment::Assignment;
use crate::types::ids::TrialId;
use crate::types::incumbent::Candidate;
use crate::types::objective::Score;
use crate::types::units::Resource;

/// One trial and its result.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct TrialView {
    /// Its id.
    pub trial: TrialId,
    /// The bracket it belongs to.
    pub bracket: u32,
    /// The state of its latest job.
    pub status: JobStatus,
    /// The resource that its best job reached; while it has no value, what its latest job reached, or is allotted if it is running.
    #[serde(serialize_with = "number::resource")]
    pub resource: Resource,
    /// The value of its best job.
    #[serde(rename = "value")]
    pub score: Option<Score>,
    /// Number of jobs launched for it.
    pub jobs: u32,
    /// Wall time of its jobs together, seconds.
    pub duration_s: f64,
    /// Why its latest job failed or was stopped.
    pub reason: Option<String>,
    /// The last reading of its best job; of its latest with a reading while it has no value. Empty below
    /// [`ViewDetail::Full`](super::view::ViewDetail::Full).
    pub metrics: Map<String, Value>,
    /// Its configuration.
    pub params: Arc<Assignment>,
}

impl TrialView {
    fn new(job: &JobView) -> TrialView {
        TrialView {
            trial: job.job.key.trial,
            bracket: job.bracket.bracket,
            status: job.status,
            resource: job.resource,
            score: None,
            jobs: 0,
            duration_s: 0.0,
            reason: None,
            metrics: Map::new(),
            params: job.params.clone(),
        }
    }

    /// Adds its next job.
    fn add(&mut self, job: &JobView) {
        self.jobs += 1;
        self.status = job.status;
        self.resource = if job.status == JobStatus::Running { job.resource } else { job.reached };
        self.reason = job.reason.clone();
        self.duration_s += job.usage.map_or(0.0, |usage| usage.duration_s);
        self.set_metrics(job);
    }

    fn set_metrics(&mut self, job: &JobView) {
        if let Some(metrics) = job.metrics.as_deref().filter(|metrics| !metrics.is_empty()) {
            self.metrics = metrics.clone();
        }
    }

    /// Sets its value, the resource at which it was measured, and the metrics with it.
    fn set_result(&mut self, candidate: &Candidate, job: &JobView) {
        self.resource = candidate.reached;
        self.score = Some(candidate.score);
        self.set_metrics(job);
    }

    /// The names of its metrics, of nested ones with their path.
    pub fn metric_names(&self) -> impl Iterator<Item = String> {
        metrics::flattened(&self.metrics).into_iter().map(|(name, _)| name)
    }
}

/// Every trial: those with a value first, each with its best job, ordered by the rule of `types::incumbent`, so that the
/// first one is the best. In a study without a metric, by id.
pub fn trials(view: &StudyView) -> Vec<TrialView> {
    let mut trials: IndexMap<TrialId, TrialView> = IndexMap::new();
    for job in &view.jobs {
        let trial = trials.entry(job.job.key.trial).or_insert_with(|| TrialView::new(job));
        trial.add(job);
    }
    let Some(direction) = view.direction() else {
        trials.sort_unstable_keys();
        return trials.into_values().collect();
    };
    let mut candidates: Vec<(Candidate, &JobView)> = view.candidates().collect();
    candidates.sort_unstable_by(|(a, _), (b, _)| a.order(direction, b));
    candidates.splice(0..0, best_job(view));
    let mut ordered: Vec<TrialView> = Vec::with_capacity(trials.len());
    for (candidate, job) in candidates {
        if let Some(mut trial) = trials.swap_remove(&candidate.job.trial) {
            trial.set_result(&candidate, job);
            ordered.push(trial);
        }
    }
    trials.sort_unstable_keys();
    ordered.extend(trials.into_values());
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixtures::{StudyFixture, halving};
    use crate::types::outcome::{Failure, Outcome, StopRule};

    #[test]
    fn best_first_failures_last() {
        let view = halving().view();
        let rows: Vec<_> = trials(&view).iter().map(|t| (t.trial.0, t.resource.amount(), t.jobs)).collect();
        assert_eq!(rows, [(2, 3.0, 2), (0, 1.0, 1), (1, 0.0, 1)]);
    }

    #[test]
    fn a_trial_that_fails_after_a_promotion_keeps_its_value() {
        let mut sample = StudyFixture::new();
        sample.launch(0, 0, 1, 1.0).succeed(0, 0, 0.5).promote(0).launch(0, 1, 1, 3.0);
        sample.fail(0, 1, Failure::Exit(1), "");
        let trial = &trials(&sample.view())[0];
        assert_eq!((trial.status, trial.resource.amount()), (JobStatus::Failed, 1.0));
        assert_eq!(trial.score, Score::new(0.5));
    }

    #[test]
    fn an_interrupted_job_has_its_status_its_reason_and_what_it_reached() {
        let by = |rule| Outcome::Stopped { score: Score::new(0.5), by: StopRule::new(rule, Some(9.0), Some(8.0)) };
        let mut sample = StudyFixture::new();
        sample.launch(0, 0, 1, 3.0).launch(1, 0, 1, 3.0).end(0, 0, 1, by(StopRule::INTERRUPTED), "");
        sample.end(1, 0, 1, by(StopRule::LIMIT), "");
        let trials = trials(&sample.view());
        let shown: Vec<_> = trials
            .iter()
            .map(|trial| (trial.status.name(), trial.reason.as_deref(), trial.resource.amount()))
            .collect();
        let interrupted = |reason| ("interrupted", Some(reason), 0.0);
        assert_eq!(shown, [interrupted("ended by a signal to hypertune"), interrupted("ended by the time limit")]);
    }

    #[test]
    fn without_a_metric_trials_come_by_id() {
        let mut sample = StudyFixture::with_metric(None);
        sample.launch(1, 0, 1, 1.0).launch(0, 0, 1, 1.0).end(1, 0, 1, Outcome::Succeeded { score: None }, "");
        let ids: Vec<_> = trials(&sample.view()).iter().map(|t| t.trial.0).collect();
        assert_eq!(ids, [0, 1]);
    }
}
