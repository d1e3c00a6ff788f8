//! Numbers of configurations as ranges.

use crate::types::assignment::Assignment;

/// Values for which a constraint has no value.
#[derive(Clone, PartialEq, Debug)]
pub struct UnevaluatedConstraint {
    /// The index of the constraint.
    pub constraint: usize,
    /// The values of its parameters.
    pub values: Assignment,
    /// The reason.
    pub message: String,
}

/// Numbers of configurations, in ascending order, as ranges.
#[derive(Debug, Default)]
pub struct FeasibleRanges {
    /// The rank of the first number of each range, and that number.
    starts: Vec<(u64, u64)>,
    /// How many numbers there are.
    count: u64,
    /// The number after the last range.
    end: u64,
    /// The first constraint that had no value while they were found.
    pub unevaluated: Option<UnevaluatedConstraint>,
}

impl FeasibleRanges {
    /// How many there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The number with this rank, from 0.
    pub fn get(&self, rank: u64) -> Option<u64> {
        let range = self.starts.partition_point(|(first, _)| *first <= rank).checked_sub(1)?;
        let (first, number) = self.starts[range];
        (rank < self.count).then(|| number + (rank - first))
    }

    /// Adds `count` numbers from `number` on, which are above those before.
    pub fn push(&mut self, number: u64, count: u64) {
        if self.starts.is_empty() || self.end != number {
            self.starts.push((self.count, number));
        }
        self.count += count;
        self.end = number + count;
    }
}
