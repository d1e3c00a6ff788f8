//! The median stopping rule (Golovin et al. 2017, "Google Vizier", section 3.2.2): a job whose best value so far is worse than
//! the median of the other jobs' running averages at the same reading is ended.

use std::collections::BTreeMap;

use super::judge::{ComparisonPoint, JobAtReading, Judge, StopDecision};
use super::sorted_costs::SortedCosts;

#[derive(Debug)]
pub(super) struct Median {
    min_samples: usize,
    averages: BTreeMap<ComparisonPoint, SortedCosts>,
}

impl Median {
    pub fn new(min_samples: u64) -> Median {
        let min_samples = usize::try_from(min_samples).unwrap_or(usize::MAX).max(1);
        Median { min_samples, averages: BTreeMap::new() }
    }
}

impl Judge for Median {
    fn judge(&mut self, seen: &JobAtReading) -> Option<StopDecision> {
        if !seen.look {
            return None;
        }
        let others = self.averages.entry(seen.point).or_default();
        let enough = others.0.len() >= self.min_samples;
        let median = others.median().filter(|median| enough && seen.best > *median);
        if let Some(average) = seen.average {
            others.insert(average, seen.key);
        }
        median.map(|threshold| StopDecision { own: seen.best, threshold })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::policy::judge::seen;

    #[test]
    fn compares_the_best_with_the_others_averages_at_the_same_reading() {
        let mut rule = Median::new(2);
        assert_eq!(rule.judge(&seen(0, 3, 0.1, 0.3)), None);
        assert_eq!(rule.judge(&seen(1, 3, 9.0, 9.0)), None, "one other is not enough");
        assert_eq!(rule.judge(&seen(2, 3, 4.65, 5.0)), None, "equal to the median of 0.3 and 9");
        assert_eq!(rule.judge(&seen(3, 3, 6.0, 7.0)), Some(StopDecision { own: 6.0, threshold: 5.0 }));
        assert_eq!(rule.judge(&seen(3, 4, 6.0, 7.0)), None, "nobody else has come to the fourth reading");
    }
}
