//! Densities compared with their formula, draws with the density, and which rung is used.

use std::sync::Arc;

use rand::RngExt;
use serde_json::json;

use super::Tpe;
use super::kde::Density;
use crate::search::encoding::Encoding;
use crate::search::tests::context;
use crate::search::{Observation, Proposal, Sampler, SearchContext, Searcher};
use crate::space::tests::{parameters, space};
use crate::types::advice::TrialRequest;
use crate::types::assignment::Assignment;
use crate::types::ids::{BracketId, TrialId};
use crate::types::objective::{Direction, Score};
use crate::types::std_normal;
use crate::types::units::Resource;

/// Two ordered parameters and one of three values with prior probabilities 0.5, 0.3, 0.2.
fn mixed() -> Encoding {
    Encoding::new(Arc::new(space(&[
        ("x", "uniform", json!([0, 1])),
        ("y", "uniform", json!([0, 1])),
        ("c", "pchoice", json!([["a", 0.5], ["b", 0.3], ["c", 0.2]])),
    ])))
}

const POINTS: [[f64; 3]; 5] = [[0.1, 0.5, 0.0], [0.2, 0.5, 0.0], [0.4, 0.5, 1.0], [0.7, 0.5, 2.0], [0.9, 0.5, 0.0]];

fn density(points: &[[f64; 3]]) -> Density {
    Density::new(&mixed(), points.iter().map(|p| p.to_vec()).collect())
}

/// 1.06·σ·n^(−1/(4+d)) with the sample's σ for x, the minimum for y (all values are equal), σ = √(1 − Σp²) for c.
fn bandwidths() -> [f64; 3] {
    let factor = 1.06 * 5f64.powf(-1.0 / 7.0);
    let mean = POINTS.iter().map(|p| p[0]).sum::<f64>() / 5.0;
    let variance = POINTS.iter().map(|p| (p[0] - mean).powi(2)).sum::<f64>() / 4.0;
    let diversity = (1.0f64 - (0.6 * 0.6 + 0.2 * 0.2 + 0.2 * 0.2)).sqrt();
    [factor * variance.sqrt(), 1e-3, factor * diversity]
}

fn unnormalized_normal(z: f64) -> f64 {
    (-0.5 * z * z).exp()
}

#[test]
fn a_density_is_the_mean_of_its_kernels() {
    let [wx, wy, wc] = bandwidths();
    let prior = [0.5, 0.3, 0.2];
    let by_hand = |x: &[f64; 3]| -> f64 {
        let kernel = |p: &[f64; 3]| {
            let same = if p[2] == x[2] { 1.0 - wc } else { 0.0 };
            unnormalized_normal((x[0] - p[0]) / wx) / wx * unnormalized_normal((x[1] - p[1]) / wy) / wy
                * (same + wc * prior[x[2] as usize])
        };
        POINTS.iter().map(kernel).sum::<f64>() / 5.0
    };
    let density = density(&POINTS);
    // The factor 1/√(2π) of the normal kernels is omitted: it cancels in every ratio.
    for x in [[0.15, 0.5, 0.0], [0.5, 0.501, 1.0], [0.9, 0.4995, 2.0], [0.0, 0.502, 1.0]] {
        let (found, expected) = (density.log_density(&x), by_hand(&x).ln());
        assert!((found - expected).abs() < 1e-10 * expected.abs().max(1.0), "{x:?}: {found} {expected}");
    }
}

#[test]
fn log_densities_far_from_every_point_are_finite_and_ordered() {
    let density = density(&POINTS);
    let (near, far) = (density.log_density(&[0.1, 0.6, 0.0]), density.log_density(&[0.1, 0.9, 0.0]));
    assert!(near > far && far.is_finite(), "{near} {far}");
}

#[test]
fn unseen_values_of_an_unordered_parameter_have_positive_density() {
    let one = density(&[[0.5, 0.5, 1.0]; 9]);
    let (same, other) = (one.log_density(&[0.5, 0.5, 1.0]), one.log_density(&[0.5, 0.5, 2.0]));
    // The prior has the weight of one of ten points: 0.9 + 0.1·0.3 against 0.1·0.2.
    assert!((same - other - (0.93f64 / 0.02).ln()).abs() < 1e-10, "{same} {other}");
}

#[test]
fn draws_have_the_moments_of_the_kernels() {
    let (density, mut stream) = (density(&[[0.3, 0.5, 0.0], [0.3, 0.5, 1.0]]), parameters(3));
    let n = 20_000;
    let draws: Vec<Vec<f64>> = (0..n).map(|_| density.draw(1.0, &mut stream)).collect();
    assert!(draws.iter().flatten().all(|x| (0.0..=2.0).contains(x)) && draws.iter().all(|x| x[1] <= 1.0));
    let share = |level: f64| draws.iter().filter(|x| x[2] == level).count() as f64 / f64::from(n);
    // The prior has weight 1.06·2^(−1/7)·√½ for two equally frequent values.
    let width = 1.06 * 2f64.powf(-1.0 / 7.0) * 0.5f64.sqrt();
    for (level, centre, prior) in [(0.0, 0.5, 0.5), (1.0, 0.5, 0.3), (2.0, 0.0, 0.2)] {
        let expected = (1.0 - width) * centre + width * prior;
        assert!((share(level) - expected).abs() < 0.015, "{level}: {} {expected}", share(level));
    }
}

#[test]
fn draws_of_an_ordered_parameter_follow_truncated_normal_kernels() {
    let (density, mut stream) = (density(&[[0.05, 0.5, 0.0], [0.25, 0.5, 0.0]]), parameters(4));
    let bandwidth_factor = 3.0;
    let width = bandwidth_factor * 1.06 * 2f64.powf(-1.0 / 7.0) * 0.02f64.sqrt();
    // Mean of N(c, w) truncated to [0, 1]: c + w·(φ(a) − φ(b))/(Φ(b) − Φ(a))
    let phi = |z: f64| unnormalized_normal(z) / (2.0 * std::f64::consts::PI).sqrt();
    let mean = |centre: f64| {
        let (a, b) = (-centre / width, (1.0 - centre) / width);
        centre + width * (phi(a) - phi(b)) / (std_normal::cdf(b) - std_normal::cdf(a))
    };
    let expected = 0.5 * (mean(0.05) + mean(0.25));
    let n = 20_000;
    let found = (0..n).map(|_| density.draw(bandwidth_factor, &mut stream)[0]).sum::<f64>() / f64::from(n);
    assert!((found - expected).abs() < 0.01, "{found} {expected}");
}

/// A searcher over one parameter without random draws.
fn searcher() -> Box<dyn Searcher> {
    let context = SearchContext {
        direction: Some(Direction::Maximize),
        max_resource: Resource::new(9.0).unwrap(),
        ..context(space(&[("x", "uniform", json!([0, 1]))]), 1)
    };
    Tpe { random_fraction: 0.0, ..Tpe::default() }.searcher(&context)
}

fn x(value: f64) -> Assignment {
    [(Arc::from("x"), json!(value))].into_iter().collect()
}

/// Observes `count` jobs at `resource` with random values of x; the nearer to `peak`, the better.
fn observe(searcher: &mut dyn Searcher, count: u64, resource: f64, peak: f64) {
    let mut stream = parameters(resource as u64);
    for trial in (0..count).map(TrialId) {
        let at: f64 = stream.random();
        let observation = Observation {
            trial,
            assignment: &x(at),
            resource: Resource::new(resource).unwrap(),
            score: Score::new(1.0 - (at - peak).abs()),
            curve: &[],
        };
        searcher.observe(&observation);
    }
}

/// The mean of the suggestions for the trials from 100 to 119.
fn suggested(searcher: &mut dyn Searcher) -> f64 {
    let mut one = |trial| {
        let request = TrialRequest { trial: TrialId(trial), bracket: BracketId::default(), resource: Resource::ONE };
        let Proposal::Ready(assignment) = searcher.propose(&request) else { panic!("expected a configuration") };
        assignment.get("x").and_then(|v| v.as_f64()).unwrap()
    };
    (100..120).map(&mut one).sum::<f64>() / 20.0
}

#[test]
fn the_highest_rung_with_enough_points_is_used() {
    let mut searcher = searcher();
    observe(&mut *searcher, 30, 1.0, 0.1);
    assert!(suggested(&mut *searcher) < 0.25, "only rung 1 has results");
    observe(&mut *searcher, 4, 9.0, 0.9);
    assert!(suggested(&mut *searcher) < 0.25, "four points are too few for one parameter");
    observe(&mut *searcher, 30, 9.0, 0.9);
    assert!(suggested(&mut *searcher) > 0.75, "the highest rung has enough points");
    observe(&mut *searcher, 500, 3.0, 0.1);
    assert!(suggested(&mut *searcher) > 0.75, "a lower rung with more points is not used");
}

#[test]
fn with_too_few_points_or_as_random_fraction_proposals_are_random_draws() {
    let drawn = |searcher: &mut dyn Searcher| suggested(searcher);
    let random =
        drawn(&mut *crate::search::random::Random.searcher(&context(space(&[("x", "uniform", json!([0, 1]))]), 1)));
    let mut few = searcher();
    observe(&mut *few, 4, 1.0, 0.1);
    assert_eq!(drawn(&mut *few), random);
    let blind = Tpe { random_fraction: 1.0, ..Tpe::default() };
    let mut blind = blind.searcher(&context(space(&[("x", "uniform", json!([0, 1]))]), 1));
    observe(&mut *blind, 50, 1.0, 0.1);
    assert_eq!(drawn(&mut *blind), random);
}
