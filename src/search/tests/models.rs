//! All models: extreme values, failures, spaces of different kinds and sizes, several slots, replay.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::json;

use super::search_run::{SearchRun, number};
use crate::search::Sampler;
use crate::search::anneal::Anneal;
use crate::search::gp::Gp;
use crate::search::random::Random;
use crate::search::tpe::Tpe;
use crate::space::Space;
use crate::space::rules::tests::ruled;
use crate::space::tests::{parameters, space};
use crate::types::assignment::Assignment;

fn models() -> [Box<dyn Sampler>; 3] {
    [Box::new(Gp::default()), Box::new(Tpe::default()), Box::new(Anneal)]
}

fn unit_square() -> Arc<Space> {
    Arc::new(space(&[("x", "uniform", json!([0, 1])), ("y", "uniform", json!([0, 1]))]))
}

fn is_inside(space: &Space, assignment: &Assignment) -> bool {
    space.params.iter().all(|p| assignment.get(&p.name).is_some_and(|v| p.domain.contains(v)))
}

#[test]
fn extreme_values_lead_to_valid_proposals() {
    let patterns: [fn(usize) -> f64; 8] = [
        |_| 0.5,
        |_| 0.0,
        |i| if i % 2 == 0 { 1e300 } else { 1e-300 },
        |i| if i % 2 == 0 { -1e308 } else { 1.7e308 },
        |i| if i % 3 == 0 { f64::NAN } else { i as f64 },
        |i| if i < 12 { f64::INFINITY } else { 1.0 / i as f64 },
        |_| f64::NAN,
        |i| 1.0 + 1e-15 * i as f64,
    ];
    for model in models() {
        for (p, pattern) in patterns.into_iter().enumerate() {
            let mut run = SearchRun::new(&*model, unit_square(), 3);
            let mut i = 0;
            let proposed = run.run(20, |_| {
                i += 1;
                pattern(i)
            });
            assert!(proposed.iter().all(|a| is_inside(&unit_square(), a)), "{} {p}", model.name());
            let distinct: HashSet<String> = proposed.iter().map(|a| serde_json::to_string(a).unwrap()).collect();
            assert!(distinct.len() >= 19, "{} {p}: {} of 20 differ", model.name(), distinct.len());
        }
    }
}

#[test]
fn a_region_with_only_failures_is_proposed_less_often() {
    for model in models() {
        let mut failed = 0;
        for seed in 0..4 {
            let mut run = SearchRun::new(&*model, unit_square(), seed);
            // The best working values are next to the failing region.
            let proposed =
                run.run(35, |a| if number(a, "x") < 0.5 { f64::NAN } else { number(a, "x") + number(a, "y") });
            failed += proposed[20..].iter().filter(|a| number(a, "x") < 0.5).count();
        }
        assert!(failed < 22, "{}: {failed} of 60 where half of all draws fail", model.name());
    }
}

#[test]
fn repeated_observations_of_one_configuration_are_handled() {
    for model in models() {
        let mut run = SearchRun::new(&*model, unit_square(), 1);
        let same = run.proposal();
        for i in 0..30 {
            let running = run.start_with(same.clone());
            run.end(&running, f64::from(i % 3));
        }
        let next = run.run(5, |a| number(a, "x"));
        assert!(next.iter().all(|a| is_inside(&unit_square(), a) && *a != same), "{}", model.name());
    }
}

#[test]
fn a_finite_space_is_proposed_completely_before_a_configuration_repeats() {
    let space = || {
        Arc::new(space(&[
            ("c", "choice", json!(["a", "b", "c"])),
            ("n", "range", json!([0, 5, 1])),
            ("p", "pchoice", json!([["usual", 0.98], ["rare", 0.02]])),
        ]))
    };
    for model in models() {
        let mut run = SearchRun::new(&*model, space(), 2);
        let proposed = run.run(33, |a| number(a, "n") + if a.get("c") == Some(&json!("b")) { 0.0 } else { 1.0 });
        let texts: Vec<String> = proposed.iter().map(|a| serde_json::to_string(a).unwrap()).collect();
        assert_eq!(texts[..30].iter().collect::<HashSet<_>>().len(), 30, "{}", model.name());
    }
}

#[test]
fn a_space_with_one_configuration_does_not_loop_forever() {
    for model in models() {
        let mut run = SearchRun::new(&*model, Arc::new(space(&[("only", "choice", json!(["this"]))])), 2);
        assert_eq!(run.run(15, |_| 1.0).len(), 15);
    }
}

#[test]
fn the_best_values_of_unordered_parameters_are_found() {
    let values = || json!((0..12).map(|i| format!("v{}", (i * 5) % 12)).collect::<Vec<_>>());
    let space = || Arc::new(space(&[("a", "choice", values()), ("b", "choice", values()), ("c", "choice", values())]));
    // Each parameter has one good value, independent of the others.
    let cost = |a: &Assignment| -> f64 {
        ["a", "b", "c"].iter().map(|n| if a.get(n) == Some(&json!("v7")) { 0.0 } else { 1.0 }).sum::<f64>() + 0.1
    };
    let best = |sampler: &dyn Sampler, seed| {
        let mut run = SearchRun::new(sampler, space(), seed);
        run.run(45, cost).iter().map(cost).fold(f64::INFINITY, f64::min)
    };
    let total = |sampler: &dyn Sampler| (0..3).map(|seed| best(sampler, seed)).sum::<f64>();
    let random = total(&Random);
    for model in models() {
        let found = total(&*model);
        assert!(found < 0.6 * random, "{}: {found}, random {random}", model.name());
    }
}

#[test]
fn parameters_that_matter_only_for_one_value_of_another_are_optimized() {
    let space = || {
        Arc::new(space(&[
            ("optimizer", "choice", json!(["sgd", "adam"])),
            ("momentum", "uniform", json!([0, 1])),
            ("beta", "uniform", json!([0, 1])),
        ]))
    };
    // `momentum` matters for sgd only, `beta` for adam only; adam with beta 0.8 is best.
    let cost = |a: &Assignment| match a.get("optimizer").and_then(|v| v.as_str()) {
        Some("sgd") => 0.5 + (number(a, "momentum") - 0.2).abs(),
        _ => 0.1 + (number(a, "beta") - 0.8).abs(),
    };
    for (model, most) in models().into_iter().zip([0.13, 0.17, 0.17]) {
        let mean = (0..5).map(|seed| {
            let mut run = SearchRun::new(&*model, space(), seed);
            run.run(32, cost).iter().map(cost).fold(f64::INFINITY, f64::min)
        });
        let mean = mean.sum::<f64>() / 5.0;
        assert!(mean < most, "{}: {mean}", model.name());
    }
}

#[test]
fn two_hundred_parameters_are_supported() {
    let names: Vec<String> = (0..200).map(|i| format!("p{i}")).collect();
    let params: Vec<(&str, &str, serde_json::Value)> =
        names.iter().map(|n| (n.as_str(), "uniform", json!([0, 1]))).collect();
    for model in models() {
        let mut run = SearchRun::new(&*model, Arc::new(space(&params)), 1);
        let proposed = run.run(14, |a| number(a, "p0") + number(a, "p1"));
        assert!(proposed.iter().all(|a| a.len() == 200));
    }
}

#[test]
fn suggestions_for_several_slots_at_once_differ() {
    let cost = |a: &Assignment| 0.1 + (number(a, "x") - 0.3).powi(2) + (number(a, "y") - 0.6).powi(2);
    let model = Gp { random_fraction: 0.0, ..Gp::default() };
    let mut run = SearchRun::new(&model, unit_square(), 5);
    run.run(11, cost);
    let running: Vec<_> = (0..6).map(|_| run.start()).collect();
    for (i, one) in running.iter().enumerate() {
        for other in &running[..i] {
            let apart = |name| (number(&one.assignment, name) - number(&other.assignment, name)).abs();
            assert!(apart("x").max(apart("y")) > 1e-3, "{one:?} {other:?}");
        }
    }
    // They are not random either: most are where good values are predicted.
    let near = running.iter().filter(|r| cost(&r.assignment) < 0.2).count();
    assert!(near >= 4, "{near} of 6: {running:?}");
}

#[test]
fn proposals_are_repeatable_and_the_same_after_a_replay() {
    let cost = |a: &Assignment| if number(a, "x") < 0.2 { f64::NAN } else { number(a, "x") * number(a, "y") };
    for model in models() {
        let mut original = SearchRun::new(&*model, unit_square(), 9);
        let mut ended = Vec::new();
        let mut waiting = Vec::new();
        for i in 0..30 {
            assert_eq!(original.proposal(), original.proposal(), "{}", model.name());
            waiting.push(original.start());
            if i % 3 != 0 {
                let running = waiting.remove(0);
                let resource = [3.0, 9.0, 27.0][i % 3];
                original.end_at(&running, resource, cost(&running.assignment));
                ended.push((i, running, resource));
            }
        }
        // A replay registers and observes in the recorded order, without requests.
        let mut replayed = SearchRun::new(&*model, unit_square(), 9);
        let mut records = ended.iter().peekable();
        let mut started: Vec<_> = ended.iter().map(|(_, r, _)| r.clone()).chain(waiting.clone()).collect();
        started.sort_by_key(|r| r.trial);
        for (i, running) in started.into_iter().enumerate() {
            replayed.start_with(running.assignment);
            while let Some((_, running, resource)) = records.next_if(|(at, ..)| *at == i) {
                replayed.end_at(running, *resource, cost(&running.assignment));
            }
        }
        for _ in 0..4 {
            assert_eq!(replayed.start(), original.start(), "{}", model.name());
        }
    }
}

#[test]
fn proposals_depend_on_the_seed() {
    for model in models() {
        let after = |seed| SearchRun::new(&*model, unit_square(), seed).run(15, |a| number(a, "x")).pop();
        assert_eq!(after(1), after(1), "{}", model.name());
        assert_ne!(after(1), after(2), "{}", model.name());
    }
}

#[test]
fn observations_at_a_low_resource_guide_proposals() {
    let space = || Arc::new(space(&[("x", "uniform", json!([0, 1]))]));
    let model = Gp { random_fraction: 0.0, ..Gp::default() };
    let mut run = SearchRun::new(&model, space(), 4);
    let mut stream = parameters(2);
    for _ in 0..20 {
        let running = run.start_with(space().sample(&mut stream));
        run.end_at(&running, 9.0, 1.2 + (number(&running.assignment, "x") - 0.7).powi(2));
    }
    let proposed = number(&run.proposal(), "x");
    assert!((proposed - 0.7).abs() < 0.15, "{proposed}");
}

#[test]
fn constants_change_no_proposal_of_a_model() {
    let with_constants = Arc::new(space(&[
        ("epochs", "constant", json!(3)),
        ("x", "uniform", json!([0, 1])),
        ("name", "constant", json!("resnet")),
        ("y", "uniform", json!([0, 1])),
    ]));
    for model in models() {
        let cost = |a: &Assignment| number(a, "x") + number(a, "y");
        let plain = SearchRun::new(&*model, unit_square(), 5).run(25, cost);
        let proposed = SearchRun::new(&*model, with_constants.clone(), 5).run(25, cost);
        for (a, b) in plain.iter().zip(&proposed) {
            assert_eq!([number(a, "x"), number(a, "y")], [number(b, "x"), number(b, "y")], "{}", model.name());
            assert_eq!((b.get("epochs"), b.get("name")), (Some(&json!(3)), Some(&json!("resnet"))));
        }
    }
}

#[test]
fn a_space_of_constants_is_proposed_again_and_again() {
    let constants = Arc::new(space(&[("epochs", "constant", json!(3))]));
    for model in models() {
        let mut value = 0.0;
        let proposed = SearchRun::new(&*model, constants.clone(), 2).run(15, |_| {
            value += 1.0;
            value
        });
        assert!(proposed.iter().all(|a| is_inside(&constants, a)), "{}", model.name());
    }
}

#[test]
fn a_branch_with_worse_results_is_still_searched() {
    let params = [
        ("model", "choice", json!(["linear", "net"])),
        ("a", "uniform", json!([0, 1])),
        ("b", "uniform", json!([0, 1])),
    ];
    let whens = [("a", "model", json!(["linear"])), ("b", "model", json!(["net"]))];
    let space = Arc::new(ruled(&params, &whens, Vec::new()));
    let cost = |at: &Assignment| match at.get("b") {
        Some(_) => 2.0 + (number(at, "b") - 0.7).abs(),
        None => (number(at, "a") - 0.2).abs(),
    };
    let models: [Box<dyn Sampler>; 2] = [Box::new(Gp::default()), Box::new(Tpe::default())];
    for model in models {
        let proposed = SearchRun::new(&*model, space.clone(), 4).run(60, cost);
        let worse = proposed[20..].iter().filter(|at| at.get("b").is_some()).count();
        assert!((4..25).contains(&worse), "{}: {worse} of 40", model.name());
    }
}
