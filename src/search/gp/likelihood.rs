//! The log posterior density of hyperparameters (log marginal likelihood plus log priors) and its gradient (Rasmussen and Williams
//! 2006, eqs. 2.30 and 5.9).

use super::kernel::{CovarianceTerms, Hyperparameters, Kernel, KernelShape, Point, ScaledPoint};
use super::linalg::{Cholesky, LowerTriangle, dot};
use crate::search::encoding::Dimension;

/// Added to the diagonal, as a fraction of the signal variance, so that equal points do not make the matrix singular.
pub const JITTER: f64 = 1e-8;

/// Normal priors and bounds of the packed hyperparameters.
#[derive(Clone, PartialEq, Debug)]
pub struct Priors {
    /// Means.
    pub mean: Vec<f64>,
    /// Standard deviations.
    pub std: Vec<f64>,
    /// Lower bounds.
    pub low: Vec<f64>,
    /// Upper bounds.
    pub high: Vec<f64>,
}

impl Priors {
    /// Sets the prior mean of all length scales (as a fraction of a parameter's range), clamped to the bounds.
    pub fn set_length_scale(&mut self, length_scale: f64) {
        for d in 0..self.mean.len() - Hyperparameters::SCALARS {
            self.mean[d] = libm::log(length_scale).clamp(self.low[d], self.high[d]);
        }
    }

    /// Adds `shift` to the prior mean of the logarithm of the signal variance.
    pub fn shift_variance(&mut self, shift: f64) {
        let at = self.mean.len() - Hyperparameters::SCALARS + 1;
        self.mean[at] = (self.mean[at] + shift).clamp(self.low[at], self.high[at]);
    }
}

/// Training data.
#[derive(Clone, Debug, Default)]
pub struct Dataset {
    /// Inputs.
    pub points: Vec<Point>,
    /// Transformed values, about zero mean and unit variance; as many as points.
    pub values: Vec<f64>,
}

/// The covariance matrix of `points`, with noise and `jitter` (a fraction of the signal variance) on the diagonal.
pub fn covariance(kernel: &Kernel, points: &[ScaledPoint], jitter: f64) -> LowerTriangle {
    let mut matrix = LowerTriangle::with_capacity(points.len());
    for (i, a) in points.iter().enumerate() {
        let mut row = kernel.row(a, &points[..i]);
        row.push(kernel.variance() * (1.0 + jitter) + kernel.noise());
        matrix.push(&row);
    }
    matrix
}

/// The negative log posterior density of packed hyperparameters, up to a constant; writes its gradient. Infinite if the covariance
/// matrix cannot be factored.
pub fn negative_log_posterior(
    shape: KernelShape,
    dimensions: &[Dimension],
    data: &Dataset,
    priors: &Priors,
    packed: &[f64],
    gradient: &mut [f64],
) -> f64 {
    let kernel = Kernel::new(shape, dimensions, &Hyperparameters::unpack(packed));
    let points = kernel.scale_all(&data.points);
    let n = points.len();
    let mut terms: Vec<CovarianceTerms> = Vec::with_capacity(n * (n + 1) / 2);
    let mut matrix = LowerTriangle::with_capacity(n);
    let mut row = Vec::with_capacity(n);
    for (i, a) in points.iter().enumerate() {
        row.clear();
        kernel.for_each_covariance(a, &points[..i], |_, term| {
            row.push(term.value);
            terms.push(term);
        });
        row.push(kernel.variance() * (1.0 + JITTER) + kernel.noise());
        matrix.push(&row);
    }
    let Ok(factor) = Cholesky::of(&matrix) else { return f64::INFINITY };
    let mut weights = data.values.clone();
    factor.solve(&mut weights);
    likelihood_gradient(&kernel, &points, &terms, &factor.inverse(), &weights, gradient);
    let likelihood = 0.5 * dot(&data.values, &weights) + 0.5 * factor.log_determinant();
    let mut prior = 0.0;
    for i in 0..packed.len() {
        let z = (packed[i] - priors.mean[i]) / priors.std[i];
        prior += 0.5 * z * z;
        gradient[i] += z / priors.std[i];
    }
    likelihood + prior
}

/// Writes ½·Σᵢⱼ (K⁻¹ − α·αᵀ)ᵢⱼ·∂Kᵢⱼ/∂θ with `inverse` K⁻¹ and `weights` α = K⁻¹·y (eq. 5.9, negated). `terms` are the entries below the
/// diagonal, row by row.
fn likelihood_gradient(
    kernel: &Kernel,
    points: &[ScaledPoint],
    terms: &[CovarianceTerms],
    inverse: &LowerTriangle,
    weights: &[f64],
    gradient: &mut [f64],
) {
    gradient.fill(0.0);
    let (length_scales, scalars) = gradient.split_at_mut(gradient.len() - Hyperparameters::SCALARS);
    let mut sums = vec![0.0; kernel.distance_count()];
    let mut terms = terms.iter();
    for (i, a) in points.iter().enumerate() {
        let row = inverse.row(i);
        // Each entry below the diagonal counts twice, which cancels the factor ½.
        for ((j, b), term) in points[..i].iter().enumerate().zip(terms.by_ref()) {
            let w = row[j] - weights[i] * weights[j];
            kernel.add_squared_distances(a, b, w * term.slope, &mut sums);
            scalars[0] += w * term.value * term.resource_square;
            scalars[1] += w * term.value;
        }
        let w = 0.5 * (row[i] - weights[i] * weights[i]);
        scalars[1] += w * kernel.variance() * (1.0 + JITTER);
        scalars[2] += w * kernel.noise();
    }
    kernel.scatter_squared_distances(&sums, length_scales);
}
