//! A job that is among the worst percentage of the running jobs at its reading is ended.
//!
//! A job is judged when it comes to the reading itself, against those that came there before. Jobs that a rule ended stay among
//! the compared: else every look would cut the same share from the survivors of the last.

use std::collections::{BTreeMap, HashMap};

use super::judge::{ComparisonPoint, JobAtReading, Judge, StopDecision};
use super::sorted_costs::SortedCosts;
use crate::types::ids::JobKey;
use crate::types::outcome::Outcome;

#[derive(Debug)]
pub(super) struct Truncation {
    fraction: f64,
    include_succeeded: bool,
    costs: BTreeMap<ComparisonPoint, SortedCosts>,
    /// What each running job put into `costs`.
    entries: HashMap<JobKey, Vec<(ComparisonPoint, f64)>>,
}

impl Truncation {
    pub fn new(percent: f64, include_succeeded: bool) -> Truncation {
        Truncation { fraction: percent / 100.0, include_succeeded, costs: BTreeMap::new(), entries: HashMap::new() }
    }
}

impl Judge for Truncation {
    fn judge(&mut self, seen: &JobAtReading) -> Option<StopDecision> {
        if !seen.look {
            return None;
        }
        let costs = self.costs.entry(seen.point).or_default();
        let position = costs.insert(seen.best, seen.key);
        self.entries.entry(seen.key).or_default().push((seen.point, seen.best));
        let worst = (costs.0.len() as f64 * self.fraction).floor() as usize;
        let survivors = costs.0.len() - worst.min(costs.0.len());
        let threshold = survivors.checked_sub(1).map_or(f64::NEG_INFINITY, |last| costs.0[last].0);
        (position >= survivors && seen.best > threshold).then_some(StopDecision { own: seen.best, threshold })
    }

    fn ended(&mut self, key: JobKey, outcome: &Outcome) {
        let entries = self.entries.remove(&key).unwrap_or_default();
        let stays = match outcome {
            Outcome::Succeeded { .. } => self.include_succeeded,
            Outcome::Stopped { .. } => !outcome.runs_again(),
            Outcome::Failed { .. } => false,
        };
        if !stays {
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
    use crate::engine::policy::judge::seen;

    fn judge(rule: &mut Truncation, trial: u64, best: f64) -> Option<StopDecision> {
        rule.judge(&seen(trial, 5, best, best))
    }

    #[test]
    fn ends_the_worst_share_of_those_that_came_so_far() {
        let mut rule = Truncation::new(25.0, false);
        for trial in 0..3 {
            assert_eq!(judge(&mut rule, trial, 10.0 - trial as f64), None, "a quarter of fewer than four is nobody");
        }
        assert_eq!(judge(&mut rule, 3, 20.0), Some(StopDecision { own: 20.0, threshold: 10.0 }));
        assert_eq!(judge(&mut rule, 4, 10.0), None, "equal to the worst that goes on");
    }

    #[test]
    fn ended_jobs_count_only_if_asked_for() {
        for (include, ended) in [(true, true), (false, false)] {
            let mut rule = Truncation::new(50.0, include);
            judge(&mut rule, 0, 1.0);
            rule.ended(seen(0, 5, 1.0, 1.0).key, &Outcome::Succeeded { score: None });
            assert_eq!(judge(&mut rule, 1, 2.0).is_some(), ended);
        }
    }
}
