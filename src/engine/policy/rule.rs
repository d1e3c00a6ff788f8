//! The interface of a policy rule.

use std::fmt;

use crate::types::ids::JobKey;
use crate::types::outcome::Outcome;
use crate::types::units::Resource;

/// A point at which jobs are compared: the `reading`-th reading (from 1) of jobs that start at resource `from`.
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
    /// Whether the policy evaluates the job at this reading.
    pub is_due: bool,
}

/// The decision to end a job, with the two costs that were compared: the job's own and the threshold.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct StopDecision {
    pub own: f64,
    pub threshold: f64,
}

/// A rule with the readings it has recorded.
pub(super) trait PolicyRule: fmt::Debug + Send {
    /// Records a reading. The result is `Some` if the job must end.
    fn evaluate(&mut self, job: &JobAtReading) -> Option<StopDecision>;
    /// Records the end of a job.
    fn add_end(&mut self, key: JobKey, outcome: &Outcome) {
        let _ = (key, outcome);
    }
}

/// Whether `number` is among those that rules evaluate and record: every number up to 255, every second one up to 511, every
/// fourth up to 1023 and so on. This bounds the memory for jobs that print millions of readings.
pub(super) fn is_sparse(number: u64) -> bool {
    let digits = u64::BITS - number.leading_zeros();
    number.trailing_zeros() + 8 >= digits
}

#[cfg(test)]
pub(super) fn job_at_reading(trial: u64, reading: u64, best: f64, average: f64) -> JobAtReading {
    use crate::types::ids::{Rung, TrialId};
    JobAtReading {
        key: JobKey { trial: TrialId(trial), rung: Rung(0) },
        point: ComparisonPoint { from: Resource::ZERO, reading },
        best,
        average: Some(average),
        is_due: true,
    }
}
