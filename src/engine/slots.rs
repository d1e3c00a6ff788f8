//! The set of free slots.

use std::collections::BTreeSet;

use crate::types::ids::Slot;

/// Slots 0…count−1; the lowest free one is given out first, so that few jobs use few slots.
#[derive(Debug)]
pub(super) struct Slots {
    count: u32,
    free: BTreeSet<Slot>,
}

impl Slots {
    pub fn new(count: u32) -> Slots {
        Slots { count, free: (0..count).map(Slot).collect() }
    }

    pub fn any_free(&self) -> bool {
        !self.free.is_empty()
    }

    pub fn take(&mut self) -> Option<Slot> {
        self.free.pop_first()
    }

    pub fn give_back(&mut self, slot: Slot) {
        debug_assert!(slot.0 < self.count, "slot {slot} was never given out");
        let new = self.free.insert(slot);
        debug_assert!(new, "slot {slot} given back twice");
    }
}
