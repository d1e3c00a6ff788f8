//! How values that are not listed are distributed, for programs outside that propose them.

use serde_json::Value;

/// A distribution over the reals.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Law {
    /// Even between two values.
    Uniform {
        /// The least.
        low: f64,
        /// The greatest.
        high: f64,
    },
    /// Even on a log scale between two values, which are given themselves, not as exponents.
    LogUniform {
        /// The least, above 0.
        low: f64,
        /// The greatest.
        high: f64,
    },
    /// Normal.
    Normal {
        /// Mean.
        loc: f64,
        /// Standard deviation.
        scale: f64,
    },
    /// exp of a normal draw.
    LogNormal {
        /// Mean of the logarithm.
        loc: f64,
        /// Standard deviation of the logarithm.
        scale: f64,
    },
}

/// A law, and what its values are rounded to.
#[derive(Clone, PartialEq, Debug)]
pub struct Continuum {
    /// Its bounds are the least and the greatest value after rounding.
    pub law: Law,
    /// Values are multiples of this number: an int where they are ints.
    pub step: Option<Value>,
}

impl Law {
    /// The same with other bounds, where it has any.
    pub(super) fn between(self, least: f64, greatest: f64) -> Law {
        match self {
            Law::Uniform { .. } => Law::Uniform { low: least, high: greatest },
            Law::LogUniform { .. } => Law::LogUniform { low: least, high: greatest },
            unbounded => unbounded,
        }
    }
}
