//! Early stopping of running jobs by their readings, with one rule per file.
//!
//! Rules compare jobs after the same number of readings and, if promoted jobs continue a checkpoint, from the same starting
//! resource. After a resume, rules on the objective are given the curves in the journal that were not thinned. Rules on other
//! metrics start without readings, because the journal does not record them.

mod diff;
mod median;
mod rule;
mod sorted_costs;
mod truncation;

use std::collections::HashMap;

use crate::engine::experiment::{Experiment, Interval, Policy, Rule};
use crate::engine::policy::rule::{ComparisonPoint, JobAtReading, PolicyRule, StopDecision, is_sparse};
use crate::schedule::Start;
use crate::types::allocation::PromotedStart;
use crate::types::ids::JobKey;
use crate::types::objective::{Direction, Score};
use crate::types::outcome::{Outcome, Reading, StopRule};
use crate::types::units::Resource;

/// The readings of one running job, for one policy.
#[derive(Clone, Copy, Debug)]
struct RunningStats {
    readings: u64,
    best: f64,
    sum: f64,
    finite: u64,
}

impl RunningStats {
    const EMPTY: RunningStats = RunningStats { readings: 0, best: f64::INFINITY, sum: 0.0, finite: 0 };

    /// Adds a reading. A value that is not finite counts as a reading only.
    fn add(&mut self, direction: Direction, value: f64) {
        self.readings += 1;
        if let Some(cost) = Score::new(value).map(|score| direction.cost(score)) {
            self.best = self.best.min(cost);
            self.sum += cost;
            self.finite += 1;
        }
    }

    fn job_at_reading(&self, key: JobKey, from: Resource, interval: Interval) -> JobAtReading {
        let every = interval.every.max(1);
        let in_interval = self.readings >= interval.from && self.readings.is_multiple_of(every);
        JobAtReading {
            key,
            point: ComparisonPoint { from, reading: self.readings },
            best: self.best,
            average: (self.finite > 0).then(|| self.sum / self.finite as f64),
            is_due: in_interval && is_sparse(self.readings / every),
        }
    }
}

/// All policies of a study.
#[derive(Debug)]
pub(super) struct Policies {
    promoted: PromotedStart,
    policies: Vec<(Policy, Box<dyn PolicyRule>)>,
    stats: HashMap<JobKey, Vec<RunningStats>>,
}

impl Policies {
    pub fn new(experiment: &Experiment) -> Policies {
        let policies = experiment.stopping.policies.iter().map(|policy| (policy.clone(), build(&policy.rule)));
        Policies { promoted: experiment.promoted, policies: policies.collect(), stats: HashMap::new() }
    }

    /// Records the launch of a job and discards the readings of its earlier attempts.
    pub fn add_launch(&mut self, key: JobKey) {
        if !self.policies.is_empty() {
            self.stats.insert(key, vec![RunningStats::EMPTY; self.policies.len()]);
        }
    }

    /// Gives a reading of a running job to every policy. The result is the first that ends the job.
    pub fn evaluate(&mut self, start: &Start, reading: &Reading) -> Option<StopRule> {
        let stats = self.stats.get_mut(&start.key)?;
        let from = match self.promoted {
            PromotedStart::FromScratch => Resource::ZERO,
            PromotedStart::FromCheckpoint => start.previous.unwrap_or(Resource::ZERO),
        };
        let mut first = None;
        for ((policy, rule), stats) in self.policies.iter_mut().zip(stats) {
            let Some(value) = reading.number(&policy.metric) else { continue };
            stats.add(policy.direction, value);
            let decision = rule.evaluate(&stats.job_at_reading(start.key, from, policy.interval));
            first = first.or(decision.map(|decision| stop_rule(policy, decision)));
        }
        first
    }

    /// Records the end of a job.
    pub fn add_end(&mut self, key: JobKey, outcome: &Outcome) {
        if self.stats.remove(&key).is_some() {
            for (_, rule) in &mut self.policies {
                rule.add_end(key, outcome);
            }
        }
    }
}

fn build(rule: &Rule) -> Box<dyn PolicyRule> {
    match *rule {
        Rule::Median { min_samples } => Box::new(median::MedianRule::new(min_samples)),
        Rule::Diff { percent } => Box::new(diff::DiffRule::new(percent)),
        Rule::Truncation { percent, include_succeeded } => {
            Box::new(truncation::TruncationRule::new(percent, include_succeeded))
        }
    }
}

/// The decision with values of the metric instead of costs.
fn stop_rule(policy: &Policy, decision: StopDecision) -> StopRule {
    let rule = match policy.rule {
        Rule::Median { .. } => "median",
        Rule::Diff { .. } => "diff",
        Rule::Truncation { .. } => "truncation",
    };
    let value = |cost: f64| Score::new(cost).map(|cost| policy.direction.cost(cost));
    StopRule::new(rule, value(decision.own), value(decision.threshold))
}

#[cfg(test)]
mod tests {
    use super::rule::job_at_reading;
    use super::*;

    #[test]
    fn numbers_become_sparse_and_stay_evenly_spaced() {
        assert!((1..=256).all(is_sparse));
        let between = |from, to| (from..to).filter(|n| is_sparse(*n)).count();
        assert_eq!([between(256, 512), between(512, 1024), between(1 << 40, 1 << 40 | 1 << 20)], [128, 128, 1]);
    }

    #[test]
    fn memory_is_bounded_for_many_readings() {
        let policy = |rule| Policy {
            metric: "loss".into(),
            direction: Direction::Minimize,
            interval: Interval { every: 1, from: 1 },
            rule,
        };
        let mut rules = [
            policy(Rule::Median { min_samples: 1 }),
            policy(Rule::Diff { percent: 10.0 }),
            policy(Rule::Truncation { percent: 10.0, include_succeeded: true }),
        ]
        .map(|policy| (policy.clone(), build(&policy.rule)));
        let mut stats = RunningStats::EMPTY;
        for reading in (1..=300_000u64).rev() {
            stats.add(Direction::Minimize, reading as f64);
            for (policy, rule) in &mut rules {
                rule.evaluate(&stats.job_at_reading(
                    job_at_reading(0, 1, 0.0, 0.0).key,
                    Resource::ZERO,
                    policy.interval,
                ));
            }
        }
        // the debug output is as long as the recorded data
        assert!(rules.iter().all(|(_, rule)| format!("{rule:?}").len() < 1_000_000));
    }
}
