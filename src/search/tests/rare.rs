//! All models where one draw in a thousand fulfils the constraints.

use std::sync::Arc;

use serde_json::json;

use super::search_run::{SearchRun, number};
use crate::search::Sampler;
use crate::search::anneal::Anneal;
use crate::search::gp::Gp;
use crate::search::random::Random;
use crate::search::tpe::Tpe;
use crate::space::Space;
use crate::space::rules::constraint::Constraint;
use crate::space::rules::tests::{constraint, ruled};
use crate::types::assignment::Assignment;
use crate::types::origin::ConfigOrigin;

fn space(constraint: Constraint) -> Arc<Space> {
    let params = [("x", "uniform", json!([0, 1])), ("y", "uniform", json!([0, 1])), ("z", "uniform", json!([0, 1]))];
    Arc::new(ruled(&params, &[], vec![constraint]))
}

fn corner() -> Arc<Space> {
    space(constraint(["x", "y"], |x, y| x + y < 0.045))
}

fn layer() -> Arc<Space> {
    space(constraint(["x", "y"], |x, y| (x - y).abs() < 0.0005))
}

/// The best feasible configuration of the corner is at x = 0, y = 0.045, that of the layer at x = y = 0.5.
fn cost(at: &Assignment) -> f64 {
    number(at, "x").powi(2) + (number(at, "y") - 1.0).powi(2) + (number(at, "z") - 0.3).powi(2)
}

#[test]
fn models_propose_feasible_configurations_that_are_not_random_draws() {
    let models: [Box<dyn Sampler>; 3] = [
        Box::new(Gp { random_fraction: 0.0, ..Gp::default() }),
        Box::new(Tpe { random_fraction: 0.0, ..Tpe::default() }),
        Box::new(Anneal),
    ];
    for model in models {
        for (name, space) in [("corner", corner()), ("layer", layer())] {
            let mut run = SearchRun::new(&*model, space.clone(), 1);
            run.run(15, cost);
            let mut random = 0;
            for _ in 0..20 {
                let running = run.start();
                assert!(space.is_feasible(&running.assignment), "{} {name}", model.name());
                random += usize::from(matches!(run.searcher.origin(), ConfigOrigin::Random));
                run.end(&running, cost(&running.assignment));
            }
            assert!(random <= 3, "{} {name}: {random} of 20 proposals are random draws", model.name());
        }
    }
}

#[test]
fn gp_finds_better_configurations_than_random_draws() {
    let best = |sampler: &dyn Sampler, space: Arc<Space>, seed| {
        SearchRun::new(sampler, space, seed).run(40, cost).iter().map(cost).fold(f64::INFINITY, f64::min)
    };
    // with the lowest costs of feasible configurations
    for (name, space, lowest) in [("corner", corner(), 0.912), ("layer", layer(), 0.5)] {
        let total = |sampler: &dyn Sampler| (0..3).map(|seed| best(sampler, space.clone(), seed) - lowest).sum::<f64>();
        let (found, random) = (total(&Gp::default()), total(&Random));
        assert!(found < 0.7 * random, "{name}: {found}, random {random}");
    }
}
