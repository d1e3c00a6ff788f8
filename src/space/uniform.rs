//! `uniform`, `loguniform` and their forms rounded to multiples of q.

use rand::RngExt;

use super::arithmetic::decimal;
use super::continuous::{Continuous, Support, quantized, unrounded};
use super::distribution::Distribution;
use super::{Form, ParamKind, display};
use crate::types::args::{ArgReader, Args};
use crate::types::stream::Stream;

const LOW_HIGH: Form = Form::Named { required: &["low", "high"], optional: &[], positional: true };
const MIN_MAX: Form = Form::Named { required: &["min", "max"], optional: &[], positional: false };
const LOW_HIGH_Q: Form = Form::Named { required: &["low", "high", "q"], optional: &[], positional: true };
const MIN_MAX_Q: Form = Form::Named { required: &["min", "max", "q"], optional: &[], positional: false };

/// `uniform`: a uniform draw from [low, high).
pub static UNIFORM: ParamKind = ParamKind {
    name: "uniform",
    forms: &[LOW_HIGH, MIN_MAX],
    build: |args| unrounded(args, uniform),
    advice: |_| None,
};

/// `loguniform`: exp of a uniform draw from [low, high), which are natural logarithms; or `{min, max}`, the bounds of the values.
pub static LOGUNIFORM: ParamKind = ParamKind {
    name: "loguniform",
    forms: &[LOW_HIGH, MIN_MAX],
    build: |args| unrounded(args, log_uniform),
    advice: |args| exponent_advice(args, "loguniform"),
};

/// `quniform`: a uniform draw rounded to multiples of q, inside [low, high].
pub static QUNIFORM: ParamKind = ParamKind {
    name: "quniform",
    forms: &[LOW_HIGH_Q, MIN_MAX_Q],
    build: |args| quantized(args, uniform),
    advice: |_| None,
};

/// `qloguniform`: a loguniform draw rounded to multiples of q, inside [exp(low), exp(high)] or [min, max].
pub static QLOGUNIFORM: ParamKind = ParamKind {
    name: "qloguniform",
    forms: &[LOW_HIGH_Q, MIN_MAX_Q],
    build: |args| quantized(args, log_uniform),
    advice: |args| exponent_advice(args, "qloguniform"),
};

/// Maximum absolute value of an exponent: exp(±708) is a normal float, exp(710) is infinite and exp(−709) subnormal.
pub(super) const MAX_EXPONENT: f64 = 708.0;

#[derive(Debug)]
struct Uniform {
    low: f64,
    high: f64,
}

/// Reads the bounds `min` and `max`, or `low` and `high`; returns them with their names.
fn bounds(reader: &mut ArgReader<'_>) -> Option<([f64; 2], [&'static str; 2])> {
    let has_values = reader.raw("min").is_some() || reader.raw("max").is_some();
    let names = if has_values { ["min", "max"] } else { ["low", "high"] };
    let [low, high] = names.map(|name| reader.number(name));
    let (low, high) = (low?, high?);
    if low >= high {
        let [first, second] = names;
        let [above, below] = [high, low].map(display::number);
        reader.error(second, format!("`{second}` ({above}) must be above `{first}` ({below})"));
        return None;
    }
    Some(([low, high], names))
}

fn uniform(reader: &mut ArgReader<'_>) -> Option<Uniform> {
    let ([low, high], names) = bounds(reader)?;
    let finite = (high - low).is_finite();
    reader.check(finite, names[1], "`low` and `high` are too far apart: the width is not a finite number");
    finite.then_some(Uniform { low, high })
}

impl Continuous for Uniform {
    fn draw(&self, stream: &mut Stream) -> f64 {
        self.quantile(stream.random())
    }

    fn cdf(&self, x: f64) -> f64 {
        (x - self.low) / (self.high - self.low)
    }

    fn quantile(&self, unit: f64) -> f64 {
        // Rounding can give the excluded upper bound.
        (self.low + unit * (self.high - self.low)).clamp(self.low, self.high.next_down())
    }

    fn support(&self) -> Support {
        Support { low: self.low, high: self.high }
    }

    fn max_abs(&self) -> f64 {
        self.low.abs().max(self.high.abs())
    }

    fn distribution(&self) -> Distribution {
        Distribution::Uniform { low: self.low, high: self.high }
    }

    fn describe(&self) -> String {
        format!("{} to {}", display::number(self.low), display::number(self.high))
    }
}

/// Uniform in the logarithm on [min, max).
#[derive(Debug)]
struct LogUniform {
    exponents: Uniform,
    min: f64,
    max: f64,
}

fn log_uniform(reader: &mut ArgReader<'_>) -> Option<LogUniform> {
    let ([low, high], names) = bounds(reader)?;
    if names[0] == "min" {
        let positive = low.is_normal() && low > 0.0;
        reader.check(positive, "min", format!("`min` on a log scale must be above 0, found {low}"));
        let exponents = Uniform { low: libm::log(low), high: libm::log(high) };
        return positive.then_some(LogUniform { exponents, min: low, max: high });
    }
    for (name, exponent) in names.into_iter().zip([low, high]) {
        if exponent.abs() > MAX_EXPONENT {
            let message = format!("exp({exponent}) is outside the range of floats: `{name}` is a natural-log exponent");
            reader.error(name, message);
        }
    }
    reader.has_no_errors().then_some(())?;
    // exp(ln 100) is to be 100.
    let [min, max] = [low, high].map(|exponent| decimal::round_short(libm::exp(exponent)));
    reader.check(min < max, "high", "`low` and `high` are too close to each other");
    (min < max).then_some(LogUniform { exponents: Uniform { low, high }, min, max })
}

impl Continuous for LogUniform {
    fn draw(&self, stream: &mut Stream) -> f64 {
        self.quantile(stream.random())
    }

    fn cdf(&self, x: f64) -> f64 {
        self.exponents.cdf(libm::log(x))
    }

    fn quantile(&self, unit: f64) -> f64 {
        libm::exp(self.exponents.quantile(unit)).clamp(self.min, self.max.next_down())
    }

    fn support(&self) -> Support {
        Support { low: self.min, high: self.max }
    }

    fn max_abs(&self) -> f64 {
        self.max
    }

    fn scale_note(&self) -> &'static str {
        ", log scale"
    }

    fn distribution(&self) -> Distribution {
        Distribution::LogUniform { low: self.min, high: self.max }
    }

    fn describe(&self) -> String {
        format!("{} to {}{}", display::number(self.min), display::number(self.max), self.scale_note())
    }
}

/// Warns if the exponents are probably meant as values: 0 < low < high ≤ 1.
fn exponent_advice(args: &Args, kind: &str) -> Option<String> {
    let [low, high] = ["low", "high"].map(|name| args.get(name).and_then(serde_json::Value::as_f64));
    let (low, high) = (low?, high?);
    if !(0.0 < low && low < high && high <= 1.0) {
        return None;
    }
    let q = args.get("q").map(|q| format!(", q: {q}")).unwrap_or_default();
    Some(format!(
        "`{kind}` takes natural-log exponents, so this draws values from {} to {}; for values from {low} to {high} write \
         `value: {{min: {low}, max: {high}{q}}}`, which is the same as the exponents `value: {{low: {}, high: {}{q}}}`",
        display::number(libm::exp(low)),
        display::number(libm::exp(high)),
        display::number(libm::log(low)),
        display::number(libm::log(high)),
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{LOGUNIFORM, QLOGUNIFORM, QUNIFORM, UNIFORM};
    use crate::space::tests::{all, args, domain, draws, error, moments, shares};

    #[test]
    fn uniform_draws_have_the_moments_of_the_distribution() {
        let found = draws(&UNIFORM, json!([-1, 3]), 20_000);
        assert!(found.iter().all(|x| (-1.0..3.0).contains(x)));
        let (mean, deviation) = moments(found.iter().copied());
        // 4 / √12.
        assert!((mean - 1.0).abs() < 0.04 && (deviation - 1.1547).abs() < 0.02, "{mean} {deviation}");
    }

    #[test]
    fn the_upper_bound_is_never_drawn() {
        for pair in [json!([0.0, 5e-324]), json!([1.0, 1.0000000000000002]), json!([-1e300, 1e300])] {
            let high = pair[1].as_f64().unwrap();
            assert!(domain(&UNIFORM, pair).from_unit(1.0).as_f64().unwrap() < high);
        }
        assert!(domain(&LOGUNIFORM, json!({"min": 0.1, "max": 10})).from_unit(1.0).as_f64().unwrap() < 10.0);
    }

    #[test]
    fn loguniform_takes_exponents_or_values() {
        for spelling in [json!([-6.907755278982137, 0]), json!({"min": 0.001, "max": 1})] {
            let found = draws(&LOGUNIFORM, spelling.clone(), 20_000);
            assert!(found.iter().all(|x| (0.001..1.0).contains(x)));
            let (mean, deviation) = moments(found.iter().map(|x| x.ln()));
            assert!((mean + 3.4539).abs() < 0.06 && (deviation - 1.9941).abs() < 0.03, "{mean} {deviation}");
            assert_eq!(domain(&LOGUNIFORM, spelling).describe(), "0.001 to 1, log scale");
        }
    }

    #[test]
    fn quantized_draws_are_exact_multiples_within_the_bounds() {
        assert_eq!(all(&QUNIFORM, json!([0, 0.5, 0.1])).to_string(), "[0.0,0.1,0.2,0.3,0.4,0.5]");
        assert_eq!(all(&QUNIFORM, json!([0, 10, 3])).to_string(), "[0,3,6,9]");
        assert_eq!(all(&QUNIFORM, json!([1, 10, 3])).to_string(), "[3,6,9]");
        assert_eq!(all(&QUNIFORM, json!([-0.05, 0.15, 0.1])).to_string(), "[0.0,0.1]");
        assert_eq!(all(&QLOGUNIFORM, json!({"min": 16, "max": 80, "q": 16})).to_string(), "[16,32,48,64,80]");
        assert_eq!(all(&QLOGUNIFORM, json!([0, 2, 1])).to_string(), "[1,2,3,4,5,6,7]");
        // The first and last multiple have half the probability of the others.
        for (share, p) in shares(&QUNIFORM, json!([0, 4, 1]), 20_000).iter().zip([0.125, 0.25, 0.25, 0.25, 0.125]) {
            assert!((share - p).abs() < 0.015, "{share} for {p}");
        }
    }

    #[test]
    fn invalid_bounds_are_rejected() {
        insta::assert_snapshot!(error(&UNIFORM, json!([1, 1])), @r#"Key("high") `high` (1) must be above `low` (1)"#);
        insta::assert_snapshot!(error(&UNIFORM, json!({"min": 3, "max": 2})), @r#"Key("max") `max` (2) must be above `min` (3)"#);
        insta::assert_snapshot!(error(&UNIFORM, json!([-1e308, 1e308])), @r#"Key("high") `low` and `high` are too far apart: the width is not a finite number"#);
        insta::assert_snapshot!(error(&UNIFORM, json!([0])), @r#"Key("high") `high` is missing"#);
        insta::assert_snapshot!(error(&LOGUNIFORM, json!([-800, 710])), @r#"
    Key("low") exp(-800) is outside the range of floats: `low` is a natural-log exponent
    Key("high") exp(710) is outside the range of floats: `high` is a natural-log exponent
    "#);
        insta::assert_snapshot!(error(&LOGUNIFORM, json!({"min": 0, "max": 1})), @r#"Key("min") `min` on a log scale must be above 0, found 0"#);
        insta::assert_snapshot!(error(&QUNIFORM, json!([0.2, 0.8, 1])), @r#"Key("q") no multiple of `q` is between 0.2 and 0.8"#);
        insta::assert_snapshot!(error(&QUNIFORM, json!([3, 1, 0])), @r#"
    Key("high") `high` (1) must be above `low` (3)
    Key("q") `q` must be above 0
    "#);
        insta::assert_snapshot!(error(&QUNIFORM, json!([0, 1e10, 1e-9])), @r#"Key("q") `q` (1e-9) is too small for values of this size"#);
    }

    #[test]
    fn exponents_that_look_like_values_are_warned_about() {
        let advice = |value| (LOGUNIFORM.advice)(&args(&LOGUNIFORM, &value));
        insta::assert_snapshot!(advice(json!([0.01, 0.1])).unwrap(), @"`loguniform` takes natural-log exponents, so this draws values from 1.01005 to 1.10517; for values from 0.01 to 0.1 write `value: {min: 0.01, max: 0.1}`, which is the same as the exponents `value: {low: -4.60517, high: -2.30259}`");
        assert_eq!(advice(json!([-3, -1])), None);
        assert_eq!(advice(json!([0, 1])), None);
        assert_eq!(advice(json!({"min": 0.01, "max": 0.1})), None);
        insta::assert_snapshot!((QLOGUNIFORM.advice)(&args(&QLOGUNIFORM, &json!([0.1, 1, 0.1]))).unwrap(), @"`qloguniform` takes natural-log exponents, so this draws values from 1.10517 to 2.71828; for values from 0.1 to 1 write `value: {min: 0.1, max: 1, q: 0.1}`, which is the same as the exponents `value: {low: -2.30259, high: 0, q: 0.1}`");
    }
}
