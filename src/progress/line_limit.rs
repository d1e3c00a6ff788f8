//! Limits how many lines are printed per second, and counts the others.

use std::time::{Duration, Instant};

/// Lines per [`WINDOW`].
const LINES: u32 = 3;
/// The span that the limit is about.
const WINDOW: Duration = Duration::from_secs(1);

/// Counts lines of one kind.
#[derive(Clone, Copy, Debug)]
pub struct LineLimit {
    since: Instant,
    printed: u32,
    dropped: u64,
}

impl LineLimit {
    pub fn new(now: Instant) -> LineLimit {
        LineLimit { since: now, printed: 0, dropped: 0 }
    }

    /// Whether a line may be printed at `now`. If not, it is counted as dropped. Call [`LineLimit::take_dropped`] first.
    pub fn admits(&mut self, now: Instant) -> bool {
        if self.is_over(now) {
            *self = LineLimit { dropped: self.dropped, ..LineLimit::new(now) };
        }
        let admits = self.printed < LINES;
        if admits {
            self.printed += 1;
        } else {
            self.dropped += 1;
        }
        admits
    }

    /// How many lines were dropped, once the window in which they were is over.
    pub fn take_dropped(&mut self, now: Instant) -> Option<u64> {
        (self.dropped > 0 && self.is_over(now)).then(|| std::mem::take(&mut self.dropped))
    }

    /// When dropped lines are to be reported.
    pub fn report_at(&self) -> Option<Instant> {
        (self.dropped > 0).then(|| self.since + WINDOW)
    }

    fn is_over(&self, now: Instant) -> bool {
        now.duration_since(self.since) >= WINDOW
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_lines_a_second_are_printed_and_the_others_counted() {
        let start = Instant::now();
        let mut limit = LineLimit::new(start);
        let at = |tenths: u64| start + Duration::from_millis(100 * tenths);
        let admitted = (0..10).filter(|tenths| limit.admits(at(*tenths))).count();
        assert_eq!((admitted, limit.take_dropped(at(9)), limit.report_at()), (3, None, Some(at(10))));
        assert_eq!((limit.take_dropped(at(10)), limit.take_dropped(at(30)), limit.report_at()), (Some(7), None, None));
        assert!(limit.admits(at(11)));
    }
}
