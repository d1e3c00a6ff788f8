//! Continuous distributions as domains, plain and quantised.

use std::fmt;

use serde_json::Value;

use super::law::{Continuum, Law};
use super::quantum::{Multiples, Quantum};
use super::{Built, Domain, Geometry, brief, decimal};
use crate::words::args::{Args, Reader};
use crate::words::stream::Stream;

/// Where values lie: [low, high], the ends within rounding; ±∞ where there is no bound.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Support {
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Support {
    fn contains(self, x: f64) -> bool {
        x.is_finite()
            && (x >= self.low || decimal::close(x, self.low))
            && (x <= self.high || decimal::close(x, self.high))
    }
}

/// A distribution over the reals.
pub(super) trait Continuous: fmt::Debug + Send + Sync {
    /// One draw.
    fn draw(&self, stream: &mut Stream) -> f64;
    /// The distribution function: the share of draws at or below `x`, for any finite `x`.
    fn cdf(&self, x: f64) -> f64;
    /// Its inverse; finite for every `unit` in [0, 1].
    fn quantile(&self, unit: f64) -> f64;
    /// Where draws lie.
    fn support(&self) -> Support;
    /// A bound on the size of any draw, finite.
    fn largest(&self) -> f64;
    /// `, log scale`, where that is to be said of a range.
    fn scale_note(&self) -> &'static str {
        ""
    }
    /// Its name and numbers.
    fn law(&self) -> Law;
    /// The effective range in a few words.
    fn describe(&self) -> String;
}

/// A distribution whose draws are taken as they come.
#[derive(Debug)]
pub(super) struct Plain<C>(pub(super) C);

impl<C: Continuous> Domain for Plain<C> {
    fn sample(&self, stream: &mut Stream) -> Value {
        decimal::json(self.0.draw(stream))
    }

    fn settle(&self, value: &Value) -> Option<Value> {
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

    fn continuum(&self) -> Option<Continuum> {
        Some(Continuum { law: self.0.law(), step: None })
    }

    fn to_unit(&self, value: &Value) -> Option<f64> {
        value.as_f64().filter(|x| self.0.support().contains(*x)).map(|x| self.0.cdf(x).clamp(0.0, 1.0))
    }

    fn from_unit(&self, unit: f64) -> Value {
        decimal::json(self.0.quantile(clean(unit)))
    }

    fn describe(&self) -> String {
        self.0.describe()
    }
}

/// A distribution whose draws are rounded to multiples of q; inside the bounds, where there are any.
#[derive(Debug)]
pub(super) struct Quantised<C> {
    law: C,
    quantum: Quantum,
    bounds: Option<Multiples>,
}

impl<C: Continuous> Quantised<C> {
    /// Reads `q`; notes what is wrong with it.
    pub(super) fn read(reader: &mut Reader<'_>, law: C) -> Option<Quantised<C>> {
        let quantum = Quantum::read(reader, law.quantile(0.001).abs().max(law.quantile(0.999).abs()), law.largest())?;
        let Support { low, high } = law.support();
        if !high.is_finite() {
            return Some(Quantised { law, quantum, bounds: None });
        }
        let bounds = quantum.inside(low, high);
        if bounds.is_none() {
            let (low, high) = (brief::number(low), brief::number(high));
            reader.fault("q", format!("no multiple of `q` lies between {low} and {high}"));
        }
        Some(Quantised { law, quantum, bounds: Some(bounds?) })
    }

    fn round(&self, x: f64) -> Value {
        let k = self.quantum.nearest(x);
        self.quantum.value(self.bounds.map_or(k, |b| k.clamp(b.first, b.last)))
    }

    fn position(&self, value: &Value) -> Option<i64> {
        let k = self.quantum.index_of(value)?;
        let inside = match self.bounds {
            Some(bounds) => bounds.first <= k && k <= bounds.last,
            // a law without bounds still has a lower end where it is positive, and zero rounds from there
            None => self.law.support().low <= self.quantum.number(k),
        };
        inside.then_some(k)
    }
}

impl<C: Continuous> Domain for Quantised<C> {
    fn sample(&self, stream: &mut Stream) -> Value {
        self.round(self.law.draw(stream))
    }

    fn settle(&self, value: &Value) -> Option<Value> {
        self.position(value).map(|k| self.quantum.value(k))
    }

    fn cardinality(&self) -> Option<u64> {
        self.bounds.map(|b| b.last.abs_diff(b.first) + 1)
    }

    fn level(&self, index: u64) -> Option<Value> {
        let bounds = self.bounds?;
        let k = bounds.first.checked_add_unsigned(index).filter(|k| *k <= bounds.last)?;
        Some(self.quantum.value(k))
    }

    fn geometry(&self) -> Geometry {
        Geometry::Ordered
    }

    fn continuum(&self) -> Option<Continuum> {
        let law = self.bounds.map_or(self.law.law(), |b| {
            let [least, greatest] = [b.first, b.last].map(|k| self.quantum.number(k));
            self.law.law().between(least, greatest)
        });
        Some(Continuum { law, step: Some(self.quantum.value(1)) })
    }

    /// Through the distribution function of what is rounded.
    fn to_unit(&self, value: &Value) -> Option<f64> {
        self.position(value).map(|k| self.law.cdf(self.quantum.number(k)).clamp(0.0, 1.0))
    }

    fn from_unit(&self, unit: f64) -> Value {
        self.round(self.law.quantile(clean(unit)))
    }

    fn describe(&self) -> String {
        let q = brief::number(self.quantum.size());
        match self.bounds {
            Some(b) => {
                let [first, last] = [b.first, b.last].map(|k| brief::number(self.quantum.number(k)));
                format!("{first} to {last} in steps of {q}{}", self.law.scale_note())
            }
            None => format!("{}, in steps of {q}", self.law.describe()),
        }
    }
}

/// Builds the domain of a law as it is.
pub(super) fn plain<C: Continuous + 'static>(args: &Args, law: fn(&mut Reader<'_>) -> Option<C>) -> Built {
    let mut reader = args.reader();
    let law = law(&mut reader);
    reader.finish(|| Some(Box::new(Plain(law?)) as Box<dyn Domain>))
}

/// Builds the domain of a law rounded to multiples of the argument `q`.
pub(super) fn quantised<C: Continuous + 'static>(args: &Args, law: fn(&mut Reader<'_>) -> Option<C>) -> Built {
    let mut reader = args.reader();
    let domain = match law(&mut reader) {
        Some(law) => Quantised::read(&mut reader, law),
        None => {
            // the law is faulty: still say what is wrong with q
            let q = reader.number("q");
            reader.check(q.is_none_or(|q| q > 0.0), "q", "`q` must be above 0");
            None
        }
    };
    reader.finish(|| Some(Box::new(domain?) as Box<dyn Domain>))
}

/// `unit` inside [0, 1]; NaN becomes the middle.
fn clean(unit: f64) -> f64 {
    if unit.is_nan() { 0.5 } else { unit.clamp(0.0, 1.0) }
}
