//! The domains of imported parameters, as the matrix writes them.

use serde_json::{Map, Number, Value, json};
use thiserror::Error;

use crate::space::catalogue;
use crate::space::{Form, ParamKind};
use crate::types::args::{ArgError, Args};

/// The values of an imported parameter.
#[derive(Clone, PartialEq, Debug)]
pub struct ImportedDomain {
    /// The name of its kind; `None` for a constant.
    pub kind: Option<&'static str>,
    /// The field `value`, or the constant.
    pub value: Value,
}

/// Most values of a parameter with a step: up to here every index is a float.
const MAX_STEPS: f64 = 9_007_199_254_740_991.0;

/// A step that is too small for the range of its parameter.
#[derive(Clone, PartialEq, Debug, Error)]
#[error("`step` {step} is too small for the range from {min} to {max}: there would be more than 2^53 values")]
pub struct StepError {
    step: Number,
    min: Number,
    max: Number,
}

/// `x` as a JSON number, whole numbers as integers. `None` unless it is finite.
pub fn number(x: f64) -> Option<Number> {
    let whole = x.fract() == 0.0 && x.abs() < 1e15;
    if whole { Some(Number::from(x as i64)) } else { Number::from_f64(x) }
}

/// exp(x) with 15 digits, so that exp(ln 10) is 10. `None` unless it is finite.
pub fn exponential(x: f64) -> Option<Number> {
    let value = libm::exp(x);
    number(format!("{value:.14e}").parse().unwrap_or(value))
}

/// Whether two numbers are equal as values.
fn equal(a: &Number, b: &Number) -> bool {
    a.as_f64() == b.as_f64()
}

impl ImportedDomain {
    /// A single value.
    pub fn constant(value: Value) -> ImportedDomain {
        ImportedDomain { kind: None, value }
    }

    fn of(kind: &'static str, value: Value) -> ImportedDomain {
        ImportedDomain { kind: Some(kind), value }
    }

    /// A domain of the kind `kind`, whose `value` the file has in the form of the matrix.
    pub fn same(kind: &'static str, value: Value) -> ImportedDomain {
        ImportedDomain::of(kind, value)
    }

    /// One of `values`, with equal probability.
    pub fn choice(values: Vec<Value>) -> ImportedDomain {
        ImportedDomain::of("choice", Value::Array(values))
    }

    /// One of the values, with probability proportional to its weight ≥ 0.
    pub fn weighted(values: Vec<(Value, f64)>) -> ImportedDomain {
        let sum: f64 = values.iter().map(|(_, weight)| weight).sum();
        let scale = |weight: f64| if (sum - 1.0).abs() < 1e-9 || sum <= 0.0 { weight } else { weight / sum };
        let pairs = values.into_iter().map(|(value, weight)| json!([value, number(scale(weight))]));
        ImportedDomain::of("pchoice", pairs.collect())
    }

    /// The integers from `min` to `max`, both included.
    pub fn int(min: i64, max: i64) -> ImportedDomain {
        if min == max {
            return ImportedDomain::constant(min.into());
        }
        ImportedDomain::of("int", json!({ "min": min, "max": max }))
    }

    /// The integers from `min` to `max`, both included, uniform in the logarithm.
    pub fn log_int(min: i64, max: i64) -> ImportedDomain {
        if min == max {
            return ImportedDomain::constant(min.into());
        }
        ImportedDomain::of("logint", json!({ "min": min, "max": max }))
    }

    /// min, min + step, … up to `max`, which is included if it is reached.
    pub fn stepped_int(min: i64, max: i64, step: i64) -> ImportedDomain {
        match step {
            1 => ImportedDomain::int(min, max),
            _ if min == max => ImportedDomain::constant(min.into()),
            _ => ImportedDomain::of("int", json!({ "min": min, "max": max, "step": step })),
        }
    }

    /// min, min + step, … up to `max`, which is included if it is reached, with equal probability. `step` > 0.
    ///
    /// # Errors
    /// There would be more than 2^53 values.
    pub fn stepped(min: &Number, max: &Number, step: &Number) -> Result<ImportedDomain, StepError> {
        let [low, high, size] = [min, max, step].map(|x| x.as_f64().unwrap_or(0.0));
        let steps = ((high - low) / size + 1e-9).floor();
        if steps < 1.0 {
            return Ok(ImportedDomain::constant(Value::Number(min.clone())));
        }
        let last = low + steps * size;
        let too_small = || StepError { step: step.clone(), min: min.clone(), max: max.clone() };
        let (last_number, count) =
            number(last).zip(number(steps + 1.0)).filter(|_| steps < MAX_STEPS).ok_or_else(too_small)?;
        let stop = if (last - high).abs() <= 1e-9 * size { max.clone() } else { last_number };
        Ok(ImportedDomain::of("linspace", json!([min, stop, count])))
    }

    /// Uniform between two values.
    pub fn uniform(min: Number, max: Number) -> ImportedDomain {
        ImportedDomain::bounded("uniform", min, max, None)
    }

    /// Uniform in the logarithm between two values.
    pub fn log_uniform(min: Number, max: Number) -> ImportedDomain {
        ImportedDomain::bounded("loguniform", min, max, None)
    }

    /// As [`ImportedDomain::uniform`], rounded to multiples of `q`.
    pub fn q_uniform(min: Number, max: Number, q: Number) -> ImportedDomain {
        ImportedDomain::bounded("quniform", min, max, Some(q))
    }

    /// As [`ImportedDomain::log_uniform`], rounded to multiples of `q`.
    pub fn q_log_uniform(min: Number, max: Number, q: Number) -> ImportedDomain {
        ImportedDomain::bounded("qloguniform", min, max, Some(q))
    }

    /// Always with the names `min` and `max`: in a list the bounds of `loguniform` would be exponents.
    fn bounded(kind: &'static str, min: Number, max: Number, q: Option<Number>) -> ImportedDomain {
        if equal(&min, &max) {
            return ImportedDomain::constant(Value::Number(min));
        }
        let mut value = json!({ "min": min, "max": max });
        if let Some(q) = q {
            value["q"] = Value::Number(q);
        }
        ImportedDomain::of(kind, value)
    }

    /// Normal, or with `q` rounded to its multiples.
    pub fn normal(mu: Number, sigma: Number, q: Option<Number>) -> ImportedDomain {
        ImportedDomain::with_moments(["normal", "qnormal"], mu, sigma, q)
    }

    /// exp of a normal draw, or with `q` rounded to its multiples.
    pub fn log_normal(mu: Number, sigma: Number, q: Option<Number>) -> ImportedDomain {
        ImportedDomain::with_moments(["lognormal", "qlognormal"], mu, sigma, q)
    }

    fn with_moments(kinds: [&'static str; 2], mu: Number, sigma: Number, q: Option<Number>) -> ImportedDomain {
        let mut value = json!({ "loc": mu, "scale": sigma });
        let kind = kinds[usize::from(q.is_some())];
        if let Some(q) = q {
            value["q"] = Value::Number(q);
        }
        ImportedDomain::of(kind, value)
    }

    /// The number of values; `None` if it is infinite or the domain is invalid.
    pub fn cardinality(&self) -> Option<u64> {
        let Some(kind) = self.kind else { return Some(1) };
        (catalogue::by_name(kind)?.build)(&args(catalogue::by_name(kind)?, &self.value)?).ok()?.cardinality()
    }

    /// Checks the domain as the matrix does.
    pub fn check(&self) -> Result<(), Vec<ArgError>> {
        let Some(kind) = self.kind.and_then(catalogue::by_name) else { return Ok(()) };
        let Some(args) = args(kind, &self.value) else { return Ok(()) };
        (kind.build)(&args).map(drop)
    }
}

/// The arguments of `kind` in `value`; `None` for a form that only the matrix reads.
fn args(kind: &ParamKind, value: &Value) -> Option<Args> {
    match value {
        Value::Array(_) if kind.forms.iter().any(|form| matches!(form, Form::Items)) => {
            Some(Args::from_iter([("items".to_owned(), value.clone())]))
        }
        Value::Array(items) => {
            let names = kind.forms.iter().find_map(|form| match form {
                Form::Named { required, optional, positional: true } => Some([*required, *optional].concat()),
                _ => None,
            })?;
            Some(names.into_iter().map(str::to_owned).zip(items.iter().cloned()).collect())
        }
        Value::Object(fields) => Some(Map::clone(fields).into_iter().collect()),
        _ => None,
    }
}
