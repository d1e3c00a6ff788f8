//! Product kernel density estimates: normal kernels for ordered parameters, kernels after Aitchison and Aitken (1976) for unordered
//! ones.

use rand::RngExt;

use crate::search::encoding::{Axis, Encoding, INACTIVE};
use crate::types::std_normal;
use crate::types::stream::Stream;

/// Minimum bandwidth of an ordered parameter (BOHB's `min_bandwidth`, Falkner et al. 2018, appendix).
const MIN_BANDWIDTH: f64 = 1e-3;
/// With conditions the minimum is 1/(1 + n) for n points, and at least 1/100 (Hyperopt's `adaptive_parzen_normal`): the few results of
/// a branch would otherwise soon be taken for its optimum.
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
    /// For each parameter, whether kernels and the prior occur in one sum, so that constant factors count.
    is_conditional: Vec<bool>,
    /// Bandwidth per parameter: the standard deviation of the normal kernel, or the weight of the prior in the kernel of an unordered
    /// parameter.
    bandwidths: Vec<f64>,
}

impl Density {
    /// A density with a kernel on each of `points` (at least one).
    ///
    /// Bandwidths follow the normal reference rule 1.06·σ·n^(−1/(4+d)) (Silverman 1986, eq. 3.28, in the form of Falkner et al.
    /// 2018). For an unordered parameter σ is √(1 − Σp²) for the values' frequencies p, and the prior has the weight of at least
    /// one point.
    ///
    /// A parameter's bandwidth depends on the points in which it is active. The kernel of another point is the prior there.
    pub fn new(encoding: &Encoding, points: Vec<Vec<f64>>) -> Density {
        let axes = encoding.axes().to_vec();
        let active: usize = points.iter().map(|point| point.iter().filter(|x| **x != INACTIVE).count()).sum();
        let exponent = -1.0 / (4.0 + active as f64 / points.len() as f64);
        let bandwidth = |(d, axis): (usize, &Axis)| {
            let values: Vec<f64> = points.iter().map(|point| point[d]).filter(|x| *x != INACTIVE).collect();
            let n = values.len() as f64;
            let factor = 1.06 * libm::pow(n, exponent);
            let min = if encoding.has_conditions() { 1.0 / MAX_INVERSE.min(1.0 + n) } else { MIN_BANDWIDTH };
            match axis {
                Axis::Ordered => (factor * standard_deviation(&values)).max(min),
                Axis::Unordered => (factor * diversity(&values)).clamp(1.0 / (n + 1.0), 1.0),
            }
        };
        let bandwidths = axes.iter().enumerate().map(bandwidth).collect();
        let weights = (0..axes.len()).map(|d| encoding.weights(d)).collect();
        let is_conditional = encoding.dimensions().iter().map(|dimension| dimension.is_conditional).collect();
        Density { axes, weights, points, is_conditional, bandwidths }
    }

    /// The logarithm of the density at `x`, up to a constant that is the same for all densities over a space.
    pub fn log_density(&self, x: &[f64]) -> f64 {
        let kernels: Vec<f64> = self.points.iter().map(|point| self.log_kernel(x, point)).collect();
        let max = kernels.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if max == f64::NEG_INFINITY {
            return max;
        }
        let sum: f64 = kernels.iter().map(|k| libm::exp(k - max)).sum();
        max + libm::log(sum / kernels.len() as f64)
    }

    /// Draws from the density with bandwidths multiplied by `bandwidth_factor` and ordered kernels truncated to [0, 1].
    pub fn draw(&self, bandwidth_factor: f64, stream: &mut Stream) -> Vec<f64> {
        let point = &self.points[stream.random_range(0..self.points.len())];
        (0..self.axes.len()).map(|d| self.draw_coordinate(d, point[d], bandwidth_factor, stream)).collect()
    }

    fn log_kernel(&self, x: &[f64], point: &[f64]) -> f64 {
        let mut sum = 0.0;
        for d in (0..self.axes.len()).filter(|d| x[*d] != INACTIVE) {
            let width = self.bandwidths[d];
            sum += match self.axes[d] {
                Axis::Ordered if point[d] == INACTIVE => 0.0,
                Axis::Unordered if point[d] == INACTIVE => libm::log(self.weights[d][x[d] as usize]),
                Axis::Ordered => {
                    let z = (x[d] - point[d]) / width;
                    let constant = if self.is_conditional[d] { LOG_SQRT_TAU } else { 0.0 };
                    -0.5 * z * z - libm::log(width) - constant
                }
                Axis::Unordered => {
                    let same = if x[d] == point[d] { 1.0 - width } else { 0.0 };
                    libm::log(same + width * self.weights[d][x[d] as usize])
                }
            };
        }
        sum
    }

    fn draw_coordinate(&self, d: usize, centre: f64, bandwidth_factor: f64, stream: &mut Stream) -> f64 {
        let width = self.bandwidths[d] * bandwidth_factor;
        let u: f64 = stream.random();
        match self.axes[d] {
            Axis::Ordered if centre == INACTIVE => u,
            Axis::Unordered if centre == INACTIVE => quantile_index(&self.weights[d], u) as f64,
            Axis::Ordered => {
                let (low, high) = (std_normal::cdf(-centre / width), std_normal::cdf((1.0 - centre) / width));
                (centre + width * std_normal::quantile(low + u * (high - low))).clamp(0.0, 1.0)
            }
            Axis::Unordered if u >= width.min(1.0) => centre,
            Axis::Unordered => quantile_index(&self.weights[d], stream.random()) as f64,
        }
    }
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

/// Sample standard deviation; 0 for a single value.
fn standard_deviation(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
    (squares / (n - 1.0).max(1.0)).sqrt()
}

/// √(1 − Σp²) for the frequencies p of the values of an unordered parameter; 0 if all are equal.
fn diversity(values: &[f64]) -> f64 {
    let max = values.iter().fold(0.0f64, |m, x| m.max(*x)) as usize;
    let mut counts = vec![0.0; max + 1];
    values.iter().for_each(|x| counts[*x as usize] += 1.0 / values.len() as f64);
    (1.0 - counts.iter().map(|p| p * p).sum::<f64>()).max(0.0).sqrt()
}
