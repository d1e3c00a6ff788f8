//! `range`: start, start + step, start + 2·step, …, without the stop.

use serde_json::{Number, Value};

use super::arithmetic::decimal::{self, Decimal};
use super::sequence::{Sequence, SequenceDomain};
use super::{Domain, DomainResult, Form, ParamKind};
use crate::types::args::{ArgReader, Args};

/// `range`: `start`, `stop` (excluded), `step` ≠ 0. Values are integers if start and step are written as integers. They are computed
/// in decimal arithmetic: 0:1:0.1 has ten values, and the fourth is 0.3.
pub static RANGE: ParamKind = ParamKind {
    name: "range",
    forms: &[Form::Named { required: &["start", "stop", "step"], optional: &[], positional: true }],
    build,
    advice: |_| None,
};

/// The type of the values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum NumberType {
    Int,
    Float,
}

/// (start + i·step)·10^exponent for i from 0 to count − 1.
#[derive(Debug)]
struct Range {
    start: i128,
    step: i128,
    exponent: i32,
    count: u64,
    values: NumberType,
}

fn build(args: &Args) -> DomainResult {
    let mut reader = args.reader();
    let [start, stop, step] = ["start", "stop", "step"].map(|name| read_number(&mut reader, name));
    let range = match (start, stop, step) {
        (Some(start), Some(stop), Some(step)) => check(&mut reader, [&start, &stop, &step]),
        _ => None,
    };
    reader.finish(|| Some(Box::new(SequenceDomain(range?)) as Box<dyn Domain>))
}

/// The number `name` as it is written.
fn read_number(reader: &mut ArgReader<'_>, name: &str) -> Option<Number> {
    reader.number(name)?;
    reader.raw(name)?.as_number().cloned()
}

fn check(reader: &mut ArgReader<'_>, numbers: [&Number; 3]) -> Option<Range> {
    let [start, stop, step] = numbers.map(Decimal::of);
    let Some(([first, end, stride], exponent)) = decimal::align([start?, stop?, step?]) else {
        reader.error_at(Vec::new(), "start, stop and step are too far apart in size to count the values exactly", None);
        return None;
    };
    if stride == 0 {
        reader.error("step", "`step` must not be 0");
        return None;
    }
    let span = end - first;
    if span == 0 || (span > 0) != (stride > 0) {
        let hint = "the stop is excluded; a decreasing range needs a negative step";
        let message =
            format!("the range from {} to {} in steps of {} has no values", numbers[0], numbers[1], numbers[2]);
        reader.error_at(Vec::new(), message, Some(hint.into()));
        return None;
    }
    let Ok(count) = u64::try_from(decimal::div_ceil(span.abs(), stride.abs())) else {
        reader.error("step", "`step` is too small: the range has more than 2^64 values");
        return None;
    };
    let is_int = |n: &Number| n.is_i64() || n.is_u64();
    let values = if is_int(numbers[0]) && is_int(numbers[2]) { NumberType::Int } else { NumberType::Float };
    Some(Range { start: first, step: stride, exponent, count, values })
}

impl Range {
    fn mantissa(&self, index: u64) -> i128 {
        self.start + i128::from(index) * self.step
    }

    /// The index of the value with this mantissa.
    fn index_of(&self, mantissa: i128) -> Option<u64> {
        let offset = mantissa - self.start;
        if offset % self.step != 0 {
            return None;
        }
        u64::try_from(offset / self.step).ok().filter(|i| *i < self.count)
    }
}

impl Sequence for Range {
    fn count(&self) -> u64 {
        self.count
    }

    fn at(&self, index: u64) -> Value {
        let (mantissa, exponent) = (self.mantissa(index), self.exponent);
        match self.values {
            NumberType::Float => decimal::json(decimal::to_f64(mantissa, exponent)),
            NumberType::Int => {
                // The step is an integer, so the exponent is 0 or, for a float stop, negative and at least −36.
                let integer = mantissa / 10i128.pow(exponent.unsigned_abs().min(36));
                // Between start and stop, so in the range of JSON integers unless the stop is a larger float.
                i64::try_from(integer)
                    .map(Value::from)
                    .or_else(|_| u64::try_from(integer).map(Value::from))
                    .unwrap_or_else(|_| decimal::json(integer as f64))
            }
        }
    }

    fn position(&self, value: &Value) -> Option<u64> {
        let x = value.as_f64()?;
        let decimal = Decimal::of(value.as_number()?)?;
        if let Some(([mantissa, one], _)) = decimal::align([decimal, Decimal::power_of_ten(self.exponent)])
            && mantissa % one == 0
            && let Some(index) = self.index_of(mantissa / one)
        {
            return Some(index);
        }
        // A float with a rounding error, like 0.30000000000000004.
        let steps = (x - decimal::to_f64(self.start, self.exponent)) / decimal::to_f64(self.step, self.exponent);
        let index = steps.round() as u64;
        let near = self.values == NumberType::Float && index < self.count && steps > -0.5;
        (near && decimal::close(x, decimal::to_f64(self.mantissa(index), self.exponent))).then_some(index)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::RANGE;
    use crate::space::tests::{all, domain, error};

    #[test]
    fn integers_stay_integers_and_the_stop_is_excluded() {
        assert_eq!(all(&RANGE, json!([1, 10, 3])), json!([1, 4, 7]));
        assert_eq!(all(&RANGE, json!([0, 3, 1])), json!([0, 1, 2]));
        assert_eq!(all(&RANGE, json!([0, 2.5, 1])), json!([0, 1, 2]));
    }

    #[test]
    fn float_steps_have_no_rounding_errors() {
        assert_eq!(all(&RANGE, json!([0, 0.5, 0.1])).to_string(), "[0.0,0.1,0.2,0.3,0.4]");
        assert_eq!(domain(&RANGE, json!([0, 0.3, 0.1])).cardinality(), Some(3));
        assert_eq!(domain(&RANGE, json!([1, 2, 0.1])).cardinality(), Some(10));
        assert_eq!(all(&RANGE, json!([1.0, 3, 1])).to_string(), "[1.0,2.0]");
        assert_eq!(all(&RANGE, json!([1e-5, 4e-5, 1e-5])).to_string(), "[0.00001,0.00002,0.00003]");
    }

    #[test]
    fn negative_steps_decrease_through_a_positive_zero() {
        assert_eq!(all(&RANGE, json!([2, -2, -1])), json!([2, 1, 0, -1]));
        assert_eq!(all(&RANGE, json!([0.2, -0.2, -0.1])).to_string(), "[0.2,0.1,0.0,-0.1]");
    }

    #[test]
    fn huge_ranges_need_no_memory() {
        let huge = domain(&RANGE, json!([0, 1_000_000_000_000_u64, 1]));
        assert_eq!(huge.cardinality(), Some(1_000_000_000_000));
        assert_eq!(huge.level(999_999_999_999), Some(json!(999_999_999_999_u64)));
        assert!(!huge.contains(&json!(999_999_999_998.5)));
        assert_eq!(huge.describe(), "0, 1, 2 … 999999999999 (1000000000000 values)");
        assert_eq!(domain(&RANGE, json!([0, u64::MAX, 1])).level(u64::MAX - 1), Some(json!(u64::MAX - 1)));
    }

    #[test]
    fn membership_tolerates_rounding_errors_only() {
        let tenths = domain(&RANGE, json!([0, 1, 0.1]));
        assert!(tenths.contains(&json!(0.1 + 0.2)));
        assert!(tenths.contains(&json!(0)) && !tenths.contains(&json!(1)) && !tenths.contains(&json!(0.35)));
        assert!(!tenths.contains(&json!("0.1")) && !tenths.contains(&json!(-0.1)));
        let ints = domain(&RANGE, json!([1, 10, 3]));
        assert!(ints.contains(&json!(4.0)) && !ints.contains(&json!(5)) && !ints.contains(&json!(4.000001)));
    }

    #[test]
    fn empty_and_unbounded_ranges_are_rejected() {
        insta::assert_snapshot!(error(&RANGE, json!([1, 10, 0])), @r#"Key("step") `step` must not be 0"#);
        insta::assert_snapshot!(error(&RANGE, json!([10, 1, 1])), @"the range from 10 to 1 in steps of 1 has no values (the stop is excluded; a decreasing range needs a negative step)");
        insta::assert_snapshot!(error(&RANGE, json!([1e-300, 1, 1])), @"start, stop and step are too far apart in size to count the values exactly");
        insta::assert_snapshot!(error(&RANGE, json!([0, "ten"])), @r#"
        Key("stop") `stop` must be a number, found the text "ten"
        Key("step") `step` is missing
        "#);
    }
}
