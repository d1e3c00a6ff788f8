//! A job whose best value so far is worse, by more than a percentage, than the best any job had after as many readings or fewer
//! is ended.

use std::collections::BTreeMap;

use super::judge::{JobAtReading, Judge, StopDecision, is_sparse};
use crate::types::units::Resource;

#[derive(Debug)]
pub(super) struct Diff {
    fraction: f64,
    /// By start and reading: the lowest cost reached by then. Only readings that improve on all earlier ones are kept, and of
    /// very many not all.
    best: BTreeMap<Resource, BTreeMap<u64, f64>>,
}

impl Diff {
    pub fn new(percent: f64) -> Diff {
        Diff { fraction: percent / 100.0, best: BTreeMap::new() }
    }
}

impl Judge for Diff {
    fn judge(&mut self, seen: &JobAtReading) -> Option<StopDecision> {
        let stairs = self.best.entry(seen.point.from).or_default();
        let by_now = stairs.range(..=seen.point.reading).next_back().map(|(_, cost)| *cost);
        let kept = seen.look || is_sparse(seen.point.reading);
        if kept && by_now.is_none_or(|cost| seen.best < cost) && seen.best.is_finite() {
            stairs.insert(seen.point.reading, seen.best);
            stairs.retain(|reading, cost| *reading <= seen.point.reading || *cost < seen.best);
        }
        let best = by_now.filter(|_| seen.look)?;
        let threshold = best + best.abs() * self.fraction;
        (seen.best > threshold).then_some(StopDecision { own: seen.best, threshold })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::policy::judge::seen;

    #[test]
    fn tolerates_the_percentage_and_no_more() {
        let mut rule = Diff::new(10.0);
        assert_eq!(rule.judge(&seen(0, 2, 1.0, 1.0)), None);
        assert_eq!(rule.judge(&seen(1, 2, 1.1, 1.1)), None);
        assert_eq!(rule.judge(&seen(2, 2, 1.2, 1.2)), Some(StopDecision { own: 1.2, threshold: 1.1 }));
        assert_eq!(rule.judge(&seen(3, 1, 5.0, 5.0)), None, "nobody had anything after one reading");
        assert!(rule.judge(&seen(4, 3, 1.2, 1.2)).is_some(), "less training did better already");
    }

    #[test]
    fn the_percentage_of_a_negative_best_is_a_tolerance_too() {
        let mut rule = Diff::new(10.0);
        rule.judge(&seen(0, 1, -1.0, -1.0));
        assert_eq!(rule.judge(&seen(1, 1, -0.95, -0.95)), None);
        assert!(rule.judge(&seen(2, 1, -0.8, -0.8)).is_some());
    }

    #[test]
    fn a_job_without_a_finite_reading_is_worse_than_any() {
        let mut rule = Diff::new(10.0);
        assert_eq!(rule.judge(&seen(0, 1, f64::INFINITY, 0.0)), None);
        rule.judge(&seen(1, 1, 1.0, 1.0));
        assert!(rule.judge(&seen(2, 1, f64::INFINITY, 0.0)).is_some());
    }
}
