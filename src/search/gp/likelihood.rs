//! How well hyperparameters explain the observations: log marginal likelihood with weak priors, and its gradient
//! (Rasmussen and Williams 2006, eqs. 2.30 and 5.9).

use super::kernel::{Hyper, Kernel, Parts, Place, Point, Shape};
use super::linalg::{Cholesky, Triangle, dot};
use crate::search::encoding::Axis;

/// Added to the diagonal relative to the signal's variance, so that equal rows do not break the factor.
pub const JITTER: f64 = 1e-8;

/// Normal priors over the packed (logarithmic) hyperparameters, and the box they are searched in.
#[derive(Clone, PartialEq, Debug)]
pub struct Priors {
    /// Means.
    pub mean: Vec<f64>,
    /// Standard deviations.
    pub deviation: Vec<f64>,
    /// Lower bounds.
    pub low: Vec<f64>,
    /// Upper bounds.
    pub high: Vec<f64>,
}

impl Priors {
    /// Moves the priors of all lengths to `length` (a share of a parameter's range), as far as the box goes.
    pub fn centre_lengths(&mut self, length: f64) {
        for d in 0..self.mean.len() - Hyper::SCALARS {
            self.mean[d] = libm::log(length).clamp(self.low[d], self.high[d]);
        }
    }
}

/// Observations as the model sees them.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// Where.
    pub points: Vec<Point>,
    /// Transformed values, about zero mean and unit variance.
    pub values: Vec<f64>,
}

/// The covariance matrix of `places`, with noise and `jitter` on the diagonal.
pub fn covariance(kernel: &Kernel, places: &[Place], jitter: f64) -> Triangle {
    let mut matrix = Triangle::with_capacity(places.len());
    for (i, a) in places.iter().enumerate() {
        let mut row = kernel.row(a, &places[..i]);
        row.push(kernel.variance() * (1.0 + jitter) + kernel.noise());
        matrix.push(&row);
    }
    matrix
}

/// Minus log posterior density of packed hyperparameters (up to a constant); infinite where the covariance cannot be factored.
pub fn loss(
    shape: Shape,
    axes: &[Axis],
    sample: &Sample,
    priors: &Priors,
    packed: &[f64],
    gradient: &mut [f64],
) -> f64 {
    let kernel = Kernel::new(shape, axes, &Hyper::unpack(packed));
    let places = kernel.places(&sample.points);
    let n = places.len();
    let mut parts: Vec<Parts> = Vec::with_capacity(n * (n + 1) / 2);
    let mut matrix = Triangle::with_capacity(n);
    let mut row = Vec::with_capacity(n);
    for (i, a) in places.iter().enumerate() {
        row.clear();
        kernel.parts(a, &places[..i], |_, p| {
            row.push(p.value);
            parts.push(p);
        });
        row.push(kernel.variance() * (1.0 + JITTER) + kernel.noise());
        matrix.push(&row);
    }
    let Ok(factor) = Cholesky::of(&matrix) else { return f64::INFINITY };
    let mut weights = sample.values.clone();
    factor.solve(&mut weights);
    accumulate(&kernel, &places, &parts, &factor.inverse(), &weights, gradient);
    let fit = 0.5 * dot(&sample.values, &weights) + 0.5 * factor.log_determinant();
    let mut prior = 0.0;
    for i in 0..packed.len() {
        let z = (packed[i] - priors.mean[i]) / priors.deviation[i];
        prior += 0.5 * z * z;
        gradient[i] += z / priors.deviation[i];
    }
    fit + prior
}

/// Writes ½·Σ (K⁻¹ − α·αᵀ)ᵢⱼ·∂Kᵢⱼ/∂θ.
fn accumulate(
    kernel: &Kernel,
    places: &[Place],
    parts: &[Parts],
    inverse: &Triangle,
    weights: &[f64],
    gradient: &mut [f64],
) {
    gradient.fill(0.0);
    let (lengths, scalars) = gradient.split_at_mut(gradient.len() - Hyper::SCALARS);
    let mut sums = vec![0.0; lengths.len()];
    let mut entries = parts.iter();
    for (i, a) in places.iter().enumerate() {
        let row = inverse.row(i);
        // every entry off the diagonal stands for two, so that the half falls away
        for ((j, b), p) in places[..i].iter().enumerate().zip(entries.by_ref()) {
            let w = row[j] - weights[i] * weights[j];
            kernel.add_squares(a, b, w * p.slope, &mut sums);
            scalars[0] += w * p.value * p.resource_square;
            scalars[1] += w * p.value;
        }
        let w = 0.5 * (row[i] - weights[i] * weights[i]);
        scalars[1] += w * kernel.variance() * (1.0 + JITTER);
        scalars[2] += w * kernel.noise();
    }
    kernel.spread_squares(&sums, lengths);
}
