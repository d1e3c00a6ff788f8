//! Resources and their sums as people write them: whole amounts without a fraction.

use serde::Serializer;
use serde_json::Value;

use crate::types::units::Resource;

/// Largest whole number below which every whole f64 is exact (2^53).
const EXACT: f64 = 9_007_199_254_740_992.0;

/// `amount` as a JSON number: an integer where it is whole.
pub fn number(amount: f64) -> Value {
    if amount.fract() == 0.0 && amount.abs() <= EXACT { Value::from(amount as i64) } else { Value::from(amount) }
}

/// For `#[serde(serialize_with)]` on a [`Resource`].
pub fn resource<S: Serializer>(amount: &Resource, serializer: S) -> Result<S::Ok, S::Error> {
    serde::Serialize::serialize(&number(amount.amount()), serializer)
}

/// For `#[serde(serialize_with)]` on a sum of resources.
pub fn sum<S: Serializer>(amount: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serde::Serialize::serialize(&number(*amount), serializer)
}

/// For `#[serde(serialize_with)]` on a number that may be missing.
pub fn maybe<S: Serializer>(amount: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    serde::Serialize::serialize(&amount.map(number), serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_amounts_carry_no_fraction() {
        assert_eq!(number(81.0).to_string(), "81");
        assert_eq!(number(0.5).to_string(), "0.5");
        assert_eq!(number(1e300).to_string(), "1e+300");
    }
}
