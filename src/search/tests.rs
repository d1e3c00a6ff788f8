//! What the tests of every searcher share.

mod encoding;
mod models;
mod study;

use std::f64::consts::PI;
use std::sync::Arc;

use serde_json::{Value, json};

use super::prior::PriorObservation;
use super::{Ask, Observation, Proposal, Sampler, SearchContext, Searcher};
use crate::method::MethodKind;
use crate::space::Space;
use crate::space::tests::space;
use crate::words::args::Args;
use crate::words::assignment::Assignment;
use crate::words::ids::{BracketId, TrialId};
use crate::words::objective::Score;
use crate::words::units::Resource;

pub(super) fn context(space: Space, seed: u64) -> SearchContext {
    SearchContext { space: Arc::new(space), seed, direction: None, full: Resource::ONE }
}

/// The configurations of up to `trials` trials as JSON, each adopted as it is proposed.
pub(super) fn run(searcher: &mut dyn Searcher, trials: u64) -> Vec<String> {
    let mut lines = Vec::new();
    for trial in (0..trials).map(TrialId) {
        let ask = Ask { trial, bracket: BracketId::default(), resource: Resource::ONE };
        let Proposal::Ready(assignment) = searcher.propose(&ask) else { break };
        searcher.adopt(trial, &assignment);
        lines.push(serde_json::to_string(&assignment).unwrap());
    }
    lines
}

pub(super) fn method_args(fields: Value) -> Args {
    fields.as_object().unwrap().iter().map(|(k, v)| (k.clone(), v.clone())).collect()
}

/// What is said of faulty fields, one fault a line.
pub(super) fn method_fault(kind: &MethodKind, fields: Value) -> String {
    let faults = (kind.build)(&method_args(fields)).expect_err("these fields are faulty");
    faults.iter().map(|f| f.message.clone()).collect::<Vec<_>>().join("\n")
}

/// Branin's function over the unit square; its least value is 0.397887.
pub(super) fn branin(assignment: &Assignment) -> f64 {
    let at = |name: &str| assignment.get(name).and_then(Value::as_f64).expect("a number");
    let (x, y) = (15.0 * at("x") - 5.0, 15.0 * at("y"));
    let bend = y - 5.1 / (4.0 * PI * PI) * x * x + 5.0 / PI * x - 6.0;
    bend * bend + 10.0 * (1.0 - 1.0 / (8.0 * PI)) * libm::cos(x) + 10.0
}

/// What `sampler` proposes one after the other, each value observed before the next, `trials` of them.
pub(super) fn session(sampler: &dyn Sampler, context: &SearchContext, trials: u64, value: Cost) -> Vec<Assignment> {
    warm_session(sampler, context, &[], trials, value)
}

/// [`session`] after a warm start.
pub(super) fn warm_session(
    sampler: &dyn Sampler,
    context: &SearchContext,
    prior: &[PriorObservation],
    trials: u64,
    value: Cost,
) -> Vec<Assignment> {
    let mut searcher = sampler.searcher(context);
    searcher.warm_up(prior);
    let mut proposed = Vec::new();
    for trial in (0..trials).map(TrialId) {
        let ask = Ask { trial, bracket: BracketId::default(), resource: Resource::ONE };
        let Proposal::Ready(assignment) = searcher.propose(&ask) else { break };
        searcher.adopt(trial, &assignment);
        let score = Score::new(value(&assignment));
        let resource = Resource::ONE;
        searcher.observe(&Observation { trial, assignment: &assignment, resource, score, curve: &[] });
        proposed.push(assignment);
    }
    proposed
}

/// The value of a configuration.
pub(super) type Cost = fn(&Assignment) -> f64;

/// The unit square.
pub(super) fn square(seed: u64) -> SearchContext {
    context(space(&[("x", "uniform", json!([0, 1])), ("y", "uniform", json!([0, 1]))]), seed)
}

/// The least value of Branin's function found in `trials` trials, in the middle of five seeds.
pub(super) fn middle_of_branin(sampler: &dyn Sampler, trials: u64) -> f64 {
    let least = |seed| {
        let values = session(sampler, &square(seed), trials, branin).iter().map(branin).collect::<Vec<_>>();
        values.into_iter().fold(f64::INFINITY, f64::min)
    };
    let mut found: Vec<f64> = (0..5).map(least).collect();
    found.sort_by(f64::total_cmp);
    found[2]
}
