//! Hyperparameters from observations: the most probable ones under weak priors.

use super::bounded::{Bounds, minimize};
use super::kernel::{Hyper, Shape};
use super::likelihood::{Priors, Sample, loss};
use crate::search::encoding::Axis;

/// Iterations of one fit: the likelihood is flat long before the optimiser is done.
const ITERATIONS: usize = 25;

/// What is believed of the hyperparameters of values with unit variance before there are any.
///
/// Lengths are about half a parameter's range in a handful of dimensions and grow with √d, so that the distance between two random
/// configurations stays about the same number of lengths (Hvarfner, Hellsten and Nardi 2024, section 4). Everything is wide enough
/// (a factor of e or more either way) for some dozen observations to overrule it.
pub fn priors(dims: usize, has_resource: bool) -> Priors {
    let length = libm::log(0.5) + 0.5 * libm::log((dims as f64 / 7.0).max(1.0 / 7.0));
    // resource length (in e-folds of the resource), variance, noise
    let resource = if has_resource { (-1.5, 1.0, 3.0) } else { (1.0, 1.0, 1.0) };
    let scalars = [resource, (-5.0, 0.0, 4.0), (-11.5, -7.0, 0.0)];
    let mut priors = Priors {
        mean: vec![length; dims],
        deviation: vec![1.0; dims],
        low: vec![libm::log(0.03); dims],
        high: vec![libm::log(30.0); dims],
    };
    for ((low, mean, high), deviation) in scalars.into_iter().zip([0.7, 1.0, 1.5]) {
        priors.low.push(low);
        priors.mean.push(mean);
        priors.high.push(high);
        priors.deviation.push(deviation);
    }
    priors
}

/// The most probable hyperparameters given `sample`, found from the priors' means; those means where the sample tells nothing.
pub fn fit(shape: Shape, axes: &[Axis], sample: &Sample, priors: &Priors) -> Hyper {
    let function = |packed: &[f64], gradient: &mut [f64]| loss(shape, axes, sample, priors, packed, gradient);
    let bounds = Bounds { low: &priors.low, high: &priors.high };
    Hyper::unpack(&minimize(function, &priors.mean, bounds, ITERATIONS, 1.0).at)
}
