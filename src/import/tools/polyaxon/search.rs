//! `hptuning`: the algorithm, the search space and early stopping.

use serde_json::{Map, Number, Value, json};

use crate::import::domain::ImportedDomain;
use crate::import::reader::{Reader, text_number};
use crate::import::section::Section;
use crate::import::study::{ImportedParam, ImportedStudy};
use crate::matrix::yaml::node::{Content, Entry, Node};

/// The kinds of `matrix` with their kinds in hypertune, whose values have the same forms.
const KINDS: [(&str, &str); 14] = [
    ("values", "choice"),
    ("pvalues", "pchoice"),
    ("range", "range"),
    ("linspace", "linspace"),
    ("logspace", "logspace"),
    ("geomspace", "geomspace"),
    ("uniform", "uniform"),
    ("quniform", "quniform"),
    // exponents, as in Polyaxon
    ("loguniform", "loguniform"),
    ("qloguniform", "qloguniform"),
    ("normal", "normal"),
    ("qnormal", "qnormal"),
    ("lognormal", "lognormal"),
    ("qlognormal", "qlognormal"),
];

/// Reads `hptuning`.
pub fn read(entry: &Entry, study: &mut ImportedStudy, reader: &mut Reader) {
    let Some(mut fields) = Section::new(&entry.value, "`hptuning`", &entry.key_span, reader) else { return };
    if let Some(entry) = fields.required(&["matrix"], reader) {
        study.params = entry.value.map().unwrap_or_default().iter().filter_map(|entry| param(entry, reader)).collect();
        if study.params.is_empty() && entry.value.map().is_none_or(<[Entry]>::is_empty) {
            reader.error(&entry.key_span, "`matrix` has no parameters", "");
        }
    }
    read_algorithm(&mut fields, study, reader);
    let slots = fields.value(&["concurrency", "concurrent_experiments"]);
    if let Some(slots) = slots.and_then(|node| reader.positive(node, "`concurrency`")) {
        study.set("concurrency", slots);
    }
    if let Some(seed) = fields.value(&["seed"]).and_then(|node| reader.whole(node, "`seed`")) {
        study.set("seed", u64::try_from(seed).unwrap_or(0));
    }
    if let Some(entry) = fields.entry(&["early_stopping"]) {
        read_stopping(entry, study, reader);
    }
    let notes = fields.unread(&[], reader);
    study.notes.extend(notes);
}

fn param(entry: &Entry, reader: &mut Reader) -> Option<ImportedParam> {
    let inner = entry.value.map().and_then(|entries| entries.first().filter(|_| entries.len() == 1));
    let Some(inner) = inner else {
        let message = format!("parameter `{}` must have one field such as `values` or `uniform`", entry.key);
        reader.error(&entry.key_span, message, "");
        return None;
    };
    let Some((_, kind)) = KINDS.iter().find(|(name, _)| *name == inner.key) else {
        let names: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
        reader.error(
            &inner.key_span,
            format!("unknown field `{}`", inner.key),
            &format!("known are {}", names.join(", ")),
        );
        return None;
    };
    let value = colon_list(reader.json(&inner.value));
    let mut param = ImportedParam::new(&entry.key, entry.key_span.clone(), ImportedDomain::same(kind, value));
    if kind.starts_with('q') {
        let message = "Polyaxon before 1.0 rounds down to a multiple of q, hypertune to the nearest one";
        param.notes.push(reader.note(&inner.key_span, message, ""));
    }
    reader.check_domain(&param).then_some(param)
}

fn read_algorithm(fields: &mut Section<'_>, study: &mut ImportedStudy, reader: &mut Reader) {
    let count = |entry: &Entry, name: &str, reader: &mut Reader| {
        entry.value.get(name).and_then(|node| reader.positive(node, &format!("`{name}`")))
    };
    if let Some(entry) = fields.entry(&["grid_search"]) {
        let runs = count(entry, "n_experiments", reader);
        study.set_grid(runs);
    } else if let Some(entry) = fields.entry(&["random_search"]) {
        let runs = count(entry, "n_experiments", reader);
        study.set_runs(runs);
    } else if let Some(entry) = fields.entry(&["hyperband"]) {
        read_hyperband(entry, study, reader);
    } else if let Some(entry) = fields.entry(&["bo"]) {
        read_bayes(entry, study, reader);
    } else {
        // Polyaxon: a grid if all parameters are discrete, otherwise random draws
        study.set_grid(None);
    }
}

fn read_metric(fields: &mut Section<'_>, study: &mut ImportedStudy, reader: &mut Reader) {
    let Some(entry) = fields.required(&["metric"], reader) else { return };
    let name = entry.value.get("name").and_then(Node::text);
    let optimization = entry.value.get("optimization").and_then(Node::text).map(str::to_ascii_lowercase);
    match (name, optimization.as_deref()) {
        (Some(name), Some(word @ ("minimize" | "maximize"))) => drop(study.set_metric(name, word)),
        (Some(name), None) => drop(study.set_metric(name, "maximize")),
        _ => {
            let message = format!(
                "`metric` must be {{name, optimization: minimize | maximize}}, found {}",
                entry.value.describe()
            );
            reader.error(&entry.value.span, message, "");
        }
    }
}

fn read_hyperband(entry: &Entry, study: &mut ImportedStudy, reader: &mut Reader) {
    let Some(mut fields) = Section::new(&entry.value, "`hyperband`", &entry.key_span, reader) else { return };
    study.set("kind", "hyperband");
    if let Some(entry) = fields.required(&["max_iter"], reader)
        && let Some(max) = reader.positive(&entry.value, "`max_iter`")
    {
        study.set("maxIterations", max);
    }
    if let Some(eta) = fields.value(&["eta"]).and_then(|node| reader.number(node, "`eta`")) {
        study.set("eta", Value::Number(eta));
    }
    // Polyaxon rounds up
    study.set("bracketSizes", "ceil");
    if let Some(entry) = fields.required(&["resource"], reader) {
        let name = entry.value.get("name").and_then(Node::text).unwrap_or("epochs");
        let kind = entry.value.get("type").and_then(Node::text).map(str::to_ascii_lowercase);
        study.set_resource(name, if kind.as_deref() == Some("int") { "int" } else { "float" });
    }
    if fields.value(&["resume"]).is_some_and(|node| node.content == Content::Bool(true)) {
        study.set("resume", true);
    }
    read_metric(&mut fields, study, reader);
    let notes = fields.unread(&[], reader);
    study.notes.extend(notes);
}

fn read_bayes(entry: &Entry, study: &mut ImportedStudy, reader: &mut Reader) {
    let Some(mut fields) = Section::new(&entry.value, "`bo`", &entry.key_span, reader) else { return };
    study.set("kind", "bayes");
    for (name, field) in [("n_initial_trials", "numInitialRuns"), ("n_iterations", "maxIterations")] {
        if let Some(entry) = fields.required(&[name], reader)
            && let Some(count) = reader.positive(&entry.value, &format!("`{name}`"))
        {
            study.set(field, count);
        }
    }
    if let Some(entry) = fields.entry(&["utility_function"]) {
        let value = reader.json(&entry.value);
        study.set("utilityFunction", utility(&value));
    }
    read_metric(&mut fields, study, reader);
    let notes = fields.unread(&[], reader);
    study.notes.extend(notes);
}

/// The fields of version 1, whose words are in lower case.
fn utility(value: &Value) -> Value {
    let lower = |value: &Value| value.as_str().map_or_else(|| value.clone(), |text| text.to_ascii_lowercase().into());
    let mut out = Map::new();
    if let Some(function) = value.get("acquisition_function") {
        out.insert("acquisitionFunction".to_owned(), lower(function));
    }
    for name in ["kappa", "eps"] {
        renamed(value.get(name), name, &mut out);
    }
    if let Some(process) = value.get("gaussian_process") {
        let mut inner = Map::new();
        if let Some(kernel) = process.get("kernel") {
            inner.insert("kernel".to_owned(), lower(kernel));
        }
        let names = [("length_scale", "lengthScale"), ("nu", "nu"), ("n_restarts_optimizer", "numRestartsOptimizer")];
        names.iter().for_each(|(from, to)| renamed(process.get(from), to, &mut inner));
        out.insert("gaussianProcess".to_owned(), Value::Object(inner));
    }
    Value::Object(out)
}

/// Metric conditions, and policies on running jobs.
fn read_stopping(entry: &Entry, study: &mut ImportedStudy, reader: &mut Reader) {
    for item in reader.list(&entry.value, "`early_stopping`").unwrap_or_default() {
        let value = reader.json(item);
        let (metric, optimization) = (&value["metric"], value["optimization"].as_str().unwrap_or("maximize"));
        if metric.is_null() {
            reader.error(&item.span, "an early-stopping rule needs a `metric`", "");
            continue;
        }
        let optimization = optimization.to_ascii_lowercase();
        if let Some(policy) = value.get("policy").filter(|policy| !policy.is_null()) {
            let interval = policy.get("evaluation_interval").cloned().unwrap_or_else(|| 1.into());
            let kind = policy.get("kind").and_then(Value::as_str).unwrap_or("median");
            let rule = match kind {
                "truncation" => {
                    json!({ "kind": "truncation", "percent": policy.get("percent").cloned().unwrap_or_else(|| 50.into()), "evaluationInterval": interval })
                }
                _ => {
                    json!({ "kind": "median", "evaluationInterval": interval, "minInterval": policy.get("min_interval").cloned().unwrap_or_else(|| 1.into()) })
                }
            };
            let field = study.add_stopping(json!({ "metric": metric, "optimization": optimization, "policy": rule }));
            if kind == "average" {
                let note = reader.note(&item.span, "hypertune has no policy `average`; `median` is the nearest", "");
                field.notes.push(note);
            }
        } else {
            study.add_stopping(json!({ "metric": metric, "value": value["value"], "optimization": optimization }));
        }
        if study.get("metric").is_none()
            && let Some(name) = metric.as_str()
        {
            study.set_metric(name, &optimization);
        }
    }
}

/// A field of another name with the same value.
fn renamed(value: Option<&Value>, to: &str, target: &mut Map<String, Value>) {
    if let Some(value) = value {
        target.insert(to.to_owned(), value.clone());
    }
}

/// `0.001:0.1:5` as a list, if all parts are numbers.
fn colon_list(value: Value) -> Value {
    let numbers = |text: &str| text.split(':').map(text_number).collect::<Option<Vec<Number>>>();
    match value.as_str().and_then(numbers) {
        Some(numbers) if numbers.len() > 1 => numbers.into_iter().map(Value::Number).collect(),
        _ => value,
    }
}
