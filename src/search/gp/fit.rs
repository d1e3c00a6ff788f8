//! Hyperparameters from observations: the most probable ones under weak priors.

use rand::RngExt;

use super::bounded::{Bounds, Patience, minimize};
use super::kernel::{Hyper, Shape};
use super::likelihood::{Priors, Sample, loss};
use crate::search::encoding::Axis;
use crate::space::gauss;
use crate::words::stream::Stream;

/// What one fit may take: the likelihood is flat long before the optimiser is done.
const PATIENCE: Patience = Patience { iterations: 25, reach: 1.0, gain: 3e-4 };

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

/// `count` draws from `priors`, packed: further places to fit from.
pub fn starts(priors: &Priors, count: usize, stream: &mut Stream) -> Vec<Vec<f64>> {
    let start = |_| {
        let moments = priors.mean.iter().zip(&priors.deviation);
        moments.map(|(mean, deviation)| mean + deviation * gauss::quantile(stream.random())).collect()
    };
    (0..count).map(start).collect()
}

/// The most probable hyperparameters given `sample`, found from the priors' means and from each of `starts`; those means where the
/// sample tells nothing.
pub fn fit(shape: Shape, axes: &[Axis], sample: &Sample, priors: &Priors, starts: &[Vec<f64>]) -> Hyper {
    let bounds = Bounds { low: &priors.low, high: &priors.high };
    let climb = |start: &Vec<f64>| {
        let function = |packed: &[f64], gradient: &mut [f64]| loss(shape, axes, sample, priors, packed, gradient);
        minimize(function, start, bounds, PATIENCE)
    };
    let ends = starts.iter().map(climb);
    let best = ends.fold(climb(&priors.mean), |best, end| if end.value < best.value { end } else { best });
    Hyper::unpack(&best.at)
}

#[cfg(test)]
mod tests {
    use super::super::kernel::Point;
    use super::*;
    use crate::words::ids::TrialId;
    use crate::words::stream::{Purpose, stream};

    /// Readings of a wave at random places: a short length explains them, and so does a long one with noise.
    fn two_ways_to_see_it() -> Sample {
        let mut stream = stream(53, TrialId(1), Purpose::Model);
        let x: Vec<f64> = (0..8).map(|_| stream.random()).collect();
        let mut value = |x: &f64| libm::sin(6.0 * x) + 0.6 * gauss::quantile(stream.random());
        let values = x.iter().map(&mut value).collect();
        Sample { points: x.into_iter().map(|x| Point { x: vec![x], t: 0.0 }).collect(), values }
    }

    #[test]
    fn further_starts_find_a_likelier_end_and_the_same_one_each_time() {
        let (sample, axes) = (two_ways_to_see_it(), [Axis::Ordered]);
        let mut priors = priors(1, false);
        priors.centre_lengths(20.0);
        priors.deviation[0] = 3.0;
        let lost = |hyper: &Hyper| loss(Shape::Matern52, &axes, &sample, &priors, &hyper.pack(), &mut [0.0; 4]);
        let drawn = |seed| starts(&priors, 8, &mut stream(seed, TrialId(8), Purpose::Fit));
        let alone = fit(Shape::Matern52, &axes, &sample, &priors, &[]);
        let helped = fit(Shape::Matern52, &axes, &sample, &priors, &drawn(1));
        assert!(lost(&helped) < lost(&alone) - 1.0, "{} {}", lost(&helped), lost(&alone));
        assert_eq!(helped, fit(Shape::Matern52, &axes, &sample, &priors, &drawn(1)));
        assert_ne!(drawn(1), drawn(2));
    }

    #[test]
    fn a_given_length_is_where_the_fit_starts_and_nothing_more() {
        let axes = [Axis::Ordered];
        let centred = |length| {
            let mut priors = priors(1, false);
            priors.centre_lengths(length);
            priors
        };
        assert_eq!(centred(1e9).mean[0], centred(1.0).high[0]);
        let length = |sample: &Sample, length| fit(Shape::Gaussian, &axes, sample, &centred(length), &[]).lengths[0];
        let nothing = Sample::default();
        assert_eq!(length(&nothing, 2.0), libm::log(2.0));
        assert!(length(&two_ways_to_see_it(), 1.0) < libm::log(0.5));
    }
}
