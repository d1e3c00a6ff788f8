//! Counts of a rung.

use crate::types::ids::{BracketId, Rung};
use crate::types::incumbent::Candidate;
use crate::types::units::Resource;

/// Counts of one rung of one bracket.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct RungCounts {
    /// Expected configurations: as planned, or fewer if too few were promoted into the rung.
    pub configs: u64,
    /// Resource of each job.
    pub resource: Resource,
    /// Trials whose job in this rung ended; a retry is subtracted.
    pub ended: u64,
    /// Trials that were promoted or retired.
    pub settled: u64,
    /// Failed trials among the ended.
    pub failed: u64,
    /// Trials promoted to the next rung.
    pub promoted: u64,
    /// The best trial in this rung.
    pub best: Option<Candidate>,
}

impl RungCounts {
    /// Whether all expected trials were promoted or retired.
    pub fn is_full(&self) -> bool {
        self.settled >= self.configs
    }
}

/// A rung with its position.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct BracketRung {
    pub bracket: BracketId,
    pub rung: Rung,
    pub counts: RungCounts,
}
