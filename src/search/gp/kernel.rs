//! Covariance of the values of two configurations x, x' at two resources with logarithms t, t'.
//!
//! k((x, t), (x', t')) = s²·M(x, x')·T(t, t'), with M a stationary kernel with one length scale per parameter (ARD) and T a squared
//! exponential. With a large length scale for t, the resource has no influence.
//!
//! A parameter that is not active in either configuration adds nothing to their distance. If it is active in one only, it adds the
//! distance to the middle of its values: an ordered parameter is imputed with the middle of its range (Lévesque et al. 2017, "Bayesian
//! optimization for conditional hyperparameter spaces"), an unordered one with a point that has the same distance from all its values.
//! So M is a kernel over an embedding into a Euclidean space, as the arc kernel is (Hutter and Osborne 2013, "A Kernel for Hierarchical
//! Parameter Spaces"; Swersky et al. 2014, arXiv:1409.4011), and positive semi-definite. What separates branches is the Hamming
//! distance of the parameter that selects them, whose length scale is fitted. CONTRIBUTING.md has a comparison with larger distances.

use std::array::from_fn;

use super::linalg::squared_distance;
use super::simd::{F64s, LANES, exp};
use crate::search::encoding::{Axis, Dimension, INACTIVE};

/// The kernel over configurations (Rasmussen and Williams 2006, "Gaussian Processes for Machine Learning", section 4.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum KernelShape {
    /// Matérn with ν = 1/2, the exponential kernel.
    Matern12,
    /// Matérn with ν = 3/2.
    Matern32,
    /// Matérn with ν = 5/2.
    #[default]
    Matern52,
    /// Squared exponential.
    SquaredExponential,
}

impl KernelShape {
    /// (k(r), −k′(r)/r) for squared scaled distances r², with k(0) = 1.
    #[inline(always)]
    fn evaluate(self, squares: F64s) -> (F64s, F64s) {
        let scaled = |by: f64| squares.map(|square| (by * square).sqrt());
        let decay = |r: F64s| exp(r.map(|r| -r));
        match self {
            KernelShape::Matern12 => {
                let r = scaled(1.0);
                let e = decay(r);
                (e, from_fn(|k| e[k] / r[k].max(1e-9)))
            }
            KernelShape::Matern32 => {
                let r = scaled(3.0);
                let e = decay(r);
                (from_fn(|k| (1.0 + r[k]) * e[k]), e.map(|e| 3.0 * e))
            }
            KernelShape::Matern52 => {
                let r = scaled(5.0);
                let e = decay(r);
                let slope = |k: usize| 5.0 / 3.0 * (1.0 + r[k]) * e[k];
                (from_fn(|k| (1.0 + r[k] + r[k] * r[k] / 3.0) * e[k]), from_fn(slope))
            }
            KernelShape::SquaredExponential => {
                let e = exp(squares.map(|square| -0.5 * square));
                (e, e)
            }
        }
    }
}

/// An input of the model: a configuration and a resource.
#[derive(Clone, PartialEq, Debug)]
pub struct Point {
    /// One coordinate per parameter; see [`crate::search::encoding::Encoding`].
    pub x: Vec<f64>,
    /// ln(resource / R), ≤ 0; 0 if nothing is allotted.
    pub t: f64,
}

/// Hyperparameters, all as natural logarithms.
#[derive(Clone, PartialEq, Debug)]
pub struct Hyperparameters {
    /// Length scale of each parameter.
    pub length_scales: Vec<f64>,
    /// Length scale of the log resource.
    pub resource_length_scale: f64,
    /// Signal variance s².
    pub variance: f64,
    /// Noise variance.
    pub noise: f64,
}

impl Hyperparameters {
    /// Number of hyperparameters other than length scales.
    pub const SCALARS: usize = 3;

    /// The inverse of [`Hyperparameters::unpack`].
    #[cfg(test)]
    pub fn pack(&self) -> Vec<f64> {
        let mut all = self.length_scales.clone();
        all.extend([self.resource_length_scale, self.variance, self.noise]);
        all
    }

    /// Reads a vector of length scales, resource length scale, signal variance and noise variance.
    pub fn unpack(all: &[f64]) -> Hyperparameters {
        let (length_scales, rest) = all.split_at(all.len() - Self::SCALARS);
        Hyperparameters {
            length_scales: length_scales.to_vec(),
            resource_length_scale: rest[0],
            variance: rest[1],
            noise: rest[2],
        }
    }
}

/// A point with ordered parameters and the log resource divided by their length scales; unordered parameters are unchanged.
#[derive(Clone, PartialEq, Debug)]
pub struct ScaledPoint {
    ordered: Vec<f64>,
    unordered: Vec<f64>,
    /// For each unordered parameter with a `when`, [`INACTIVE`] or 0.
    activity: Vec<f64>,
    resource: f64,
}

/// The squared distance of a value of an unordered parameter from being inactive, where two values have 1: k points with equal
/// distances have a centre at a squared distance of (k − 1)/2k, which is less for every k.
const INACTIVE_SQUARE: f64 = 0.5;

/// A kernel with its hyperparameters.
#[derive(Clone, PartialEq, Debug)]
pub struct Kernel {
    shape: KernelShape,
    /// Index and 1/length scale of each ordered parameter.
    ordered: Vec<(usize, f64)>,
    /// Index and 1/length scale² of each unordered parameter.
    unordered: Vec<(usize, f64)>,
    /// Index of each unordered parameter with a `when`, and the squared distance of its values from being inactive.
    conditional: Vec<(usize, f64)>,
    /// 1/length scale of the log resource.
    inverse_resource: f64,
    variance: f64,
    noise: f64,
}

/// A covariance and the terms from which its derivatives are computed.
#[derive(Clone, Copy, Debug)]
pub struct CovarianceTerms {
    /// The covariance k.
    pub value: f64,
    /// −s²·M′(r)/r·T for the scaled distance r of the configurations.
    pub slope: f64,
    /// The squared scaled distance of the log resources.
    pub resource_square: f64,
}

impl Kernel {
    /// A kernel over these parameters.
    pub fn new(shape: KernelShape, dimensions: &[Dimension], hyperparameters: &Hyperparameters) -> Kernel {
        let all = || dimensions.iter().zip(&hyperparameters.length_scales).enumerate();
        let of = |axis: Axis| all().filter(move |(_, (dimension, _))| dimension.axis == axis);
        let conditional = of(Axis::Unordered).filter(|(_, (dimension, _))| dimension.is_conditional);
        Kernel {
            shape,
            ordered: of(Axis::Ordered).map(|(d, (_, log))| (d, libm::exp(-log))).collect(),
            unordered: of(Axis::Unordered).map(|(d, (_, log))| (d, libm::exp(-2.0 * log))).collect(),
            conditional: conditional.map(|(d, (_, log))| (d, INACTIVE_SQUARE * libm::exp(-2.0 * log))).collect(),
            inverse_resource: libm::exp(-hyperparameters.resource_length_scale),
            variance: libm::exp(hyperparameters.variance),
            noise: libm::exp(hyperparameters.noise),
        }
    }

    /// Noise variance.
    pub fn noise(&self) -> f64 {
        self.noise
    }

    /// Signal variance: the prior variance of the value at any point, without noise.
    pub fn variance(&self) -> f64 {
        self.variance
    }

    /// Divides the coordinates of `point` by the length scales.
    pub fn scale(&self, point: &Point) -> ScaledPoint {
        ScaledPoint {
            ordered: self.ordered.iter().map(|(d, inverse)| position(point.x[*d]) * inverse).collect(),
            unordered: self.unordered.iter().map(|(d, _)| point.x[*d]).collect(),
            activity: self.conditional.iter().map(|(d, _)| point.x[*d].min(0.0)).collect(),
            resource: point.t * self.inverse_resource,
        }
    }

    /// Scales all `points`.
    pub fn scale_all(&self, points: &[Point]) -> Vec<ScaledPoint> {
        points.iter().map(|point| self.scale(point)).collect()
    }

    /// Calls `each` with the index of each of `others` and the terms of its covariance with `a`, without noise.
    #[inline]
    pub fn for_each_covariance(
        &self,
        a: &ScaledPoint,
        others: &[ScaledPoint],
        mut each: impl FnMut(usize, CovarianceTerms),
    ) {
        let (mut squares, mut resources) = ([0.0; LANES], [0.0; LANES]);
        for (start, group) in others.chunks(LANES).enumerate() {
            for (k, b) in group.iter().enumerate() {
                squares[k] = squared_distance(&a.ordered, &b.ordered) + self.discrete_distance(a, b);
                resources[k] = (a.resource - b.resource) * (a.resource - b.resource);
            }
            let (shapes, slopes) = self.shape.evaluate(squares);
            let factors = resource_factors(resources);
            for k in 0..group.len() {
                let scale = self.variance * factors[k];
                let (value, slope) = (shapes[k] * scale, slopes[k] * scale);
                each(start * LANES + k, CovarianceTerms { value, slope, resource_square: resources[k] });
            }
        }
    }

    /// Covariances of `a` with `others`, without noise.
    pub fn row(&self, a: &ScaledPoint, others: &[ScaledPoint]) -> Vec<f64> {
        let mut row = Vec::with_capacity(others.len() + 1);
        self.for_each_covariance(a, others, |_, terms| row.push(terms.value));
        row
    }

    /// The scaled squared distance over the unordered parameters, and over which parameters are active.
    fn discrete_distance(&self, a: &ScaledPoint, b: &ScaledPoint) -> f64 {
        let values = a.unordered.iter().zip(&b.unordered);
        let unordered: f64 =
            self.unordered.iter().zip(values).map(|((_, w), (x, y))| unordered_square(*x, *y, *w)).sum();
        let activity = self.conditional.iter().zip(a.activity.iter().zip(&b.activity));
        activity.fold(unordered, |sum, ((_, w), (x, y))| if x == y { sum } else { sum + w })
    }

    /// Adds `weight` times the scaled squared distance along each parameter to `sums`: the differences of ordered parameters, of
    /// unordered ones, and in activity.
    pub fn add_squared_distances(&self, a: &ScaledPoint, b: &ScaledPoint, weight: f64, sums: &mut [f64]) {
        let (ordered, rest) = sums.split_at_mut(self.ordered.len());
        let (unordered, conditional) = rest.split_at_mut(self.unordered.len());
        for ((sum, x), y) in ordered.iter_mut().zip(&a.ordered).zip(&b.ordered) {
            *sum += weight * (x - y) * (x - y);
        }
        for (((sum, x), y), (_, w)) in unordered.iter_mut().zip(&a.unordered).zip(&b.unordered).zip(&self.unordered) {
            *sum += weight * unordered_square(*x, *y, *w);
        }
        let activity = a.activity.iter().zip(&b.activity);
        for ((sum, (x, y)), (_, w)) in conditional.iter_mut().zip(activity).zip(&self.conditional) {
            *sum += if x == y { 0.0 } else { weight * w };
        }
    }

    /// Number of sums of [`Kernel::add_squared_distances`].
    pub fn distance_count(&self) -> usize {
        self.ordered.len() + self.unordered.len() + self.conditional.len()
    }

    /// Adds the sums of [`Kernel::add_squared_distances`] up in the order of the parameters.
    pub fn scatter_squared_distances(&self, sums: &[f64], out: &mut [f64]) {
        for ((d, _), sum) in self.ordered.iter().chain(&self.unordered).chain(&self.conditional).zip(sums) {
            out[*d] += *sum;
        }
    }

    /// Adds `weight`·∂k(a, b)/∂a to `sums`, with one entry per ordered parameter and `a` scaled.
    pub fn add_gradient(
        &self,
        a: &ScaledPoint,
        b: &ScaledPoint,
        terms: &CovarianceTerms,
        weight: f64,
        sums: &mut [f64],
    ) {
        let scale = -weight * terms.slope;
        for ((sum, x), y) in sums.iter_mut().zip(&a.ordered).zip(&b.ordered) {
            *sum += scale * (x - y);
        }
    }

    /// Converts the sums of [`Kernel::add_gradient`] to a gradient over all unscaled parameters, 0 for unordered ones.
    pub fn scatter_gradient(&self, sums: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        for ((d, inverse), sum) in self.ordered.iter().zip(sums) {
            out[*d] = sum * inverse;
        }
    }

    /// Number of ordered parameters.
    pub fn ordered_count(&self) -> usize {
        self.ordered.len()
    }
}

/// The coordinate of an ordered parameter; where it is not active, the middle of its range, from which no value is far.
fn position(x: f64) -> f64 {
    if x == INACTIVE { 0.5 } else { x }
}

/// The squared distance of two values of an unordered parameter with 1/length scale² `w`. [`INACTIVE`] is the centre of the sphere
/// on which all values are, and has no part in it.
fn unordered_square(x: f64, y: f64, w: f64) -> f64 {
    if x == y || x == INACTIVE || y == INACTIVE { 0.0 } else { w }
}

/// T for squared scaled distances of log resources.
#[inline(always)]
fn resource_factors(squares: F64s) -> F64s {
    if squares == [0.0; LANES] { [1.0; LANES] } else { exp(squares.map(|square| -0.5 * square)) }
}

/// Up to [`LANES`] scaled configurations at the full resource, transposed: one vector per parameter.
#[derive(Clone, Debug)]
pub struct ScaledBatch {
    ordered: Vec<F64s>,
    unordered: Vec<F64s>,
    activity: Vec<F64s>,
}

impl ScaledBatch {
    /// The first [`LANES`] of `xs`.
    pub fn new(kernel: &Kernel, xs: &[Vec<f64>]) -> ScaledBatch {
        let lanes = |d: usize, of: &dyn Fn(f64) -> f64| -> F64s { from_fn(|k| xs.get(k).map_or(0.0, |x| of(x[d]))) };
        ScaledBatch {
            ordered: kernel.ordered.iter().map(|(d, inverse)| lanes(*d, &|x| position(x) * inverse)).collect(),
            unordered: kernel.unordered.iter().map(|(d, _)| lanes(*d, &|x| x)).collect(),
            activity: kernel.conditional.iter().map(|(d, _)| lanes(*d, &|x| x.min(0.0))).collect(),
        }
    }

    /// Covariances of `point` with each configuration of the batch, without noise.
    #[inline(always)]
    pub fn covariances(&self, kernel: &Kernel, point: &ScaledPoint) -> F64s {
        let mut squares = [0.0; LANES];
        for (lanes, y) in self.ordered.iter().zip(&point.ordered) {
            for k in 0..LANES {
                squares[k] += (lanes[k] - y) * (lanes[k] - y);
            }
        }
        for ((lanes, y), (_, w)) in self.unordered.iter().zip(&point.unordered).zip(&kernel.unordered) {
            for k in 0..LANES {
                squares[k] += unordered_square(lanes[k], *y, *w);
            }
        }
        for ((lanes, y), (_, w)) in self.activity.iter().zip(&point.activity).zip(&kernel.conditional) {
            for k in 0..LANES {
                squares[k] += if lanes[k] == *y { 0.0 } else { *w };
            }
        }
        let scale = kernel.variance * resource_factors([point.resource * point.resource; LANES])[0];
        kernel.shape.evaluate(squares).0.map(|shape| scale * shape)
    }
}
