//! A whole study, as views show it.

use std::path::PathBuf;

use indexmap::IndexMap;

use super::job::JobView;
use crate::engine::event::{FinishReason, PatienceHint};
use crate::journal::record::{Header, SessionRecord};
use crate::types::ids::JobKey;
use crate::types::incumbent::Candidate;
use crate::types::objective::Direction;
use crate::types::units::Moment;

/// How much of each job a view holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ViewDetail {
    /// Without metrics other than the value: less than half the memory of [`ViewDetail::Full`].
    Values,
    /// The last reading too.
    Full,
    /// The learning curve too, for which `readings.jsonl` is read.
    Curves,
}

/// A study, computed from its folder.
#[derive(Clone, Debug)]
pub struct StudyView {
    /// Its folder.
    pub study: PathBuf,
    /// The first record of its journal, with the definition of its last change of length.
    pub header: Header,
    /// The amount of the schedule's length before the first change of it; `None` if it was never changed.
    pub initial_length: Option<u64>,
    /// Every launch, in order.
    pub jobs: Vec<JobView>,
    /// How much of each job is here.
    pub detail: ViewDetail,
    /// Why its last session ended; `None` while one runs and after a crash.
    pub finish: Option<FinishReason>,
    /// When `--patience` would have ended it, in the first session without the limit that came so far.
    pub patience_hint: Option<PatienceHint>,
    /// Sessions so far.
    pub sessions: u32,
    /// The start of the last one.
    pub last_session: Option<SessionRecord>,
    /// Study time of the last record that has one.
    pub last: Moment,
}

impl StudyView {
    /// Whether lower or higher values are better; `None` in a study without a metric.
    pub fn direction(&self) -> Option<Direction> {
        self.header.metric.as_ref().map(|m| m.direction)
    }

    /// Whether nothing more runs: the study has ended, and not because of a limit, a signal or its tuner.
    pub fn has_ended(&self) -> bool {
        self.finish.as_ref().is_some_and(|reason| !reason.is_resumable())
    }

    /// The resource that all launches spent, retries included ([`JobView::spent`]).
    pub fn resource_spent(&self) -> f64 {
        self.jobs.iter().map(|job| job.spent).sum()
    }

    /// The jobs that compete for the best, in order of their first launch: of each the last launch, if it ended with a score.
    pub fn candidates(&self) -> impl Iterator<Item = (Candidate, &JobView)> {
        self.last_attempts().filter_map(|job| Some((job.candidate()?, job)))
    }

    /// The last launch of each job, in order of their first launch: earlier attempts have no effect on the result.
    pub fn last_attempts(&self) -> impl Iterator<Item = &JobView> {
        let mut latest: IndexMap<JobKey, &JobView> = IndexMap::new();
        for job in &self.jobs {
            latest.insert(job.job.key, job);
        }
        latest.into_values()
    }

    /// The job whose reading met the condition that ended the study, if that is why it ended.
    pub fn decisive(&self) -> Option<JobKey> {
        match &self.finish {
            Some(FinishReason::MetricReached { job, .. }) => Some(job.key),
            _ => None,
        }
    }
}
