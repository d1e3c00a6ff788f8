//! Early stopping of running jobs by their readings: one rule per file, each a pure function of what it was told.
//!
//! Rules compare jobs *at the same point*: after as many readings, and, where promoted jobs continue a checkpoint, from the same
//! start. A job is never held against one that has trained longer. After a resume, rules on the objective learn again from the
//! curves in the journal, as far as these are whole; of other metrics the journal keeps no single readings.

mod diff;
mod judge;
mod median;
mod sorted_costs;
mod truncation;

use std::collections::HashMap;

use crate::engine::experiment::{Experiment, Interval, Policy, PromotedStart, Rule};
use crate::engine::policy::judge::{ComparisonPoint, JobAtReading, Judge, StopDecision, is_sparse};
use crate::schedule::Start;
use crate::types::ids::JobKey;
use crate::types::objective::{Direction, Score};
use crate::types::outcome::{Outcome, Reading, StopRule};
use crate::types::units::Resource;

/// What one policy remembers of one running job.
#[derive(Clone, Copy, Debug)]
struct Trace {
    readings: u64,
    best: f64,
    sum: f64,
    finite: u64,
}

impl Trace {
    const EMPTY: Trace = Trace { readings: 0, best: f64::INFINITY, sum: 0.0, finite: 0 };

    /// Non-finite readings count as readings and change nothing else.
    fn take(&mut self, direction: Direction, value: f64) {
        self.readings += 1;
        if let Some(cost) = Score::new(value).map(|score| direction.cost(score)) {
            self.best = self.best.min(cost);
            self.sum += cost;
            self.finite += 1;
        }
    }

    fn seen(&self, key: JobKey, from: Resource, interval: Interval) -> JobAtReading {
        let every = interval.every.max(1);
        let due = self.readings >= interval.from && self.readings.is_multiple_of(every);
        JobAtReading {
            key,
            point: ComparisonPoint { from, reading: self.readings },
            best: self.best,
            average: (self.finite > 0).then(|| self.sum / self.finite as f64),
            look: due && is_sparse(self.readings / every),
        }
    }
}

/// All policies of a study.
#[derive(Debug)]
pub(super) struct Policies {
    promoted: PromotedStart,
    policies: Vec<(Policy, Box<dyn Judge>)>,
    traces: HashMap<JobKey, Vec<Trace>>,
}

impl Policies {
    pub fn new(experiment: &Experiment) -> Policies {
        let policies = experiment.stopping.policies.iter().map(|policy| (policy.clone(), judge(&policy.rule)));
        Policies { promoted: experiment.promoted, policies: policies.collect(), traces: HashMap::new() }
    }

    /// A job starts; whatever an earlier attempt printed does not count for this one.
    pub fn launched(&mut self, key: JobKey) {
        if !self.policies.is_empty() {
            self.traces.insert(key, vec![Trace::EMPTY; self.policies.len()]);
        }
    }

    /// A reading of a running job; every policy learns from it, the first that wants the job ended is named.
    pub fn judge(&mut self, start: &Start, reading: &Reading) -> Option<StopRule> {
        let traces = self.traces.get_mut(&start.key)?;
        let from = match self.promoted {
            PromotedStart::FromScratch => Resource::ZERO,
            PromotedStart::FromCheckpoint => start.previous.unwrap_or(Resource::ZERO),
        };
        let mut first = None;
        for ((policy, judge), trace) in self.policies.iter_mut().zip(traces) {
            let Some(value) = reading.number(&policy.metric) else { continue };
            trace.take(policy.direction, value);
            let verdict = judge.judge(&trace.seen(start.key, from, policy.interval));
            first = first.or(verdict.map(|verdict| stop_rule(policy, verdict)));
        }
        first
    }

    /// The job runs no more.
    pub fn ended(&mut self, key: JobKey, outcome: &Outcome) {
        if self.traces.remove(&key).is_some() {
            for (_, judge) in &mut self.policies {
                judge.ended(key, outcome);
            }
        }
    }
}

fn judge(rule: &Rule) -> Box<dyn Judge> {
    match *rule {
        Rule::Median { min_samples } => Box::new(median::Median::new(min_samples)),
        Rule::Diff { percent } => Box::new(diff::Diff::new(percent)),
        Rule::Truncation { percent, include_succeeded } => {
            Box::new(truncation::Truncation::new(percent, include_succeeded))
        }
    }
}

/// The verdict in the metric's own sign.
fn stop_rule(policy: &Policy, verdict: StopDecision) -> StopRule {
    let rule = match policy.rule {
        Rule::Median { .. } => "median",
        Rule::Diff { .. } => "diff",
        Rule::Truncation { .. } => "truncation",
    };
    let value = |cost: f64| Score::new(cost).map(|cost| policy.direction.cost(cost));
    StopRule::new(rule, value(verdict.own), value(verdict.threshold))
}

#[cfg(test)]
mod tests {
    use super::judge::seen;
    use super::*;

    #[test]
    fn looks_become_rare_and_stay_evenly_so() {
        assert!((1..=256).all(is_sparse));
        let between = |from, to| (from..to).filter(|n| is_sparse(*n)).count();
        assert_eq!([between(256, 512), between(512, 1024), between(1 << 40, 1 << 40 | 1 << 20)], [128, 128, 1]);
    }

    #[test]
    fn many_readings_leave_little_behind() {
        let policy = |rule| Policy {
            metric: "loss".into(),
            direction: Direction::Minimize,
            interval: Interval { every: 1, from: 1 },
            rule,
        };
        let mut judges = [
            policy(Rule::Median { min_samples: 1 }),
            policy(Rule::Diff { percent: 10.0 }),
            policy(Rule::Truncation { percent: 10.0, include_succeeded: true }),
        ]
        .map(|policy| (policy.clone(), judge(&policy.rule)));
        let mut trace = Trace::EMPTY;
        for reading in (1..=300_000u64).rev() {
            trace.take(Direction::Minimize, reading as f64);
            for (policy, judge) in &mut judges {
                judge.judge(&trace.seen(seen(0, 1, 0.0, 0.0).key, Resource::ZERO, policy.interval));
            }
        }
        // As text: what a rule remembers is its own business.
        assert!(judges.iter().all(|(_, judge)| format!("{judge:?}").len() < 1_000_000));
    }
}
