//! Ends a job whose best value so far is worse, by more than a percentage, than the best value of any job after the same number of
//! readings or fewer.

use std::collections::BTreeMap;

use super::rule::{JobAtReading, PolicyRule, StopDecision, is_sparse};
use crate::types::units::Resource;

#[derive(Debug)]
pub(super) struct DiffRule {
    fraction: f64,
    /// The lowest cost of any job, by starting resource and reading. Readings that do not improve on all earlier ones are left out.
    best: BTreeMap<Resource, BTreeMap<u64, f64>>,
}

impl DiffRule {
    pub fn new(percent: f64) -> DiffRule {
        DiffRule { fraction: percent / 100.0, best: BTreeMap::new() }
    }
}

impl PolicyRule for DiffRule {
    fn evaluate(&mut self, job: &JobAtReading) -> Option<StopDecision> {
        let best_by_reading = self.best.entry(job.point.from).or_default();
        let best_so_far = best_by_reading.range(..=job.point.reading).next_back().map(|(_, cost)| *cost);
        let is_recorded = job.is_due || is_sparse(job.point.reading);
        if is_recorded && best_so_far.is_none_or(|cost| job.best < cost) && job.best.is_finite() {
            best_by_reading.insert(job.point.reading, job.best);
            best_by_reading.retain(|reading, cost| *reading <= job.point.reading || *cost < job.best);
        }
        let best = best_so_far.filter(|_| job.is_due)?;
        let threshold = best + best.abs() * self.fraction;
        (job.best > threshold).then_some(StopDecision { own: job.best, threshold })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::policy::rule::job_at_reading;

    #[test]
    fn only_a_larger_difference_than_the_percentage_ends_a_job() {
        let mut rule = DiffRule::new(10.0);
        assert_eq!(rule.evaluate(&job_at_reading(0, 2, 1.0, 1.0)), None);
        assert_eq!(rule.evaluate(&job_at_reading(1, 2, 1.1, 1.1)), None);
        assert_eq!(rule.evaluate(&job_at_reading(2, 2, 1.2, 1.2)), Some(StopDecision { own: 1.2, threshold: 1.1 }));
        assert_eq!(rule.evaluate(&job_at_reading(3, 1, 5.0, 5.0)), None, "no other job has a value after one reading");
        assert!(
            rule.evaluate(&job_at_reading(4, 3, 1.2, 1.2)).is_some(),
            "another job was better after fewer readings"
        );
    }

    #[test]
    fn the_percentage_applies_to_the_absolute_value_of_the_best() {
        let mut rule = DiffRule::new(10.0);
        rule.evaluate(&job_at_reading(0, 1, -1.0, -1.0));
        assert_eq!(rule.evaluate(&job_at_reading(1, 1, -0.95, -0.95)), None);
        assert!(rule.evaluate(&job_at_reading(2, 1, -0.8, -0.8)).is_some());
    }

    #[test]
    fn a_job_without_a_finite_reading_is_worse_than_any() {
        let mut rule = DiffRule::new(10.0);
        assert_eq!(rule.evaluate(&job_at_reading(0, 1, f64::INFINITY, 0.0)), None);
        rule.evaluate(&job_at_reading(1, 1, 1.0, 1.0));
        assert!(rule.evaluate(&job_at_reading(2, 1, f64::INFINITY, 0.0)).is_some());
    }
}
