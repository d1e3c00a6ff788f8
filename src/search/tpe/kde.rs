//! A product kernel density over positions: normal kernels along ordered parameters, Aitchison and Aitken's along unordered ones.

use rand::RngExt;

use crate::search::encoding::{Axis, Encoding};
use crate::space::gauss;
use crate::words::stream::Stream;

/// Smallest bandwidth (BOHB's `min_bandwidth`, Falkner et al. 2018, appendix).
const LEAST: f64 = 1e-3;

/// Density over configurations, from some of them.
#[derive(Clone, Debug)]
pub struct Density {
    axes: Vec<Axis>,
    /// Prior probabilities of unordered parameters' values.
    weights: Vec<Vec<f64>>,
    points: Vec<Vec<f64>>,
    /// Standard deviation of an ordered parameter's kernels; share of an unordered one's kernels that goes to the prior.
    widths: Vec<f64>,
}

impl Density {
    /// Kernels on `points` (at least one).
    ///
    /// Widths by the normal reference rule 1.06·σ·n^(−1/(4+d)) (Silverman 1986, eq. 3.28, in the form Falkner et al. 2018 use); an
    /// unordered parameter's σ is √(1 − Σp²) of its values' shares, and the prior counts as one observation at least.
    pub fn new(encoding: &Encoding, points: Vec<Vec<f64>>) -> Density {
        let axes = encoding.axes().to_vec();
        let n = points.len() as f64;
        let rate = 1.06 * libm::pow(n, -1.0 / (4.0 + axes.len() as f64));
        let width = |(d, axis): (usize, &Axis)| match axis {
            Axis::Ordered => (rate * deviation(&points, d)).max(LEAST),
            Axis::Unordered => (rate * diversity(&points, d)).clamp(1.0 / (n + 1.0), 1.0),
        };
        let widths = axes.iter().enumerate().map(width).collect();
        let weights = (0..axes.len()).map(|d| encoding.weights(d)).collect();
        Density { axes, weights, points, widths }
    }

    /// ln of the density at `x`.
    pub fn log_at(&self, x: &[f64]) -> f64 {
        let kernels: Vec<f64> = self.points.iter().map(|point| self.log_kernel(x, point)).collect();
        let top = kernels.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if top == f64::NEG_INFINITY {
            return top;
        }
        let sum: f64 = kernels.iter().map(|k| libm::exp(k - top)).sum();
        top + libm::log(sum / kernels.len() as f64)
    }

    /// A draw from the kernels, `stretch` times as wide, cut off at the bounds.
    pub fn draw(&self, stretch: f64, stream: &mut Stream) -> Vec<f64> {
        let point = &self.points[stream.random_range(0..self.points.len())];
        (0..self.axes.len()).map(|d| self.draw_along(d, point[d], stretch, stream)).collect()
    }

    fn log_kernel(&self, x: &[f64], point: &[f64]) -> f64 {
        let mut sum = 0.0;
        for d in 0..self.axes.len() {
            let width = self.widths[d];
            sum += match self.axes[d] {
                Axis::Ordered => {
                    let z = (x[d] - point[d]) / width;
                    -0.5 * z * z - libm::log(width)
                }
                Axis::Unordered => {
                    let same = if x[d] == point[d] { 1.0 - width } else { 0.0 };
                    libm::log(same + width * self.weights[d][x[d] as usize])
                }
            };
        }
        sum
    }

    fn draw_along(&self, d: usize, centre: f64, stretch: f64, stream: &mut Stream) -> f64 {
        let width = self.widths[d] * stretch;
        let chance: f64 = stream.random();
        match self.axes[d] {
            Axis::Ordered => {
                let (low, high) = (gauss::cdf(-centre / width), gauss::cdf((1.0 - centre) / width));
                (centre + width * gauss::quantile(low + chance * (high - low))).clamp(0.0, 1.0)
            }
            Axis::Unordered if chance >= width.min(1.0) => centre,
            Axis::Unordered => pick(&self.weights[d], stream.random()) as f64,
        }
    }
}

/// The value whose cell of cumulative probability holds `chance` in [0, 1).
fn pick(weights: &[f64], chance: f64) -> usize {
    let mut left = chance;
    for (i, weight) in weights.iter().enumerate() {
        left -= weight;
        if left < 0.0 {
            return i;
        }
    }
    weights.len() - 1
}

/// Standard deviation along `d`, 0 for a single point.
fn deviation(points: &[Vec<f64>], d: usize) -> f64 {
    let n = points.len() as f64;
    let mean = points.iter().map(|p| p[d]).sum::<f64>() / n;
    let squares: f64 = points.iter().map(|p| (p[d] - mean) * (p[d] - mean)).sum();
    (squares / (n - 1.0).max(1.0)).sqrt()
}

/// √(1 − Σp²) of the values' shares along `d`: 0 where all are the same.
fn diversity(points: &[Vec<f64>], d: usize) -> f64 {
    let top = points.iter().fold(0.0f64, |m, p| m.max(p[d])) as usize;
    let mut counts = vec![0.0; top + 1];
    points.iter().for_each(|p| counts[p[d] as usize] += 1.0 / points.len() as f64);
    (1.0 - counts.iter().map(|share| share * share).sum::<f64>()).max(0.0).sqrt()
}
