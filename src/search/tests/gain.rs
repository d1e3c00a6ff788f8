//! What the models expect from further trials.

use std::sync::Arc;

use rand::RngExt;
use serde_json::json;

use super::{branin, context};
use crate::search::gp::Gp;
use crate::search::{GainEstimate, GainRequest, Observation, Proposal, Sampler, SearchContext};
use crate::space::tests::space;
use crate::types::advice::TrialRequest;
use crate::types::assignment::Assignment;
use crate::types::ids::{BracketId, TrialId};
use crate::types::objective::{Direction, Score};
use crate::types::stream::{Purpose, stream};
use crate::types::units::Resource;

/// The share that `gp` expects from ten further trials, after each trial.
fn shares(trials: u64, cost: impl Fn(TrialId, &Assignment) -> f64) -> Vec<Option<f64>> {
    let space = space(&[("x", "uniform", json!([0, 1])), ("y", "uniform", json!([0, 1]))]);
    let context = SearchContext { direction: Some(Direction::Minimize), ..context(space, 3) };
    let mut searcher = Gp { random_fraction: 0.0, ..Gp::default() }.searcher(&context);
    let after = |trial: TrialId| {
        let request = TrialRequest { trial, bracket: BracketId::default(), resource: Resource::ONE };
        let Proposal::Ready(assignment) = searcher.propose(&request) else { panic!("a proposal") };
        searcher.register(trial, &assignment);
        let score = Score::new(cost(trial, &assignment));
        let resource = Resource::ONE;
        searcher.observe(&Observation { trial, assignment: &assignment, resource, score, curve: &[] });
        match searcher.expected_gain(&GainRequest { trial: TrialId(trial.0 + 1), trials: 10.0, enough: 0.01 }) {
            GainEstimate::Share(share) => Some(share),
            GainEstimate::Unknown => None,
            GainEstimate::NoModel => panic!("gp has a model"),
        }
    };
    (0..trials).map(TrialId).map(after).collect()
}

#[test]
fn gp_expects_less_the_more_it_knows() {
    let shares = shares(60, |_, assignment| branin(assignment));
    assert!(shares[..9].iter().all(Option::is_none), "{shares:?}");
    let early = shares[10].expect("an estimate");
    let late = shares[59].expect("an estimate");
    assert!(early > 0.05 && late < 0.5 * early, "{shares:?}");
}

#[test]
fn gp_does_not_expect_nothing_of_noise() {
    let noise = |trial: TrialId, _: &Assignment| stream(9, trial, Purpose::Parameters).random::<f64>();
    let shares = shares(40, noise);
    let known: Vec<f64> = shares[10..].iter().flatten().copied().collect();
    assert!(known.iter().all(|share| *share > 0.01), "{shares:?}");
}

#[test]
fn asking_does_not_change_what_is_proposed() {
    let space = Arc::new(space(&[("x", "uniform", json!([0, 1])), ("y", "choice", json!(["a", "b"]))]));
    let proposed = |asks: bool| {
        let context = SearchContext {
            space: space.clone(),
            direction: Some(Direction::Minimize),
            ..context(Default::default(), 5)
        };
        let mut searcher = Gp::default().searcher(&context);
        let mut all = Vec::new();
        for trial in (0..25).map(TrialId) {
            if asks {
                searcher.expected_gain(&GainRequest { trial, trials: 5.0, enough: 0.5 });
            }
            let request = TrialRequest { trial, bracket: BracketId::default(), resource: Resource::ONE };
            let Proposal::Ready(assignment) = searcher.propose(&request) else { panic!("a proposal") };
            searcher.register(trial, &assignment);
            let score = Score::new(assignment.get("x").and_then(serde_json::Value::as_f64).expect("a number"));
            let resource = Resource::ONE;
            searcher.observe(&Observation { trial, assignment: &assignment, resource, score, curve: &[] });
            all.push(assignment);
        }
        all
    };
    assert_eq!(proposed(true), proposed(false));
}
