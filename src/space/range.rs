//! `range`: start, start + step, start + 2·step, … with the stop left out.

use serde_json::{Number, Value};

use super::decimal::{self, Decimal};
use super::sequence::{Evenly, Sequence};
use super::{Built, Domain, Form, ParamKind};
use crate::words::args::{Args, Reader};

/// `range`: `start`, `stop` (excluded), `step` ≠ 0. Values are ints where start and step are written as ints; they are exact
/// multiples of what was written, so 0:1:0.1 has ten values and the fourth is 0.3.
pub static RANGE: ParamKind = ParamKind {
    name: "range",
    forms: &[Form::Named { required: &["start", "stop", "step"], optional: &[], positional: true }],
    build,
    advice: |_| None,
};

/// Whether values print as 3 or as 3.0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Type {
    Int,
    Float,
}

/// start + i·step, each a mantissa over the one `exponent`.
#[derive(Debug)]
struct Range {
    start: i128,
    step: i128,
    exponent: i32,
    count: u64,
    values: Type,
}

fn build(args: &Args) -> Built {
    let mut reader = args.reader();
    let [start, stop, step] = ["start", "stop", "step"].map(|name| written(&mut reader, name));
    let range = match (start, stop, step) {
        (Some(start), Some(stop), Some(step)) => check(&mut reader, [&start, &stop, &step]),
        _ => None,
    };
    reader.finish(|| Some(Box::new(Evenly(range?)) as Box<dyn Domain>))
}

/// The number under `name` as it is written.
fn written(reader: &mut Reader<'_>, name: &str) -> Option<Number> {
    reader.number(name)?;
    reader.raw(name)?.as_number().cloned()
}

fn check(reader: &mut Reader<'_>, numbers: [&Number; 3]) -> Option<Range> {
    let [start, stop, step] = numbers.map(Decimal::of);
    let Some(([first, end, stride], exponent)) = decimal::align([start?, stop?, step?]) else {
        reader.fault_at(Vec::new(), "start, stop and step are too far apart in size to count the values exactly", None);
        return None;
    };
    if stride == 0 {
        reader.fault("step", "`step` must not be 0");
        return None;
    }
    let span = end - first;
    if span == 0 || (span > 0) != (stride > 0) {
        let hint = "the stop is left out; a range that counts down needs a negative step";
        let message = format!("no value lies between {} and {} in steps of {}", numbers[0], numbers[1], numbers[2]);
        reader.fault_at(Vec::new(), message, Some(hint.into()));
        return None;
    }
    let Ok(count) = u64::try_from(decimal::div_ceil(span.abs(), stride.abs())) else {
        reader.fault("step", "`step` is too small: the range has more than 2^64 values");
        return None;
    };
    let whole = |n: &Number| n.is_i64() || n.is_u64();
    let values = if whole(numbers[0]) && whole(numbers[2]) { Type::Int } else { Type::Float };
    Some(Range { start: first, step: stride, exponent, count, values })
}

impl Range {
    fn mantissa(&self, index: u64) -> i128 {
        self.start + i128::from(index) * self.step
    }

    /// Where the mantissa is, if it is one of the values'.
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
            Type::Float => decimal::json(decimal::to_f64(mantissa, exponent)),
            Type::Int => {
                // the step is an int, so the exponent is 0, or that of a float stop: −36 at the least
                let whole = mantissa / 10i128.pow(exponent.unsigned_abs().min(36));
                // between start and stop, so inside what JSON ints hold unless the stop is a larger float
                i64::try_from(whole)
                    .map(Value::from)
                    .or_else(|_| u64::try_from(whole).map(Value::from))
                    .unwrap_or_else(|_| decimal::json(whole as f64))
            }
        }
    }

    fn position(&self, value: &Value) -> Option<u64> {
        let x = value.as_f64()?;
        let of_written = Decimal::of(value.as_number()?)?;
        if let Some(([mantissa, one], _)) = decimal::align([of_written, Decimal::power_of_ten(self.exponent)])
            && mantissa % one == 0
            && let Some(index) = self.index_of(mantissa / one)
        {
            return Some(index);
        }
        // a float that is off by rounding, like 0.30000000000000004
        let steps = (x - decimal::to_f64(self.start, self.exponent)) / decimal::to_f64(self.step, self.exponent);
        let index = steps.round() as u64;
        let near = self.values == Type::Float && index < self.count && steps > -0.5;
        (near && decimal::close(x, decimal::to_f64(self.mantissa(index), self.exponent))).then_some(index)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::RANGE;
    use crate::space::tests::{all, domain, fault};

    #[test]
    fn ints_stay_ints_and_the_stop_is_left_out() {
        assert_eq!(all(&RANGE, json!([1, 10, 3])), json!([1, 4, 7]));
        assert_eq!(all(&RANGE, json!([0, 3, 1])), json!([0, 1, 2]));
        assert_eq!(all(&RANGE, json!([0, 2.5, 1])), json!([0, 1, 2]));
    }

    #[test]
    fn float_steps_neither_drift_nor_overshoot() {
        assert_eq!(all(&RANGE, json!([0, 0.5, 0.1])).to_string(), "[0.0,0.1,0.2,0.3,0.4]");
        assert_eq!(domain(&RANGE, json!([0, 0.3, 0.1])).cardinality(), Some(3));
        assert_eq!(domain(&RANGE, json!([1, 2, 0.1])).cardinality(), Some(10));
        assert_eq!(all(&RANGE, json!([1.0, 3, 1])).to_string(), "[1.0,2.0]");
        assert_eq!(all(&RANGE, json!([1e-5, 4e-5, 1e-5])).to_string(), "[0.00001,0.00002,0.00003]");
    }

    #[test]
    fn negative_steps_count_down_through_a_clean_zero() {
        assert_eq!(all(&RANGE, json!([2, -2, -1])), json!([2, 1, 0, -1]));
        assert_eq!(all(&RANGE, json!([0.2, -0.2, -0.1])).to_string(), "[0.2,0.1,0.0,-0.1]");
    }

    #[test]
    fn huge_ranges_cost_nothing() {
        let huge = domain(&RANGE, json!([0, 1_000_000_000_000_u64, 1]));
        assert_eq!(huge.cardinality(), Some(1_000_000_000_000));
        assert_eq!(huge.level(999_999_999_999), Some(json!(999_999_999_999_u64)));
        assert!(!huge.contains(&json!(999_999_999_998.5)));
        assert_eq!(huge.describe(), "0, 1, 2 … 999999999999 (1000000000000 values)");
        assert_eq!(domain(&RANGE, json!([0, u64::MAX, 1])).level(u64::MAX - 1), Some(json!(u64::MAX - 1)));
    }

    #[test]
    fn membership_forgives_rounding_and_nothing_more() {
        let tenths = domain(&RANGE, json!([0, 1, 0.1]));
        assert!(tenths.contains(&json!(0.1 + 0.2)));
        assert!(tenths.contains(&json!(0)) && !tenths.contains(&json!(1)) && !tenths.contains(&json!(0.35)));
        assert!(!tenths.contains(&json!("0.1")) && !tenths.contains(&json!(-0.1)));
        let ints = domain(&RANGE, json!([1, 10, 3]));
        assert!(ints.contains(&json!(4.0)) && !ints.contains(&json!(5)) && !ints.contains(&json!(4.000001)));
    }

    #[test]
    fn empty_and_endless_ranges_are_refused() {
        insta::assert_snapshot!(fault(&RANGE, json!([1, 10, 0])), @r#"Key("step") `step` must not be 0"#);
        insta::assert_snapshot!(fault(&RANGE, json!([10, 1, 1])), @"no value lies between 10 and 1 in steps of 1 (the stop is left out; a range that counts down needs a negative step)");
        insta::assert_snapshot!(fault(&RANGE, json!([1e-300, 1, 1])), @"start, stop and step are too far apart in size to count the values exactly");
        insta::assert_snapshot!(fault(&RANGE, json!([0, "ten"])), @r#"
        Key("stop") `stop` must be a number, found the text "ten"
        Key("step") `step` is missing
        "#);
    }
}
