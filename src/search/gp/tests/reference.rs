//! Posterior and likelihood against scikit-learn and against formulas worked out by hand.

use super::super::kernel::{Hyper, Kernel, Point, Shape};
use super::super::likelihood::{Sample, loss};
use super::super::posterior::Posterior;
use super::{Case, SHAPES, close, no_priors};
use crate::search::encoding::Axis;

/// Positions (one ordered, one unordered parameter), log resources and values.
const ROWS: [([f64; 2], f64, f64); 7] = [
    ([0.10, 0.0], 0.0, -0.8),
    ([0.35, 1.0], -1.1, 0.3),
    ([0.60, 1.0], 0.0, 1.4),
    ([0.85, 2.0], -2.2, 0.9),
    ([0.50, 0.0], -1.1, -0.2),
    ([0.95, 2.0], 0.0, -1.6),
    ([0.10, 0.0], -1.1, -0.5),
];

const ASKED: [([f64; 2], f64); 3] = [([0.30, 0.0], 0.0), ([0.62, 1.0], -0.1), ([0.05, 2.0], -1.5)];

/// Log marginal likelihood, means and deviations at [`ASKED`].
///
/// scikit-learn 1.9.1: `GaussianProcessRegressor(C(1.7) * Matern([0.4, L, L, L, 1e9], nu=…) * RBF([1e9, 1e9, 1e9, 1e9, 1.5]),
/// alpha=0.02 + 1.7e-8, optimizer=None)` over (x, the three one-hot columns of the unordered parameter, t), with L = 1.3·√2
/// because two one-hot columns differ where a Hamming distance is 1.
const REFERENCE: [(Shape, f64, [f64; 3], [f64; 3]); 4] = [
    (
        Shape::Exponential,
        -10.268749510953281,
        [-0.3740533034890349, 1.25033131434822, -0.06799973844539933],
        [0.9390494460597412, 0.4271069031665412, 1.1395004784729197],
    ),
    (
        Shape::Matern32,
        -10.59569437951371,
        [-0.5010164821686433, 1.3393075463675022, -0.15838009828905303],
        [0.6560283152672284, 0.19028629701983296, 1.0204437583219037],
    ),
    (
        Shape::Matern52,
        -10.76720788747874,
        [-0.5030703647205936, 1.3308567418223622, -0.18804822666131263],
        [0.556903382656739, 0.17519710657506657, 0.9689305911882843],
    ),
    (
        Shape::Gaussian,
        -11.375804277168811,
        [-0.39810674267385227, 1.2922630116505256, -0.2448709336585041],
        [0.40540259179675375, 0.16057098468252182, 0.856716079633213],
    ),
];

const AXES: [Axis; 2] = [Axis::Ordered, Axis::Unordered];

fn hyper() -> Hyper {
    Hyper {
        lengths: vec![0.4f64.ln(), 1.3f64.ln()],
        resource_length: 1.5f64.ln(),
        variance: 1.7f64.ln(),
        noise: 0.02f64.ln(),
    }
}

fn sample() -> Sample {
    Sample {
        points: ROWS.iter().map(|(x, t, _)| Point { x: x.to_vec(), t: *t }).collect(),
        values: ROWS.iter().map(|(_, _, y)| *y).collect(),
    }
}

#[test]
fn beliefs_are_those_of_a_reference() {
    let asked: Vec<Point> = ASKED.iter().map(|(x, t)| Point { x: x.to_vec(), t: *t }).collect();
    for (shape, _, means, deviations) in REFERENCE {
        let posterior = Posterior::new(Kernel::new(shape, &AXES, &hyper()), sample()).unwrap();
        let (mut by_mean, mut by_deviation) = ([0.0; 2], [0.0; 2]);
        for (i, point) in asked.iter().enumerate() {
            let slopes = posterior.with_gradient(point, &mut by_mean, &mut by_deviation);
            for belief in [posterior.at(point), slopes] {
                assert!(close(belief.mean, means[i], 1e-9), "{shape:?}: {belief:?}, mean {}", means[i]);
                assert!(
                    close(belief.deviation, deviations[i], 1e-9),
                    "{shape:?}: {belief:?}, deviation {}",
                    deviations[i]
                );
            }
        }
    }
}

#[test]
fn many_at_full_resource_are_believed_like_each_alone() {
    let mut case = Case::new(11, 5, 30);
    let xs: Vec<Vec<f64>> = (0..19).map(|_| case.point().x).collect();
    for shape in SHAPES {
        let kernel = Kernel::new(shape, &case.axes, &case.hyper);
        let posterior = Posterior::new(kernel, case.sample.clone()).unwrap();
        let (beliefs, means) = (posterior.at_full(&xs), posterior.means(&xs));
        assert_eq!((beliefs.len(), means.len()), (19, 19));
        for (i, x) in xs.iter().enumerate() {
            let alone = posterior.at(&Point { x: x.clone(), t: 0.0 });
            assert!(close(beliefs[i].mean, alone.mean, 1e-12) && close(means[i], alone.mean, 1e-12), "{shape:?} {i}");
            assert!(close(beliefs[i].deviation, alone.deviation, 1e-12), "{shape:?} {i}: {alone:?} {:?}", beliefs[i]);
        }
    }
}

#[test]
fn the_likelihood_is_that_of_a_reference() {
    let half_log = 0.5 * (2.0 * std::f64::consts::PI).ln() * ROWS.len() as f64;
    for (shape, likelihood, ..) in REFERENCE {
        let mut gradient = vec![0.0; 5];
        let loss = loss(shape, &AXES, &sample(), &no_priors(&hyper()), &hyper().pack(), &mut gradient);
        assert!(close(-(loss + half_log), likelihood, 1e-9), "{shape:?}: {} and {likelihood}", -(loss + half_log));
    }
}

/// One observation y of variance s² with noise n, asked where the correlation is c: mean c·s²·y/(s² + n), variance
/// s² − c²·s⁴/(s² + n).
#[test]
fn one_observation_as_by_hand() {
    let (s2, noise, y) = (2.0, 0.5, 1.25);
    let hyper = Hyper { lengths: vec![0.0], resource_length: 0.0, variance: f64::ln(s2), noise: f64::ln(noise) };
    // correlations at distance 1/2: e^(−r), (1 + √3·r)·e^(−√3·r), (1 + √5·r + 5r²/3)·e^(−√5·r), e^(−r²/2)
    let (three, five) = (3f64.sqrt() / 2.0, 5f64.sqrt() / 2.0);
    let known =
        [(-0.5f64).exp(), (1.0 + three) * (-three).exp(), (1.0 + five + 5.0 / 12.0) * (-five).exp(), (-0.125f64).exp()];
    for (shape, c) in SHAPES.into_iter().zip(known) {
        let sample = Sample { points: vec![Point { x: vec![0.2], t: 0.0 }], values: vec![y] };
        let posterior = Posterior::new(Kernel::new(shape, &[Axis::Ordered], &hyper), sample).unwrap();
        let belief = posterior.at(&Point { x: vec![0.7], t: 0.0 });
        assert!(close(belief.mean, c * s2 * y / (s2 + noise), 1e-7), "{shape:?} {belief:?}");
        let variance = s2 - c * c * s2 * s2 / (s2 + noise);
        assert!(close(belief.deviation, variance.sqrt(), 1e-7), "{shape:?} {belief:?}");
    }
}

/// Two observations of one configuration at resources e-fold 1 apart, with length 1 over the log resource: correlation e^(−1/2).
#[test]
fn two_resources_of_one_configuration_as_by_hand() {
    let hyper = Hyper { lengths: vec![0.0], resource_length: 0.0, variance: 0.0, noise: f64::ln(0.1) };
    let place = |t: f64| Point { x: vec![0.3], t };
    let sample = Sample { points: vec![place(-1.0), place(-2.0)], values: vec![1.0, 2.0] };
    let posterior = Posterior::new(Kernel::new(Shape::Matern52, &[Axis::Ordered], &hyper), sample).unwrap();
    // K = [[1.1, c], [c, 1.1]], k = (c, e^(−2)) at t = 0
    let (c, far) = ((-0.5f64).exp(), (-2f64).exp());
    let det = 1.1 * 1.1 - c * c;
    let weights = [(1.1 - 2.0 * c) / det, (2.2 - c) / det];
    let explained = (1.1 * c * c - 2.0 * c * c * far + 1.1 * far * far) / det;
    let belief = posterior.at(&place(0.0));
    assert!(close(belief.mean, c * weights[0] + far * weights[1], 1e-7), "{belief:?}");
    assert!(close(belief.deviation, (1.0 - explained).sqrt(), 1e-7), "{belief:?}");
}

#[test]
fn what_is_learnt_later_is_believed_as_if_known_from_the_start() {
    let kernel = || Kernel::new(Shape::Matern52, &AXES, &hyper());
    let asked = Point { x: vec![0.4, 1.0], t: -0.3 };
    let whole = Posterior::new(kernel(), sample()).unwrap().at(&asked);
    let Sample { points, values } = sample();
    for at_once in [1, 3, 7] {
        let mut grown = Posterior::new(kernel(), Sample::default()).unwrap();
        assert!(grown.is_empty());
        for (points, values) in points.chunks(at_once).zip(values.chunks(at_once)) {
            grown.extend(points, values);
        }
        let belief = grown.at(&asked);
        assert_eq!(grown.len(), 7);
        assert!(
            close(belief.mean, whole.mean, 1e-12) && close(belief.deviation, whole.deviation, 1e-12),
            "{belief:?} {whole:?}"
        );
    }
}

#[test]
fn from_a_row_that_cannot_be_worked_with_on_nothing_is_learnt() {
    let Sample { points, values } = sample();
    let three = Sample { points: points[..3].to_vec(), values: values[..3].to_vec() };
    let kernel = Kernel::new(Shape::Matern52, &AXES, &hyper());
    let mut posterior = Posterior::new(kernel, three).unwrap();
    let nowhere = Point { x: vec![f64::NAN, 0.0], t: 0.0 };
    posterior.extend(&[points[3].clone(), nowhere, points[4].clone()], &[values[3], 0.0, values[4]]);
    assert_eq!(posterior.len(), 4);
    assert!(posterior.at(&points[6]).mean.is_finite());
}
