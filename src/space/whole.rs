//! `int` and `logint`: whole numbers between two bounds, both included.

use rand::RngExt;
use serde_json::Value;

use super::distribution::{Distribution, NumericDistribution};
use super::sequence::{Sequence, SequenceDomain};
use super::{Domain, DomainResult, Form, Geometry, ParamKind};
use crate::types::args::{ArgReader, Args};
use crate::types::stream::Stream;

/// `int`: the whole numbers `min`, min + `step`, … up to `max`, with equal probability. `step` is 1 or more, by default 1.
pub static INT: ParamKind = ParamKind {
    name: "int",
    forms: &[Form::Named { required: &["min", "max"], optional: &["step"], positional: true }],
    build: build_int,
    advice: |_| None,
};

/// `logint`: the whole numbers from `min` ≥ 1 to `max`. The probability of k is proportional to ln((k + ½) / (k − ½)), that of a
/// log-uniform draw between min − ½ and max + ½ that is rounded to k, as in Optuna's `suggest_int(log=True)`.
pub static LOGINT: ParamKind = ParamKind {
    name: "logint",
    forms: &[Form::Named { required: &["min", "max"], optional: &[], positional: true }],
    build: build_logint,
    advice: |_| None,
};

/// Reads the bounds, which may be equal.
fn bounds(reader: &mut ArgReader<'_>) -> Option<(i64, i64)> {
    let (min, max) = (reader.integer("min"), reader.integer("max"));
    let (min, max) = (min?, max?);
    reader.check(min <= max, "max", format!("`max` ({max}) must not be below `min` ({min})"));
    (min <= max).then_some((min, max))
}

fn build_int(args: &Args) -> DomainResult {
    let mut reader = args.reader();
    let bounds = bounds(&mut reader);
    let step = reader.optional_positive("step").unwrap_or(1);
    reader.finish(|| {
        let (min, max) = bounds?;
        Some(Box::new(SequenceDomain(Whole { min, step, count: max.abs_diff(min) / step + 1 })) as Box<dyn Domain>)
    })
}

fn build_logint(args: &Args) -> DomainResult {
    let mut reader = args.reader();
    let bounds = bounds(&mut reader);
    if let Some((min, _)) = bounds {
        reader.check(min >= 1, "min", format!("`min` on a log scale must be 1 or more, found {min}"));
    }
    reader.finish(|| {
        let (min, max) = bounds?;
        Some(Box::new(LogWhole::new(min, max)) as Box<dyn Domain>)
    })
}

/// `value` as a whole number; floats count if they are whole.
fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_f64().filter(|x| x.fract() == 0.0 && x.abs() <= 9e15).map(|x| x as i64))
}

/// min + i·step for i from 0 to count − 1.
#[derive(Debug)]
struct Whole {
    min: i64,
    step: u64,
    count: u64,
}

impl Sequence for Whole {
    fn count(&self) -> u64 {
        self.count
    }

    fn at(&self, index: u64) -> Value {
        // at most `max`
        self.min.saturating_add_unsigned(index.saturating_mul(self.step)).into()
    }

    fn position(&self, value: &Value) -> Option<u64> {
        let offset = whole(value).filter(|k| *k >= self.min)?.abs_diff(self.min);
        (offset % self.step == 0).then_some(offset / self.step).filter(|index| *index < self.count)
    }

    fn distribution(&self) -> Option<NumericDistribution> {
        let max = self.min.saturating_add_unsigned(self.count - 1);
        let distribution = Distribution::Uniform { low: self.min as f64, high: max as f64 };
        (self.step == 1).then(|| NumericDistribution { distribution, step: Some(1.into()) })
    }

    fn describe(&self) -> Option<String> {
        let last = self.at(self.count - 1);
        let step = if self.step == 1 { String::new() } else { format!(" in steps of {}", self.step) };
        (self.count > 1).then(|| format!("{} to {last}{step}", self.min))
    }
}

/// The whole numbers from `min` to `max`, by the logarithm.
#[derive(Debug)]
struct LogWhole {
    min: i64,
    max: i64,
    /// ln(min − ½).
    start: f64,
    /// ln(max + ½) − ln(min − ½).
    width: f64,
}

impl LogWhole {
    fn new(min: i64, max: i64) -> LogWhole {
        let start = libm::log(min as f64 - 0.5);
        LogWhole { min, max, start, width: libm::log(max as f64 + 0.5) - start }
    }

    fn position(&self, value: &Value) -> Option<i64> {
        whole(value).filter(|k| (self.min..=self.max).contains(k))
    }
}

impl Domain for LogWhole {
    fn sample(&self, stream: &mut Stream) -> Value {
        self.from_unit(stream.random())
    }

    fn normalize(&self, value: &Value) -> Option<Value> {
        self.position(value).map(Value::from)
    }

    fn cardinality(&self) -> Option<u64> {
        Some(self.max.abs_diff(self.min) + 1)
    }

    fn level(&self, index: u64) -> Option<Value> {
        self.min.checked_add_unsigned(index).filter(|k| *k <= self.max).map(Value::from)
    }

    fn geometry(&self) -> Geometry {
        Geometry::Ordered
    }

    fn distribution(&self) -> Option<NumericDistribution> {
        let distribution = Distribution::LogUniform { low: self.min as f64, high: self.max as f64 };
        Some(NumericDistribution { distribution, step: Some(1.into()) })
    }

    /// The middle of an interval whose width is the number's probability.
    fn to_unit(&self, value: &Value) -> Option<f64> {
        let k = self.position(value)? as f64;
        let middle = 0.5 * (libm::log(k - 0.5) + libm::log(k + 0.5));
        Some(((middle - self.start) / self.width).clamp(0.0, 1.0))
    }

    fn from_unit(&self, unit: f64) -> Value {
        let unit = if unit.is_nan() { 0.5 } else { unit.clamp(0.0, 1.0) };
        let x = libm::exp(self.start + unit * self.width);
        // rounding errors at the ends of the interval give a neighbour of a bound
        (libm::round(x) as i64).clamp(self.min, self.max).into()
    }

    fn describe(&self) -> String {
        match self.min == self.max {
            true => self.min.to_string(),
            false => format!("{} to {}, log scale", self.min, self.max),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{INT, LOGINT};
    use crate::space::tests::{all, domain, error, shares};

    #[test]
    fn both_bounds_are_drawn_and_all_numbers_are_equally_probable() {
        for share in shares(&INT, json!([-2, 5]), 16_000) {
            assert!((share - 0.125).abs() < 0.01, "{share}");
        }
        assert_eq!(all(&INT, json!([-1, 2])).to_string(), "[-1,0,1,2]");
        assert_eq!(all(&INT, json!({"min": 16, "max": 60, "step": 16})), json!([16, 32, 48]));
        assert_eq!(all(&INT, json!([1.0, 3.0])).to_string(), "[1,2,3]");
        assert_eq!(all(&INT, json!([7, 7])), json!([7]));
    }

    #[test]
    fn a_logint_draws_each_number_with_its_share_of_the_logarithm() {
        let found = shares(&LOGINT, json!([1, 20]), 60_000);
        let all = (20.5f64 / 0.5).ln();
        for (share, k) in found.iter().zip(1..) {
            let expected = ((f64::from(k) + 0.5) / (f64::from(k) - 0.5)).ln() / all;
            assert!((share - expected).abs() < 0.006, "{k}: {share} for {expected}");
        }
        assert!(found.iter().all(|share| *share > 0.0));
    }

    #[test]
    fn every_number_survives_the_unit_interval() {
        for (kind, value) in [(&INT, json!([-40, 700])), (&LOGINT, json!([1, 3000])), (&LOGINT, json!([5, 5]))] {
            let domain = domain(kind, value);
            for index in 0..domain.cardinality().unwrap() {
                let level = domain.level(index).unwrap();
                assert_eq!(domain.from_unit(domain.to_unit(&level).unwrap()), level);
            }
        }
    }

    #[test]
    fn membership_is_exact() {
        let layers = domain(&INT, json!([1, 8]));
        assert_eq!(layers.normalize(&json!(3.0)), Some(json!(3)));
        assert!(!layers.contains(&json!(0)) && !layers.contains(&json!(9)) && !layers.contains(&json!(2.5)));
        assert!(!layers.contains(&json!("3")) && !layers.contains(&json!(1e300)) && !layers.contains(&json!(true)));
        let widths = domain(&LOGINT, json!([8, 512]));
        assert!(widths.contains(&json!(512)) && !widths.contains(&json!(7)) && !widths.contains(&json!(8.5)));
    }

    #[test]
    fn the_largest_bounds_work() {
        for kind in [&INT, &LOGINT] {
            let wide = domain(kind, json!([1, 9_000_000_000_000_000_u64]));
            assert_eq!(wide.from_unit(1.0), json!(9_000_000_000_000_000_u64));
            assert_eq!(wide.from_unit(0.0), json!(1));
        }
        assert_eq!(domain(&INT, json!([-9e15, 9e15])).cardinality(), Some(18_000_000_000_000_001));
    }

    #[test]
    fn invalid_bounds_are_rejected() {
        insta::assert_snapshot!(error(&INT, json!([8, 1])), @r#"Key("max") `max` (1) must not be below `min` (8)"#);
        insta::assert_snapshot!(error(&INT, json!([1.5, 1e16])), @r#"
        Key("min") `min` must be a whole number, found the number 1.5
        Key("max") `max` must be a whole number between -9e15 and 9e15, found the number 1e+16
        "#);
        insta::assert_snapshot!(error(&INT, json!([1, 8, 0])), @r#"Key("step") `step` must be a whole number, 1 or more, found the number 0"#);
        insta::assert_snapshot!(error(&LOGINT, json!([0, 8])), @r#"Key("min") `min` on a log scale must be 1 or more, found 0"#);
        insta::assert_snapshot!(error(&LOGINT, json!([1])), @r#"Key("max") `max` is missing"#);
    }
}
