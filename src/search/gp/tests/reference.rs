//! Posterior and likelihood compared with scikit-learn and with explicit formulas.

use super::{Case, SHAPES, close, no_priors};
use crate::search::encoding::{Axis, Dimension};
use crate::search::gp::kernel::{Hyperparameters, Kernel, KernelShape, Point};
use crate::search::gp::likelihood::{Dataset, negative_log_posterior};
use crate::search::gp::posterior::Posterior;

/// Vectors (one ordered, one unordered parameter), log resources and values.
const ROWS: [([f64; 2], f64, f64); 7] = [
    ([0.10, 0.0], 0.0, -0.8),
    ([0.35, 1.0], -1.1, 0.3),
    ([0.60, 1.0], 0.0, 1.4),
    ([0.85, 2.0], -2.2, 0.9),
    ([0.50, 0.0], -1.1, -0.2),
    ([0.95, 2.0], 0.0, -1.6),
    ([0.10, 0.0], -1.1, -0.5),
];

const QUERIES: [([f64; 2], f64); 3] = [([0.30, 0.0], 0.0), ([0.62, 1.0], -0.1), ([0.05, 2.0], -1.5)];

/// Log marginal likelihood, means and standard deviations at [`QUERIES`].
///
/// scikit-learn 1.9.1: `GaussianProcessRegressor(C(1.7) * Matern([0.4, L, L, L, 1e9], nu=…) * RBF([1e9, 1e9, 1e9, 1e9, 1.5]),
/// alpha=0.02 + 1.7e-8, optimizer=None)` over (x, the three one-hot columns of the unordered parameter, t), with L = 1.3·√2
/// because a Hamming distance of 1 is a difference in two one-hot columns.
const REFERENCE: [(KernelShape, f64, [f64; 3], [f64; 3]); 4] = [
    (
        KernelShape::Matern12,
        -10.268749510953281,
        [-0.3740533034890349, 1.25033131434822, -0.06799973844539933],
        [0.9390494460597412, 0.4271069031665412, 1.1395004784729197],
    ),
    (
        KernelShape::Matern32,
        -10.59569437951371,
        [-0.5010164821686433, 1.3393075463675022, -0.15838009828905303],
        [0.6560283152672284, 0.19028629701983296, 1.0204437583219037],
    ),
    (
        KernelShape::Matern52,
        -10.76720788747874,
        [-0.5030703647205936, 1.3308567418223622, -0.18804822666131263],
        [0.556903382656739, 0.17519710657506657, 0.9689305911882843],
    ),
    (
        KernelShape::SquaredExponential,
        -11.375804277168811,
        [-0.39810674267385227, 1.2922630116505256, -0.2448709336585041],
        [0.40540259179675375, 0.16057098468252182, 0.856716079633213],
    ),
];

const AXES: [Axis; 2] = [Axis::Ordered, Axis::Unordered];

fn hyperparameters() -> Hyperparameters {
    Hyperparameters {
        length_scales: vec![0.4f64.ln(), 1.3f64.ln()],
        resource_length_scale: 1.5f64.ln(),
        variance: 1.7f64.ln(),
        noise: 0.02f64.ln(),
    }
}

fn data() -> Dataset {
    Dataset {
        points: ROWS.iter().map(|(x, t, _)| Point { x: x.to_vec(), t: *t }).collect(),
        values: ROWS.iter().map(|(_, _, y)| *y).collect(),
    }
}

#[test]
fn predictions_agree_with_scikit_learn() {
    let queries: Vec<Point> = QUERIES.iter().map(|(x, t)| Point { x: x.to_vec(), t: *t }).collect();
    for (shape, _, means, stds) in REFERENCE {
        let posterior =
            Posterior::new(Kernel::new(shape, &AXES.map(Dimension::from), &hyperparameters()), data()).unwrap();
        let (mut d_mean, mut d_std) = ([0.0; 2], [0.0; 2]);
        for (i, point) in queries.iter().enumerate() {
            let with_gradient = posterior.predict_with_gradient(point, &mut d_mean, &mut d_std);
            for prediction in [posterior.predict(point), with_gradient] {
                assert!(close(prediction.mean, means[i], 1e-9), "{shape:?}: {prediction:?}, mean {}", means[i]);
                assert!(close(prediction.std, stds[i], 1e-9), "{shape:?}: {prediction:?}, std {}", stds[i]);
            }
        }
    }
}

#[test]
fn batch_predictions_agree_with_single_ones() {
    let mut case = Case::new(11, 5, 30);
    let xs: Vec<Vec<f64>> = (0..19).map(|_| case.point().x).collect();
    for shape in SHAPES {
        let kernel = Kernel::new(shape, &case.dimensions, &case.hyperparameters);
        let posterior = Posterior::new(kernel, case.data.clone()).unwrap();
        let (batch, means) = (posterior.predict_batch(&xs), posterior.predict_means(&xs));
        assert_eq!((batch.len(), means.len()), (19, 19));
        for (i, x) in xs.iter().enumerate() {
            let single = posterior.predict(&Point { x: x.clone(), t: 0.0 });
            assert!(close(batch[i].mean, single.mean, 1e-12) && close(means[i], single.mean, 1e-12), "{shape:?} {i}");
            assert!(close(batch[i].std, single.std, 1e-12), "{shape:?} {i}: {single:?} {:?}", batch[i]);
        }
    }
}

#[test]
fn the_likelihood_agrees_with_scikit_learn() {
    let half_log = 0.5 * (2.0 * std::f64::consts::PI).ln() * ROWS.len() as f64;
    for (shape, likelihood, ..) in REFERENCE {
        let mut gradient = vec![0.0; 5];
        let loss = negative_log_posterior(
            shape,
            &AXES.map(Dimension::from),
            &data(),
            &no_priors(&hyperparameters()),
            &hyperparameters().pack(),
            &mut gradient,
        );
        assert!(close(-(loss + half_log), likelihood, 1e-9), "{shape:?}: {} and {likelihood}", -(loss + half_log));
    }
}

/// One observation y, signal variance s², noise n, correlation c with the query: mean c·s²·y/(s² + n), variance
/// s² − c²·s⁴/(s² + n).
#[test]
fn one_observation_agrees_with_the_formula() {
    let (s2, noise, y) = (2.0, 0.5, 1.25);
    let hyperparameters = Hyperparameters {
        length_scales: vec![0.0],
        resource_length_scale: 0.0,
        variance: f64::ln(s2),
        noise: f64::ln(noise),
    };
    // Correlations at distance 1/2: e^(−r), (1 + √3·r)·e^(−√3·r), (1 + √5·r + 5r²/3)·e^(−√5·r), e^(−r²/2)
    let (three, five) = (3f64.sqrt() / 2.0, 5f64.sqrt() / 2.0);
    let known =
        [(-0.5f64).exp(), (1.0 + three) * (-three).exp(), (1.0 + five + 5.0 / 12.0) * (-five).exp(), (-0.125f64).exp()];
    for (shape, c) in SHAPES.into_iter().zip(known) {
        let data = Dataset { points: vec![Point { x: vec![0.2], t: 0.0 }], values: vec![y] };
        let posterior = Posterior::new(Kernel::new(shape, &[Axis::Ordered.into()], &hyperparameters), data).unwrap();
        let prediction = posterior.predict(&Point { x: vec![0.7], t: 0.0 });
        assert!(close(prediction.mean, c * s2 * y / (s2 + noise), 1e-7), "{shape:?} {prediction:?}");
        let variance = s2 - c * c * s2 * s2 / (s2 + noise);
        assert!(close(prediction.std, variance.sqrt(), 1e-7), "{shape:?} {prediction:?}");
    }
}

/// Two observations of one configuration whose log resources differ by one length scale: correlation e^(−1/2).
#[test]
fn two_resources_of_one_configuration_agree_with_the_formula() {
    let hyperparameters =
        Hyperparameters { length_scales: vec![0.0], resource_length_scale: 0.0, variance: 0.0, noise: f64::ln(0.1) };
    let point = |t: f64| Point { x: vec![0.3], t };
    let data = Dataset { points: vec![point(-1.0), point(-2.0)], values: vec![1.0, 2.0] };
    let posterior =
        Posterior::new(Kernel::new(KernelShape::Matern52, &[Axis::Ordered.into()], &hyperparameters), data).unwrap();
    // K = [[1.1, c], [c, 1.1]], k = (c, e^(−2)) at t = 0
    let (c, far) = ((-0.5f64).exp(), (-2f64).exp());
    let det = 1.1 * 1.1 - c * c;
    let weights = [(1.1 - 2.0 * c) / det, (2.2 - c) / det];
    let explained = (1.1 * c * c - 2.0 * c * c * far + 1.1 * far * far) / det;
    let prediction = posterior.predict(&point(0.0));
    assert!(close(prediction.mean, c * weights[0] + far * weights[1], 1e-7), "{prediction:?}");
    assert!(close(prediction.std, (1.0 - explained).sqrt(), 1e-7), "{prediction:?}");
}

#[test]
fn extending_gives_the_same_predictions_as_fitting_all_data() {
    let kernel = || Kernel::new(KernelShape::Matern52, &AXES.map(Dimension::from), &hyperparameters());
    let query = Point { x: vec![0.4, 1.0], t: -0.3 };
    let whole = Posterior::new(kernel(), data()).unwrap().predict(&query);
    let Dataset { points, values } = data();
    for at_once in [1, 3, 7] {
        let mut grown = Posterior::new(kernel(), Dataset::default()).unwrap();
        assert_eq!(grown.observations(), 0);
        for (points, values) in points.chunks(at_once).zip(values.chunks(at_once)) {
            grown.extend(points, values);
        }
        let prediction = grown.predict(&query);
        assert_eq!(grown.observations(), 7);
        assert!(
            close(prediction.mean, whole.mean, 1e-12) && close(prediction.std, whole.std, 1e-12),
            "{prediction:?} {whole:?}"
        );
    }
}

#[test]
fn observations_from_the_first_invalid_one_on_are_omitted() {
    let Dataset { points, values } = data();
    let three = Dataset { points: points[..3].to_vec(), values: values[..3].to_vec() };
    let kernel = Kernel::new(KernelShape::Matern52, &AXES.map(Dimension::from), &hyperparameters());
    let mut posterior = Posterior::new(kernel, three).unwrap();
    let invalid = Point { x: vec![f64::NAN, 0.0], t: 0.0 };
    posterior.extend(&[points[3].clone(), invalid, points[4].clone()], &[values[3], 0.0, values[4]]);
    assert_eq!(posterior.observations(), 4);
    assert!(posterior.predict(&points[6]).mean.is_finite());
}
