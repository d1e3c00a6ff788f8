//! Metrics in the last reading of a job.

use indexmap::IndexSet;
use serde_json::{Map, Value};

use super::view::StudyView;

/// Metrics by name; of a mapping of metrics each entry by the names on its path, joined by dots.
pub fn flattened(metrics: &Map<String, Value>) -> Vec<(String, &Value)> {
    let entries = metrics.iter().flat_map(|(name, value)| match value.as_object() {
        Some(nested) => {
            flattened(nested).into_iter().map(|(inner, value)| (format!("{name}.{inner}"), value)).collect()
        }
        None => vec![(name.clone(), value)],
    });
    entries.collect()
}

/// The metric called `name`: a key, or the path of one with dots or slashes.
pub fn find<'m>(metrics: &'m Map<String, Value>, name: &str) -> Option<&'m Value> {
    let on_path = || {
        let path = name.replace('/', ".");
        flattened(metrics).into_iter().find(|(other, _)| *other == path).map(|(_, value)| value)
    };
    metrics.get(name).or_else(on_path)
}

/// `value` as a number: a number, or a text that is one, as the journal records `NaN`.
pub fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// The names of all metrics of the jobs of `view`, in order of their first job.
pub fn names(view: &StudyView) -> IndexSet<String> {
    let readings = view.jobs.iter().filter_map(|job| job.metrics.as_deref());
    readings.flat_map(|metrics| flattened(metrics).into_iter().map(|(name, _)| name)).collect()
}
