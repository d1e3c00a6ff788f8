//! Domains of equally probable values that are computed by index, so that their number does not matter.

use std::fmt;

use rand::RngExt;
use serde_json::Value;

use super::distribution::NumericDistribution;
use super::{Domain, Geometry, display};
use crate::types::stream::Stream;

/// At least one value, in increasing or decreasing order.
pub(super) trait Sequence: fmt::Debug + Send + Sync {
    /// Number of values, ≥ 1.
    fn count(&self) -> u64;
    /// The value at `index` < count.
    fn at(&self, index: u64) -> Value;
    /// The index of `value`, compared with a tolerance for rounding.
    fn position(&self, value: &Value) -> Option<u64>;
    /// The distribution, if a tuner can draw from it instead of the list of all values.
    fn distribution(&self) -> Option<NumericDistribution> {
        None
    }
    /// A description without a list of values.
    fn describe(&self) -> Option<String> {
        None
    }
}

/// The domain of a sequence.
#[derive(Debug)]
pub(super) struct SequenceDomain<S>(pub(super) S);

impl<S: Sequence> Domain for SequenceDomain<S> {
    fn sample(&self, stream: &mut Stream) -> Value {
        self.0.at(stream.random_range(0..self.0.count()))
    }

    fn normalize(&self, value: &Value) -> Option<Value> {
        self.0.position(value).map(|index| self.0.at(index))
    }

    fn cardinality(&self) -> Option<u64> {
        Some(self.0.count())
    }

    fn level(&self, index: u64) -> Option<Value> {
        (index < self.0.count()).then(|| self.0.at(index))
    }

    fn geometry(&self) -> Geometry {
        Geometry::Ordered
    }

    fn distribution(&self) -> Option<NumericDistribution> {
        self.0.distribution()
    }

    /// (i + ½) / n for the i-th of n values.
    fn to_unit(&self, value: &Value) -> Option<f64> {
        Some((self.0.position(value)? as f64 + 0.5) / self.0.count() as f64)
    }

    fn from_unit(&self, unit: f64) -> Value {
        // The cast saturates, so that NaN and values outside [0, 1] give the first or last value.
        self.0.at(((unit * self.0.count() as f64) as u64).min(self.0.count() - 1))
    }

    fn describe(&self) -> String {
        self.0.describe().unwrap_or_else(|| display::list(self.0.count(), |i| display::value(&self.0.at(i))))
    }
}
