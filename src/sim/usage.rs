//! How busy slots were over a span of time.

use std::time::Duration;

use crate::words::units::Moment;

/// Slots, a span of time, and how much of it they were busy.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Usage {
    /// How many slots.
    pub slots: u32,
    /// How long.
    pub span: Duration,
    /// Busy time, summed over the slots.
    pub busy: Duration,
}

impl Usage {
    /// The share of slot time that nothing ran in, 0…1; 0 for an empty span.
    pub fn idle_share(&self) -> f64 {
        let available = self.span.as_secs_f64() * f64::from(self.slots);
        if available == 0.0 { 0.0 } else { (1.0 - self.busy.as_secs_f64() / available).max(0.0) }
    }
}

/// Sums busy time while jobs come and go.
#[derive(Debug)]
pub(super) struct Meter {
    slots: u32,
    running: u32,
    read: Moment,
    busy: Duration,
}

impl Meter {
    pub(super) fn new(slots: u32) -> Meter {
        Meter { slots, running: 0, read: Moment::default(), busy: Duration::ZERO }
    }

    pub(super) fn started(&mut self, now: Moment) {
        self.advance(now);
        self.running += 1;
    }

    pub(super) fn ended(&mut self, now: Moment) {
        self.advance(now);
        self.running -= 1;
    }

    /// From the beginning to `now`.
    pub(super) fn usage(&mut self, now: Moment) -> Usage {
        self.advance(now);
        Usage { slots: self.slots, span: now.since(Moment::default()), busy: self.busy }
    }

    fn advance(&mut self, now: Moment) {
        self.busy = self.busy.saturating_add(now.since(self.read).saturating_mul(self.running));
        self.read = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_time_is_summed_over_slots() {
        let second = |n: u64| Moment(n * 1_000_000_000);
        let mut meter = Meter::new(2);
        meter.started(second(0));
        meter.started(second(1));
        meter.ended(second(3));
        let usage = meter.usage(second(4));
        assert_eq!((usage.span.as_secs(), usage.busy.as_secs()), (4, 6));
        assert_eq!(usage.idle_share(), 0.25);
    }

    #[test]
    fn no_time_is_not_idle_time() {
        assert_eq!(Meter::new(3).usage(Moment::default()).idle_share(), 0.0);
    }
}
