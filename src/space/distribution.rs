//! The distributions of numeric parameters, as data for external tuners.

use serde_json::Value;

/// A distribution over the real numbers.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Distribution {
    /// Uniform between two values.
    Uniform {
        /// Lower bound.
        low: f64,
        /// Upper bound.
        high: f64,
    },
    /// Uniform in the logarithm. The bounds are values, not exponents.
    LogUniform {
        /// Lower bound, > 0.
        low: f64,
        /// Upper bound.
        high: f64,
    },
    /// Normal.
    Normal {
        /// Mean.
        loc: f64,
        /// Standard deviation.
        scale: f64,
    },
    /// The exponential function of a normal variable.
    LogNormal {
        /// Mean of the logarithm.
        loc: f64,
        /// Standard deviation of the logarithm.
        scale: f64,
    },
}

/// A distribution and the step to which its values are rounded.
#[derive(Clone, PartialEq, Debug)]
pub struct NumericDistribution {
    /// Its bounds are the smallest and largest value after rounding.
    pub distribution: Distribution,
    /// Values are multiples of this number, which is an integer if the values are integers.
    pub step: Option<Value>,
}

impl Distribution {
    /// Whether it is the distribution of a variable whose logarithm has a simple one.
    pub fn is_logarithmic(self) -> bool {
        matches!(self, Distribution::LogUniform { .. } | Distribution::LogNormal { .. })
    }

    /// Replaces the bounds, if there are any.
    pub(super) fn with_bounds(self, low: f64, high: f64) -> Distribution {
        match self {
            Distribution::Uniform { .. } => Distribution::Uniform { low, high },
            Distribution::LogUniform { .. } => Distribution::LogUniform { low, high },
            unbounded => unbounded,
        }
    }
}
