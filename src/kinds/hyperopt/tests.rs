use serde_json::{Value, json};

use super::*;
use crate::kinds::tests::{args, errors};
use crate::search::tests::{branin, median_of_branin, session, square};

fn method(fields: Value) -> Method {
    (KIND.build)(&args(fields)).unwrap()
}

fn algorithm(name: &str) -> Arc<dyn Sampler> {
    method(json!({"numRuns": 60, "algorithm": name})).sampler
}

#[test]
fn the_number_of_trials_is_runs_times_iterations() {
    let trials = |fields| method(fields).schedule.plan(None).trials();
    assert_eq!(trials(json!({"numRuns": 20})), 20);
    assert_eq!(trials(json!({"maxIterations": 20})), 20);
    assert_eq!(trials(json!({"numRuns": 5, "maxIterations": 4})), 20);
    assert!(!method(json!({"numRuns": u64::MAX, "maxIterations": 2})).schedule.plan(None).open_ended);
}

#[test]
fn every_field_is_checked() {
    insta::assert_snapshot!(errors(&KIND, json!({})), @"`numRuns` is missing");
    insta::assert_snapshot!(errors(&KIND, json!({"numRuns": "x"})), @r#"`numRuns` must be a whole number, 1 or more, found the text "x""#);
    insta::assert_snapshot!(errors(&KIND, json!({"numRuns": 0, "maxIterations": 0, "algorithm": "atpe"})), @r#"
    `algorithm` must be tpe, rand or anneal, found "atpe"
    `numRuns` must be a whole number, 1 or more, found the number 0
    `maxIterations` must be a whole number, 1 or more, found the number 0
    "#);
}

#[test]
fn tpe_starts_after_twenty_random_draws_or_half_of_a_short_study() {
    let drawn = session(&Random, &square(3), 40, branin);
    let draws = |runs: u64| {
        let proposed = session(&*method(json!({ "numRuns": runs })).sampler, &square(3), runs, branin);
        proposed.iter().zip(&drawn).take_while(|(a, b)| a == b).count()
    };
    assert_eq!((draws(40), draws(20)), (20, 10));
}

#[test]
fn rand_proposes_what_the_random_sampler_proposes() {
    assert!(algorithm("rand").ignores_observations());
    assert_eq!(session(&*algorithm("rand"), &square(1), 9, branin), session(&Random, &square(1), 9, branin));
}

#[test]
fn tpe_and_anneal_are_better_than_random_draws_and_differ() {
    let random = median_of_branin(&Random, 60);
    for name in ["tpe", "anneal"] {
        let found = median_of_branin(&*algorithm(name), 60);
        assert!(found - 0.397_887 < 0.5 * (random - 0.397_887), "{name}: {found}, random draws {random}");
    }
    let last = |name| session(&*algorithm(name), &square(1), 30, branin).pop();
    assert_ne!(last("tpe"), last("anneal"));
}

#[test]
fn the_same_seed_gives_the_same_proposals() {
    for name in ["tpe", "rand", "anneal"] {
        let run = |seed| session(&*algorithm(name), &square(seed), 25, branin);
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
    }
}
