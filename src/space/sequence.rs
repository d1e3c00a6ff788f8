//! Domains whose values form a sequence that is computed by index and drawn from evenly, however long it is.

use std::fmt;

use rand::RngExt;
use serde_json::Value;

use super::{Domain, Geometry, brief};
use crate::words::stream::Stream;

/// Ordered values, computed by index; never empty.
pub(super) trait Sequence: fmt::Debug + Send + Sync {
    /// How many, ≥ 1.
    fn count(&self) -> u64;
    /// The value at `index` < count.
    fn at(&self, index: u64) -> Value;
    /// Where `value` is, if it is among them (within rounding).
    fn position(&self, value: &Value) -> Option<u64>;
}

/// A sequence whose values are equally likely.
#[derive(Debug)]
pub(super) struct Evenly<S>(pub(super) S);

impl<S: Sequence> Domain for Evenly<S> {
    fn sample(&self, stream: &mut Stream) -> Value {
        self.0.at(stream.random_range(0..self.0.count()))
    }

    fn settle(&self, value: &Value) -> Option<Value> {
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

    /// Centres of equal cells: (i + ½) / n.
    fn to_unit(&self, value: &Value) -> Option<f64> {
        Some((self.0.position(value)? as f64 + 0.5) / self.0.count() as f64)
    }

    fn from_unit(&self, unit: f64) -> Value {
        // the cast saturates, so that NaN and anything outside [0, 1] lands on an end
        self.0.at(((unit * self.0.count() as f64) as u64).min(self.0.count() - 1))
    }

    fn describe(&self) -> String {
        brief::listing(self.0.count(), |i| brief::value(&self.0.at(i)))
    }
}
