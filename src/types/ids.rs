//! Ids of trials, brackets, rungs, attempts and slots. All count from zero, except attempts.

use std::cmp::Reverse;
use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// One sampled configuration, numbered in order of the first launch.
    TrialId(u64)
);
id!(
    /// The index of a rung in its bracket; 0 has the smallest resource.
    Rung(u32)
);
id!(
    /// The number of a launch of the same job, from 1.
    Attempt(u32)
);
id!(
    /// One of the places where jobs run side by side: 0…concurrency−1.
    Slot(u32)
);

/// The most slots of a study. Each has a thread, and thousands of threads mostly switch contexts.
pub const MAX_SLOTS: u32 = 1_024;

/// One run of successive halving.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct BracketId {
    /// The repetition of all brackets, from 0.
    pub round: u32,
    /// s in the Hyperband paper: the number of promotions that a trial of this bracket can get.
    pub bracket: u32,
}

impl BracketId {
    /// Sorts brackets by when they start: of a round, the one with the most rungs first.
    pub fn start_order(self) -> (u32, Reverse<u32>) {
        (self.round, Reverse(self.bracket))
    }
}

/// A trial at one rung.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct JobKey {
    /// The trial.
    pub trial: TrialId,
    /// The rung of its bracket.
    pub rung: Rung,
}

/// One launch of a trial's command at one rung.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct JobId {
    /// The trial and rung.
    #[serde(flatten)]
    pub key: JobKey,
    /// The launch.
    pub attempt: Attempt,
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "trial {} rung {} attempt {}", self.key.trial, self.key.rung, self.attempt)
    }
}
