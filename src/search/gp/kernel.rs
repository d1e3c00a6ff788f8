//! Covariance of a configuration's value at one resource with another's at another resource.
//!
//! k((x, t), (x', t')) = s²·M(x, x')·T(t, t'), with M a stationary kernel with one length per parameter (ARD) and T a squared
//! exponential over the log resource: readings at a nearby resource say much about a configuration, those at a far one little. A long
//! length along t makes all resources one.

use std::array::from_fn;

use super::lanes::{LANES, Lanes, exp};
use super::linalg::square_between;
use crate::search::encoding::Axis;

/// Shape of the kernel over configurations (Rasmussen and Williams 2006, section 4.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Shape {
    /// Matérn with ν = 1/2.
    Exponential,
    /// Matérn with ν = 3/2.
    Matern32,
    /// Matérn with ν = 5/2.
    #[default]
    Matern52,
    /// Squared exponential.
    Gaussian,
}

impl Shape {
    /// (k, g) at squared scaled distances, with k(0) = 1 and g = −k′(r)/r.
    #[inline]
    fn at(self, squares: Lanes) -> (Lanes, Lanes) {
        let scaled = |by: f64| squares.map(|square| (by * square).sqrt());
        let decay = |r: Lanes| exp(r.map(|r| -r));
        match self {
            Shape::Exponential => {
                let r = scaled(1.0);
                let e = decay(r);
                (e, from_fn(|k| e[k] / r[k].max(1e-9)))
            }
            Shape::Matern32 => {
                let r = scaled(3.0);
                let e = decay(r);
                (from_fn(|k| (1.0 + r[k]) * e[k]), e.map(|e| 3.0 * e))
            }
            Shape::Matern52 => {
                let r = scaled(5.0);
                let e = decay(r);
                let slope = |k: usize| 5.0 / 3.0 * (1.0 + r[k]) * e[k];
                (from_fn(|k| (1.0 + r[k] + r[k] * r[k] / 3.0) * e[k]), from_fn(slope))
            }
            Shape::Gaussian => {
                let e = exp(squares.map(|square| -0.5 * square));
                (e, e)
            }
        }
    }
}

/// A place in the model: a configuration and a log resource.
#[derive(Clone, PartialEq, Debug)]
pub struct Point {
    /// One position per parameter.
    pub x: Vec<f64>,
    /// ln(resource / full resource), ≤ 0; 0 where nothing is allotted.
    pub t: f64,
}

/// Hyperparameters, all as logarithms, in the order of [`Hyper::pack`].
#[derive(Clone, PartialEq, Debug)]
pub struct Hyper {
    /// ln length per parameter.
    pub lengths: Vec<f64>,
    /// ln length over the log resource.
    pub resource_length: f64,
    /// ln s².
    pub variance: f64,
    /// ln variance of the noise.
    pub noise: f64,
}

impl Hyper {
    /// Number of hyperparameters besides the lengths.
    pub const SCALARS: usize = 3;

    /// As one vector: lengths, resource length, variance, noise.
    pub fn pack(&self) -> Vec<f64> {
        let mut all = self.lengths.clone();
        all.extend([self.resource_length, self.variance, self.noise]);
        all
    }

    /// The inverse of [`Hyper::pack`]; `all` holds at least [`Hyper::SCALARS`] entries.
    pub fn unpack(all: &[f64]) -> Hyper {
        let (lengths, rest) = all.split_at(all.len() - Self::SCALARS);
        Hyper { lengths: lengths.to_vec(), resource_length: rest[0], variance: rest[1], noise: rest[2] }
    }
}

/// A point as a kernel measures it: ordered parameters and the log resource in lengths, values of unordered ones as they are.
#[derive(Clone, PartialEq, Debug)]
pub struct Place {
    ordered: Vec<f64>,
    unordered: Vec<f64>,
    resource: f64,
}

/// A kernel ready to be evaluated.
#[derive(Clone, Debug)]
pub struct Kernel {
    shape: Shape,
    /// Ordered parameters with 1/length of each.
    ordered: Vec<(usize, f64)>,
    /// Unordered parameters with 1/length² of each.
    unordered: Vec<(usize, f64)>,
    inverse_resource: f64,
    variance: f64,
    noise: f64,
}

/// One covariance with what its derivatives follow from.
#[derive(Clone, Copy, Debug)]
pub struct Parts {
    /// k.
    pub value: f64,
    /// −s²·M′(r)/r·T, with r the scaled distance of the configurations.
    pub slope: f64,
    /// ((t − t') / length)².
    pub resource_square: f64,
}

impl Kernel {
    /// The kernel of `hyper` over parameters measured by `axes`.
    pub fn new(shape: Shape, axes: &[Axis], hyper: &Hyper) -> Kernel {
        let of = |axis: Axis| axes.iter().zip(&hyper.lengths).enumerate().filter(move |(_, (a, _))| **a == axis);
        Kernel {
            shape,
            ordered: of(Axis::Ordered).map(|(d, (_, length))| (d, libm::exp(-length))).collect(),
            unordered: of(Axis::Unordered).map(|(d, (_, length))| (d, libm::exp(-2.0 * length))).collect(),
            inverse_resource: libm::exp(-hyper.resource_length),
            variance: libm::exp(hyper.variance),
            noise: libm::exp(hyper.noise),
        }
    }

    /// Variance of the noise.
    pub fn noise(&self) -> f64 {
        self.noise
    }

    /// Variance of the value at any one point, without noise.
    pub fn variance(&self) -> f64 {
        self.variance
    }

    /// Where `point` lies for this kernel.
    pub fn place(&self, point: &Point) -> Place {
        Place {
            ordered: self.ordered.iter().map(|(d, inverse)| point.x[*d] * inverse).collect(),
            unordered: self.unordered.iter().map(|(d, _)| point.x[*d]).collect(),
            resource: point.t * self.inverse_resource,
        }
    }

    /// Where all of `points` lie.
    pub fn places(&self, points: &[Point]) -> Vec<Place> {
        points.iter().map(|point| self.place(point)).collect()
    }

    /// Hands the covariance of `a` with each of `others`, without noise, to `each`, with its parts.
    #[inline]
    pub fn parts(&self, a: &Place, others: &[Place], mut each: impl FnMut(usize, Parts)) {
        let (mut squares, mut resources) = ([0.0; LANES], [0.0; LANES]);
        for (start, group) in others.chunks(LANES).enumerate() {
            for (k, b) in group.iter().enumerate() {
                squares[k] = square_between(&a.ordered, &b.ordered) + self.mismatch(a, b);
                resources[k] = (a.resource - b.resource) * (a.resource - b.resource);
            }
            let (shapes, slopes) = self.shape.at(squares);
            let factors = over_resource(resources);
            for k in 0..group.len() {
                let scale = self.variance * factors[k];
                let (value, slope) = (shapes[k] * scale, slopes[k] * scale);
                each(start * LANES + k, Parts { value, slope, resource_square: resources[k] });
            }
        }
    }

    /// Covariances of `a` with `others`, without noise.
    pub fn row(&self, a: &Place, others: &[Place]) -> Vec<f64> {
        let mut row = Vec::with_capacity(others.len() + 1);
        self.parts(a, others, |_, parts| row.push(parts.value));
        row
    }

    /// Sum of the unordered parameters' scaled squared distances.
    fn mismatch(&self, a: &Place, b: &Place) -> f64 {
        let values = a.unordered.iter().zip(&b.unordered);
        self.unordered.iter().zip(values).map(|((_, w), (x, y))| if x == y { 0.0 } else { *w }).sum()
    }

    /// Adds `weight` times each parameter's scaled squared distance to `sums`, ordered parameters first.
    pub fn add_squares(&self, a: &Place, b: &Place, weight: f64, sums: &mut [f64]) {
        let (ordered, unordered) = sums.split_at_mut(self.ordered.len());
        for ((sum, x), y) in ordered.iter_mut().zip(&a.ordered).zip(&b.ordered) {
            *sum += weight * (x - y) * (x - y);
        }
        for (((sum, x), y), (_, w)) in unordered.iter_mut().zip(&a.unordered).zip(&b.unordered).zip(&self.unordered) {
            *sum += if x == y { 0.0 } else { weight * w };
        }
    }

    /// Brings sums that came ordered parameters first into the parameters' own order.
    pub fn spread_squares(&self, sums: &[f64], out: &mut [f64]) {
        for ((d, _), sum) in self.ordered.iter().chain(&self.unordered).zip(sums) {
            out[*d] = *sum;
        }
    }

    /// Adds `weight`·∂k(a, b)/∂a to `sums`, one per ordered parameter, in lengths.
    pub fn add_gradient(&self, a: &Place, b: &Place, parts: &Parts, weight: f64, sums: &mut [f64]) {
        let scale = -weight * parts.slope;
        for ((sum, x), y) in sums.iter_mut().zip(&a.ordered).zip(&b.ordered) {
            *sum += scale * (x - y);
        }
    }

    /// Turns a gradient over ordered parameters in lengths into one over all parameters, zero for the unordered ones.
    pub fn spread_gradient(&self, sums: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        for ((d, inverse), sum) in self.ordered.iter().zip(sums) {
            out[*d] = sum * inverse;
        }
    }

    /// How many parameters are ordered.
    pub fn ordered(&self) -> usize {
        self.ordered.len()
    }
}

/// The factors over the log resource.
#[inline]
fn over_resource(squares: Lanes) -> Lanes {
    if squares == [0.0; LANES] { [1.0; LANES] } else { exp(squares.map(|square| -0.5 * square)) }
}

/// Some configurations at full resource side by side, parameter by parameter.
#[derive(Clone, Debug)]
pub struct Group {
    ordered: Vec<Lanes>,
    unordered: Vec<Lanes>,
}

impl Group {
    /// The first [`LANES`] of `xs`, as `kernel` measures them.
    pub fn new(kernel: &Kernel, xs: &[Vec<f64>]) -> Group {
        let lanes = |d: usize, scale: f64| -> Lanes { from_fn(|k| xs.get(k).map_or(0.0, |x| x[d] * scale)) };
        Group {
            ordered: kernel.ordered.iter().map(|(d, inverse)| lanes(*d, *inverse)).collect(),
            unordered: kernel.unordered.iter().map(|(d, _)| lanes(*d, 1.0)).collect(),
        }
    }

    /// Covariances of `known` with each of the group, without noise.
    #[inline]
    pub fn with(&self, kernel: &Kernel, known: &Place) -> Lanes {
        let mut squares = [0.0; LANES];
        for (lanes, y) in self.ordered.iter().zip(&known.ordered) {
            for k in 0..LANES {
                squares[k] += (lanes[k] - y) * (lanes[k] - y);
            }
        }
        for ((lanes, y), (_, w)) in self.unordered.iter().zip(&known.unordered).zip(&kernel.unordered) {
            for k in 0..LANES {
                squares[k] += if lanes[k] == *y { 0.0 } else { *w };
            }
        }
        let scale = kernel.variance * over_resource([known.resource * known.resource; LANES])[0];
        kernel.shape.at(squares).0.map(|shape| scale * shape)
    }
}
