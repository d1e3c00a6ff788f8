//! Fits hyperparameters: maximum a posteriori with weak priors.

use rand::RngExt;

use super::kernel::{Hyperparameters, KernelShape};
use super::lbfgs::{Bounds, StopCriteria, minimize};
use super::likelihood::{Dataset, Priors, negative_log_posterior};
use crate::search::encoding::Dimension;
use crate::types::std_normal;
use crate::types::stream::Stream;

/// Loose, because the likelihood is flat near its maximum.
const STOP: StopCriteria = StopCriteria { max_iterations: 25, max_step: 1.0, min_relative_decrease: 3e-4 };

/// Priors for values with unit variance, over `dims` parameters, of which `active` are active in a typical configuration.
/// `has_resource`: whether there are several resources.
///
/// Length scales are about half of a parameter's range for seven parameters and grow with √d, so that the distance between two
/// random configurations stays about the same number of length scales (Hvarfner, Hellsten and Nardi 2024, "Vanilla Bayesian
/// Optimization Performs Great in High Dimensions", section 4). The standard deviations, in logarithms, are 0.7 or more, so that a
/// few dozen observations override the priors.
pub fn priors(dims: usize, active: f64, has_resource: bool) -> Priors {
    let length_scale = libm::log(0.5) + 0.5 * libm::log((active / 7.0).max(1.0 / 7.0));
    // (low, mean, high) of the logarithms of: length scale over ln(resource), signal variance, noise variance.
    let resource = if has_resource { (-1.5, 1.0, 3.0) } else { (1.0, 1.0, 1.0) };
    let scalars = [resource, (-5.0, 0.0, 4.0), (-11.5, -7.0, 0.0)];
    let mut priors = Priors {
        mean: vec![length_scale; dims],
        std: vec![1.0; dims],
        low: vec![libm::log(0.03); dims],
        high: vec![libm::log(30.0); dims],
    };
    for ((low, mean, high), std) in scalars.into_iter().zip([0.7, 1.0, 1.5]) {
        priors.low.push(low);
        priors.mean.push(mean);
        priors.high.push(high);
        priors.std.push(std);
    }
    priors
}

/// `count` draws of packed hyperparameters from `priors`: additional starting points of a fit.
pub fn starts(priors: &Priors, count: usize, stream: &mut Stream) -> Vec<Vec<f64>> {
    let start = |_| {
        let moments = priors.mean.iter().zip(&priors.std);
        moments.map(|(mean, std)| mean + std * std_normal::quantile(stream.random())).collect()
    };
    (0..count).map(start).collect()
}

/// The most probable hyperparameters given `data`, searched from the priors' means and from each of `starts`. Without data, the
/// priors' means.
pub fn fit(
    kernel: KernelShape,
    dimensions: &[Dimension],
    data: &Dataset,
    priors: &Priors,
    starts: &[Vec<f64>],
) -> Hyperparameters {
    let bounds = Bounds { low: &priors.low, high: &priors.high };
    let minimum = |start: &Vec<f64>| {
        let function = |packed: &[f64], gradient: &mut [f64]| {
            negative_log_posterior(kernel, dimensions, data, priors, packed, gradient)
        };
        minimize(function, start, bounds, STOP)
    };
    let minima = starts.iter().map(minimum);
    let best = minima.fold(minimum(&priors.mean), |best, other| if other.value < best.value { other } else { best });
    Hyperparameters::unpack(&best.x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::encoding::Axis;
    use crate::search::gp::kernel::Point;
    use crate::types::ids::TrialId;
    use crate::types::stream::{Purpose, stream};

    /// Noisy values of a sine at random points: explained by a short length scale, or by a long one with more noise.
    fn ambiguous_data() -> Dataset {
        let mut stream = stream(53, TrialId(1), Purpose::Model);
        let x: Vec<f64> = (0..8).map(|_| stream.random()).collect();
        let mut value = |x: &f64| libm::sin(6.0 * x) + 0.6 * std_normal::quantile(stream.random());
        let values = x.iter().map(&mut value).collect();
        Dataset { points: x.into_iter().map(|x| Point { x: vec![x], t: 0.0 }).collect(), values }
    }

    #[test]
    fn restarts_find_a_more_probable_fit_deterministically() {
        let (data, axes) = (ambiguous_data(), [Axis::Ordered.into()]);
        let mut priors = priors(1, 1.0, false);
        priors.set_length_scale(20.0);
        priors.std[0] = 3.0;
        let loss = |fitted: &Hyperparameters| {
            negative_log_posterior(KernelShape::Matern52, &axes, &data, &priors, &fitted.pack(), &mut [0.0; 4])
        };
        let drawn = |seed| starts(&priors, 8, &mut stream(seed, TrialId(8), Purpose::Fit));
        let fit = |starts: &[Vec<f64>]| fit(KernelShape::Matern52, &axes, &data, &priors, starts);
        let (single, restarted) = (fit(&[]), fit(&drawn(1)));
        assert!(loss(&restarted) < loss(&single) - 1.0, "{} {}", loss(&restarted), loss(&single));
        assert_eq!(restarted, fit(&drawn(1)));
        assert_ne!(drawn(1), drawn(2));
    }

    #[test]
    fn a_given_length_scale_is_the_start_of_the_fit_and_not_its_result() {
        let axes = [Axis::Ordered.into()];
        let centred = |length_scale| {
            let mut priors = priors(1, 1.0, false);
            priors.set_length_scale(length_scale);
            priors
        };
        assert_eq!(centred(1e9).mean[0], centred(1.0).high[0]);
        let fitted = |data: &Dataset, start| {
            fit(KernelShape::SquaredExponential, &axes, data, &centred(start), &[]).length_scales[0]
        };
        assert_eq!(fitted(&Dataset::default(), 2.0), libm::log(2.0));
        assert!(fitted(&ambiguous_data(), 1.0) < libm::log(0.5));
    }
}
