//! How the incumbent changed during a study.

use serde::Serialize;

use super::job::JobView;
use super::study::StudyView;
use crate::report::number;
use crate::types::ids::TrialId;
use crate::types::incumbent::{self, Candidate};
use crate::types::units::{Moment, Resource};

/// The end of a job with a value.
#[derive(Clone, Copy, Debug)]
pub struct ScoredEnd {
    /// The job in the comparison for the best trial.
    pub candidate: Candidate,
    /// Study time.
    pub at: Moment,
    /// The resource that all jobs that ended until then spent.
    pub spent: f64,
}

/// A trial became the incumbent, or improved as the incumbent.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct IncumbentChange {
    /// Study time, seconds.
    #[serde(rename = "at_s", serialize_with = "number::seconds")]
    pub at: Moment,
    /// The trial.
    pub trial: TrialId,
    /// Its value at `resource`.
    pub value: f64,
    /// The resource it reached.
    #[serde(serialize_with = "number::resource")]
    pub resource: Resource,
    /// The resource that all jobs that ended until then spent.
    #[serde(skip)]
    pub spent: f64,
}

/// The ends of jobs with a value, in order of their time.
pub fn scored_ends(view: &StudyView) -> Vec<ScoredEnd> {
    let mut jobs: Vec<(Moment, &JobView)> = view.jobs.iter().filter_map(|job| Some((job.ended?, job))).collect();
    jobs.sort_by_key(|(at, _)| *at);
    let mut spent = 0.0;
    let ends = jobs.into_iter().filter_map(|(at, job)| {
        spent += job.spent;
        Some(ScoredEnd { candidate: job.candidate()?, at, spent })
    });
    ends.collect()
}

/// The changes of the incumbent or of its value at `ends`, in order. Values at different resources follow each other.
pub fn incumbent_history(view: &StudyView, ends: &[ScoredEnd]) -> Vec<IncumbentChange> {
    let Some(direction) = view.direction() else { return Vec::new() };
    let mut changes: Vec<IncumbentChange> = Vec::new();
    let mut best: Option<Candidate> = None;
    for end in ends {
        let first = incumbent::best(direction, best.into_iter().chain([end.candidate]), view.decisive());
        if let Some(new) = first.filter(|_| first != best) {
            let (trial, value, resource) = (new.job.trial, new.score.value(), new.reached);
            changes.push(IncumbentChange { at: end.at, trial, value, resource, spent: end.spent });
        }
        best = first;
    }
    changes
}
