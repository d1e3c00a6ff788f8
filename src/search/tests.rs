//! Helpers for the tests of all samplers.

mod earlier;
mod encoding;
mod gain;
mod models;
mod rare;
mod search_run;

use std::f64::consts::PI;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Observation, PriorObservation, Proposal, Sampler, SearchContext, Searcher};
use crate::space::Space;
use crate::space::tests::space;
use crate::types::advice::TrialRequest;
use crate::types::assignment::Assignment;
use crate::types::ids::{BracketId, TrialId};
use crate::types::objective::Score;
use crate::types::units::Resource;

pub(crate) fn context(space: Space, seed: u64) -> SearchContext {
    SearchContext { space: Arc::new(space), seed, direction: None, max_resource: Resource::ONE }
}

/// The first `trials` proposals as JSON; each is registered.
pub(crate) fn run(searcher: &mut dyn Searcher, trials: u64) -> Vec<String> {
    let mut lines = Vec::new();
    for trial in (0..trials).map(TrialId) {
        let request = TrialRequest { trial, bracket: BracketId::default(), resource: Resource::ONE };
        let Proposal::Ready(assignment) = searcher.propose(&request) else { break };
        searcher.register(trial, &assignment);
        lines.push(serde_json::to_string(&assignment).unwrap());
    }
    lines
}

/// Branin's function over the unit square; its minimum is 0.397887.
pub(crate) fn branin(assignment: &Assignment) -> f64 {
    let at = |name: &str| assignment.get(name).and_then(Value::as_f64).expect("a number");
    let (x, y) = (15.0 * at("x") - 5.0, 15.0 * at("y"));
    let bend = y - 5.1 / (4.0 * PI * PI) * x * x + 5.0 / PI * x - 6.0;
    bend * bend + 10.0 * (1.0 - 1.0 / (8.0 * PI)) * libm::cos(x) + 10.0
}

/// Runs `trials` trials one after the other and returns their configurations.
pub(crate) fn session(sampler: &dyn Sampler, context: &SearchContext, trials: u64, value: Cost) -> Vec<Assignment> {
    session_with_prior(sampler, context, &[], trials, value)
}

/// [`session`] after a warm start.
pub(super) fn session_with_prior(
    sampler: &dyn Sampler,
    context: &SearchContext,
    prior: &[PriorObservation],
    trials: u64,
    value: Cost,
) -> Vec<Assignment> {
    let mut searcher = sampler.searcher(context);
    searcher.warm_start(prior);
    let mut proposed = Vec::new();
    for trial in (0..trials).map(TrialId) {
        let request = TrialRequest { trial, bracket: BracketId::default(), resource: Resource::ONE };
        let Proposal::Ready(assignment) = searcher.propose(&request) else { break };
        searcher.register(trial, &assignment);
        let score = Score::new(value(&assignment));
        let resource = Resource::ONE;
        searcher.observe(&Observation { trial, assignment: &assignment, resource, score, curve: &[] });
        proposed.push(assignment);
    }
    proposed
}

/// An objective function.
pub(crate) type Cost = fn(&Assignment) -> f64;

/// A space of two parameters in [0, 1].
pub(crate) fn square(seed: u64) -> SearchContext {
    context(space(&[("x", "uniform", json!([0, 1])), ("y", "uniform", json!([0, 1]))]), seed)
}

/// The median over five seeds of the lowest value of Branin's function in `trials` trials.
pub(crate) fn median_of_branin(sampler: &dyn Sampler, trials: u64) -> f64 {
    let best = |seed| {
        let values = session(sampler, &square(seed), trials, branin).iter().map(branin).collect::<Vec<_>>();
        values.into_iter().fold(f64::INFINITY, f64::min)
    };
    let mut found: Vec<f64> = (0..5).map(best).collect();
    found.sort_by(f64::total_cmp);
    found[2]
}
