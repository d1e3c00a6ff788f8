//! Trials, best first.

use std::sync::Arc;

use indexmap::IndexMap;
use serde::Serialize;

use super::best::best_job;
use super::number;
use super::view::{JobStatus, JobView, StudyView};
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
    /// The resource that its best job reached; that allotted to its first job while it has no value.
    #[serde(serialize_with = "number::resource")]
    pub resource: Resource,
    /// The value of its best job.
    #[serde(rename = "value")]
    pub score: Option<Score>,
    /// Number of jobs launched for it.
    pub jobs: u32,
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
            params: job.params.clone(),
        }
    }

    /// Sets its value and the resource at which it was measured.
    fn set_result(&mut self, candidate: &Candidate) {
        self.resource = candidate.reached;
        self.score = Some(candidate.score);
    }
}

/// Every trial: those with a value first, each with its best job, ordered by the rule of [`crate::types::incumbent`], so that the
/// first one is the best. In a study without a metric, by id.
pub fn trials(view: &StudyView) -> Vec<TrialView> {
    let mut trials: IndexMap<TrialId, TrialView> = IndexMap::new();
    for job in &view.jobs {
        let trial = trials.entry(job.job.key.trial).or_insert_with(|| TrialView::new(job));
        trial.jobs += 1;
        trial.status = job.status;
    }
    let Some(direction) = view.direction() else {
        trials.sort_unstable_keys();
        return trials.into_values().collect();
    };
    let mut candidates: Vec<Candidate> = view.candidates().map(|(candidate, _)| candidate).collect();
    candidates.sort_unstable_by(|a, b| a.order(direction, b));
    if let Some((best, _)) = best_job(view) {
        candidates.insert(0, best);
    }
    let mut ordered: Vec<TrialView> = Vec::with_capacity(trials.len());
    for candidate in candidates {
        if let Some(mut trial) = trials.swap_remove(&candidate.job.trial) {
            trial.set_result(&candidate);
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
    use crate::types::outcome::{Failure, Outcome};

    #[test]
    fn best_first_failures_last() {
        let view = halving().view();
        let rows: Vec<_> = trials(&view).iter().map(|t| (t.trial.0, t.resource.amount(), t.jobs)).collect();
        assert_eq!(rows, [(2, 3.0, 2), (0, 1.0, 1), (1, 1.0, 1)]);
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
    fn without_a_metric_trials_come_by_id() {
        let mut sample = StudyFixture::with_metric(None);
        sample.launch(1, 0, 1, 1.0).launch(0, 0, 1, 1.0).end(1, 0, 1, Outcome::Succeeded { score: None }, "");
        let ids: Vec<_> = trials(&sample.view()).iter().map(|t| t.trial.0).collect();
        assert_eq!(ids, [0, 1]);
    }
}
