//! `linspace`, `logspace`, `geomspace`: a given number of floats from start to stop, both included, as in NumPy.

use serde_json::Value;

use super::arithmetic::decimal::{self, Decimal};
use super::sequence::{Sequence, SequenceDomain};
use super::{Domain, DomainResult, Form, ParamKind};
use crate::types::args::{ArgReader, Args};

const START_STOP_NUM: Form = Form::Named { required: &["start", "stop", "num"], optional: &[], positional: true };

/// `linspace`: `num` ≥ 1 equally spaced floats from `start` to `stop`.
pub static LINSPACE: ParamKind = ParamKind {
    name: "linspace",
    forms: &[START_STOP_NUM],
    build: |args| build(args, |_, start, stop, num| Some(Formula::Linear(Linspace::new(start, stop, num)?))),
    advice: |_| None,
};

/// `logspace`: `base` (default 10) to the powers of a linspace from `start` to `stop`.
pub static LOGSPACE: ParamKind = ParamKind {
    name: "logspace",
    forms: &[Form::Named { required: &["start", "stop", "num"], optional: &["base"], positional: true }],
    build: |args| build(args, powers),
    advice: |_| None,
};

/// `geomspace`: `num` values with equal ratios from `start` to `stop`, which are exact.
pub static GEOMSPACE: ParamKind =
    ParamKind { name: "geomspace", forms: &[START_STOP_NUM], build: |args| build(args, ratios), advice: |_| None };

/// Maximum number of values: up to it a 64-bit float represents every index.
const MAX_NUM: u64 = 1 << 53;

/// The formula of a value.
#[derive(Debug)]
enum Formula {
    /// Equal differences.
    Linear(Linspace),
    /// base^exponent.
    Powers { base: f64, exponents: Linspace },
    /// sign·start^(1−t)·stop^t for t from 0 to 1, with positive `start` and `stop`.
    Ratios { sign: f64, start: f64, stop: f64 },
}

#[derive(Debug)]
struct Spaced {
    num: u64,
    formula: Formula,
}

type MakeFormula = fn(&mut ArgReader<'_>, f64, f64, u64) -> Option<Formula>;

fn build(args: &Args, formula: MakeFormula) -> DomainResult {
    let mut reader = args.reader();
    let (start, stop, num) = (reader.number("start"), reader.number("stop"), reader.count("num"));
    if num == Some(0) || num > Some(MAX_NUM) {
        reader.error("num", "`num` must be at least 1 and at most 2^53");
    }
    let spaced = match (start, stop, num) {
        (Some(start), Some(stop), Some(num)) if reader.has_no_errors() => {
            spaced(&mut reader, start, stop, num, formula)
        }
        _ => None,
    };
    reader.finish(|| Some(Box::new(SequenceDomain(spaced?)) as Box<dyn Domain>))
}

fn spaced(reader: &mut ArgReader<'_>, start: f64, stop: f64, num: u64, formula: MakeFormula) -> Option<Spaced> {
    let Some(formula) = formula(reader, start, stop, num) else {
        if reader.has_no_errors() {
            reader.error_at(Vec::new(), "start and stop are too far apart in magnitude for exact steps", None);
        }
        return None;
    };
    let spaced = Spaced { num, formula };
    let same = |i| spaced.number(i) == spaced.number(i + 1);
    if num > 1 && (same(0) || same(num - 2)) {
        let message = format!("start and stop are too close to each other for {num} distinct values");
        reader.error_at(Vec::new(), message, Some("for a single value write `num: 1`".into()));
        return None;
    }
    Some(spaced)
}

fn powers(reader: &mut ArgReader<'_>, start: f64, stop: f64, num: u64) -> Option<Formula> {
    let base = reader.optional_number("base").unwrap_or(10.0);
    reader.check(base > 0.0 && base != 1.0, "base", format!("`base` must be above 0 and not 1, found {base}"));
    for (name, exponent) in [("start", start), ("stop", stop)] {
        let fits = libm::pow(base, exponent).is_normal();
        reader.check(fits, name, format!("{base} to the power of {exponent} is outside the range of floats"));
    }
    reader.has_no_errors().then_some(())?;
    Some(Formula::Powers { base, exponents: Linspace::new(start, stop, num)? })
}

fn ratios(reader: &mut ArgReader<'_>, start: f64, stop: f64, _num: u64) -> Option<Formula> {
    for (name, end) in [("start", start), ("stop", stop)] {
        reader.check(end.is_normal(), name, format!("`{name}` of a geomspace must not be 0, found {end}"));
    }
    let opposite = (start < 0.0) != (stop < 0.0);
    reader.check(!opposite, "stop", "`start` and `stop` of a geomspace must have the same sign");
    reader.has_no_errors().then_some(())?;
    Some(Formula::Ratios { sign: 1f64.copysign(start), start: start.abs(), stop: stop.abs() })
}

/// (start·(n − i) + stop·i)/n·10^exponent for i from 0 to n, the number of intervals.
#[derive(Debug)]
struct Linspace {
    start: i128,
    stop: i128,
    exponent: i32,
    intervals: u64,
}

impl Linspace {
    /// `None` if the sums need more than 36 digits.
    fn new(start: f64, stop: f64, num: u64) -> Option<Linspace> {
        let ([start, stop], exponent) = decimal::align([Decimal::from_f64(start)?, Decimal::from_f64(stop)?])?;
        let intervals = num - 1;
        let largest = start.abs().max(stop.abs()).checked_mul(i128::from(intervals.max(1)))?;
        (largest < 10i128.pow(36)).then_some(Linspace { start, stop, exponent, intervals })
    }

    fn at(&self, index: u64) -> f64 {
        if self.intervals == 0 {
            return decimal::to_f64(self.start, self.exponent);
        }
        // A weighted mean of the ends, at most the product checked above.
        let (index, rest) = (i128::from(index), i128::from(self.intervals - index));
        decimal::ratio_to_f64(self.start * rest + self.stop * index, self.intervals, self.exponent)
    }
}

impl Spaced {
    fn number(&self, index: u64) -> f64 {
        match &self.formula {
            Formula::Linear(linspace) => linspace.at(index),
            Formula::Powers { base, exponents } => decimal::round_short(libm::pow(*base, exponents.at(index))),
            Formula::Ratios { start, sign, .. } if index == 0 => sign * start,
            Formula::Ratios { stop, sign, .. } if index == self.num - 1 => sign * stop,
            Formula::Ratios { start, stop, sign } => {
                let done = index as f64 / (self.num - 1) as f64;
                sign * decimal::round_short(libm::pow(*start, 1.0 - done) * libm::pow(*stop, done))
            }
        }
    }
}

impl Sequence for Spaced {
    fn count(&self) -> u64 {
        self.num
    }

    fn at(&self, index: u64) -> Value {
        decimal::json(self.number(index))
    }

    /// Binary search: the values rise or fall with the index.
    fn position(&self, value: &Value) -> Option<u64> {
        let x = value.as_f64()?;
        let rising = self.number(0) <= self.number(self.num - 1);
        let (mut low, mut high) = (0, self.num - 1);
        while low < high {
            let middle = low + (high - low) / 2;
            let here = self.number(middle);
            if decimal::close(here, x) || (here > x) == rising {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        decimal::close(self.number(low), x).then_some(low)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{GEOMSPACE, LINSPACE, LOGSPACE};
    use crate::space::tests::{all, domain, error};

    #[test]
    fn linspace_includes_both_ends_and_has_exact_decimals() {
        let tenths = all(&LINSPACE, json!([0, 1, 11])).to_string();
        assert_eq!(tenths, "[0.0,0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9,1.0]");
        assert_eq!(all(&LINSPACE, json!([1, -1, 5])).to_string(), "[1.0,0.5,0.0,-0.5,-1.0]");
        assert_eq!(all(&LINSPACE, json!([0, 1, 4])), json!([0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0]));
        assert_eq!(all(&LINSPACE, json!([0.25, 1, 1])), json!([0.25]));
    }

    #[test]
    fn logspace_gives_powers_of_the_base() {
        assert_eq!(all(&LOGSPACE, json!([-4, 0, 5])).to_string(), "[0.0001,0.001,0.01,0.1,1.0]");
        assert_eq!(all(&LOGSPACE, json!([1, 4, 4, 2])).to_string(), "[2.0,4.0,8.0,16.0]");
        assert_eq!(all(&LOGSPACE, json!([0, 2, 3, 0.5])).to_string(), "[1.0,0.5,0.25]");
        assert_eq!(all(&LOGSPACE, json!([-0.5, 0.5, 3])).to_string(), "[0.31622776601683794,1.0,3.1622776601683795]");
    }

    #[test]
    fn geomspace_ends_are_exact() {
        assert_eq!(all(&GEOMSPACE, json!([1, 1000, 4])).to_string(), "[1.0,10.0,100.0,1000.0]");
        assert_eq!(all(&GEOMSPACE, json!([0.1, 0.0001, 4])).to_string(), "[0.1,0.01,0.001,0.0001]");
        assert_eq!(all(&GEOMSPACE, json!([-2, -8, 3])).to_string(), "[-2.0,-4.0,-8.0]");
        let wide = domain(&GEOMSPACE, json!([1.7e-200, 1.3e200, 7]));
        assert_eq!((wide.level(0), wide.level(6)), (Some(json!(1.7e-200)), Some(json!(1.3e200))));
    }

    #[test]
    fn membership_works_in_both_directions() {
        for args in [json!([0, 1, 11]), json!([1, 0, 11])] {
            let tenths = domain(&LINSPACE, args);
            assert!(tenths.contains(&json!(0.1 + 0.2)) && tenths.contains(&json!(0)) && tenths.contains(&json!(1)));
            assert!(!tenths.contains(&json!(0.35)) && !tenths.contains(&json!(2)) && !tenths.contains(&json!(-1)));
        }
    }

    #[test]
    fn invalid_arguments_are_rejected() {
        insta::assert_snapshot!(error(&LINSPACE, json!([0, 1, 0])), @r#"Key("num") `num` must be at least 1 and at most 2^53"#);
        insta::assert_snapshot!(error(&LINSPACE, json!([1, 1, 3])), @"start and stop are too close to each other for 3 distinct values (for a single value write `num: 1`)");
        insta::assert_snapshot!(error(&LINSPACE, json!([0, 1, 2.5])), @r#"Key("num") `num` must be a whole number, 0 or more, found the number 2.5"#);
        insta::assert_snapshot!(error(&LOGSPACE, json!([0, 400, 3])), @r#"Key("stop") 10 to the power of 400 is outside the range of floats"#);
        insta::assert_snapshot!(error(&LOGSPACE, json!([0, 4, 3, -2])), @r#"Key("base") `base` must be above 0 and not 1, found -2"#);
        insta::assert_snapshot!(error(&GEOMSPACE, json!([0, 4, 3])), @r#"Key("start") `start` of a geomspace must not be 0, found 0"#);
        insta::assert_snapshot!(error(&GEOMSPACE, json!([-1, 4, 3])), @r#"Key("stop") `start` and `stop` of a geomspace must have the same sign"#);
    }
}
