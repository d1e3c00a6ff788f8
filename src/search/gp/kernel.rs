//! Covariance of a configuration's value at one resource with another's at another resource.
//!
//! k((x, t), (x', t')) = s²·M(x, x')·T(t, t'), with M a stationary kernel with one length per parameter (ARD) and T a squared
//! exponential over the log resource: readings at a nearby resource say much about a configuration, those at a far one little. A long
//! length along t makes all resources one.

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
    /// (k, g) at squared scaled distance `square`, with k(0) = 1 and g = −k′(r)/r.
    pub fn at(self, square: f64) -> (f64, f64) {
        match self {
            Shape::Exponential => {
                let r = square.sqrt();
                let e = libm::exp(-r);
                (e, e / r.max(1e-9))
            }
            Shape::Matern32 => {
                let r = (3.0 * square).sqrt();
                let e = libm::exp(-r);
                ((1.0 + r) * e, 3.0 * e)
            }
            Shape::Matern52 => {
                let r = (5.0 * square).sqrt();
                let e = libm::exp(-r);
                ((1.0 + r + r * r / 3.0) * e, 5.0 / 3.0 * (1.0 + r) * e)
            }
            Shape::Gaussian => {
                let e = libm::exp(-0.5 * square);
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

/// A kernel ready to be evaluated.
#[derive(Clone, Debug)]
pub struct Kernel {
    shape: Shape,
    axes: Vec<Axis>,
    inverse_squares: Vec<f64>,
    inverse_resource_square: f64,
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
        Kernel {
            shape,
            axes: axes.to_vec(),
            inverse_squares: hyper.lengths.iter().map(|l| libm::exp(-2.0 * l)).collect(),
            inverse_resource_square: libm::exp(-2.0 * hyper.resource_length),
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

    /// Scaled squared distance along parameter `d`.
    pub fn square(&self, d: usize, a: &Point, b: &Point) -> f64 {
        let step = self.axes[d].difference(a.x[d], b.x[d]);
        step * step * self.inverse_squares[d]
    }

    /// Covariance of `a` and `b`, without noise, with its parts.
    pub fn parts(&self, a: &Point, b: &Point) -> Parts {
        let mut square = 0.0;
        for (((axis, w), x), y) in self.axes.iter().zip(&self.inverse_squares).zip(&a.x).zip(&b.x) {
            let step = axis.difference(*x, *y);
            square += step * step * w;
        }
        let (shape, slope) = self.shape.at(square);
        let step = a.t - b.t;
        let resource_square = step * step * self.inverse_resource_square;
        let resource = if resource_square == 0.0 { 1.0 } else { libm::exp(-0.5 * resource_square) };
        let scale = self.variance * resource;
        Parts { value: shape * scale, slope: slope * scale, resource_square }
    }

    /// Covariance of `a` and `b`, without noise.
    pub fn at(&self, a: &Point, b: &Point) -> f64 {
        self.parts(a, b).value
    }

    /// Adds `weight`·∂k(a, b)/∂aₓ to `gradient`, for ordered parameters.
    pub fn add_gradient(&self, a: &Point, b: &Point, parts: &Parts, weight: f64, gradient: &mut [f64]) {
        let scale = -weight * parts.slope;
        for (d, axis) in self.axes.iter().enumerate() {
            if *axis == Axis::Ordered {
                gradient[d] += scale * (a.x[d] - b.x[d]) * self.inverse_squares[d];
            }
        }
    }
}
