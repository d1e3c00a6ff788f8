//! Guesses: the density, the trials at and near them, and what right and wrong ones change.

use std::sync::Arc;

use serde_json::{Value, json};

use super::belief::Belief;
use super::draws::GuessDraws;
use crate::search::anneal::Anneal;
use crate::search::encoding::Encoding;
use crate::search::gp::Gp;
use crate::search::random::Random;
use crate::search::tests::{branin, session};
use crate::search::tpe::Tpe;
use crate::search::{Proposal, Sampler, SearchContext};
use crate::space::Space;
use crate::space::guess::{Guess, GuessConfidence};
use crate::space::rules::tests::{constraint, ruled};
use crate::space::tests::{parameters, space};
use crate::types::advice::TrialRequest;
use crate::types::assignment::Assignment;
use crate::types::ids::{BracketId, TrialId};
use crate::types::origin::ConfigOrigin;
use crate::types::units::Resource;

fn guessed(mut space: Space, guesses: &[(&str, Value, GuessConfidence)]) -> Space {
    for (name, value, confidence) in guesses {
        let index = space.index(name).expect("a parameter of this name");
        let value = space.params[index].domain.normalize(value).expect("a value of the domain");
        space.params[index].guess = Some(Guess { value, confidence: *confidence });
    }
    space
}

fn context(space: Space, seed: u64) -> SearchContext {
    SearchContext { space: Arc::new(space), seed, direction: None, max_resource: Resource::ONE }
}

/// One parameter of every family, all with a guess.
fn mixed(confidence: GuessConfidence) -> Space {
    let params = [
        ("lr", "loguniform", json!({"min": 1e-5, "max": 0.1})),
        ("layers", "int", json!([1, 8])),
        ("noise", "normal", json!([0, 1])),
        ("opt", "pchoice", json!([["sgd", 0.2], ["adam", 0.5], ["lamb", 0.3]])),
        ("nesterov", "choice", json!([true, false])),
        ("width", "geomspace", json!([16, 256, 5])),
        ("free", "uniform", json!([0, 1])),
    ];
    let guesses = [
        ("lr", json!(3e-4)),
        ("layers", json!(8)),
        ("noise", json!(-0.5)),
        ("opt", json!("lamb")),
        ("nesterov", json!(false)),
        ("width", json!(32)),
    ];
    guessed(space(&params), &guesses.map(|(name, value)| (name, value, confidence)))
}

const CONFIDENCES: [GuessConfidence; 3] = [GuessConfidence::Low, GuessConfidence::Medium, GuessConfidence::High];

#[test]
fn the_density_is_one_on_average_and_highest_at_the_guesses() {
    for confidence in CONFIDENCES {
        let (name, at) = ("x", json!(0.9));
        let params = [(name, "uniform", json!([0, 1])), ("c", "pchoice", json!([["a", 0.2], ["b", 0.8]]))];
        let space = guessed(space(&params), &[(name, at, confidence), ("c", json!("a"), confidence)]);
        let encoding = Encoding::new(Arc::new(space));
        let belief = Belief::new(&encoding).unwrap();
        let count = 1_000;
        let at = |i: usize, c: f64| libm::exp(belief.log_density(&[(i as f64 + 0.5) / f64::from(count), c]));
        let mean = |c| (0..count as usize).map(|i| at(i, c)).sum::<f64>() / f64::from(count);
        let total = 0.2 * mean(0.0) + 0.8 * mean(1.0);
        assert!((total - 1.0).abs() < 1e-3, "{confidence:?}: {total}");
        let highest = (0..count as usize).max_by(|a, b| at(*a, 0.0).total_cmp(&at(*b, 0.0))).unwrap();
        assert!(highest.abs_diff(900) <= 1 && at(500, 0.0) > at(500, 1.0), "{confidence:?}: {highest}");
    }
}

#[test]
fn the_gradient_is_that_of_the_value() {
    let encoding = Encoding::new(Arc::new(mixed(GuessConfidence::Medium)));
    let belief = Belief::new(&encoding).unwrap();
    let faded = belief.after(4);
    let mut stream = parameters(3);
    for _ in 0..20 {
        let x = encoding.draw(&mut stream);
        let mut gradient = vec![0.0; x.len()];
        faded.subtract_gradient(&x, &mut gradient);
        for d in [0, 2, 6] {
            let value = |step: f64| {
                let mut near = x.clone();
                near[d] += step;
                faded.value(&near)
            };
            let expected = -(value(1e-6) - value(-1e-6)) / 2e-6;
            assert!((gradient[d] - expected).abs() < 1e-3 * (1.0 + expected.abs()), "{d} {gradient:?} {expected}");
        }
    }
}

#[test]
fn the_belief_fades_with_the_trials() {
    let encoding = Encoding::new(Arc::new(mixed(GuessConfidence::High)));
    let belief = Belief::new(&encoding).unwrap();
    let x = encoding.draw(&mut parameters(1));
    let after = |trials| belief.after(trials).value(&x).abs();
    assert!((after(10) / after(100) - 10.0).abs() < 1e-9 && after(0).is_finite());
    assert!(Belief::new(&Encoding::new(Arc::new(space(&[("x", "uniform", json!([0, 1]))])))).is_none());
}

#[test]
fn draws_near_the_guesses_are_of_the_domain_and_as_near_as_the_confidence_says() {
    let distance = |confidence| {
        let encoding = Encoding::new(Arc::new(mixed(confidence)));
        let belief = Belief::new(&encoding).unwrap();
        let (mut stream, mut sum, mut guessed_opt) = (parameters(5), 0.0, 0);
        for _ in 0..400 {
            let x = belief.draw(&encoding, &mut stream);
            let drawn = encoding.decode(&x);
            assert!(encoding.encode(&drawn).is_some(), "{drawn:?}");
            sum += (x[0] - 0.369).abs();
            guessed_opt += u32::from(drawn.get("opt") == Some(&json!("lamb")));
        }
        (sum / 400.0, f64::from(guessed_opt) / 400.0)
    };
    let [low, medium, high] = CONFIDENCES.map(distance);
    assert!(high.0 < 0.09 && high.0 < medium.0 && medium.0 < low.0 && low.0 < 0.28, "{low:?} {medium:?} {high:?}");
    assert!(high.1 > 0.87 && high.1 > medium.1 && medium.1 > low.1 && low.1 > 0.5, "{low:?} {medium:?} {high:?}");
}

fn samplers() -> [Box<dyn Sampler>; 4] {
    [Box::new(Random), Box::new(Anneal), Box::new(Tpe::default()), Box::new(Gp::default())]
}

fn request(trial: u64) -> TrialRequest {
    TrialRequest { trial: TrialId(trial), bracket: BracketId::default(), resource: Resource::ONE }
}

#[test]
fn the_first_drawn_trial_of_every_sampler_has_the_guesses() {
    for sampler in samplers() {
        let context = context(mixed(GuessConfidence::Medium), 4);
        let mut searcher = sampler.searcher(&context);
        // a starting point takes the first trial
        let other = context.space.sample(&mut parameters(1));
        searcher.register(TrialId(0), &other);
        let Proposal::Ready(first) = searcher.propose(&request(1)) else { panic!("a configuration") };
        assert_eq!(searcher.origin(), ConfigOrigin::Guess, "{}", sampler.name());
        for (name, value) in context.space.guesses().iter() {
            assert_eq!(first.get(name), Some(value), "{}", sampler.name());
        }
        assert!(context.space.complete(&first).is_ok() && first.get("free").is_some());
        searcher.register(TrialId(1), &first);
        let Proposal::Ready(second) = searcher.propose(&request(2)) else { panic!("a configuration") };
        assert!(second != first && searcher.origin() != ConfigOrigin::Guess, "{}", sampler.name());
    }
}

#[test]
fn only_models_draw_near_the_guesses() {
    for sampler in samplers() {
        let mut searcher = sampler.searcher(&context(mixed(GuessConfidence::Medium), 4));
        let mut near = 0;
        for trial in 0..200 {
            let Proposal::Ready(assignment) = searcher.propose(&request(trial)) else { panic!("a configuration") };
            searcher.register(TrialId(trial), &assignment);
            near += u32::from(searcher.origin() == ConfigOrigin::NearGuess);
        }
        let expected = if ["tpe", "gp"].contains(&sampler.name()) { 70..130 } else { 0..1 };
        assert!(expected.contains(&near), "{}: {near}", sampler.name());
    }
}

/// `sgd` with `momentum`, `adam` with `beta`, and guesses for both and for `n`.
fn conditional(n: i64) -> Space {
    let params = [
        ("opt", "choice", json!(["sgd", "adam"])),
        ("momentum", "uniform", json!([0, 1])),
        ("beta", "uniform", json!([0, 1])),
        ("n", "int", json!([1, 8])),
    ];
    let whens = [("momentum", "opt", json!(["sgd"])), ("beta", "opt", json!(["adam"]))];
    let constraints = vec![constraint(["momentum", "n"], |momentum, n| momentum * n <= 1.0)];
    let medium = GuessConfidence::Medium;
    let guesses = [("momentum", json!(0.9), medium), ("beta", json!(0.8), medium), ("n", json!(n), medium)];
    guessed(ruled(&params, &whens, constraints), &guesses)
}

#[test]
fn guesses_count_where_their_parameter_is_active() {
    for sampler in samplers() {
        let drawn = session(&*sampler, &context(conditional(1), 3), 25, |at| number(at, "n"));
        let first = &drawn[0];
        let inner = if first.get("opt") == Some(&json!("sgd")) { ("momentum", 0.9) } else { ("beta", 0.8) };
        assert_eq!((first.get(inner.0), first.get("n")), (Some(&json!(inner.1)), Some(&json!(1))));
        assert!(drawn.iter().all(|at| conditional(1).complete(at).is_ok()), "{}", sampler.name());
    }
}

#[test]
fn guesses_that_constraints_refuse_are_left_out() {
    // with sgd the guesses contradict the constraint, with adam they do not
    let draws = GuessDraws::new(&Arc::new(conditional(8)), 1).unwrap();
    assert_eq!(draws.untried().and_then(|at| at.get("opt")), Some(&json!("adam")));
    let impossible = || {
        let params = [("n", "int", json!([1, 8]))];
        guessed(
            ruled(&params, &[], vec![constraint(["n", "n"], |n, _| n < 5.0)]),
            &[("n", json!(8), GuessConfidence::High)],
        )
    };
    for sampler in samplers() {
        let drawn = session(&*sampler, &context(impossible(), 3), 4, |at| number(at, "n"));
        assert!(drawn.iter().all(|at| impossible().complete(at).is_ok()), "{}", sampler.name());
    }
}

fn number(assignment: &Assignment, name: &str) -> f64 {
    assignment.get(name).and_then(Value::as_f64).expect("a number of this name")
}

/// A valley along which the best value of `b` depends on `a`, with ripples, and a category that moves its end; the lowest value is 0
/// at a = 0.7, b = 0.3, c = 0.6 and `deep`.
fn valley(at: &Assignment) -> f64 {
    let (a, b, c) = (number(at, "a"), number(at, "b"), number(at, "c"));
    let along = a - if at.get("kind") == Some(&json!("deep")) { 0.7 } else { 0.2 };
    let across = b - 0.3 - 0.5 * along;
    let offset = if at.get("kind") == Some(&json!("deep")) { 0.0 } else { 0.4 };
    let ripples = 0.1 * (1.0 - libm::cos(20.0 * along)) + 0.1 * (1.0 - libm::cos(15.0 * (c - 0.6)));
    3.0 * along * along + 8.0 * across * across + 2.0 * (c - 0.6) * (c - 0.6) + ripples + offset
}

fn valley_space() -> Space {
    space(&[
        ("a", "uniform", json!([0, 1])),
        ("b", "uniform", json!([0, 1])),
        ("c", "uniform", json!([0, 1])),
        ("kind", "choice", json!(["flat", "deep", "steep"])),
    ])
}

fn square() -> Space {
    space(&[("x", "uniform", json!([0, 1])), ("y", "uniform", json!([0, 1]))])
}

/// The mean over `seeds` of the lowest value in the first `trials[0]` and `trials[1]` trials.
fn mean_best(
    sampler: &dyn Sampler,
    space: impl Fn() -> Space,
    trials: [usize; 2],
    cost: fn(&Assignment) -> f64,
) -> [f64; 2] {
    const SEEDS: u64 = 8;
    let mut sums = [0.0; 2];
    for seed in 0..SEEDS {
        let proposed = session(sampler, &context(space(), seed), trials[1] as u64, cost);
        let best = |count: usize| proposed[..count].iter().map(cost).fold(f64::INFINITY, f64::min);
        sums.iter_mut().zip(trials).for_each(|(sum, count)| *sum += best(count) / SEEDS as f64);
    }
    sums
}

/// A function, its space, a guess near its optimum and one that is far from it.
type Case = (&'static str, fn() -> Space, fn(&Assignment) -> f64, [&'static [(&'static str, f64)]; 2]);

const CASES: [Case; 2] = [
    ("branin", square, branin, [&[("x", 0.5), ("y", 0.2)], &[("x", 0.0), ("y", 0.0)]]),
    (
        "valley",
        valley_space,
        valley,
        [&[("a", 0.65), ("b", 0.35), ("c", 0.5)], &[("a", 0.05), ("b", 0.95), ("c", 0.05)]],
    ),
];

#[test]
fn right_guesses_speed_up_and_wrong_ones_cost_little() {
    let models: [Box<dyn Sampler>; 2] = [Box::new(Gp::default()), Box::new(Tpe::default())];
    for (name, space, cost, [right, wrong]) in CASES {
        let lowest = if name == "branin" { 0.397_887 } else { 0.0 };
        for model in &models {
            let with = |values: &[(&'static str, f64)]| {
                let guesses: Vec<_> = values.iter().map(|(n, at)| (*n, json!(at), GuessConfidence::Medium)).collect();
                mean_best(&**model, || guessed(space(), &guesses), [12, 22], cost).map(|best| best - lowest)
            };
            let (none, right, wrong) = (with(&[]), with(right), with(wrong));
            let of = format!(
                "{name}, {}: {none:?} without, {right:?} with right, {wrong:?} with wrong guesses",
                model.name()
            );
            assert!(right[0] < 0.75 * none[0] && right[1] < none[1].max(0.1), "{of}");
            // ten trials make up for the wrong guesses
            assert!(wrong[1] < 1.25 * none[0], "{of}");
        }
    }
}
