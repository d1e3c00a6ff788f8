//! The acquisition is maximized over feasible configurations, also where few are.

use std::sync::Arc;

use serde_json::json;

use crate::search::encoding::{Branch, Encoding, INACTIVE};
use crate::search::gp::acquisition::Acquisition;
use crate::search::gp::kernel::{Hyperparameters, Kernel, KernelShape, Point};
use crate::search::gp::likelihood::Dataset;
use crate::search::gp::optimize::{AcquisitionFn, Effort, SearchRegion, maximize};
use crate::search::gp::posterior::Posterior;
use crate::search::gp::subspace::Subspace;
use crate::space::rules::constraint::Constraint;
use crate::space::rules::tests::{constraint, ruled};
use crate::space::tests::parameters;

const EFFORT: Effort = Effort { random_candidates: 200, local_candidates: 100, optimized: 5, iterations: 15 };

fn encoding(constraints: Vec<Constraint>) -> Encoding {
    let params = [("x", "uniform", json!([0, 1])), ("y", "uniform", json!([0, 1])), ("z", "uniform", json!([0, 1]))];
    Encoding::new(Arc::new(ruled(&params, &[], constraints)))
}

/// Feasible draws from the prior.
fn draws(encoding: &Encoding, seed: u64, count: usize) -> Vec<Vec<f64>> {
    let mut stream = parameters(seed);
    let drawn = std::iter::repeat_with(|| encoding.draw(&mut stream));
    drawn.filter(|x| encoding.is_feasible(x)).take(count).collect()
}

/// A process that knows the squared distance from `optimum` at feasible and other configurations.
fn posterior(encoding: &Encoding, optimum: [f64; 3]) -> Posterior {
    let value = |x: &[f64]| x.iter().zip(optimum).map(|(x, best)| (x - best) * (x - best)).sum::<f64>();
    let known = draws(&self::encoding(Vec::new()), 1, 60).into_iter().chain(draws(encoding, 2, 20));
    let points: Vec<Point> = known.map(|x| Point { x, t: 0.0 }).collect();
    let values = points.iter().map(|point| value(&point.x)).collect();
    let hyperparameters =
        Hyperparameters { length_scales: vec![0.0; 3], resource_length_scale: 0.0, variance: 0.0, noise: -12.0 };
    let kernel = Kernel::new(KernelShape::Matern52, &encoding.dimensions(), &hyperparameters);
    Posterior::new(kernel, Dataset { points, values }).expect("a positive definite matrix")
}

#[test]
fn the_best_of_a_rare_feasible_part_is_found() {
    // each with the optimum of the objective, and a probability of about 0.001
    let cases: [(&str, Vec<Constraint>, [f64; 3]); 3] = [
        ("layer", vec![constraint(["x", "y"], |x, y| (x - y).abs() < 0.0005)], [0.9, 0.1, 0.5]),
        ("corner", vec![constraint(["x", "y"], |x, y| x + y < 0.045)], [0.5, 0.5, 0.5]),
        ("disc", vec![constraint(["x", "y"], |x, y| (x - 0.5).powi(2) + (y - 0.4).powi(2) < 0.0003)], [0.0, 1.0, 0.8]),
    ];
    for (name, constraints, optimum) in cases {
        let encoding = encoding(constraints);
        let posterior = posterior(&encoding, optimum);
        let acquisition_fn = AcquisitionFn {
            posterior: &posterior,
            acquisition: Acquisition::ConfidenceBound { kappa: 0.0 },
            best: 0.0,
            belief: None,
        };
        let value = |x: &[f64]| -posterior.predict(&Point { x: x.to_vec(), t: 0.0 }).mean;
        let mut known = draws(&encoding, 2, 20);
        known.sort_by(|a, b| value(b).total_cmp(&value(a)));
        known.truncate(5);
        let random = draws(&encoding, 3, 200).iter().map(|x| value(x)).fold(f64::NEG_INFINITY, f64::max);
        for seed in 10..15 {
            let region = SearchRegion { known: &known, subspace: &Subspace::Whole };
            let ranked = maximize(acquisition_fn, &encoding, region, EFFORT, &mut parameters(seed));
            assert!(ranked.iter().all(|(_, x)| encoding.is_feasible(x)), "{name}");
            let (found, x) = &ranked[0];
            assert!((found - value(x)).abs() < 1e-9, "{name}");
            // 200 feasible draws are 200,000 draws
            assert!(*found > random, "{name}, seed {seed}: {found} at {x:?}, 200 feasible draws {random}");
        }
    }
}

/// The parameter `n` decides whether `y` is active. The best value, 2, is outside of the branch, and combinations of 1 and 3 have it.
#[test]
fn every_optimization_stays_in_the_branch() {
    let params = [
        ("n", "range", json!([1, 4, 1])),
        ("y", "uniform", json!([0, 1])),
        ("x", "uniform", json!([0, 1])),
        ("z", "uniform", json!([0, 1])),
    ];
    let whens = [("y", "n", json!([1, 3]))];
    let rules = vec![constraint(["x", "z"], |x, z| x + z < 1.5)];
    let encoding = Encoding::new(Arc::new(ruled(&params, &whens, rules)));
    let points: Vec<Point> = draws(&encoding, 1, 60).into_iter().map(|x| Point { x, t: 0.0 }).collect();
    let value = |x: &[f64]| {
        let squares: f64 =
            [(0, 0.5), (2, 0.31), (3, 0.47)].map(|(d, best): (usize, f64)| (x[d] - best).powi(2)).iter().sum();
        squares + if x[1] == INACTIVE { 0.0 } else { 1.0 }
    };
    let values = points.iter().map(|point| value(&point.x)).collect();
    let hyperparameters =
        Hyperparameters { length_scales: vec![0.0; 4], resource_length_scale: 0.0, variance: 0.0, noise: -12.0 };
    let kernel = Kernel::new(KernelShape::Matern52, &encoding.dimensions(), &hyperparameters);
    let posterior = Posterior::new(kernel, Dataset { points, values }).expect("a positive definite matrix");
    let acquisition_fn = AcquisitionFn {
        posterior: &posterior,
        acquisition: Acquisition::ConfidenceBound { kappa: 0.0 },
        best: 0.0,
        belief: None,
    };
    let active: Branch = vec![true; 4];
    let active = Subspace::Branch(active);
    let region = SearchRegion { known: &[], subspace: &active };
    for seed in 10..15 {
        let ranked = |optimized| {
            let effort = Effort { optimized, ..EFFORT };
            let ranked = maximize(acquisition_fn, &encoding, region, effort, &mut parameters(seed));
            assert!(ranked.iter().all(|(_, x)| active.contains(x)));
            ranked.len()
        };
        assert_eq!(ranked(5), ranked(0) + 5, "seed {seed}: an optimization ended outside of the branch");
    }
}
