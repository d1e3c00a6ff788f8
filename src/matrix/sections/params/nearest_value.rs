//! The value of a parameter that is nearest to one that it cannot have.

use serde_json::Value;

use crate::space::distribution::Distribution;
use crate::space::{Domain, Geometry};

/// Halvings in the search for the nearest value of an ordered domain: more than a 64-bit float has digits.
const HALVINGS: usize = 64;
/// The most values of an unordered domain that are compared.
const MAX_COMPARED: u64 = 1_000;

/// The value of `domain` that is nearest to `value`: to a number by its distance, to text (a date) the last one before it. `None` if
/// values of the domain cannot be compared with it.
pub fn nearest_value(domain: &dyn Domain, value: &Value) -> Option<Value> {
    match domain.geometry() {
        Geometry::Constant => domain.level(0),
        Geometry::Unordered { .. } => {
            let levels = (0..domain.cardinality()?.min(MAX_COMPARED)).filter_map(|index| domain.level(index));
            levels
                .filter_map(|level| Some((distance(&level, value)?, level)))
                .min_by(|a, b| a.0.total_cmp(&b.0))
                .map(|(_, level)| level)
        }
        Geometry::Ordered => nearest_ordered(domain, value),
    }
}

fn nearest_ordered(domain: &dyn Domain, value: &Value) -> Option<Value> {
    let (mut low, mut high) = (0.0, 1.0);
    let (first, last) = (domain.from_unit(low), domain.from_unit(high));
    // a `range` with a negative step has its largest value first
    let is_descending = is_below(&last, &first)?;
    let is_at_or_below = |level: &Value| is_below(value, level).map(|is_below| !is_below);
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if is_at_or_below(&domain.from_unit(middle))? == is_descending { high = middle } else { low = middle }
    }
    let ends = [first, domain.from_unit(low), domain.from_unit(high), last];
    if value.is_string() {
        let before = ends.iter().filter(|level| is_below(value, level) == Some(false));
        let latest = before.reduce(|one, other| if is_below(one, other) == Some(true) { other } else { one });
        return latest
            .or(ends.iter().reduce(|one, other| if is_below(other, one) == Some(true) { other } else { one }))
            .cloned();
    }
    let by_distance =
        bounds(domain).into_iter().chain(ends).filter_map(|level| Some((distance(&level, value)?, level)));
    by_distance.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, level)| level)
}

/// The bounds as they are given: [`Domain::from_unit`] may differ from them by a rounding error.
fn bounds(domain: &dyn Domain) -> Vec<Value> {
    let bounds = match domain.distribution().map(|of| of.distribution) {
        Some(Distribution::Uniform { low, high } | Distribution::LogUniform { low, high }) => vec![low, high],
        _ => Vec::new(),
    };
    bounds.into_iter().filter_map(|bound| domain.normalize(&bound.into())).collect()
}

fn distance(one: &Value, other: &Value) -> Option<f64> {
    Some((one.as_f64()? - other.as_f64()?).abs())
}

/// Whether `one` is less than `other`: of numbers, and of dates as text. `None` if they cannot be compared.
fn is_below(one: &Value, other: &Value) -> Option<bool> {
    match (one, other) {
        (Value::Number(_), Value::Number(_)) => Some(one.as_f64()? < other.as_f64()?),
        (Value::String(one), Value::String(other)) => Some(one < other),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::space::tests::space;

    fn nearest(kind: &str, arguments: Value, value: Value) -> Option<Value> {
        nearest_value(&*space(&[("x", kind, arguments)]).params[0].domain, &value)
    }

    #[test]
    fn the_nearest_value_of_every_kind_is_found() {
        let cases = [
            ("uniform", json!([0, 1]), json!(2), json!(1.0)),
            ("uniform", json!([0, 1]), json!(-2), json!(0.0)),
            ("loguniform", json!({"min": 1e-5, "max": 0.1}), json!(0), json!(1e-5)),
            ("quniform", json!([0, 0.5, 0.1]), json!(0.27), json!(0.3)),
            ("quniform", json!([16, 256, 16]), json!(100), json!(96)),
            ("int", json!([1, 8]), json!(9), json!(8)),
            ("int", json!([1, 8]), json!(2.4), json!(2)),
            ("logint", json!({"min": 16, "max": 1024}), json!(3), json!(16)),
            ("range", json!([2, 10, 2]), json!(5.5), json!(6)),
            ("range", json!([10, 2, -2]), json!(5.5), json!(6)),
            ("linspace", json!([0, 1, 5]), json!(0.3), json!(0.25)),
            ("geomspace", json!([16, 256, 5]), json!(30), json!(32.0)),
            ("choice", json!([16, 32, 64]), json!(30), json!(32)),
            ("pchoice", json!([[16, 0.5], [64, 0.5]]), json!(30), json!(16)),
            ("qnormal", json!([0, 10, 0.5]), json!(0.7), json!(0.5)),
            ("constant", json!(3), json!(4), json!(3)),
        ];
        for (kind, arguments, value, expected) in cases {
            let found = nearest(kind, arguments.clone(), value.clone());
            let is_near = found.as_ref().and_then(|found| distance(found, &expected)).is_some_and(|d| d < 1e-6);
            assert!(is_near, "{kind} {arguments} {value}: {found:?}");
        }
        let dates = || json!(["2024-01-01", "2024-02-01", 7]);
        for (value, expected) in
            [("2024-01-10", "2024-01-08"), ("2023-05-05", "2024-01-01"), ("2025-01-01", "2024-01-29")]
        {
            assert_eq!(nearest("daterange", dates(), json!(value)), Some(json!(expected)));
        }
    }

    #[test]
    fn values_that_cannot_be_compared_have_no_nearest_one() {
        assert_eq!(nearest("choice", json!(["sgd", "adam"]), json!(3)), None);
        assert_eq!(nearest("uniform", json!([0, 1]), json!("fast")), None);
        assert_eq!(nearest("int", json!([1, 8]), json!(true)), None);
    }
}
