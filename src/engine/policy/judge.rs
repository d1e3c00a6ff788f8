//! What a policy on running jobs sees and decides.

use std::fmt;

use crate::types::ids::JobKey;
use crate::types::outcome::Outcome;
use crate::types::units::Resource;

/// Where jobs are compared: after `reading` readings (from 1) since resource `from`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct ComparisonPoint {
    pub from: Resource,
    pub reading: u64,
}

/// A running job at one reading. Values are costs: smaller is better.
#[derive(Clone, Copy, Debug)]
pub(super) struct JobAtReading {
    pub key: JobKey,
    pub point: ComparisonPoint,
    /// Lowest cost so far; infinite while no reading was finite.
    pub best: f64,
    /// Mean of the finite costs so far.
    pub average: Option<f64>,
    /// Whether the policy's interval says to look now.
    pub look: bool,
}

/// The two costs that end a job: its own, and the one it was compared with.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct StopDecision {
    pub own: f64,
    pub threshold: f64,
}

/// One rule's memory.
pub(super) trait Judge: fmt::Debug + Send {
    /// Takes the reading in; some if the job is to be ended.
    fn judge(&mut self, seen: &JobAtReading) -> Option<StopDecision>;
    /// The job runs no more.
    fn ended(&mut self, key: JobKey, outcome: &Outcome) {
        let _ = (key, outcome);
    }
}

/// Every number up to 255, every other one up to 511, every fourth up to 1023 and so on: rules look and remember only there, so
/// that jobs which print millions of readings do not fill the memory.
pub(super) fn is_sparse(number: u64) -> bool {
    let digits = u64::BITS - number.leading_zeros();
    number.trailing_zeros() + 8 >= digits
}

#[cfg(test)]
pub(super) fn seen(trial: u64, reading: u64, best: f64, average: f64) -> JobAtReading {
    use crate::types::ids::{Rung, TrialId};
    JobAtReading {
        key: JobKey { trial: TrialId(trial), rung: Rung(0) },
        point: ComparisonPoint { from: Resource::ZERO, reading },
        best,
        average: Some(average),
        look: true,
    }
}
