//! How busy slots were.

use std::time::Duration;

use crate::types::units::Moment;

/// The busy time of slots in a period.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SlotUsage {
    /// Number of slots.
    pub slots: u32,
    /// Length of the period.
    pub span: Duration,
    /// Sum of the busy times of all slots.
    pub busy: Duration,
}

impl SlotUsage {
    /// The idle fraction of the slots' time, in [0, 1]; 0 for an empty period.
    pub fn idle_fraction(&self) -> f64 {
        let available = self.span.as_secs_f64() * f64::from(self.slots);
        if available == 0.0 { 0.0 } else { (1.0 - self.busy.as_secs_f64() / available).max(0.0) }
    }
}

/// Sums busy time as jobs start and end.
#[derive(Debug)]
pub(super) struct UsageMeter {
    slots: u32,
    running: u32,
    updated: Moment,
    busy: Duration,
}

impl UsageMeter {
    pub(super) fn new(slots: u32) -> UsageMeter {
        UsageMeter { slots, running: 0, updated: Moment::default(), busy: Duration::ZERO }
    }

    pub(super) fn started(&mut self, now: Moment) {
        self.advance(now);
        self.running += 1;
    }

    pub(super) fn ended(&mut self, now: Moment) {
        self.advance(now);
        self.running -= 1;
    }

    /// Usage from time 0 to `now`.
    pub(super) fn usage(&mut self, now: Moment) -> SlotUsage {
        self.advance(now);
        SlotUsage { slots: self.slots, span: now.since(Moment::default()), busy: self.busy }
    }

    fn advance(&mut self, now: Moment) {
        self.busy = self.busy.saturating_add(now.since(self.updated).saturating_mul(self.running));
        self.updated = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_time_is_summed_over_slots() {
        let second = |n: u64| Moment(n * 1_000_000_000);
        let mut meter = UsageMeter::new(2);
        meter.started(second(0));
        meter.started(second(1));
        meter.ended(second(3));
        let usage = meter.usage(second(4));
        assert_eq!((usage.span.as_secs(), usage.busy.as_secs()), (4, 6));
        assert_eq!(usage.idle_fraction(), 0.25);
    }

    #[test]
    fn an_empty_period_has_no_idle_time() {
        assert_eq!(UsageMeter::new(3).usage(Moment::default()).idle_fraction(), 0.0);
    }
}
