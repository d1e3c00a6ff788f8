//! Domains with a continuous distribution, with and without rounding to multiples of a step.

use std::fmt;

use serde_json::Value;

use super::arithmetic::decimal;
use super::arithmetic::quantization::{Multiples, Quantization};
use super::distribution::{Distribution, NumericDistribution};
use super::{Domain, DomainResult, Geometry, display};
use crate::types::args::{ArgReader, Args};
use crate::types::stream::Stream;

/// The interval [low, high] of possible values; ±∞ if there is no bound.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Support {
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Support {
    /// Whether `x` is inside; the bounds are compared with a tolerance for rounding.
    fn contains(self, x: f64) -> bool {
        x.is_finite()
            && (x >= self.low || decimal::close(x, self.low))
            && (x <= self.high || decimal::close(x, self.high))
    }
}

/// A distribution over the real numbers.
pub(super) trait Continuous: fmt::Debug + Send + Sync {
    /// Draws a value.
    fn draw(&self, stream: &mut Stream) -> f64;
    /// The cumulative distribution function at any finite `x`.
    fn cdf(&self, x: f64) -> f64;
    /// The inverse of [`Continuous::cdf`]; finite for every `unit` in [0, 1].
    fn quantile(&self, unit: f64) -> f64;
    /// The interval of possible draws.
    fn support(&self) -> Support;
    /// A finite upper bound of the absolute value of draws.
    fn max_abs(&self) -> f64;
    /// `, log scale` if the distribution is uniform in the logarithm, otherwise empty.
    fn scale_note(&self) -> &'static str {
        ""
    }
    /// The distribution as data.
    fn distribution(&self) -> Distribution;
    /// The range or parameters as a short text.
    fn describe(&self) -> String;
}

/// A domain without rounding.
#[derive(Debug)]
pub(super) struct Unrounded<C>(pub(super) C);

impl<C: Continuous> Domain for Unrounded<C> {
    fn sample(&self, stream: &mut Stream) -> Value {
        decimal::json(self.0.draw(stream))
    }

    fn normalize(&self, value: &Value) -> Option<Value> {
        value.as_f64().filter(|x| self.0.support().contains(*x)).map(decimal::json)
    }

    fn cardinality(&self) -> Option<u64> {
        None
    }

    fn level(&self, _index: u64) -> Option<Value> {
        None
    }

    fn geometry(&self) -> Geometry {
        Geometry::Ordered
    }

    fn distribution(&self) -> Option<NumericDistribution> {
        Some(NumericDistribution { distribution: self.0.distribution(), step: None })
    }

    fn to_unit(&self, value: &Value) -> Option<f64> {
        value.as_f64().filter(|x| self.0.support().contains(*x)).map(|x| self.0.cdf(x).clamp(0.0, 1.0))
    }

    fn from_unit(&self, unit: f64) -> Value {
        decimal::json(self.0.quantile(clamp_unit(unit)))
    }

    fn describe(&self) -> String {
        self.0.describe()
    }
}

/// A domain whose values are multiples of q within the bounds, if there are any.
#[derive(Debug)]
pub(super) struct Quantized<C> {
    distribution: C,
    quantization: Quantization,
    bounds: Option<Multiples>,
}

impl<C: Continuous> Quantized<C> {
    /// Reads `q` and reports its errors.
    pub(super) fn read(reader: &mut ArgReader<'_>, distribution: C) -> Option<Quantized<C>> {
        let usual = distribution.quantile(0.001).abs().max(distribution.quantile(0.999).abs());
        let quantization = Quantization::read(reader, usual, distribution.max_abs())?;
        let Support { low, high } = distribution.support();
        if !high.is_finite() {
            return Some(Quantized { distribution, quantization, bounds: None });
        }
        let bounds = quantization.multiples_in(low, high);
        if bounds.is_none() {
            let (low, high) = (display::number(low), display::number(high));
            reader.error("q", format!("no multiple of `q` is between {low} and {high}"));
        }
        Some(Quantized { distribution, quantization, bounds: Some(bounds?) })
    }

    fn round(&self, x: f64) -> Value {
        let k = self.quantization.nearest(x);
        self.quantization.value(self.bounds.map_or(k, |b| k.clamp(b.first, b.last)))
    }

    fn position(&self, value: &Value) -> Option<i64> {
        let k = self.quantization.index_of(value)?;
        let inside = match self.bounds {
            Some(bounds) => bounds.first <= k && k <= bounds.last,
            // A positive distribution without an upper bound has a lower bound, and its values can round to zero.
            None => self.distribution.support().low <= self.quantization.number(k),
        };
        inside.then_some(k)
    }
}

impl<C: Continuous> Domain for Quantized<C> {
    fn sample(&self, stream: &mut Stream) -> Value {
        self.round(self.distribution.draw(stream))
    }

    fn normalize(&self, value: &Value) -> Option<Value> {
        self.position(value).map(|k| self.quantization.value(k))
    }

    fn cardinality(&self) -> Option<u64> {
        self.bounds.map(|b| b.last.abs_diff(b.first) + 1)
    }

    fn level(&self, index: u64) -> Option<Value> {
        let bounds = self.bounds?;
        let k = bounds.first.checked_add_unsigned(index).filter(|k| *k <= bounds.last)?;
        Some(self.quantization.value(k))
    }

    fn geometry(&self) -> Geometry {
        Geometry::Ordered
    }

    fn distribution(&self) -> Option<NumericDistribution> {
        let distribution = self.bounds.map_or(self.distribution.distribution(), |b| {
            let [low, high] = [b.first, b.last].map(|k| self.quantization.number(k));
            self.distribution.distribution().with_bounds(low, high)
        });
        Some(NumericDistribution { distribution, step: Some(self.quantization.value(1)) })
    }

    /// The distribution function before rounding.
    fn to_unit(&self, value: &Value) -> Option<f64> {
        self.position(value).map(|k| self.distribution.cdf(self.quantization.number(k)).clamp(0.0, 1.0))
    }

    fn from_unit(&self, unit: f64) -> Value {
        self.round(self.distribution.quantile(clamp_unit(unit)))
    }

    fn describe(&self) -> String {
        let q = display::number(self.quantization.size());
        match self.bounds {
            Some(b) => {
                let [first, last] = [b.first, b.last].map(|k| display::number(self.quantization.number(k)));
                format!("{first} to {last} in steps of {q}{}", self.distribution.scale_note())
            }
            None => format!("{}, in steps of {q}", self.distribution.describe()),
        }
    }
}

/// Builds a domain without rounding.
pub(super) fn unrounded<C: Continuous + 'static>(
    args: &Args,
    read: fn(&mut ArgReader<'_>) -> Option<C>,
) -> DomainResult {
    let mut reader = args.reader();
    let distribution = read(&mut reader);
    reader.finish(|| Some(Box::new(Unrounded(distribution?)) as Box<dyn Domain>))
}

/// Builds a domain whose values are multiples of the argument `q`.
pub(super) fn quantized<C: Continuous + 'static>(
    args: &Args,
    read: fn(&mut ArgReader<'_>) -> Option<C>,
) -> DomainResult {
    let mut reader = args.reader();
    let domain = match read(&mut reader) {
        Some(distribution) => Quantized::read(&mut reader, distribution),
        None => {
            // The distribution is invalid; still check `q`.
            let q = reader.number("q");
            reader.check(q.is_none_or(|q| q > 0.0), "q", "`q` must be above 0");
            None
        }
    };
    reader.finish(|| Some(Box::new(domain?) as Box<dyn Domain>))
}

/// `unit` clamped to [0, 1]; NaN becomes 0.5.
fn clamp_unit(unit: f64) -> f64 {
    if unit.is_nan() { 0.5 } else { unit.clamp(0.0, 1.0) }
}
