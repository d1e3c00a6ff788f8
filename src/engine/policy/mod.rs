//! Early stopping of running jobs by their readings: one rule per file, each a pure function of what it was told.
//!
//! Rules compare jobs *at the same point*: after as many readings, and, where promoted jobs continue a checkpoint, from the same
//! start. A job is never held against one that has trained longer. After a resume, rules on the objective learn again from the
//! curves in the journal, as far as these are whole; of other metrics the journal keeps no single readings.

mod diff;
mod median;
mod truncation;

use std::collections::HashMap;
use std::fmt;

use crate::engine::experiment::{Experiment, Interval, Policy, Promoted, Rule};
use crate::schedule::Start;
use crate::words::ids::JobKey;
use crate::words::objective::{Direction, Score};
use crate::words::outcome::{Outcome, Reading, StopRule};
use crate::words::units::Resource;

/// Where jobs are compared: after `reading` readings (from 1) since resource `from`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Point {
    from: Resource,
    reading: u64,
}

/// A running job at one reading. Values are costs: smaller is better.
#[derive(Clone, Copy, Debug)]
struct Seen {
    key: JobKey,
    point: Point,
    /// Lowest cost so far; infinite while no reading was finite.
    best: f64,
    /// Mean of the finite costs so far.
    average: Option<f64>,
    /// Whether the policy's interval says to look now.
    look: bool,
}

/// The two costs that end a job: its own, and the one it was compared with.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Verdict {
    own: f64,
    threshold: f64,
}

/// One rule's memory.
trait Judge: fmt::Debug + Send {
    /// Takes the reading in; some if the job is to be ended.
    fn judge(&mut self, seen: &Seen) -> Option<Verdict>;
    /// The job runs no more.
    fn ended(&mut self, key: JobKey, outcome: &Outcome) {
        let _ = (key, outcome);
    }
}

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

    fn seen(&self, key: JobKey, from: Resource, interval: Interval) -> Seen {
        let every = interval.every.max(1);
        let due = self.readings >= interval.from && self.readings.is_multiple_of(every);
        Seen {
            key,
            point: Point { from, reading: self.readings },
            best: self.best,
            average: (self.finite > 0).then(|| self.sum / self.finite as f64),
            look: due && is_sparse(self.readings / every),
        }
    }
}

/// Every number up to 255, every other one up to 511, every fourth up to 1023 and so on: rules look and remember only there, so
/// that jobs which print millions of readings do not fill the memory.
fn is_sparse(number: u64) -> bool {
    let digits = u64::BITS - number.leading_zeros();
    number.trailing_zeros() + 8 >= digits
}

/// All policies of a study.
#[derive(Debug)]
pub(super) struct Policies {
    promoted: Promoted,
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
            Promoted::StartOver => Resource::ZERO,
            Promoted::Continue => start.previous.unwrap_or(Resource::ZERO),
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
fn stop_rule(policy: &Policy, verdict: Verdict) -> StopRule {
    let rule = match policy.rule {
        Rule::Median { .. } => "median",
        Rule::Diff { .. } => "diff",
        Rule::Truncation { .. } => "truncation",
    };
    let value = |cost: f64| Score::new(cost).map(|cost| policy.direction.cost(cost));
    StopRule::new(rule, value(verdict.own), value(verdict.threshold))
}

/// Costs in order. Insertion moves memory, which for the tens of thousands of values met here is faster than a tree.
#[derive(Clone, Debug, Default)]
struct Sorted(Vec<(f64, JobKey)>);

impl Sorted {
    /// Inserts and tells the position, best first.
    fn insert(&mut self, cost: f64, key: JobKey) -> usize {
        let at = self.position(cost, key);
        self.0.insert(at, (cost, key));
        at
    }

    fn remove(&mut self, cost: f64, key: JobKey) {
        let at = self.position(cost, key);
        if self.0.get(at).is_some_and(|entry| entry.1 == key) {
            self.0.remove(at);
        }
    }

    fn position(&self, cost: f64, key: JobKey) -> usize {
        self.0.partition_point(|(c, k)| c.total_cmp(&cost).then(k.cmp(&key)).is_lt())
    }

    /// The middle value, or the mean of the two middle ones.
    fn median(&self) -> Option<f64> {
        let middle = self.0.len() / 2;
        let upper = self.0.get(middle)?.0;
        if self.0.len() % 2 == 1 { Some(upper) } else { Some((self.0[middle - 1].0 + upper) / 2.0) }
    }
}

#[cfg(test)]
fn seen(trial: u64, reading: u64, best: f64, average: f64) -> Seen {
    use crate::words::ids::{Rung, TrialId};
    Seen {
        key: JobKey { trial: TrialId(trial), rung: Rung(0) },
        point: Point { from: Resource::ZERO, reading },
        best,
        average: Some(average),
        look: true,
    }
}

#[cfg(test)]
mod tests {
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
