//! Parameters with a type: `{type: float, low: 0, high: 1}`, and Optuna's distributions.

use serde_json::{Number, Value};

use crate::import::domain::ImportedDomain;
use crate::import::reader::{Reader, whole};
use crate::import::section::Section;
use crate::import::study::ImportedParam;
use crate::matrix::yaml::node::{Content, Entry, Node};

/// Reads `{type, low, high, log, step, q, choices}` or `{name: FloatDistribution, attributes: {…}}`.
pub fn typed(name: &str, node: &Node, entry: &Entry, reader: &mut Reader) -> Option<ImportedParam> {
    let what = format!("the parameter `{name}`");
    let mut fields = Section::new(node, &what, &entry.key_span, reader)?;
    let kind = fields.required(&["type", "name"], reader)?;
    let kind_name = reader.text(&kind.value, "`type`")?;
    if let Some(attributes) = fields.entry(&["attributes"]) {
        fields = Section::new(&attributes.value, "`attributes`", &attributes.key_span, reader)?;
    }
    let default = fields.value(&["default", "default_value", "initial"]).map(|node| reader.json(node));
    let domain = typed_domain(kind_name, &kind.value, &mut fields, reader)?;
    let when = fields.value(&["when", "condition", "conditions", "depends_on"]).map(|node| conditions(node, reader));
    let notes = fields.unread(&[], reader);
    let when = when.unwrap_or_default();
    let param =
        ImportedParam { notes, when, first: default, ..ImportedParam::new(name, entry.key_span.clone(), domain) };
    reader.check_domain(&param).then_some(param)
}

/// `{optimizer: sgd}` or `{optimizer: [sgd, adam]}`, as in the matrix.
fn conditions(node: &Node, reader: &mut Reader) -> Vec<(String, Vec<Value>)> {
    let Some(entries) = node.map() else {
        let hint = "write the names of parameters and their values: {optimizer: [sgd, adam]}";
        reader.error(&node.span, format!("a condition must be a mapping, found {}", node.describe()), hint);
        return Vec::new();
    };
    let values = |entry: &Entry, reader: &mut Reader| match reader.json(&entry.value) {
        Value::Array(values) => values,
        value => vec![value],
    };
    entries.iter().map(|entry| (entry.key.clone(), values(entry, reader))).collect()
}

/// `suggest_float`, `FloatDistribution`, `float` and `uniform_float` are the same.
fn plain_type(kind: &str) -> String {
    let kind = kind.trim_start_matches("suggest_").trim_end_matches("Distribution").to_ascii_lowercase();
    kind.replace(['_', '-'], "")
}

fn typed_domain(kind: &str, at: &Node, fields: &mut Section<'_>, reader: &mut Reader) -> Option<ImportedDomain> {
    let plain = plain_type(kind);
    let flag = |fields: &mut Section<'_>| {
        fields.value(&["log", "log_scale"]).is_some_and(|node| node.content == Content::Bool(true))
    };
    let is_log =
        flag(fields) || matches!(plain.as_str(), "loguniform" | "intloguniform" | "logfloat" | "logint" | "log");
    match plain.as_str() {
        "float" | "double" | "real" | "uniform" | "loguniform" | "discreteuniform" | "quniform" | "uniformfloat"
        | "logfloat" | "log" | "range" | "continuous" => floats(is_log, fields, reader),
        "int" | "integer" | "intuniform" | "intloguniform" | "uniformint" | "randint" | "logint" => {
            integers(is_log, fields, reader)
        }
        "categorical" | "choice" | "ordinal" | "enum" | "discrete" | "bool" | "boolean" => {
            choices(&plain, fields, reader)
        }
        "constant" | "fixed" => {
            let value = fields.required(&["value"], reader)?;
            Some(ImportedDomain::constant(reader.json(&value.value)))
        }
        _ => {
            let hint = "known types are float, int, categorical and constant";
            reader.error(&at.span, format!("unknown type `{kind}`"), hint);
            None
        }
    }
}

fn choices(kind: &str, fields: &mut Section<'_>, reader: &mut Reader) -> Option<ImportedDomain> {
    let names = ["choices", "values", "options", "categories", "sequence"];
    let entry = match fields.entry(&names) {
        None if kind.starts_with("bool") => return Some(ImportedDomain::choice(vec![true.into(), false.into()])),
        None => return fields.required(&names, reader).and(None),
        Some(entry) => entry,
    };
    let items = reader.list(&entry.value, "the choices")?;
    Some(ImportedDomain::choice(items.iter().map(|item| reader.json(item)).collect()))
}

/// The bounds and the step.
fn bounds(fields: &mut Section<'_>, reader: &mut Reader) -> Option<(Number, Number, Option<Number>)> {
    let step = fields.value(&["step", "q"]).and_then(|node| reader.number(node, "`step`"));
    if let Some(step) = step.as_ref().filter(|step| step.as_f64().is_none_or(|step| step <= 0.0)) {
        reader.error(&fields.span().clone(), format!("`step` must be above 0, found {step}"), "");
        return None;
    }
    if let Some(node) = fields.value(&["bounds", "range"]) {
        let items = reader.list(node, "the bounds")?;
        let [low, high] = items else {
            reader.error(&node.span, "the bounds must be two numbers", "");
            return None;
        };
        let (low, high) = (reader.number(low, "a bound"), reader.number(high, "a bound"));
        return Some((low?, high?, step));
    }
    let low = fields.required(&["low", "min", "lower", "start"], reader)?;
    let high = fields.required(&["high", "max", "upper", "stop"], reader)?;
    let low = reader.number(&low.value, "the lower bound");
    let high = reader.number(&high.value, "the upper bound");
    Some((low?, high?, step))
}

fn floats(is_log: bool, fields: &mut Section<'_>, reader: &mut Reader) -> Option<ImportedDomain> {
    let (low, high, step) = bounds(fields, reader)?;
    Some(match step {
        Some(step) if is_log => ImportedDomain::q_log_uniform(low, high, step),
        // Optuna: low, low + step, …
        Some(step) if low.as_f64() < high.as_f64() => {
            let stepped = ImportedDomain::stepped(&low, &high, &step);
            stepped
                .map_err(|error| reader.error(fields.span(), error.to_string(), "use a larger step, or none"))
                .ok()?
        }
        _ if is_log => ImportedDomain::log_uniform(low, high),
        _ => ImportedDomain::uniform(low, high),
    })
}

fn integers(is_log: bool, fields: &mut Section<'_>, reader: &mut Reader) -> Option<ImportedDomain> {
    let (low, high, step) = bounds(fields, reader)?;
    let step = step.map_or(Some(1), |step| whole(&step));
    let (Some(low), Some(high), Some(step)) = (whole(&low), whole(&high), step) else {
        reader.error(fields.span(), "the bounds and the step of integers must be whole numbers", "");
        return None;
    };
    Some(if is_log { ImportedDomain::log_int(low, high) } else { ImportedDomain::stepped_int(low, high, step) })
}
