//! Kernel density estimates: a mixture of one product kernel per point and the prior. Kernels are truncated normal distributions for
//! ordered parameters, and for unordered ones those of Aitchison and Aitken (1976).

use rand::RngExt;

use crate::search::encoding::{Axis, Encoding, INACTIVE};
use crate::types::std_normal;
use crate::types::stream::Stream;

/// Bandwidth of ordered parameters for one point (Optuna's multivariate TPE, `SIGMA0_MAGNITUDE`).
const BANDWIDTH: f64 = 0.2;
/// The bandwidth is at least 1/(n + 2), and at least 1/100, for n points ("magic clipping", Watanabe 2023, section 3; from Hyperopt).
const MAX_INVERSE: f64 = 100.0;

/// ln √(2π)
const LOG_SQRT_TAU: f64 = 0.918_938_533_204_672_8;

/// A density over vectors of [`Encoding`].
#[derive(Clone, Debug)]
pub struct Density {
    axes: Vec<Axis>,
    /// Prior probabilities of the values of each unordered parameter.
    weights: Vec<Vec<f64>>,
    points: Vec<Vec<f64>>,
    /// The logarithms of the factors of the normal kernels, one per point and parameter; 0 for other kernels.
    log_factors: Vec<Vec<f64>>,
    /// Standard deviation of the normal kernels before truncation.
    bandwidth: f64,
    /// The weight of the prior in the kernel of each unordered parameter.
    prior_weights: Vec<f64>,
}

impl Density {
    /// The mixture of a kernel on each of `points` and the prior, which has the weight of one point (Bergstra et al. 2011, section 4).
    ///
    /// The bandwidth depends on the number of points and not on their spread: 0.2·n^(−1/(4+d)), the exponent being that of Scott's
    /// rule, for n points with d active parameters on average. The spread of a few good points that are close to each other is a poor
    /// estimate: a density that is as narrow as they are ends the search there (measured in CONTRIBUTING.md).
    ///
    /// The kernel of an unordered parameter with k values is that of one observation and the prior with the weight k/(n + 1).
    /// The kernel of a point in which a parameter is not active is the prior there.
    pub fn new(encoding: &Encoding, points: Vec<Vec<f64>>) -> Density {
        let axes = encoding.axes().to_vec();
        let weights: Vec<Vec<f64>> = (0..axes.len()).map(|d| encoding.weights(d)).collect();
        let n = points.len() as f64;
        let active: usize = points.iter().map(|point| point.iter().filter(|x| **x != INACTIVE).count()).sum();
        let exponent = -1.0 / (4.0 + active as f64 / n.max(1.0));
        let bandwidth = (BANDWIDTH * libm::pow(n.max(1.0), exponent)).max(1.0 / MAX_INVERSE.min(2.0 + n));
        let prior_weight = |values: &Vec<f64>| values.len() as f64 / (n + 1.0 + values.len() as f64);
        let prior_weights = weights.iter().map(prior_weight).collect();
        let factors = |point: &Vec<f64>| -> Vec<f64> {
            let of = |(x, axis): (&f64, &Axis)| match axis {
                Axis::Ordered if *x != INACTIVE => log_factor(*x, bandwidth),
                _ => 0.0,
            };
            point.iter().zip(&axes).map(of).collect()
        };
        let log_factors = points.iter().map(factors).collect();
        Density { axes, weights, points, log_factors, bandwidth, prior_weights }
    }

    /// The logarithm of the density at `x`.
    pub fn log_density(&self, x: &[f64]) -> f64 {
        let prior = self.log_prior(x);
        let kernels: Vec<f64> = self
            .points
            .iter()
            .zip(&self.log_factors)
            .map(|(point, factors)| self.log_kernel(x, point, factors))
            .collect();
        let max = kernels.iter().copied().fold(prior, f64::max);
        if max == f64::NEG_INFINITY {
            return max;
        }
        let sum: f64 = kernels.iter().map(|k| libm::exp(k - max)).sum();
        max + libm::log((sum + libm::exp(prior - max)) / (kernels.len() + 1) as f64)
    }

    /// Draws from the density, with the bandwidths of the kernels multiplied by `bandwidth_factor`.
    pub fn draw(&self, bandwidth_factor: f64, stream: &mut Stream) -> Vec<f64> {
        let point = self.points.get(stream.random_range(0..=self.points.len()));
        let centre = |d: usize| point.map_or(INACTIVE, |point| point[d]);
        (0..self.axes.len()).map(|d| self.draw_coordinate(d, centre(d), bandwidth_factor, stream)).collect()
    }

    /// The logarithm of the prior's density at `x`: coordinates of ordered parameters are uniform.
    fn log_prior(&self, x: &[f64]) -> f64 {
        let log_weight = |(x, weights): (&f64, &Vec<f64>)| weights.get(*x as usize).map_or(0.0, |p| libm::log(*p));
        x.iter().zip(&self.weights).filter(|(x, _)| **x != INACTIVE).map(log_weight).sum()
    }

    fn log_kernel(&self, x: &[f64], point: &[f64], factors: &[f64]) -> f64 {
        let (mut squares, mut sum) = (0.0, 0.0);
        for d in (0..self.axes.len()).filter(|d| x[*d] != INACTIVE) {
            match self.axes[d] {
                Axis::Ordered if point[d] == INACTIVE => {}
                Axis::Unordered if point[d] == INACTIVE => sum += libm::log(self.weights[d][x[d] as usize]),
                Axis::Ordered => {
                    let z = (x[d] - point[d]) / self.bandwidth;
                    squares += z * z;
                    sum += factors[d];
                }
                Axis::Unordered => {
                    let prior = self.prior_weights[d];
                    let same = if x[d] == point[d] { 1.0 - prior } else { 0.0 };
                    sum += libm::log(same + prior * self.weights[d][x[d] as usize]);
                }
            }
        }
        sum - 0.5 * squares
    }

    fn draw_coordinate(&self, d: usize, centre: f64, bandwidth_factor: f64, stream: &mut Stream) -> f64 {
        let u: f64 = stream.random();
        match self.axes[d] {
            Axis::Ordered if centre == INACTIVE => u,
            Axis::Unordered if centre == INACTIVE => quantile_index(&self.weights[d], u) as f64,
            Axis::Ordered => {
                let width = self.bandwidth * bandwidth_factor;
                let (low, high) = bounds(centre, width);
                (centre + width * std_normal::quantile(low + u * (high - low))).clamp(0.0, 1.0)
            }
            Axis::Unordered if u >= (self.prior_weights[d] * bandwidth_factor).min(1.0) => centre,
            Axis::Unordered => quantile_index(&self.weights[d], stream.random()) as f64,
        }
    }
}

/// The values of the distribution function of N(`centre`, `width`²) at 0 and 1.
fn bounds(centre: f64, width: f64) -> (f64, f64) {
    (std_normal::cdf(-centre / width), std_normal::cdf((1.0 - centre) / width))
}

/// The logarithm of the factor that makes the integral of exp(−z²/2) over [0, 1] one, for z = (x − `centre`)/`width`.
fn log_factor(centre: f64, width: f64) -> f64 {
    let (low, high) = bounds(centre, width);
    -LOG_SQRT_TAU - libm::log(width * (high - low))
}

/// The index whose interval of cumulative probability contains `u` in [0, 1).
fn quantile_index(weights: &[f64], u: f64) -> usize {
    let mut left = u;
    for (i, weight) in weights.iter().enumerate() {
        left -= weight;
        if left < 0.0 {
            return i;
        }
    }
    weights.len() - 1
}
