//! Conversions of values to the declared types of inputs, as Polyaxon 2.18 makes them.

use serde_json::{Number, Value};

use super::input::{Input, InputType, Multiplicity, Presence};
use super::plain::plain;

/// Largest magnitude of a float that is converted to an integer: up to 2^53 every integer is a float.
const MAX_WHOLE: f64 = 9_007_199_254_740_992.0;

const TRUE: [&str; 6] = ["true", "t", "yes", "y", "on", "1"];
const FALSE: [&str; 6] = ["false", "f", "no", "n", "off", "0"];

impl Input {
    /// `value` converted to the declared type. `None` if that is impossible, and for null unless the input is optional.
    pub fn convert(&self, value: &Value) -> Option<Value> {
        if value.is_null() {
            return (self.presence == Presence::Optional).then_some(Value::Null);
        }
        match self.multiplicity {
            Multiplicity::One => self.kind.convert(value),
            Multiplicity::List => parsed(value)?.as_array()?.iter().map(|item| self.kind.convert(item)).collect(),
        }
    }
}

impl InputType {
    /// `value` as this type: 1.0 and "1" as the integer 1, 0 and "no" as false, "[1, 2]" as a list, anything as text. `None` if that is
    /// impossible.
    pub fn convert(self, value: &Value) -> Option<Value> {
        match self {
            InputType::Any => Some(value.clone()),
            InputType::Int => int(value),
            InputType::Float => float(value),
            InputType::Bool => bool(value),
            InputType::Text => Some(plain(value).into()),
            InputType::Dict => parsed(value).filter(Value::is_object),
            InputType::List => parsed(value).filter(Value::is_array),
        }
    }
}

fn int(value: &Value) -> Option<Value> {
    match value {
        Value::Bool(flag) => Some(i64::from(*flag).into()),
        Value::Number(number) if number.is_f64() => whole(number.as_f64()?),
        Value::Number(_) => Some(value.clone()),
        Value::String(text) => {
            let text = text.trim();
            let exact = text.parse::<i64>().map(Value::from).or_else(|_| text.parse::<u64>().map(Value::from));
            exact.ok().or_else(|| whole(text.parse().ok()?))
        }
        _ => None,
    }
}

fn whole(number: f64) -> Option<Value> {
    (number.fract() == 0.0 && number.abs() <= MAX_WHOLE).then(|| (number as i64).into())
}

fn float(value: &Value) -> Option<Value> {
    let number = match value {
        Value::Bool(flag) => f64::from(u8::from(*flag)),
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    // Infinity and NaN have no JSON form.
    Number::from_f64(number).map(Value::Number)
}

fn bool(value: &Value) -> Option<Value> {
    match value {
        Value::Bool(_) => Some(value.clone()),
        Value::Number(number) if number.as_f64() == Some(0.0) => Some(false.into()),
        Value::Number(number) if number.as_f64() == Some(1.0) => Some(true.into()),
        Value::String(text) => {
            let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
            if is(&TRUE) { Some(true.into()) } else { is(&FALSE).then(|| false.into()) }
        }
        _ => None,
    }
}

/// A list or mapping, or one that is written as JSON.
fn parsed(value: &Value) -> Option<Value> {
    match value {
        Value::Array(_) | Value::Object(_) => Some(value.clone()),
        Value::String(text) => serde_json::from_str(text).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// `type value: result`, checked against Polyaxon 2.18.
    #[test]
    fn values_are_converted_as_polyaxon_does() {
        let cases = [
            (
                InputType::Int,
                json!([1.0, "16", true, "1.0", " 3 ", "1e3", 7, 1.5, "1.5", "x", "0x10", "1_000", [1], null, ""]),
            ),
            (InputType::Float, json!([1, "0.5", "1e-3", true, 0.1, "nan", "inf", "x", [1]])),
            (
                InputType::Bool,
                json!([0, 1, 0.0, 1.0, "yes", "No", "on", "off", "t", "f", "y", "n", "1", "0", "2", 2, "", null]),
            ),
            (InputType::Text, json!(["a", 1, 1.5, true, [1, 2], {"a": 1}, 1e-5])),
            (InputType::List, json!([[64, 32], "[1,2]", "a,b", "a", {"a": 1}, 1])),
            (InputType::Dict, json!([{"a": 1}, "{\"a\": 1}", [1], "a"])),
        ];
        let mut found = String::new();
        for (kind, values) in cases {
            let convert = |value| kind.convert(value).map_or("-".to_owned(), |value| value.to_string());
            let all: Vec<String> = values.as_array().unwrap().iter().map(convert).collect();
            found += &format!("{kind:?} {}\n", all.join(" "));
        }
        insta::assert_snapshot!(found, @r#"
        Int 1 16 1 1 3 1000 7 - - - - - - - -
        Float 1.0 0.5 0.001 1.0 0.1 - - - -
        Bool false true false true true false true false true false true false true false - - - -
        Text "a" "1" "1.5" "true" "[1,2]" "{\"a\":1}" "0.00001"
        List [64,32] [1,2] - - - -
        Dict {"a":1} {"a":1} - -
        "#);
    }

    fn value() -> impl Strategy<Value = Value> {
        let scalar = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            (-3..4_i32, 0..3_u8).prop_map(|(whole, half)| (f64::from(whole) + 0.5 * f64::from(half)).into()),
            "[-+0-9.e \\[\\]{}:\"a-z]{0,8}".prop_map(Value::from),
        ];
        scalar.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map("[a-z]{1,3}", inner, 0..4).prop_map(|map| map.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_value_is_refused_or_converted_to_the_type_once(value in value()) {
            for (_, kind) in InputType::NAMES {
                let Some(converted) = kind.convert(&value) else { continue };
                let has_type = match kind {
                    InputType::Any => converted == value,
                    InputType::Int => converted.is_i64() || converted.is_u64(),
                    InputType::Float => converted.is_f64(),
                    InputType::Bool => converted.is_boolean(),
                    InputType::Text => converted.is_string(),
                    InputType::Dict => converted.is_object(),
                    InputType::List => converted.is_array(),
                };
                prop_assert!(has_type, "{kind:?} {value} {converted}");
                prop_assert_eq!(kind.convert(&converted), Some(converted));
            }
        }
    }
}
