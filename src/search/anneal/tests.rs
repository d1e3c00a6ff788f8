use serde_json::{Value, json};

use super::*;
use crate::search::tests::{branin, context, run, session, square};
use crate::space::Space;
use crate::space::tests::space;
use crate::types::ids::BracketId;
use crate::types::objective::Score;

/// A searcher with observed trials of these values of `x` and scores, numbered from 1000, and `failures` failed trials.
fn observed(space: Space, seen: &[(Value, f64)], failures: u64) -> AnnealSearcher {
    let mut searcher = AnnealSearcher::new(&context(space, 1));
    let jobs = seen.iter().map(|(x, score)| (x.clone(), Score::new(*score), Resource::ONE));
    let failed = (0..failures).map(|_| (seen[0].0.clone(), None, Resource::ONE));
    jobs.chain(failed).zip(1000..).for_each(|(job, trial)| observe(&mut searcher, trial, job));
    searcher
}

fn observe(searcher: &mut AnnealSearcher, trial: u64, (x, score, resource): (Value, Option<Score>, Resource)) {
    let assignment: Assignment = [("x".into(), x)].into_iter().collect();
    let trial = TrialId(trial);
    searcher.observe(&Observation { trial, assignment: &assignment, resource, score, curve: &[] });
}

/// The proposed values of `x` for `count` trials without observations in between.
fn proposals(searcher: &mut AnnealSearcher, count: u64) -> Vec<Value> {
    let request =
        |trial| TrialRequest { trial: TrialId(trial), bracket: BracketId::default(), resource: Resource::ONE };
    let proposed = (0..count).map(|trial| match searcher.propose(&request(trial)) {
        Proposal::Ready(assignment) => assignment.get("x").cloned().expect("a value"),
        other => panic!("{other:?}"),
    });
    proposed.collect()
}

fn numbers(searcher: &mut AnnealSearcher, count: u64) -> Vec<f64> {
    proposals(searcher, count).iter().map(|x| x.as_f64().expect("a number")).collect()
}

fn line() -> Space {
    space(&[("x", "uniform", json!([0, 1]))])
}

/// Minimum and maximum.
fn range(numbers: &[f64]) -> (f64, f64) {
    numbers.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(*x), high.max(*x)))
}

#[test]
fn the_window_shrinks_with_observations_and_shifts_inwards_at_a_bound() {
    // n = 10 gives w = 1/2, n = 90 gives w = 1/10.
    for (start, failures, low, high) in
        [(0.5, 9, 0.25, 0.75), (0.5, 89, 0.45, 0.55), (0.0, 89, 0.0, 0.1), (0.98, 89, 0.9, 1.0)]
    {
        let drawn = numbers(&mut observed(line(), &[(json!(start), 1.0)], failures), 300);
        let (min, max) = range(&drawn);
        assert!(min >= low && max <= high, "{start}: {min} to {max}");
        assert!(min < low + 0.1 * (high - low) && max > high - 0.1 * (high - low), "{start}: {min} to {max}");
    }
}

#[test]
fn half_of_the_starts_are_the_best_trial_and_a_quarter_the_second() {
    let seen = [(json!(0.9), 3.0), (json!(0.1), 1.0), (json!(0.5), 2.0)];
    let drawn = numbers(&mut observed(line(), &seen, 97), 1000);
    let near = |x: f64| drawn.iter().filter(|drawn| (*drawn - x).abs() < 0.1).count();
    assert_eq!(near(0.1) + near(0.5) + near(0.9), 1000);
    assert!((450..550).contains(&near(0.1)), "{}", near(0.1));
    assert!((200..300).contains(&near(0.5)), "{}", near(0.5));
}

#[test]
fn unordered_and_small_parameters_are_kept_or_redrawn() {
    let wide = |name| space(&[("x", name, json!([1, 2, 3, 4])), ("y", "uniform", json!([0, 1]))]);
    let searcher = |space: Space| {
        let mut searcher = AnnealSearcher::new(&context(space, 1));
        let assignment: Assignment = [("x".into(), json!(2)), ("y".into(), json!(0.5))].into_iter().collect();
        let score = Score::new(1.0);
        for trial in (1000..1010).map(TrialId) {
            searcher.observe(&Observation {
                trial,
                assignment: &assignment,
                resource: Resource::ONE,
                score,
                curve: &[],
            });
        }
        searcher
    };
    // n = 10 gives w = 1/2: kept with probability 1/2, and redrawn to the same value sometimes.
    let of_choice = proposals(&mut searcher(wide("choice")), 800);
    let kept = of_choice.iter().filter(|x| **x == json!(2)).count();
    assert!((450..550).contains(&kept), "{kept}");
    assert!((1..=4).all(|value| of_choice.contains(&json!(value))));
    let range = space(&[("x", "range", json!([0, 5, 1])), ("y", "uniform", json!([0, 1]))]);
    let kept = proposals(&mut searcher(range), 800).iter().filter(|x| **x == json!(2)).count();
    assert!((430..530).contains(&kept), "{kept}");
}

#[test]
fn without_a_result_proposals_are_random() {
    let drawn = numbers(&mut observed(line(), &[(json!(0.5), f64::NAN)], 50), 100);
    let (min, max) = range(&drawn);
    assert!(min < 0.1 && max > 0.9);
}

#[test]
fn proposals_are_in_the_domains_of_all_parameter_kinds() {
    let all = || {
        space(&[
            ("choice", "choice", json!(["a", [1], null])),
            ("pchoice", "pchoice", json!([["a", 0.9], ["b", 0.1]])),
            ("range", "range", json!([0, 100, 3])),
            ("logspace", "logspace", json!([-3, 0, 4])),
            ("date", "daterange", json!(["2020-01-01", "2020-06-01", 1])),
            ("uniform", "uniform", json!([-1, 1])),
            ("quniform", "quniform", json!([0, 1, 0.25])),
            ("loguniform", "loguniform", json!({"min": 1e-5, "max": 0.1})),
            ("normal", "normal", json!([0, 1])),
            ("qlognormal", "qlognormal", json!([1, 2, 0.5])),
        ])
    };
    let inside = |assignment: &Assignment| {
        let space = all();
        let wrong = space.params.iter().find(|p| !p.domain.contains(assignment.get(&p.name).expect("a value")));
        assert!(wrong.is_none(), "{assignment:?}");
    };
    let proposed =
        session(&Anneal, &context(all(), 5), 120, |a| a.get("uniform").and_then(Value::as_f64).unwrap_or(0.0));
    proposed.iter().for_each(inside);
}

#[test]
fn a_finite_space_is_proposed_completely_before_a_configuration_repeats() {
    let grid = space(&[("x", "range", json!([0, 6, 1])), ("y", "choice", json!(["a", "b"]))]);
    let drawn = run(&mut AnnealSearcher::new(&context(grid, 1)), 12);
    assert_eq!(drawn.iter().collect::<std::collections::HashSet<_>>().len(), 12);
}

#[test]
fn a_higher_resource_ranks_first_and_a_later_failure_excludes_a_trial() {
    let three = Resource::new(3.0).expect("finite");
    let mut searcher = observed(line(), &[(json!(0.1), 1.0)], 98);
    observe(&mut searcher, 1, (json!(0.9), Score::new(5.0), three));
    let near = |drawn: &[f64], x: f64| drawn.iter().filter(|drawn| (*drawn - x).abs() < 0.1).count();
    let drawn = numbers(&mut searcher, 400);
    assert!((150..250).contains(&near(&drawn, 0.9)), "{drawn:?}");
    observe(&mut searcher, 1, (json!(0.9), None, three));
    assert_eq!(near(&numbers(&mut searcher, 400), 0.9), 0);
}

#[test]
fn maximization_is_supported() {
    let direction = Some(Direction::Maximize);
    let proposed = session(&Anneal, &SearchContext { direction, ..square(2) }, 80, |a| -branin(a));
    let tail = proposed[60..].iter().map(branin).fold(0.0, f64::max);
    assert!(tail < 30.0, "{tail}");
}
