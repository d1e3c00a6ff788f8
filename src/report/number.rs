//! Numbers as views show them.

use serde::Serializer;
use serde_json::Value;

use crate::types::units::{Moment, Resource};

/// Up to this magnitude every whole number is an f64 (2^53).
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Ratio of the largest to the smallest value from which positive numbers are drawn on a logarithmic scale.
const LOG_RATIO: f64 = 50.0;

/// Magnitudes from which the form with an exponent is used: those of Rust's `{:?}`.
const SMALL: f64 = 1e-4;
const LARGE: f64 = 1e16;

/// The shortest text that reads back as `number`, with an exponent where it is very small or large: `0.5`, `3`, `6.709e-19`.
pub fn shortest(number: f64) -> String {
    let magnitude = number.abs();
    let plain = magnitude == 0.0 || (SMALL..LARGE).contains(&magnitude) || !number.is_finite();
    if plain { number.to_string() } else { format!("{number:e}") }
}

/// Whether numbers from `low` to `high` are drawn on a logarithmic scale.
pub fn is_logarithmic(low: f64, high: f64) -> bool {
    low > 0.0 && high / low >= LOG_RATIO
}

/// A JSON number: an integer where `number` is whole.
pub fn json(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() <= EXACT { Value::from(number as i64) } else { Value::from(number) }
}

/// For `#[serde(serialize_with)]` on a [`Resource`].
pub fn resource<S: Serializer>(resource: &Resource, serializer: S) -> Result<S::Ok, S::Error> {
    serde::Serialize::serialize(&json(resource.amount()), serializer)
}

/// For `#[serde(serialize_with)]` on study time, as seconds.
pub fn seconds<S: Serializer>(at: &Moment, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(at.since(Moment(0)).as_secs_f64())
}

/// For `#[serde(serialize_with)]` on a sum of resources.
pub fn sum<S: Serializer>(sum: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serde::Serialize::serialize(&json(*sum), serializer)
}

/// For `#[serde(serialize_with)]` on a number that may be absent.
pub fn optional<S: Serializer>(number: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    serde::Serialize::serialize(&number.map(json), serializer)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn whole_json_numbers_have_no_fraction() {
        assert_eq!(json(81.0).to_string(), "81");
        assert_eq!(json(0.5).to_string(), "0.5");
        assert_eq!(json(1e300).to_string(), "1e+300");
    }

    #[test]
    fn small_and_large_numbers_have_an_exponent() {
        let numbers = [0.0, -3.0, 0.0001, 1e-5, 6.709e-19, -1.5e-6, 123456789.0, 1e16, 1.5e300, f64::NEG_INFINITY];
        let expected = ["0", "-3", "0.0001", "1e-5", "6.709e-19", "-1.5e-6", "123456789", "1e16", "1.5e300", "-inf"];
        assert_eq!(numbers.map(shortest), expected);
    }

    proptest! {
        #[test]
        fn the_shortest_text_is_short_and_reads_back(number in proptest::num::f64::ANY.prop_filter("a number", |x| !x.is_nan())) {
            let text = shortest(number);
            prop_assert_eq!(text.parse::<f64>().unwrap(), number);
            prop_assert!(text.len() <= 24, "{}", text);
        }
    }
}
