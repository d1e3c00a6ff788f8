//! What a session changes in the study that it resumes: its length, and whether failed jobs run again. Both are recorded before the
//! session, so that a study whose driver is killed at any instant afterwards is the changed one.

use crate::engine::event::FinishReason;
use crate::journal::record::LengthRecord;

/// Which jobs run again besides those that were interrupted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rerun {
    /// Those that failed (`--rerun failed`).
    Failed,
}

/// The changes of one session.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct StudyChange {
    /// The amount of the schedule's length when the study started; `None` if it is that of the experiment.
    pub initial_length: Option<u64>,
    /// The new length of the study.
    pub length: Option<Box<LengthRecord>>,
    /// Which jobs run again.
    pub rerun: Option<Rerun>,
}

impl StudyChange {
    /// Whether a study that ended for `reason` continues with this change. Failed jobs do not run again once a metric condition is met.
    pub fn continues(&self, reason: &FinishReason) -> bool {
        match reason {
            FinishReason::Completed => self.length.is_some() || self.rerun.is_some(),
            FinishReason::MetricReached { .. } => false,
            FinishReason::FailureShare { .. } | FinishReason::FirstFailures { .. } => self.rerun.is_some(),
            FinishReason::Limit { .. } | FinishReason::Interrupted { .. } | FinishReason::Tuner { .. } => true,
        }
    }
}
