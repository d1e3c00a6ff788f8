//! What the model believes after the observations (Rasmussen and Williams 2006, algorithm 2.1).

use super::kernel::{Kernel, Parts, Point};
use super::likelihood::{JITTER, Sample, covariance};
use super::linalg::{Cholesky, LANES, Lanes, NotPositive, dot};

/// Mean and standard deviation of a value, without noise, in the transformed scale.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Belief {
    /// Mean.
    pub mean: f64,
    /// Standard deviation, > 0.
    pub deviation: f64,
}

/// A Gaussian process given observations.
#[derive(Clone, Debug)]
pub struct Posterior {
    kernel: Kernel,
    points: Vec<Point>,
    values: Vec<f64>,
    factor: Cholesky,
    /// K⁻¹·y
    weights: Vec<f64>,
}

impl Posterior {
    /// Conditions `kernel` on `sample`; the jitter on the diagonal grows tenfold until the covariance can be factored.
    pub fn new(kernel: Kernel, sample: Sample) -> Result<Posterior, NotPositive> {
        let mut jitter = JITTER;
        loop {
            match Cholesky::of(&covariance(&kernel, &sample.points, jitter)) {
                Ok(factor) => {
                    let Sample { points, values } = sample;
                    let mut all = Posterior { kernel, points, values, factor, weights: Vec::new() };
                    all.weigh();
                    return Ok(all);
                }
                Err(fault) if jitter > 1e-3 => return Err(fault),
                Err(_) => jitter *= 10.0,
            }
        }
    }

    /// One more observation, at the same hyperparameters.
    pub fn append(&mut self, point: Point, value: f64) -> Result<(), NotPositive> {
        let mut row: Vec<f64> = self.points.iter().map(|p| self.kernel.at(&point, p)).collect();
        row.push(self.kernel.variance() * (1.0 + JITTER) + self.kernel.noise());
        self.factor.append(&row)?;
        self.points.push(point);
        self.values.push(value);
        self.weigh();
        Ok(())
    }

    /// Forgets all observations but the first `count`.
    pub fn truncate(&mut self, count: usize) {
        self.factor.truncate(count);
        self.points.truncate(count);
        self.values.truncate(count);
        self.weigh();
    }

    /// Number of observations.
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// The kernel it was made with.
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// The belief about the value at `point`.
    pub fn at(&self, point: &Point) -> Belief {
        let mut k: Vec<f64> = self.points.iter().map(|p| self.kernel.at(point, p)).collect();
        let mean = dot(&k, &self.weights);
        self.factor.forward(&mut k);
        self.belief(mean, dot(&k, &k))
    }

    /// The beliefs about the values at many points.
    pub fn at_all(&self, points: &[Point]) -> Vec<Belief> {
        let mut beliefs = Vec::with_capacity(points.len());
        let mut block: Vec<Lanes> = vec![[0.0; LANES]; self.points.len()];
        for group in points.chunks(LANES) {
            let mut means = [0.0; LANES];
            for (i, known) in self.points.iter().enumerate() {
                for (k, point) in group.iter().enumerate() {
                    block[i][k] = self.kernel.at(point, known);
                    means[k] += block[i][k] * self.weights[i];
                }
            }
            self.factor.forward_lanes(&mut block, 0);
            let mut explained = [0.0; LANES];
            for lanes in &block {
                for k in 0..LANES {
                    explained[k] += lanes[k] * lanes[k];
                }
            }
            beliefs.extend((0..group.len()).map(|k| self.belief(means[k], explained[k])));
        }
        beliefs
    }

    /// The belief, with the gradients of its mean and deviation over the ordered parameters.
    pub fn with_gradient(&self, point: &Point, mean_slope: &mut [f64], deviation_slope: &mut [f64]) -> Belief {
        let parts: Vec<Parts> = self.points.iter().map(|p| self.kernel.parts(point, p)).collect();
        let k: Vec<f64> = parts.iter().map(|p| p.value).collect();
        let mut half = k.clone();
        self.factor.forward(&mut half);
        let belief = self.belief(dot(&k, &self.weights), dot(&half, &half));
        self.factor.backward(&mut half);
        mean_slope.fill(0.0);
        deviation_slope.fill(0.0);
        for (i, p) in parts.iter().enumerate() {
            self.kernel.add_gradient(point, &self.points[i], p, self.weights[i], mean_slope);
            self.kernel.add_gradient(point, &self.points[i], p, -half[i] / belief.deviation, deviation_slope);
        }
        belief
    }

    fn belief(&self, mean: f64, explained: f64) -> Belief {
        let variance = self.kernel.variance();
        Belief { mean, deviation: (variance - explained).max(1e-10 * variance).sqrt() }
    }

    fn weigh(&mut self) {
        self.weights.clear();
        self.weights.extend_from_slice(&self.values);
        self.factor.solve(&mut self.weights);
    }
}
