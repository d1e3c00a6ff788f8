//! `choice` and `pchoice`: one of several items.

use std::collections::HashMap;

use rand::RngExt;
use serde_json::Value;

use super::arithmetic::decimal;
use super::{Domain, DomainResult, Form, Geometry, ParamKind, display};
use crate::types::args::{ArgReader, Args, PathSegment, describe};
use crate::types::stream::Stream;

/// `choice`: a list of any values, drawn uniformly. An item that is listed twice is twice as probable.
pub static CHOICE: ParamKind = ParamKind {
    name: "choice",
    forms: &[Form::Items],
    build: |args| {
        let mut reader = args.reader();
        let entries = items(&mut reader).iter().map(|item| (item.clone(), 1.0)).collect();
        reader.finish(|| Some(Box::new(Choice::new(entries)?.with_order()) as Box<dyn Domain>))
    },
    advice: |_| None,
};

/// `pchoice`: a list of [item, p] with 0 ≤ p ≤ 1 and a sum of at most 1; the remainder to 1 is added to the last item.
pub static PCHOICE: ParamKind =
    ParamKind { name: "pchoice", forms: &[Form::Items], build: build_pchoice, advice: |_| None };

/// Tolerance for a sum of probabilities above 1, for rounding errors.
const TOLERANCE: f64 = 1e-9;

/// Distinct values with their probabilities.
#[derive(Debug)]
struct Choice {
    items: Vec<Value>,
    /// Each > 0, sum 1.
    weights: Vec<f64>,
    /// Cumulative weights.
    cumulative: Vec<f64>,
    geometry: Geometry,
}

fn items<'a>(reader: &mut ArgReader<'a>) -> &'a [Value] {
    let found = reader.raw("items");
    match found.and_then(Value::as_array) {
        Some(items) if !items.is_empty() => return items,
        Some(_) => reader.error_at(Vec::new(), "the list is empty", None),
        None => {
            let found = found.map_or("nothing".into(), describe);
            reader.error_at(Vec::new(), format!("`value` must be a list of items, found {found}"), None);
        }
    }
    &[]
}

fn build_pchoice(args: &Args) -> DomainResult {
    let mut reader = args.reader();
    let mut entries = Vec::new();
    for (index, item) in items(&mut reader).iter().enumerate() {
        if let Some(entry) = weighted(&mut reader, index, item) {
            entries.push(entry);
        }
    }
    let sum: f64 = entries.iter().map(|(_, p)| p).sum();
    if sum > 1.0 + TOLERANCE {
        let message = format!("the probabilities sum to {}, which is more than 1", display::number(sum));
        reader.error_at(Vec::new(), message, None);
    }
    if let Some((_, last)) = entries.last_mut() {
        *last += (1.0 - sum).max(0.0);
    }
    reader.finish(|| Some(Box::new(Choice::new(entries)?) as Box<dyn Domain>))
}

/// Reads a pair [item, p].
fn weighted(reader: &mut ArgReader<'_>, index: usize, entry: &Value) -> Option<(Value, f64)> {
    let path = vec![PathSegment::Key("items".into()), PathSegment::Index(index)];
    let Some([item, p]) = entry.as_array().map(Vec::as_slice) else {
        let message = format!("each item must be a pair of a value and its probability, found {}", describe(entry));
        reader.error_at(path, message, Some("for instance [relu, 0.7]".into()));
        return None;
    };
    let probability = p.as_f64().filter(|p| (0.0..=1.0).contains(p));
    if probability.is_none() {
        let path = path.into_iter().chain([PathSegment::Index(1)]).collect();
        reader.error_at(path, format!("a probability must be a number from 0 to 1, found {}", describe(p)), None);
    }
    Some((item.clone(), probability?))
}

impl Choice {
    /// Merges equal items and removes those with probability 0; `None` if nothing is left.
    fn new(entries: Vec<(Value, f64)>) -> Option<Choice> {
        let total: f64 = entries.iter().map(|(_, weight)| weight).sum();
        let mut indices = HashMap::new();
        let (mut items, mut weights) = (Vec::new(), Vec::<f64>::new());
        for (item, weight) in entries.into_iter().filter(|(_, weight)| *weight > 0.0) {
            match indices.get(&item) {
                Some(index) => weights[*index] += weight / total,
                None => {
                    indices.insert(item.clone(), items.len());
                    items.push(item);
                    weights.push(weight / total);
                }
            }
        }
        let cumulative = weights
            .iter()
            .scan(0.0, |sum, weight| {
                *sum += weight;
                Some(*sum)
            })
            .collect();
        let geometry = Geometry::Unordered { weights: weights.clone() };
        (!items.is_empty()).then_some(Choice { items, weights, cumulative, geometry })
    }

    /// Ordered if the items are equally probable numbers that strictly increase or strictly decrease.
    fn with_order(mut self) -> Choice {
        let numbers: Option<Vec<f64>> = self.items.iter().map(Value::as_f64).collect();
        let monotone = numbers.is_some_and(|n| n.is_sorted_by(|a, b| a < b) || n.is_sorted_by(|a, b| a > b));
        if monotone && self.is_uniform() {
            self.geometry = Geometry::Ordered;
        }
        self
    }

    fn is_uniform(&self) -> bool {
        self.weights.iter().all(|w| decimal::close(*w, self.weights[0]))
    }

    /// Integers and floats with the same value are equal.
    fn position(&self, value: &Value) -> Option<usize> {
        let same = |item: &Value| match (item.as_f64(), value.as_f64()) {
            (Some(a), Some(b)) => decimal::close(a, b),
            _ => item == value,
        };
        self.items.iter().position(|i| i == value).or_else(|| self.items.iter().position(same))
    }

    fn index_at(&self, unit: f64) -> usize {
        self.cumulative.partition_point(|sum| *sum <= unit).min(self.items.len() - 1)
    }
}

impl Domain for Choice {
    fn sample(&self, stream: &mut Stream) -> Value {
        self.items[self.index_at(stream.random())].clone()
    }

    fn normalize(&self, value: &Value) -> Option<Value> {
        self.position(value).map(|index| self.items[index].clone())
    }

    fn cardinality(&self) -> Option<u64> {
        Some(self.items.len() as u64)
    }

    fn level(&self, index: u64) -> Option<Value> {
        self.items.get(usize::try_from(index).ok()?).cloned()
    }

    fn geometry(&self) -> Geometry {
        self.geometry.clone()
    }

    /// The middle of an interval whose width is the item's probability.
    fn to_unit(&self, value: &Value) -> Option<f64> {
        let index = self.position(value)?;
        Some(self.cumulative[index] - 0.5 * self.weights[index])
    }

    fn from_unit(&self, unit: f64) -> Value {
        self.items[self.index_at(unit)].clone()
    }

    fn describe(&self) -> String {
        let uniform = self.is_uniform();
        display::list(self.items.len() as u64, |i| {
            let item = display::value(&self.items[i as usize]);
            if uniform { item } else { format!("{item} {} %", display::number(100.0 * self.weights[i as usize])) }
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{CHOICE, PCHOICE};
    use crate::space::Geometry;
    use crate::space::tests::{all, domain, error, shares};

    #[test]
    fn any_values_are_drawn_uniformly() {
        let items = json!([1, 2.5, "relu", [3, 4], {"a": 1}, true, null, "1"]);
        assert_eq!(all(&CHOICE, items.clone()), items);
        for share in shares(&CHOICE, items, 16_000) {
            assert!((share - 0.125).abs() < 0.01, "{share}");
        }
    }

    #[test]
    fn the_remainder_to_one_is_added_to_the_last_item() {
        let documented = json!([["a", 0.1], ["b", 0.2], ["c", 0.6]]);
        let found = shares(&PCHOICE, documented.clone(), 20_000);
        for (share, p) in found.iter().zip([0.1, 0.2, 0.7]) {
            assert!((share - p).abs() < 0.02, "{share} for {p}");
        }
        insta::assert_snapshot!(domain(&PCHOICE, documented).describe(), @"a 10 %, b 20 %, c 70 %");
    }

    #[test]
    fn items_with_probability_zero_are_removed() {
        let two = domain(&PCHOICE, json!([["never", 0], ["a", 0.5], ["b", 0.5]]));
        assert_eq!(two.cardinality(), Some(2));
        assert!(!two.contains(&json!("never")));
        assert_eq!(two.describe(), "a, b");
    }

    #[test]
    fn sorted_numbers_are_ordered() {
        let geometry = |items| domain(&CHOICE, items).geometry();
        assert_eq!(geometry(json!([16, 32, 64])), Geometry::Ordered);
        assert_eq!(geometry(json!([0.5, 0.1])), Geometry::Ordered);
        assert_eq!(geometry(json!([1, 3, 2, 4])), Geometry::Unordered { weights: vec![0.25; 4] });
        assert_eq!(geometry(json!(["a", "b"])), Geometry::Unordered { weights: vec![0.5; 2] });
        let weighted = domain(&PCHOICE, json!([[1, 0.25], [2, 0.75]])).geometry();
        assert_eq!(weighted, Geometry::Unordered { weights: vec![0.25, 0.75] });
    }

    #[test]
    fn an_item_listed_twice_is_one_value_with_twice_the_probability() {
        let twice = domain(&CHOICE, json!(["a", "b", "a", "c"]));
        assert_eq!(twice.cardinality(), Some(3));
        assert_eq!(twice.geometry(), Geometry::Unordered { weights: vec![0.5, 0.25, 0.25] });
    }

    #[test]
    fn invalid_lists_are_rejected() {
        insta::assert_snapshot!(error(&CHOICE, json!([])), @"the list is empty");
        insta::assert_snapshot!(error(&PCHOICE, json!([["a", 0.9], ["b", 0.2]])), @"the probabilities sum to 1.1, which is more than 1");
        insta::assert_snapshot!(error(&PCHOICE, json!([["a", 1.5], "b"])), @r#"
    Key("items") Index(0) Index(1) a probability must be a number from 0 to 1, found the number 1.5
    Key("items") Index(1) each item must be a pair of a value and its probability, found the text "b" (for instance [relu, 0.7])
    "#);
    }
}
