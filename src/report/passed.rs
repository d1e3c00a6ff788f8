//! How values are passed that programs read in different ways: booleans, lists and null.

use indexmap::IndexSet;
use serde::Serialize;
use serde_json::Value;

use crate::command::template::Renderer;
use crate::engine::experiment::Experiment;

/// The most values of a parameter that are looked through.
const MAX_LEVELS: u64 = 1_000;

/// A value and what the command gets for it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct PassedValue {
    /// The name of the parameter.
    pub param: String,
    /// A boolean, a list or null that the parameter may have.
    pub value: Value,
    /// The arguments, or one `NAME=value` for a variable; empty if nothing is passed.
    pub arguments: Vec<String>,
}

/// Each parameter's booleans, null and first list that is not empty, as `renderer` passes them.
pub fn passed_values(experiment: &Experiment, renderer: &Renderer) -> Vec<PassedValue> {
    let mut passed: Vec<PassedValue> = Vec::new();
    let mut add = |param: &str, value: Value| {
        let is_known = |known: &PassedValue| known.param == param && is_same_case(&known.value, &value);
        if is_special(&value)
            && !passed.iter().any(is_known)
            && let Some(job) = renderer.passed(param, &value)
        {
            let variables = job.variables.iter().map(|(name, value)| format!("{name}={value}"));
            let arguments = variables.chain(job.argv).collect();
            passed.push(PassedValue { param: param.to_owned(), value, arguments });
        }
    };
    for param in &experiment.space.params {
        let levels = param.domain.cardinality().unwrap_or(0).min(MAX_LEVELS);
        (0..levels).filter_map(|level| param.domain.level(level)).for_each(|value| add(&param.name, value));
    }
    for configuration in experiment.method.sampler.listed().iter().take(MAX_LEVELS as usize) {
        configuration.iter().for_each(|(name, value)| add(name, value.clone()));
    }
    let order: IndexSet<String> = passed.iter().map(|value| value.param.clone()).collect();
    passed.sort_by_key(|value| order.get_index_of(&value.param));
    passed
}

fn is_special(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) => true,
        Value::Array(items) => !items.is_empty(),
        Value::Number(_) | Value::String(_) | Value::Object(_) => false,
    }
}

/// Whether one of two values is enough to show how both are passed.
fn is_same_case(one: &Value, other: &Value) -> bool {
    (one.is_array() && other.is_array()) || one == other
}
