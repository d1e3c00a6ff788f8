//! The set of free slots.

use std::collections::BTreeSet;

use crate::types::ids::Slot;

/// The free ones of the slots 0…count−1. The lowest is acquired first, so that few jobs use few slots.
#[derive(Debug)]
pub(super) struct FreeSlots {
    count: u32,
    free: BTreeSet<Slot>,
}

impl FreeSlots {
    pub fn new(count: u32) -> FreeSlots {
        FreeSlots { count, free: (0..count).map(Slot).collect() }
    }

    pub fn is_empty(&self) -> bool {
        self.free.is_empty()
    }

    pub fn acquire(&mut self) -> Option<Slot> {
        self.free.pop_first()
    }

    pub fn release(&mut self, slot: Slot) {
        debug_assert!(slot.0 < self.count, "slot {slot} does not exist");
        let is_new = self.free.insert(slot);
        debug_assert!(is_new, "slot {slot} released twice");
    }
}
