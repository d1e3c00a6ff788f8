//! Future events in order of time; events at the same moment in order of insertion.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::types::ids::JobId;
use crate::types::units::Moment;

/// A future event.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum QueuedEvent {
    /// The study starts.
    Start,
    /// The job prints its next reading.
    Reading(JobId),
    /// The job ends.
    End(JobId),
    /// A wake-up requested by the engine.
    Wake,
    /// The engine requested a suggestion; a simulated study has no tuner.
    NoTuner,
}

#[derive(Debug, Default)]
pub(super) struct EventQueue {
    entries: BinaryHeap<Reverse<(Moment, u64, QueuedEvent)>>,
    /// Number of insertions so far.
    count: u64,
}

impl EventQueue {
    pub(super) fn push(&mut self, moment: Moment, event: QueuedEvent) {
        self.entries.push(Reverse((moment, self.count, event)));
        self.count += 1;
    }

    pub(super) fn pop(&mut self) -> Option<(Moment, QueuedEvent)> {
        self.entries.pop().map(|Reverse((moment, _, event))| (moment, event))
    }
}
