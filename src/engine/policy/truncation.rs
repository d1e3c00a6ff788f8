//! Ends a job that is among the worst percentage of the running jobs at the same reading.
//!
//! A job is compared with the jobs that had the reading before it. Jobs that a rule has ended are still compared; otherwise every
//! evaluation would end the same share of the remaining jobs.

use std::collections::{BTreeMap, HashMap};

use super::rule::{ComparisonPoint, JobAtReading, PolicyRule, StopDecision};
use super::sorted_costs::SortedCosts;
use crate::types::ids::JobKey;
use crate::types::outcome::Outcome;

#[derive(Debug)]
pub(super) struct TruncationRule {
    fraction: f64,
    include_succeeded: bool,
    costs: BTreeMap<ComparisonPoint, SortedCosts>,
    /// The entries of each running job in `costs`.
    entries: HashMap<JobKey, Vec<(ComparisonPoint, f64)>>,
}

impl TruncationRule {
    pub fn new(percent: f64, include_succeeded: bool) -> TruncationRule {
        TruncationRule { fraction: percent / 100.0, include_succeeded, costs: BTreeMap::new(), entries: HashMap::new() }
    }
}

impl PolicyRule for TruncationRule {
    fn evaluate(&mut self, job: &JobAtReading) -> Option<StopDecision> {
        if !job.is_due {
            return None;
        }
        let costs = self.costs.entry(job.point).or_default();
        let position = costs.insert(job.best, job.key);
        self.entries.entry(job.key).or_default().push((job.point, job.best));
        let ended = (costs.0.len() as f64 * self.fraction).floor() as usize;
        let survivors = costs.0.len() - ended.min(costs.0.len());
        let threshold = survivors.checked_sub(1).map_or(f64::NEG_INFINITY, |last| costs.0[last].0);
        (position >= survivors && job.best > threshold).then_some(StopDecision { own: job.best, threshold })
    }

    fn add_end(&mut self, key: JobKey, outcome: &Outcome) {
        let entries = self.entries.remove(&key).unwrap_or_default();
        let is_kept = match outcome {
            Outcome::Succeeded { .. } => self.include_succeeded,
            Outcome::Stopped { .. } => !outcome.runs_again(),
            Outcome::Failed { .. } => false,
        };
        if !is_kept {
            for (point, cost) in entries {
                if let Some(costs) = self.costs.get_mut(&point) {
                    costs.remove(cost, key);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::policy::rule::job_at_reading;

    fn evaluate(rule: &mut TruncationRule, trial: u64, best: f64) -> Option<StopDecision> {
        rule.evaluate(&job_at_reading(trial, 5, best, best))
    }

    #[test]
    fn ends_the_worst_share_of_the_jobs_so_far() {
        let mut rule = TruncationRule::new(25.0, false);
        for trial in 0..3 {
            assert_eq!(
                evaluate(&mut rule, trial, 10.0 - trial as f64),
                None,
                "a quarter of fewer than four jobs is none"
            );
        }
        assert_eq!(evaluate(&mut rule, 3, 20.0), Some(StopDecision { own: 20.0, threshold: 10.0 }));
        assert_eq!(evaluate(&mut rule, 4, 10.0), None, "equal to the worst job that is kept");
    }

    #[test]
    fn succeeded_jobs_are_compared_only_if_configured() {
        for (include, ended) in [(true, true), (false, false)] {
            let mut rule = TruncationRule::new(50.0, include);
            evaluate(&mut rule, 0, 1.0);
            rule.add_end(job_at_reading(0, 5, 1.0, 1.0).key, &Outcome::Succeeded { score: None });
            assert_eq!(evaluate(&mut rule, 1, 2.0).is_some(), ended);
        }
    }
}
