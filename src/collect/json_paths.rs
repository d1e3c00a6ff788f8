//! Entries of nested objects by their path: `val.loss` and `val/loss` are the entry `loss` of the object `val`, unless an entry has
//! that whole name.

use super::collector::Wanted;
use super::json_object::{JsonEntry, JsonObject};
use super::text::number;
use super::tracker::PrintedMetric;
use crate::types::outcome::Reading;

/// Most numbers of one reading.
const MAX_NUMBERS: usize = 256;
/// Deepest object in which numbers are listed, and a path is followed.
const MAX_DEPTH: u32 = 8;

/// A number, or a text that is one: `0.5`, `"0.5"`, `"97.5%"`.
pub fn number_of(entry: JsonEntry<'_>) -> Option<f64> {
    entry.number().or_else(|| number::whole(&entry.string()?))
}

/// `json` as a reading: every number with its path, and those that are wanted under the names by which they are wanted.
pub fn reading(json: &str, wanted: &Wanted) -> Reading {
    let Some(object) = JsonObject::parse(json) else { return Reading::default() };
    let mut numbers = all_numbers(&object);
    for name in [&wanted.metric, &wanted.step].into_iter().flatten().chain(&wanted.others) {
        // One whose path is written with slashes, or that is beyond the numbers that are listed.
        if !numbers.iter().any(|(found, _)| found == name)
            && let Some(number) = entry_at(&object, name).and_then(number_of)
        {
            numbers.push((name.clone(), number));
        }
    }
    let step = wanted.step.as_ref().and_then(|step| numbers.iter().find(|(name, _)| name == step));
    Reading { step: step.map(|(_, step)| *step).filter(|step| step.is_finite()), numbers }
}

/// The metric, as the object has it, and the finite step.
pub fn metric_and_step(object: &JsonObject<'_>, wanted: &Wanted) -> (Option<PrintedMetric>, Option<f64>) {
    let entry = |name: &Option<String>| entry_at(object, name.as_deref()?);
    let metric = entry(&wanted.metric).map(|entry| PrintedMetric::from(entry, number_of(entry)));
    let step = entry(&wanted.step).and_then(number_of).filter(|step| step.is_finite());
    (metric, step)
}

/// The entry at `path`.
pub fn entry_at<'t>(object: &JsonObject<'t>, path: &str) -> Option<JsonEntry<'t>> {
    entry_below(object, path, MAX_DEPTH)
}

fn entry_below<'t>(object: &JsonObject<'t>, path: &str, depth: u32) -> Option<JsonEntry<'t>> {
    if let Some(entry) = object.get(path) {
        return Some(entry);
    }
    let depth = depth.checked_sub(1)?;
    path.match_indices(['.', '/']).find_map(|(at, _)| {
        let inner = object.get(&path[..at])?.object()?;
        entry_below(&inner, &path[at + 1..], depth)
    })
}

/// Every number with its path, parts joined by dots; of numbers with one path the last comes first.
pub fn all_numbers(object: &JsonObject<'_>) -> Vec<(String, f64)> {
    let mut numbers = Vec::new();
    collect(object, "", MAX_DEPTH, &mut numbers);
    numbers.reverse();
    numbers
}

fn collect(object: &JsonObject<'_>, prefix: &str, depth: u32, numbers: &mut Vec<(String, f64)>) {
    for (name, entry) in object.entries() {
        if numbers.len() >= MAX_NUMBERS {
            return;
        }
        if let Some(number) = number_of(entry) {
            numbers.push((format!("{prefix}{name}"), number));
        } else if let Some((inner, depth)) = entry.object().zip(depth.checked_sub(1)) {
            collect(&inner, &format!("{prefix}{name}."), depth, numbers);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OBJECT: &str = r#"{"val": {"loss": 1, "top/5": {"acc": "97.5%"}}, "val.f1": 2, "a": {"b": {"c": 3}}, "a.b": {"c": 4}, "s": "adam"}"#;

    #[test]
    fn paths_lead_to_entries() {
        let object = JsonObject::parse(OBJECT).unwrap();
        let at = |path: &str| entry_at(&object, path).and_then(number_of);
        let paths = ["val.loss", "val/loss", "val.f1", "val.top/5.acc", "a/b.c", "val.f2", "s.x", ".", "val."];
        let found = paths.map(at);
        assert_eq!(found, [Some(1.0), Some(1.0), Some(2.0), Some(97.5), Some(3.0), None, None, None, None]);
    }

    #[test]
    fn numbers_are_listed_with_their_paths() {
        let numbers = all_numbers(&JsonObject::parse(OBJECT).unwrap());
        let listed: String = numbers.iter().map(|(path, number)| format!("{path} {number}; ")).collect();
        assert_eq!(listed, "a.b.c 4; a.b.c 3; val.f1 2; val.top/5.acc 97.5; val.loss 1; ");
    }

    #[test]
    fn depth_and_number_are_bounded() {
        let deep = format!("{}1{}", r#"{"a":"#.repeat(100), "}".repeat(100));
        let object = JsonObject::parse(&deep).unwrap();
        assert!(all_numbers(&object).is_empty() && entry_at(&object, &["a"; 100].join(".")).is_none());
        let wide: Vec<String> = (0..1000).map(|i| format!("\"n{i}\": {i}")).collect();
        assert_eq!(all_numbers(&JsonObject::parse(&format!("{{{}}}", wide.join(","))).unwrap()).len(), MAX_NUMBERS);
    }
}
