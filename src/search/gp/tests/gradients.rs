//! Gradients of the likelihood and of the posterior against central differences, over random problems.

use proptest::prelude::*;

use super::super::fit::priors;
use super::super::kernel::{Kernel, Point};
use super::super::likelihood::loss;
use super::super::posterior::Posterior;
use super::{Case, SHAPES, close};
use crate::search::encoding::Axis;

const STEP: f64 = 1e-5;

/// The central difference of `function` along its `d`-th argument.
fn difference(mut function: impl FnMut(&[f64]) -> f64, at: &[f64], d: usize) -> f64 {
    let mut moved = at.to_vec();
    moved[d] = at[d] + STEP;
    let above = function(&moved);
    moved[d] = at[d] - STEP;
    (above - function(&moved)) / (2.0 * STEP)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn of_the_likelihood_by_every_hyperparameter(seed: u64, dims in 1..5usize, rows in 1..12usize) {
        let case = Case::new(seed, dims, rows);
        let priors = priors(dims, seed % 2 == 0);
        let at = case.hyper.pack();
        for shape in SHAPES {
            let mut spare = vec![0.0; at.len()];
            let mut value = |packed: &[f64]| loss(shape, &case.axes, &case.sample, &priors, packed, &mut spare);
            let differences: Vec<f64> = (0..at.len()).map(|d| difference(&mut value, &at, d)).collect();
            let mut gradient = vec![0.0; at.len()];
            loss(shape, &case.axes, &case.sample, &priors, &at, &mut gradient);
            for (d, (found, expected)) in gradient.iter().zip(&differences).enumerate() {
                prop_assert!(close(*found, *expected, 1e-5), "{shape:?} {d}: {found} {expected}");
            }
        }
    }

    #[test]
    fn of_mean_and_deviation_by_position(seed: u64, dims in 1..5usize, rows in 1..12usize) {
        let mut case = Case::new(seed, dims, rows);
        let point = case.point();
        for shape in SHAPES {
            let kernel = Kernel::new(shape, &case.axes, &case.hyper);
            let posterior = Posterior::new(kernel, case.sample.clone()).unwrap();
            let (mut by_mean, mut by_deviation) = (vec![f64::NAN; dims], vec![f64::NAN; dims]);
            posterior.with_gradient(&point, &mut by_mean, &mut by_deviation);
            for d in 0..dims {
                if case.axes[d] == Axis::Unordered {
                    prop_assert_eq!((by_mean[d], by_deviation[d]), (0.0, 0.0));
                    continue;
                }
                // the exponential kernel has a kink at every observation
                if case.sample.points.iter().any(|p| (p.x[d] - point.x[d]).abs() < 1e-3) {
                    continue;
                }
                let at = |x: &[f64]| posterior.at(&Point { x: x.to_vec(), t: point.t });
                let mean = difference(|x| at(x).mean, &point.x, d);
                let deviation = difference(|x| at(x).deviation, &point.x, d);
                prop_assert!(close(by_mean[d], mean, 1e-5), "{shape:?} {d}: {} {mean}", by_mean[d]);
                prop_assert!(close(by_deviation[d], deviation, 1e-5), "{shape:?} {d}: {} {deviation}", by_deviation[d]);
            }
        }
    }
}
