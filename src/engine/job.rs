//! A job that the schedule has started.

use std::sync::Arc;

use crate::schedule::Start;
use crate::types::assignment::Assignment;
use crate::types::ids::{Attempt, JobId};
use crate::types::origin::ConfigOrigin;
use crate::types::outcome::{Failure, Outcome};

/// A job with its configuration and its number of attempts.
#[derive(Clone, Debug)]
pub(super) struct ScheduledJob {
    pub start: Start,
    pub assignment: Arc<Assignment>,
    /// The running attempt, or the next one if the job is not running.
    pub attempt: Attempt,
    /// Failed attempts that count towards the retry limit.
    pub failures: u32,
    /// Attempts that failed because of the cluster.
    pub infrastructure_failures: u32,
    /// Where the configuration came from, of a trial's first job.
    pub origin: Option<ConfigOrigin>,
}

impl ScheduledJob {
    pub fn new(start: Start, assignment: Arc<Assignment>) -> ScheduledJob {
        ScheduledJob { start, assignment, attempt: Attempt(1), failures: 0, infrastructure_failures: 0, origin: None }
    }

    pub fn with_origin(self, origin: Option<ConfigOrigin>) -> ScheduledJob {
        ScheduledJob { origin, ..self }
    }

    pub fn id(&self) -> JobId {
        JobId { key: self.start.key, attempt: self.attempt }
    }

    /// Counts an attempt that ended with `outcome` and is followed by another one.
    pub fn failed(mut self, outcome: &Outcome) -> ScheduledJob {
        match outcome {
            Outcome::Failed { failure: Failure::Infrastructure(_) } => self.infrastructure_failures += 1,
            _ if outcome.runs_again() => {}
            _ => self.failures += 1,
        }
        self
    }

    pub fn next_attempt(mut self) -> ScheduledJob {
        self.origin = None;
        self.attempt.0 += 1;
        self
    }
}
