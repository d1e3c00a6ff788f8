//! What is due and when: earliest first, and in order of entry at the same moment.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::words::ids::JobId;
use crate::words::units::Moment;

/// Something that will happen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Due {
    /// The study begins.
    Begin,
    /// The job prints its next reading.
    Reading(JobId),
    /// The job ends.
    End(JobId),
    /// The engine asked to be woken.
    Wake,
    /// A tuner was asked that is not there.
    NoTuner,
}

/// Entries in order of time.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    entries: BinaryHeap<Reverse<(Moment, u64, Due)>>,
    count: u64,
}

impl Agenda {
    pub(super) fn enter(&mut self, moment: Moment, due: Due) {
        self.entries.push(Reverse((moment, self.count, due)));
        self.count += 1;
    }

    pub(super) fn next(&mut self) -> Option<(Moment, Due)> {
        self.entries.pop().map(|Reverse((moment, _, due))| (moment, due))
    }
}
