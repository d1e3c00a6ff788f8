//! What the model believes after the observations (Rasmussen and Williams 2006, algorithm 2.1).

use super::kernel::{Group, Kernel, Parts, Place, Point};
use super::lanes::{LANES, Lanes};
use super::likelihood::{JITTER, Sample, covariance};
use super::linalg::{Cholesky, NotPositive, dot};

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
    places: Vec<Place>,
    values: Vec<f64>,
    factor: Cholesky,
    /// K⁻¹·y
    weights: Vec<f64>,
}

impl Posterior {
    /// Conditions `kernel` on `sample`; the jitter on the diagonal grows tenfold until the covariance can be factored.
    pub fn new(kernel: Kernel, sample: Sample) -> Result<Posterior, NotPositive> {
        let places = kernel.places(&sample.points);
        let mut jitter = JITTER;
        loop {
            match Cholesky::of(&covariance(&kernel, &places, jitter)) {
                Ok(factor) => {
                    let mut all = Posterior { kernel, places, values: sample.values, factor, weights: Vec::new() };
                    all.weigh();
                    return Ok(all);
                }
                Err(fault) if jitter > 1e-3 => return Err(fault),
                Err(_) => jitter *= 10.0,
            }
        }
    }

    /// More observations, at the same hyperparameters. Where one adds nothing to those before it, it and what follows is left out.
    pub fn extend(&mut self, points: &[Point], values: &[f64]) {
        let known = self.places.len();
        self.places.extend(self.kernel.places(points));
        let diagonal = self.kernel.variance() * (1.0 + JITTER) + self.kernel.noise();
        let row = |i: usize| {
            let mut row = self.kernel.row(&self.places[i], &self.places[..i]);
            row.push(diagonal);
            row
        };
        let rows: Vec<Vec<f64>> = (known..self.places.len()).map(row).collect();
        let added = self.factor.extend(&rows).map_or_else(|fault| fault.row - known, |()| rows.len());
        self.places.truncate(known + added);
        self.values.extend_from_slice(&values[..added]);
        self.weigh();
    }

    /// Number of observations.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The belief about the value at `point`.
    pub fn at(&self, point: &Point) -> Belief {
        let place = self.kernel.place(point);
        let mut k = self.kernel.row(&place, &self.places);
        let mean = dot(&k, &self.weights);
        self.factor.forward(&mut k);
        self.belief(mean, dot(&k, &k))
    }

    /// The means at full resource of many configurations: far cheaper than the beliefs.
    pub fn means(&self, xs: &[Vec<f64>]) -> Vec<f64> {
        let mut all = Vec::with_capacity(xs.len());
        for group in xs.chunks(LANES) {
            let means = self.covariances(group, |_, _| {});
            all.extend_from_slice(&means[..group.len()]);
        }
        all
    }

    /// The beliefs about the values of many configurations at full resource.
    pub fn at_full(&self, xs: &[Vec<f64>]) -> Vec<Belief> {
        let mut beliefs = Vec::with_capacity(xs.len());
        let mut block: Vec<Lanes> = vec![[0.0; LANES]; self.places.len()];
        for group in xs.chunks(LANES) {
            let means = self.covariances(group, |i, covariances| block[i] = covariances);
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

    /// Hands each observation's covariances with `xs` (at most [`LANES`], at full resource) to `each`; gives the means.
    fn covariances(&self, xs: &[Vec<f64>], mut each: impl FnMut(usize, Lanes)) -> Lanes {
        let group = Group::new(&self.kernel, xs);
        let mut means = [0.0; LANES];
        for (i, (known, weight)) in self.places.iter().zip(&self.weights).enumerate() {
            let covariances = group.with(&self.kernel, known);
            for k in 0..LANES {
                means[k] += covariances[k] * weight;
            }
            each(i, covariances);
        }
        means
    }

    /// The belief, with the gradients of its mean and deviation over the ordered parameters.
    pub fn with_gradient(&self, point: &Point, mean_slope: &mut [f64], deviation_slope: &mut [f64]) -> Belief {
        let place = self.kernel.place(point);
        let mut parts: Vec<Parts> = Vec::with_capacity(self.places.len());
        self.kernel.parts(&place, &self.places, |_, p| parts.push(p));
        let k: Vec<f64> = parts.iter().map(|p| p.value).collect();
        let mut half = k.clone();
        self.factor.forward(&mut half);
        let belief = self.belief(dot(&k, &self.weights), dot(&half, &half));
        self.factor.backward(&mut half);
        let mut sums = [vec![0.0; self.kernel.ordered()], vec![0.0; self.kernel.ordered()]];
        for (i, (p, known)) in parts.iter().zip(&self.places).enumerate() {
            self.kernel.add_gradient(&place, known, p, self.weights[i], &mut sums[0]);
            self.kernel.add_gradient(&place, known, p, -half[i] / belief.deviation, &mut sums[1]);
        }
        self.kernel.spread_gradient(&sums[0], mean_slope);
        self.kernel.spread_gradient(&sums[1], deviation_slope);
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
