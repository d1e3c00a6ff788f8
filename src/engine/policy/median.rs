//! The median stopping rule (Golovin et al. 2017, "Google Vizier", section 3.2.2): ends a job whose best value so far
//! is worse than the median of the other jobs' running averages at the same reading.

use std::collections::BTreeMap;

use super::rule::{ComparisonPoint, JobAtReading, PolicyRule, StopDecision};
use super::sorted_costs::SortedCosts;

#[derive(Debug)]
pub(super) struct MedianRule {
    min_samples: usize,
    averages: BTreeMap<ComparisonPoint, SortedCosts>,
}

impl MedianRule {
    pub fn new(min_samples: u64) -> MedianRule {
        let min_samples = usize::try_from(min_samples).unwrap_or(usize::MAX).max(1);
        MedianRule { min_samples, averages: BTreeMap::new() }
    }
}

impl PolicyRule for MedianRule {
    fn evaluate(&mut self, job: &JobAtReading) -> Option<StopDecision> {
        if !job.is_due {
            return None;
        }
        let others = self.averages.entry(job.point).or_default();
        let enough = others.0.len() >= self.min_samples;
        let median = others.median().filter(|median| enough && job.best > *median);
        if let Some(average) = job.average {
            others.insert(average, job.key);
        }
        median.map(|threshold| StopDecision { own: job.best, threshold })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::policy::rule::job_at_reading;

    #[test]
    fn compares_the_best_with_the_averages_of_other_jobs_at_the_same_reading() {
        let mut rule = MedianRule::new(2);
        assert_eq!(rule.evaluate(&job_at_reading(0, 3, 0.1, 0.3)), None);
        assert_eq!(rule.evaluate(&job_at_reading(1, 3, 9.0, 9.0)), None, "one other job is not enough");
        assert_eq!(rule.evaluate(&job_at_reading(2, 3, 4.65, 5.0)), None, "equal to the median of 0.3 and 9");
        assert_eq!(rule.evaluate(&job_at_reading(3, 3, 6.0, 7.0)), Some(StopDecision { own: 6.0, threshold: 5.0 }));
        assert_eq!(rule.evaluate(&job_at_reading(3, 4, 6.0, 7.0)), None, "no other job has a fourth reading");
    }
}
