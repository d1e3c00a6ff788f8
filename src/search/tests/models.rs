//! What every model must bear: odd values, failures, spaces of every shape and size, several slots, and going on.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::json;

use super::study::{Study, number};
use crate::search::Sampler;
use crate::search::anneal::Anneal;
use crate::search::gp::Gp;
use crate::search::random::Random;
use crate::search::tpe::Tpe;
use crate::space::Space;
use crate::space::tests::{parameters, space};
use crate::words::assignment::Assignment;

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
fn values_of_any_size_and_kind_lead_to_legal_proposals() {
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
            let mut study = Study::new(&*model, unit_square(), 3);
            let mut i = 0;
            let proposed = study.run(20, |_| {
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
fn a_region_that_always_fails_is_proposed_less_and_less() {
    for model in models() {
        let mut failed = 0;
        for seed in 0..4 {
            let mut study = Study::new(&*model, unit_square(), seed);
            // what works promises more the nearer it is to what fails
            let proposed =
                study.run(35, |a| if number(a, "x") < 0.5 { f64::NAN } else { number(a, "x") + number(a, "y") });
            failed += proposed[20..].iter().filter(|a| number(a, "x") < 0.5).count();
        }
        assert!(failed < 22, "{}: {failed} of 60 where half of all draws fail", model.name());
    }
}

#[test]
fn copies_of_one_configuration_are_no_trouble() {
    for model in models() {
        let mut study = Study::new(&*model, unit_square(), 1);
        let same = study.proposal();
        for i in 0..30 {
            let running = study.adopt(same.clone());
            study.end(&running, f64::from(i % 3));
        }
        let next = study.run(5, |a| number(a, "x"));
        assert!(next.iter().all(|a| is_inside(&unit_square(), a) && *a != same), "{}", model.name());
    }
}

#[test]
fn a_small_finite_space_is_tried_completely_before_anything_repeats() {
    let space = || {
        Arc::new(space(&[
            ("c", "choice", json!(["a", "b", "c"])),
            ("n", "range", json!([0, 5, 1])),
            ("p", "pchoice", json!([["usual", 0.98], ["rare", 0.02]])),
        ]))
    };
    for model in models() {
        let mut study = Study::new(&*model, space(), 2);
        let proposed = study.run(33, |a| number(a, "n") + if a.get("c") == Some(&json!("b")) { 0.0 } else { 1.0 });
        let texts: Vec<String> = proposed.iter().map(|a| serde_json::to_string(a).unwrap()).collect();
        assert_eq!(texts[..30].iter().collect::<HashSet<_>>().len(), 30, "{}", model.name());
    }
}

#[test]
fn a_space_of_one_configuration_is_no_endless_search() {
    for model in models() {
        let mut study = Study::new(&*model, Arc::new(space(&[("only", "choice", json!(["this"]))])), 2);
        assert_eq!(study.run(15, |_| 1.0).len(), 15);
    }
}

#[test]
fn the_best_of_unordered_values_is_found_without_any_order() {
    let values = || json!((0..12).map(|i| format!("v{}", (i * 5) % 12)).collect::<Vec<_>>());
    let space = || Arc::new(space(&[("a", "choice", values()), ("b", "choice", values()), ("c", "choice", values())]));
    // each parameter has one good value, and a good one is good whatever the others are
    let cost = |a: &Assignment| -> f64 {
        ["a", "b", "c"].iter().map(|n| if a.get(n) == Some(&json!("v7")) { 0.0 } else { 1.0 }).sum::<f64>() + 0.1
    };
    let least = |sampler: &dyn Sampler, seed| {
        let mut study = Study::new(sampler, space(), seed);
        study.run(45, cost).iter().map(cost).fold(f64::INFINITY, f64::min)
    };
    let total = |sampler: &dyn Sampler| (0..3).map(|seed| least(sampler, seed)).sum::<f64>();
    let random = total(&Random);
    for model in models() {
        let found = total(&*model);
        assert!(found < 0.6 * random, "{}: {found}, random {random}", model.name());
    }
}

#[test]
fn parameters_that_count_only_under_another_one_are_searched() {
    let space = || {
        Arc::new(space(&[
            ("optimizer", "choice", json!(["sgd", "adam"])),
            ("momentum", "uniform", json!([0, 1])),
            ("beta", "uniform", json!([0, 1])),
        ]))
    };
    // `momentum` counts for sgd alone, `beta` for adam alone; adam with beta 0.8 is best
    let cost = |a: &Assignment| match a.get("optimizer").and_then(|v| v.as_str()) {
        Some("sgd") => 0.5 + (number(a, "momentum") - 0.2).abs(),
        _ => 0.1 + (number(a, "beta") - 0.8).abs(),
    };
    for (model, most) in models().into_iter().zip([0.13, 0.17, 0.17]) {
        let mean = (0..5).map(|seed| {
            let mut study = Study::new(&*model, space(), seed);
            study.run(32, cost).iter().map(cost).fold(f64::INFINITY, f64::min)
        });
        let mean = mean.sum::<f64>() / 5.0;
        assert!(mean < most, "{}: {mean}", model.name());
    }
}

#[test]
fn two_hundred_parameters_are_borne_and_the_few_that_count_are_used() {
    let names: Vec<String> = (0..200).map(|i| format!("p{i}")).collect();
    let params: Vec<(&str, &str, serde_json::Value)> =
        names.iter().map(|n| (n.as_str(), "uniform", json!([0, 1]))).collect();
    for model in models() {
        let mut study = Study::new(&*model, Arc::new(space(&params)), 1);
        let proposed = study.run(14, |a| number(a, "p0") + number(a, "p1"));
        assert!(proposed.iter().all(|a| a.len() == 200));
    }
}

#[test]
fn suggestions_for_several_slots_at_once_differ() {
    let cost = |a: &Assignment| 0.1 + (number(a, "x") - 0.3).powi(2) + (number(a, "y") - 0.6).powi(2);
    let model = Gp { random_fraction: 0.0, ..Gp::default() };
    let mut study = Study::new(&model, unit_square(), 5);
    study.run(11, cost);
    let running: Vec<_> = (0..6).map(|_| study.start()).collect();
    for (i, one) in running.iter().enumerate() {
        for other in &running[..i] {
            let apart = |name| (number(&one.assignment, name) - number(&other.assignment, name)).abs();
            assert!(apart("x").max(apart("y")) > 1e-3, "{one:?} {other:?}");
        }
    }
    // they are not scattered by chance either: all lie where something good is expected
    let near = running.iter().filter(|r| cost(&r.assignment) < 0.2).count();
    assert!(near >= 4, "{near} of 6: {running:?}");
}

#[test]
fn asking_twice_gives_one_answer_and_a_replayed_searcher_proposes_the_same() {
    let cost = |a: &Assignment| if number(a, "x") < 0.2 { f64::NAN } else { number(a, "x") * number(a, "y") };
    for model in models() {
        let mut lived = Study::new(&*model, unit_square(), 9);
        let mut told = Vec::new();
        let mut waiting = Vec::new();
        for i in 0..30 {
            assert_eq!(lived.proposal(), lived.proposal(), "{}", model.name());
            waiting.push(lived.start());
            if i % 3 != 0 {
                let running = waiting.remove(0);
                let resource = [3.0, 9.0, 27.0][i % 3];
                lived.end_at(&running, resource, cost(&running.assignment));
                told.push((i, running, resource));
            }
        }
        // a replay adopts and observes in the recorded order, and asks nothing
        let mut replayed = Study::new(&*model, unit_square(), 9);
        let mut records = told.iter().peekable();
        let mut started: Vec<_> = told.iter().map(|(_, r, _)| r.clone()).chain(waiting.clone()).collect();
        started.sort_by_key(|r| r.trial);
        for (i, running) in started.into_iter().enumerate() {
            replayed.adopt(running.assignment);
            while let Some((_, running, resource)) = records.next_if(|(at, ..)| *at == i) {
                replayed.end_at(running, *resource, cost(&running.assignment));
            }
        }
        for _ in 0..4 {
            assert_eq!(replayed.start(), lived.start(), "{}", model.name());
        }
    }
}

#[test]
fn proposals_depend_on_the_seed() {
    for model in models() {
        let after = |seed| Study::new(&*model, unit_square(), seed).run(15, |a| number(a, "x")).pop();
        assert_eq!(after(1), after(1), "{}", model.name());
        assert_ne!(after(1), after(2), "{}", model.name());
    }
}

#[test]
fn what_was_seen_at_a_low_resource_guides_what_is_tried_at_full() {
    let space = || Arc::new(space(&[("x", "uniform", json!([0, 1]))]));
    let model = Gp { random_fraction: 0.0, ..Gp::default() };
    let mut study = Study::new(&model, space(), 4);
    let mut stream = parameters(2);
    for _ in 0..20 {
        let running = study.adopt(space().sample(&mut stream));
        study.end_at(&running, 9.0, 1.2 + (number(&running.assignment, "x") - 0.7).powi(2));
    }
    let proposed = number(&study.proposal(), "x");
    assert!((proposed - 0.7).abs() < 0.15, "{proposed}");
}
