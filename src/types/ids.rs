//! Names of things: trials, brackets, rungs, attempts, slots. All count from zero except attempts.

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
    /// One sampled configuration. Given out in order of first start; kept for the trial's life.
    TrialId(u64)
);
id!(
    /// Position of a rung inside its bracket; 0 is the one with the smallest resource.
    Rung(u32)
);
id!(
    /// Which launch of the same job this is; the first is 1, a retry or a rerun after a crash adds one.
    Attempt(u32)
);
id!(
    /// A place where one child process at a time runs: 0…concurrency−1.
    Slot(u32)
);

/// Most slots of a study: each costs a thread, and a pool of thousands of threads is busy with itself alone.
pub const MAX_SLOTS: u32 = 1_024;

/// One run of successive halving. `bracket` is the letter s of Hyperband's papers and tables (the largest starts the most
/// configurations), `round` counts repetitions of the whole table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct BracketId {
    /// Repetition of the bracket table this belongs to.
    pub round: u32,
    /// s: the number of promotions a configuration of this bracket can get.
    pub bracket: u32,
}

/// A trial at one rung: what a schedule hands out. Its launches differ by [`Attempt`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct JobKey {
    /// Whose configuration runs.
    pub trial: TrialId,
    /// At which rung of its bracket.
    pub rung: Rung,
}

/// One launch of a trial's command at one rung.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct JobId {
    /// The trial and rung.
    #[serde(flatten)]
    pub key: JobKey,
    /// Which launch of them.
    pub attempt: Attempt,
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "trial {} rung {} attempt {}", self.key.trial, self.key.rung, self.attempt)
    }
}
