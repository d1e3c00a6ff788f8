//! The density of the user's belief about the optimum, over the vectors of [`Encoding`].
//!
//! It is a product over parameters, relative to the prior of the space: 1 everywhere for a parameter without a guess, and where a
//! parameter is not active. A guess has a density q(u) = (1 − ε)·N(u; c, σ) + ε on the scale of the parameter's distribution function,
//! with the normal density truncated to [0, 1]. A guessed category of prior probability w has the probability (1 − ε) + ε·w. The share
//! ε of the prior keeps the influence of a wrong guess within bounds, for each parameter by itself.
//!
//! An acquisition function is multiplied by q(x)^(β/n) (Hvarfner et al. 2022, "πBO: Augmenting Acquisition Functions with User Beliefs
//! for Bayesian Optimization", the decaying prior of its method section), with n the number of trials of this study that have started.

use std::f64::consts::PI;

use rand::RngExt;

use crate::search::encoding::{Axis, Encoding, INACTIVE};
use crate::space::guess::{Guess, GuessConfidence};
use crate::types::std_normal;
use crate::types::stream::Stream;

/// β of the paper, where it is a tenth of the number of trials: that of a study of 30. With 10, wrong guesses of all numbers cost `gp` ten
/// trials on one of the functions of the tests.
const BETA: f64 = 3.0;

/// A category that is less probable counts as this probable, so that the density of a guess is at most 1,000 times that of the prior.
const MIN_PROBABILITY: f64 = 1e-3;

/// The standard deviation σ of a guess, as a fraction of the parameter's range, and the share ε of the prior.
fn spread(confidence: GuessConfidence) -> (f64, f64) {
    match confidence {
        GuessConfidence::Low => (0.3, 0.5),
        GuessConfidence::Medium => (0.15, 0.25),
        GuessConfidence::High => (0.05, 0.1),
    }
}

/// The belief about one parameter.
#[derive(Clone, Debug)]
enum CoordinateBelief {
    /// There is no guess.
    Prior,
    Ordered(OrderedBelief),
    /// The logarithm of the density at each value, and the cumulative probabilities of the values.
    Unordered {
        log_density: Vec<f64>,
        cumulative: Vec<f64>,
        guess: f64,
    },
}

/// The density (1 − ε)·N(u; c, σ) + ε on [0, 1].
#[derive(Clone, Copy, Debug)]
struct OrderedBelief {
    centre: f64,
    deviation: f64,
    prior_share: f64,
    /// Φ at 0 and at 1 of the normal distribution before it is truncated.
    below: f64,
    above: f64,
}

impl OrderedBelief {
    fn new(centre: f64, deviation: f64, prior_share: f64) -> OrderedBelief {
        let cdf = |u: f64| std_normal::cdf((u - centre) / deviation);
        OrderedBelief { centre, deviation, prior_share, below: cdf(0.0), above: cdf(1.0) }
    }

    /// The part of the density that is normal.
    fn normal(self, u: f64) -> f64 {
        let z = (u - self.centre) / self.deviation;
        let height = (1.0 - self.prior_share) / (self.deviation * (2.0 * PI).sqrt() * (self.above - self.below));
        height * libm::exp(-0.5 * z * z)
    }

    fn log_density(self, u: f64) -> f64 {
        libm::log(self.normal(u) + self.prior_share)
    }

    /// The derivative of [`OrderedBelief::log_density`].
    fn slope(self, u: f64) -> f64 {
        let normal = self.normal(u);
        -normal / (normal + self.prior_share) * (u - self.centre) / (self.deviation * self.deviation)
    }

    fn draw(self, stream: &mut Stream) -> f64 {
        let (is_prior, at): (f64, f64) = (stream.random(), stream.random());
        if is_prior < self.prior_share {
            return at;
        }
        let z = std_normal::quantile(self.below + at * (self.above - self.below));
        (self.centre + self.deviation * z).clamp(0.0, 1.0)
    }
}

impl CoordinateBelief {
    /// The belief in `guess` about coordinate `d`, whose vector has the value `at` there.
    fn new(encoding: &Encoding, d: usize, guess: &Guess, at: f64) -> CoordinateBelief {
        let (deviation, prior_share) = spread(guess.confidence);
        if encoding.axes()[d] == Axis::Ordered {
            return CoordinateBelief::Ordered(OrderedBelief::new(at, deviation, prior_share));
        }
        let weights = encoding.weights(d);
        let is_guess = |value: usize| f64::from(u8::from(value as f64 == at));
        let probability = |value: usize| (1.0 - prior_share) * is_guess(value) + prior_share * weights[value];
        let mut sum = 0.0;
        let cumulative = (0..weights.len()).map(|value| {
            sum += probability(value);
            sum
        });
        let cumulative = cumulative.collect();
        let ratio =
            |value: usize| probability(value).max(prior_share * MIN_PROBABILITY) / weights[value].max(MIN_PROBABILITY);
        let log_density = (0..weights.len()).map(|value| libm::log(ratio(value)));
        CoordinateBelief::Unordered { log_density: log_density.collect(), cumulative, guess: at }
    }

    fn log_density(&self, x: f64) -> f64 {
        match self {
            _ if x == INACTIVE => 0.0,
            CoordinateBelief::Prior => 0.0,
            CoordinateBelief::Ordered(belief) => belief.log_density(x),
            CoordinateBelief::Unordered { log_density, .. } => log_density.get(x as usize).copied().unwrap_or(0.0),
        }
    }

    /// The coordinate of the guess, if there is one.
    fn guess(&self) -> Option<f64> {
        match self {
            CoordinateBelief::Prior => None,
            CoordinateBelief::Ordered(belief) => Some(belief.centre),
            CoordinateBelief::Unordered { guess, .. } => Some(*guess),
        }
    }

    fn draw(&self, stream: &mut Stream) -> Option<f64> {
        match self {
            CoordinateBelief::Prior => None,
            CoordinateBelief::Ordered(belief) => Some(belief.draw(stream)),
            CoordinateBelief::Unordered { cumulative, .. } => {
                let unit: f64 = stream.random();
                Some(cumulative.partition_point(|sum| *sum <= unit).min(cumulative.len() - 1) as f64)
            }
        }
    }
}

/// The belief about all parameters.
#[derive(Clone, Debug)]
pub struct Belief {
    coordinates: Vec<CoordinateBelief>,
}

impl Belief {
    /// The belief in the guesses of the encoded space; `None` if no coordinate has one.
    pub fn new(encoding: &Encoding) -> Option<Belief> {
        let coordinate = |d: usize| {
            let guess = encoding.param(d).guess.as_ref()?;
            Some(CoordinateBelief::new(encoding, d, guess, encoding.encode_value(d, &guess.value)?))
        };
        let coordinates: Vec<_> =
            (0..encoding.axes().len()).map(|d| coordinate(d).unwrap_or(CoordinateBelief::Prior)).collect();
        coordinates.iter().any(|belief| belief.guess().is_some()).then_some(Belief { coordinates })
    }

    /// The logarithm of the density at `x`, relative to the prior of the space.
    pub fn log_density(&self, x: &[f64]) -> f64 {
        self.coordinates.iter().zip(x).map(|(belief, x)| belief.log_density(*x)).sum()
    }

    /// Draws a vector, without regard to constraints.
    pub fn draw(&self, encoding: &Encoding, stream: &mut Stream) -> Vec<f64> {
        let mut x = encoding.draw_values(stream);
        for (x, belief) in x.iter_mut().zip(&self.coordinates) {
            *x = belief.draw(stream).unwrap_or(*x);
        }
        encoding.snap(&mut x);
        x
    }

    /// `x` with the guesses instead of the values of active parameters.
    pub fn move_to_guesses(&self, x: &[f64], encoding: &Encoding) -> Vec<f64> {
        let at = |(x, belief): (&f64, &CoordinateBelief)| belief.guess().filter(|_| *x != INACTIVE).unwrap_or(*x);
        let mut moved: Vec<f64> = x.iter().zip(&self.coordinates).map(at).collect();
        encoding.snap(&mut moved);
        moved
    }

    /// The belief after `trials` trials have started.
    pub fn after(&self, trials: u64) -> FadedBelief<'_> {
        FadedBelief { belief: self, weight: BETA / (trials.max(1) as f64) }
    }
}

/// The logarithm of the factor q(x)^(β/n) of an acquisition function.
#[derive(Clone, Copy, Debug)]
pub struct FadedBelief<'a> {
    belief: &'a Belief,
    /// β/n.
    weight: f64,
}

impl FadedBelief<'_> {
    /// Its value at `x`.
    pub fn value(&self, x: &[f64]) -> f64 {
        self.weight * self.belief.log_density(x)
    }

    /// Subtracts its gradient at `x` from `gradient`, which is that of the negative acquisition function.
    pub fn subtract_gradient(&self, x: &[f64], gradient: &mut [f64]) {
        for ((gradient, belief), x) in gradient.iter_mut().zip(&self.belief.coordinates).zip(x) {
            if let CoordinateBelief::Ordered(belief) = belief
                && *x != INACTIVE
            {
                *gradient -= self.weight * belief.slope(*x);
            }
        }
    }

    /// `x` with the guesses instead of the values of active parameters.
    pub fn move_to_guesses(&self, x: &[f64], encoding: &Encoding) -> Vec<f64> {
        self.belief.move_to_guesses(x, encoding)
    }
}
