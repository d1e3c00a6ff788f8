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

/// 0.2·n^(−1/(4+d)) for five points in three dimensions; at least 1/(n + 2).
fn bandwidth() -> f64 {
    (0.2 * 5f64.powf(-1.0 / 7.0)).max(1.0 / 7.0)
}

/// The probability that a normal kernel around `centre` has in [0, 1].
fn mass(centre: f64, width: f64) -> f64 {
    std_normal::cdf((1.0 - centre) / width) - std_normal::cdf(-centre / width)
}

fn phi(z: f64) -> f64 {
    (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

#[test]
fn a_density_is_the_mean_of_its_kernels_and_the_prior() {
    let (width, prior) = (bandwidth(), [0.5, 0.3, 0.2]);
    let normal = |x: f64, centre: f64| phi((x - centre) / width) / width / mass(centre, width);
    // Three values for five points and the prior: one observation against 3/6.
    let prior_weight = 0.5 / 1.5;
    let by_hand = |x: &[f64; 3]| -> f64 {
        let kernel = |p: &[f64; 3]| {
            let same = if p[2] == x[2] { 1.0 - prior_weight } else { 0.0 };
            normal(x[0], p[0]) * normal(x[1], p[1]) * (same + prior_weight * prior[x[2] as usize])
        };
        (POINTS.iter().map(kernel).sum::<f64>() + prior[x[2] as usize]) / 6.0
    };
    let density = density(&POINTS);
    for x in [[0.15, 0.5, 0.0], [0.5, 0.501, 1.0], [0.9, 0.4, 2.0], [0.0, 1.0, 1.0]] {
        let (found, expected) = (density.log_density(&x), by_hand(&x).ln());
        assert!((found - expected).abs() < 1e-10 * expected.abs().max(1.0), "{x:?}: {found} {expected}");
    }
}

#[test]
fn a_density_over_the_unit_interval_integrates_to_one() {
    let encoding = Encoding::new(Arc::new(space(&[("x", "uniform", json!([0, 1]))])));
    for points in [vec![], vec![0.0], vec![0.02, 0.02, 0.9, 1.0], vec![0.5; 300]] {
        let density = Density::new(&encoding, points.iter().map(|x| vec![*x]).collect());
        let n = 10_000;
        let at = |i: i32| density.log_density(&[(f64::from(i) + 0.5) / f64::from(n)]).exp();
        let integral = (0..n).map(at).sum::<f64>() / f64::from(n);
        assert!((integral - 1.0).abs() < 1e-3, "{points:?}: {integral}");
    }
}

#[test]
fn points_that_are_all_equal_have_the_bandwidth_of_their_number() {
    let width = |n: usize| {
        let encoding = Encoding::new(Arc::new(space(&[("x", "uniform", json!([0, 1]))])));
        let density = Density::new(&encoding, vec![vec![0.5]; n]);
        let draws = 4_000;
        let mut stream = parameters(9);
        let mut squares: Vec<f64> = (0..draws).map(|_| (density.draw(1.0, &mut stream)[0] - 0.5).powi(2)).collect();
        squares.sort_by(f64::total_cmp);
        // The median of |z| is 0.6745; the prior is one of n + 1 components.
        (squares[draws / 2]).sqrt() / 0.6745
    };
    for (n, expected) in [(20, 0.2 * 20f64.powf(-0.2)), (2_000, 0.2 * 2_000f64.powf(-0.2))] {
        assert!((width(n) / expected - 1.0).abs() < 0.15, "{n}: {} {expected}", width(n));
    }
}

#[test]
fn log_densities_far_from_every_point_are_those_of_the_prior() {
    let points = [[0.1, 0.1, 0.0]; 400];
    let (density, far) = (density(&points), [1.0, 1.0, 1.0]);
    assert!((density.log_density(&far) - (0.3f64 / 401.0).ln()).abs() < 1e-3, "{}", density.log_density(&far));
}

#[test]
fn unseen_values_of_an_unordered_parameter_have_positive_density() {
    let one = density(&[[0.5, 0.5, 1.0]; 9]);
    let [same, other] = [1.0, 2.0].map(|value| one.log_density(&[0.5, 0.5, value]).exp());
    // The kernels and the prior: 3 values against 9 points and the prior.
    let (prior_weight, kernel) =
        (3.0 / 13.0, (one.log_density(&[0.5, 0.5, 0.0]).exp() * 10.0 - 0.5) / (0.5 * 3.0 / 13.0));
    let expected =
        |value: f64, prior: f64| (kernel * (value * (1.0 - prior_weight) + prior_weight * prior) + prior) / 10.0;
    assert!((same - expected(1.0, 0.3)).abs() < 1e-9 && (other - expected(0.0, 0.2)).abs() < 1e-9, "{same} {other}");
}

#[test]
fn draws_of_an_unordered_parameter_have_the_shares_of_the_density() {
    let (density, mut stream) = (density(&[[0.3, 0.5, 0.0], [0.3, 0.5, 1.0]]), parameters(3));
    let n = 20_000;
    let draws: Vec<Vec<f64>> = (0..n).map(|_| density.draw(1.0, &mut stream)).collect();
    assert!(draws.iter().all(|x| (0.0..=1.0).contains(&x[0]) && (0.0..=1.0).contains(&x[1])));
    let share = |level: f64| draws.iter().filter(|x| x[2] == level).count() as f64 / f64::from(n);
    // Two kernels and the prior, which has the weight 3/(2 + 1 + 3) in the kernels.
    for (level, centre, prior) in [(0.0, 1.0, 0.5), (1.0, 1.0, 0.3), (2.0, 0.0, 0.2)] {
        let expected = (0.5 * centre + 2.0 * 0.5 * prior + prior) / 3.0;
        assert!((share(level) - expected).abs() < 0.015, "{level}: {} {expected}", share(level));
    }
}

#[test]
fn draws_of_an_ordered_parameter_follow_truncated_normal_kernels_and_the_prior() {
    let (density, mut stream) = (density(&[[0.05, 0.5, 0.0], [0.25, 0.5, 0.0]]), parameters(4));
    // At most two points: the bandwidth is its minimum.
    let width = 0.5 * (1.0 / 4.0f64).max(0.2 * 2f64.powf(-1.0 / 7.0));
    // Mean of N(c, w) truncated to [0, 1]: c + w·(φ(a) − φ(b))/(Φ(b) − Φ(a))
    let mean = |centre: f64| {
        let (a, b) = (-centre / width, (1.0 - centre) / width);
        centre + width * (phi(a) - phi(b)) / mass(centre, width)
    };
    let expected = (mean(0.05) + mean(0.25) + 0.5) / 3.0;
    let n = 20_000;
    let found = (0..n).map(|_| density.draw(0.5, &mut stream)[0]).sum::<f64>() / f64::from(n);
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
    observe(&mut *searcher, 3, 9.0, 0.9);
    assert!(suggested(&mut *searcher) < 0.25, "three points are too few for one parameter");
    observe(&mut *searcher, 30, 9.0, 0.9);
    assert!(suggested(&mut *searcher) > 0.75, "the highest rung has enough points");
    observe(&mut *searcher, 500, 3.0, 0.1);
    assert!(suggested(&mut *searcher) > 0.75, "a lower rung with more points is not used");
}

#[test]
fn failures_are_never_good() {
    let mut searcher = searcher();
    let mut observe = |at: f64, score: Option<Score>| {
        let (assignment, resource) = (x(at), Resource::ONE);
        searcher.observe(&Observation { trial: TrialId(0), assignment: &assignment, resource, score, curve: &[] });
    };
    (0..50).for_each(|i| observe(f64::from(i) / 100.0, None));
    observe(0.8, Score::new(1.0));
    assert!(suggested(&mut *searcher) > 0.6, "{}", suggested(&mut *searcher));
}

#[test]
fn with_too_few_points_or_as_random_fraction_proposals_are_random_draws() {
    let drawn = |searcher: &mut dyn Searcher| suggested(searcher);
    let random =
        drawn(&mut *crate::search::random::Random.searcher(&context(space(&[("x", "uniform", json!([0, 1]))]), 1)));
    let mut few = searcher();
    observe(&mut *few, 3, 1.0, 0.1);
    assert_eq!(drawn(&mut *few), random);
    let blind = Tpe { random_fraction: 1.0, ..Tpe::default() };
    let mut blind = blind.searcher(&context(space(&[("x", "uniform", json!([0, 1]))]), 1));
    observe(&mut *blind, 50, 1.0, 0.1);
    assert_eq!(drawn(&mut *blind), random);
}
