//! Trials, best first.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;

use super::amount;
use super::view::{JobStatus, JobView, StudyView};
use crate::words::assignment::Assignment;
use crate::words::ids::TrialId;
use crate::words::objective::{Direction, Score, rank};
use crate::words::units::Resource;

/// One trial with what it came to.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct TrialView {
    /// Its id.
    pub trial: TrialId,
    /// The bracket it belongs to.
    pub bracket: u32,
    /// How its latest job stands.
    pub status: JobStatus,
    /// The highest resource it has a value at; that of its first job while it has none.
    #[serde(serialize_with = "amount::resource")]
    pub resource: Resource,
    /// Its value there.
    #[serde(rename = "value")]
    pub score: Option<Score>,
    /// How many jobs were launched for it.
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

    fn add(&mut self, job: &JobView) {
        self.jobs += 1;
        self.status = job.status;
        if job.score.is_some() && (self.score.is_none() || job.resource >= self.resource) {
            self.score = job.score;
            self.resource = job.resource;
        }
    }
}

/// Every trial: those with a value first, by highest resource and then by value; ties go to the lower trial. In a study without
/// a metric, by id.
pub fn trials(view: &StudyView) -> Vec<TrialView> {
    let mut at: HashMap<TrialId, usize> = HashMap::new();
    let mut trials: Vec<TrialView> = Vec::new();
    for job in &view.jobs {
        let index = *at.entry(job.job.key.trial).or_insert_with(|| {
            trials.push(TrialView::new(job));
            trials.len() - 1
        });
        trials[index].add(job);
    }
    match view.direction() {
        Some(direction) => trials.sort_by(|a, b| order(direction, a, b)),
        None => trials.sort_by_key(|t| t.trial),
    }
    trials
}

fn order(direction: Direction, a: &TrialView, b: &TrialView) -> Ordering {
    let valued = b.score.is_some().cmp(&a.score.is_some());
    let resource = b.resource.cmp(&a.resource);
    valued.then(resource).then_with(|| rank(direction, (a.trial, a.score), (b.trial, b.score)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::{Sample, halving};
    use crate::words::outcome::{Failure, Outcome};

    #[test]
    fn best_first_failures_last() {
        let view = halving().view();
        let seen: Vec<_> = trials(&view).iter().map(|t| (t.trial.0, t.resource.amount(), t.jobs)).collect();
        assert_eq!(seen, [(2, 3.0, 2), (0, 1.0, 1), (1, 1.0, 1)]);
    }

    #[test]
    fn a_trial_that_fails_higher_up_keeps_its_value_from_below() {
        let mut sample = Sample::new();
        sample.launch(0, 0, 1, 1.0).succeed(0, 0, 0.5).promote(0).launch(0, 1, 1, 3.0);
        sample.fail(0, 1, Failure::Exit(1), "");
        let trial = &trials(&sample.view())[0];
        assert_eq!((trial.status, trial.resource.amount()), (JobStatus::Failed, 1.0));
        assert_eq!(trial.score, Score::new(0.5));
    }

    #[test]
    fn without_a_metric_trials_come_by_id() {
        let mut sample = Sample::with_metric(None);
        sample.launch(1, 0, 1, 1.0).launch(0, 0, 1, 1.0).end(1, 0, 1, Outcome::Succeeded { score: None }, "");
        let ids: Vec<_> = trials(&sample.view()).iter().map(|t| t.trial.0).collect();
        assert_eq!(ids, [0, 1]);
    }
}
