//! Gradients of the likelihood and of the posterior compared with central differences, for random problems.

use proptest::prelude::*;

use super::{Case, SHAPES, close};
use crate::search::encoding::{Axis, INACTIVE};
use crate::search::gp::fit::priors;
use crate::search::gp::kernel::{Kernel, Point};
use crate::search::gp::likelihood::negative_log_posterior;
use crate::search::gp::posterior::Posterior;

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
    fn gradient_of_the_log_posterior_with_respect_to_hyperparameters(seed: u64, dims in 1..5usize, rows in 1..12usize) {
        let case = Case::new(seed, dims, rows);
        let priors = priors(dims, dims as f64, seed % 2 == 0);
        let at = case.hyperparameters.pack();
        for shape in SHAPES {
            let mut buffer = vec![0.0; at.len()];
            let mut value = |packed: &[f64]| negative_log_posterior(shape, &case.dimensions, &case.data, &priors, packed, &mut buffer);
            let differences: Vec<f64> = (0..at.len()).map(|d| difference(&mut value, &at, d)).collect();
            let mut gradient = vec![0.0; at.len()];
            negative_log_posterior(shape, &case.dimensions, &case.data, &priors, &at, &mut gradient);
            for (d, (found, expected)) in gradient.iter().zip(&differences).enumerate() {
                prop_assert!(close(*found, *expected, 1e-5), "{shape:?} {d}: {found} {expected}");
            }
        }
    }

    #[test]
    fn gradients_of_mean_and_standard_deviation_with_respect_to_coordinates(seed: u64, dims in 1..5usize, rows in 1..12usize) {
        let mut case = Case::new(seed, dims, rows);
        let point = case.point();
        for shape in SHAPES {
            let kernel = Kernel::new(shape, &case.dimensions, &case.hyperparameters);
            let posterior = Posterior::new(kernel, case.data.clone()).unwrap();
            let (mut d_mean, mut d_std) = (vec![f64::NAN; dims], vec![f64::NAN; dims]);
            posterior.predict_with_gradient(&point, &mut d_mean, &mut d_std);
            for d in 0..dims {
                if case.dimensions[d].axis == Axis::Unordered {
                    prop_assert_eq!((d_mean[d], d_std[d]), (0.0, 0.0));
                    continue;
                }
                if point.x[d] == INACTIVE {
                    continue;
                }
                // The exponential kernel is not differentiable at an observation.
                if case.data.points.iter().any(|p| (p.x[d] - point.x[d]).abs() < 1e-3) {
                    continue;
                }
                let at = |x: &[f64]| posterior.predict(&Point { x: x.to_vec(), t: point.t });
                let mean = difference(|x| at(x).mean, &point.x, d);
                let std = difference(|x| at(x).std, &point.x, d);
                prop_assert!(close(d_mean[d], mean, 1e-5), "{shape:?} {d}: {} {mean}", d_mean[d]);
                prop_assert!(close(d_std[d], std, 1e-5), "{shape:?} {d}: {} {std}", d_std[d]);
            }
        }
    }
}
