//! Densities against their formula written out, draws against the density, and which rung is looked at.

use std::sync::Arc;

use rand::RngExt;
use serde_json::json;

use super::Tpe;
use super::kde::Density;
use crate::search::encoding::Encoding;
use crate::search::tests::context;
use crate::search::{Ask, Observation, Proposal, Sampler, SearchContext, Searcher};
use crate::space::gauss;
use crate::space::tests::{parameters, space};
use crate::words::assignment::Assignment;
use crate::words::ids::{BracketId, TrialId};
use crate::words::objective::{Direction, Score};
use crate::words::units::Resource;

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

/// 1.06·σ·n^(−1/(4+d)) with the sample's σ along x, the least width along y where all are alike, √(1 − Σp²) as σ along c.
fn widths() -> [f64; 3] {
    let rate = 1.06 * 5f64.powf(-1.0 / 7.0);
    let mean = POINTS.iter().map(|p| p[0]).sum::<f64>() / 5.0;
    let variance = POINTS.iter().map(|p| (p[0] - mean).powi(2)).sum::<f64>() / 4.0;
    let diversity = (1.0f64 - (0.6 * 0.6 + 0.2 * 0.2 + 0.2 * 0.2)).sqrt();
    [rate * variance.sqrt(), 1e-3, rate * diversity]
}

fn bell(z: f64) -> f64 {
    (-0.5 * z * z).exp()
}

#[test]
fn a_density_is_the_mean_of_its_kernels() {
    let [wx, wy, wc] = widths();
    let prior = [0.5, 0.3, 0.2];
    let by_hand = |x: &[f64; 3]| -> f64 {
        let kernel = |p: &[f64; 3]| {
            let same = if p[2] == x[2] { 1.0 - wc } else { 0.0 };
            bell((x[0] - p[0]) / wx) / wx * bell((x[1] - p[1]) / wy) / wy * (same + wc * prior[x[2] as usize])
        };
        POINTS.iter().map(kernel).sum::<f64>() / 5.0
    };
    let density = density(&POINTS);
    // the normal kernels' 1/√(2π) is left out: it falls away in every ratio
    for x in [[0.15, 0.5, 0.0], [0.5, 0.501, 1.0], [0.9, 0.4995, 2.0], [0.0, 0.502, 1.0]] {
        let (found, expected) = (density.log_at(&x), by_hand(&x).ln());
        assert!((found - expected).abs() < 1e-10 * expected.abs().max(1.0), "{x:?}: {found} {expected}");
    }
}

#[test]
fn far_from_every_kernel_a_density_still_has_an_order() {
    let density = density(&POINTS);
    let (near, far) = (density.log_at(&[0.1, 0.6, 0.0]), density.log_at(&[0.1, 0.9, 0.0]));
    assert!(near > far && far.is_finite(), "{near} {far}");
}

#[test]
fn one_value_of_an_unordered_parameter_leaves_the_others_a_chance() {
    let one = density(&[[0.5, 0.5, 1.0]; 9]);
    let (same, other) = (one.log_at(&[0.5, 0.5, 1.0]), one.log_at(&[0.5, 0.5, 2.0]));
    // the prior counts as one observation beside nine: (0.9 + 0.1·0.3) and 0.1·0.2
    assert!((same - other - (0.93f64 / 0.02).ln()).abs() < 1e-10, "{same} {other}");
}

#[test]
fn draws_have_the_moments_of_the_kernels_they_come_from() {
    let (density, mut stream) = (density(&[[0.3, 0.5, 0.0], [0.3, 0.5, 1.0]]), parameters(3));
    let n = 20_000;
    let draws: Vec<Vec<f64>> = (0..n).map(|_| density.draw(1.0, &mut stream)).collect();
    assert!(draws.iter().flatten().all(|x| (0.0..=2.0).contains(x)) && draws.iter().all(|x| x[1] <= 1.0));
    let share = |level: f64| draws.iter().filter(|x| x[2] == level).count() as f64 / f64::from(n);
    // width 1.06·2^(−1/7)·√½ of an even mixture of two values, the rest by the prior
    let width = 1.06 * 2f64.powf(-1.0 / 7.0) * 0.5f64.sqrt();
    for (level, centre, prior) in [(0.0, 0.5, 0.5), (1.0, 0.5, 0.3), (2.0, 0.0, 0.2)] {
        let expected = (1.0 - width) * centre + width * prior;
        assert!((share(level) - expected).abs() < 0.015, "{level}: {} {expected}", share(level));
    }
}

#[test]
fn draws_along_an_ordered_parameter_are_those_of_a_normal_cut_off_at_the_bounds() {
    let (density, mut stream) = (density(&[[0.05, 0.5, 0.0], [0.25, 0.5, 0.0]]), parameters(4));
    let stretch = 3.0;
    let width = stretch * 1.06 * 2f64.powf(-1.0 / 7.0) * 0.02f64.sqrt();
    // mean of N(c, w) within [0, 1]: c + w·(φ(a) − φ(b))/(Φ(b) − Φ(a))
    let phi = |z: f64| bell(z) / (2.0 * std::f64::consts::PI).sqrt();
    let mean = |centre: f64| {
        let (a, b) = (-centre / width, (1.0 - centre) / width);
        centre + width * (phi(a) - phi(b)) / (gauss::cdf(b) - gauss::cdf(a))
    };
    let expected = 0.5 * (mean(0.05) + mean(0.25));
    let n = 20_000;
    let found = (0..n).map(|_| density.draw(stretch, &mut stream)[0]).sum::<f64>() / f64::from(n);
    assert!((found - expected).abs() < 0.01, "{found} {expected}");
}

/// A searcher over one parameter that draws nothing at random.
fn searcher() -> Box<dyn Searcher> {
    let context = SearchContext {
        direction: Some(Direction::Maximize),
        full: Resource::new(9.0).unwrap(),
        ..context(space(&[("x", "uniform", json!([0, 1]))]), 1)
    };
    Tpe { random_fraction: 0.0, ..Tpe::default() }.searcher(&context)
}

fn x(value: f64) -> Assignment {
    [(Arc::from("x"), json!(value))].into_iter().collect()
}

/// Tells of `count` jobs at `resource` at random places, the better the nearer to `peak`.
fn tell(searcher: &mut dyn Searcher, count: u64, resource: f64, peak: f64) {
    let mut stream = parameters(resource as u64);
    for trial in (0..count).map(TrialId) {
        let place: f64 = stream.random();
        let observation = Observation {
            trial,
            assignment: &x(place),
            resource: Resource::new(resource).unwrap(),
            score: Score::new(1.0 - (place - peak).abs()),
            curve: &[],
        };
        searcher.observe(&observation);
    }
}

/// The mean of the suggestions for the trials from 100 to 119.
fn suggested(searcher: &mut dyn Searcher) -> f64 {
    let mut one = |trial| {
        let ask = Ask { trial: TrialId(trial), bracket: BracketId::default(), resource: Resource::ONE };
        let Proposal::Ready(assignment) = searcher.propose(&ask) else { panic!("it proposes itself") };
        assignment.get("x").and_then(|v| v.as_f64()).unwrap()
    };
    (100..120).map(&mut one).sum::<f64>() / 20.0
}

#[test]
fn the_highest_rung_with_more_points_than_parameters_and_three_counts() {
    let mut searcher = searcher();
    tell(&mut *searcher, 30, 1.0, 0.1);
    assert!(suggested(&mut *searcher) < 0.25, "all that is known is rung 1");
    tell(&mut *searcher, 4, 9.0, 0.9);
    assert!(suggested(&mut *searcher) < 0.25, "four of one parameter are not enough");
    tell(&mut *searcher, 30, 9.0, 0.9);
    assert!(suggested(&mut *searcher) > 0.75, "now the highest rung says where");
    tell(&mut *searcher, 500, 3.0, 0.1);
    assert!(suggested(&mut *searcher) > 0.75, "a lower rung is not looked at however much it has");
}

#[test]
fn without_enough_points_and_in_its_random_share_it_draws_what_random_would() {
    let drawn = |searcher: &mut dyn Searcher| suggested(searcher);
    let random =
        drawn(&mut *crate::search::random::Random.searcher(&context(space(&[("x", "uniform", json!([0, 1]))]), 1)));
    let mut few = searcher();
    tell(&mut *few, 4, 1.0, 0.1);
    assert_eq!(drawn(&mut *few), random);
    let blind = Tpe { random_fraction: 1.0, ..Tpe::default() };
    let mut blind = blind.searcher(&context(space(&[("x", "uniform", json!([0, 1]))]), 1));
    tell(&mut *blind, 50, 1.0, 0.1);
    assert_eq!(drawn(&mut *blind), random);
}
