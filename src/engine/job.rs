//! A job between the schedule and its end.

use std::sync::Arc;

use crate::schedule::Start;
use crate::types::assignment::Assignment;
use crate::types::ids::{Attempt, JobId};

/// A job with its configuration and its history of attempts.
#[derive(Clone, Debug)]
pub(super) struct ScheduledJob {
    pub start: Start,
    pub assignment: Arc<Assignment>,
    /// The attempt that runs, or comes next while the job waits.
    pub attempt: Attempt,
    /// Attempts that failed and count against the retries.
    pub failures: u32,
}

impl ScheduledJob {
    pub fn first(start: Start, assignment: Arc<Assignment>) -> ScheduledJob {
        ScheduledJob { start, assignment, attempt: Attempt(1), failures: 0 }
    }

    pub fn id(&self) -> JobId {
        JobId { key: self.start.key, attempt: self.attempt }
    }

    pub fn next_attempt(mut self) -> ScheduledJob {
        self.attempt.0 += 1;
        self
    }
}
