//! Dictionaries of search expressions without a tool around them: `lr: loguniform(1e-5, 1)`, `{type: float, low: 0, high: 1}`, and
//! Optuna's distributions as JSON. They may be a list, and be in a field such as `search_space`, beside settings of the search.

use std::path::Path;

use super::expressions::Language;
use super::space_reader::{SpaceReader, set_fidelity};
use crate::import::note::Note;
use crate::import::reader::Reader;
use crate::import::section::{IgnoredField, Section};
use crate::import::study::ImportedStudy;
use crate::matrix::foreign::is_typed;
use crate::matrix::yaml::node::{Content, Node};

/// Names of the field with the parameters.
const SPACE_FIELDS: [&str; 9] = [
    "search_space",
    "search_spaces",
    "searchSpace",
    "parameters",
    "hyperparameters",
    "hparams",
    "tunables",
    "space",
    "param_space",
];

/// Names of fields around the settings of the search.
const SEARCH_FIELDS: [&str; 7] = ["optuna", "hpo", "hpo_config", "tuning", "tune", "optimization", "search"];

/// Settings that have no field in a matrix, or one with other values.
const IGNORED: [IgnoredField; 8] = [
    ("sampler", "samplers have other names", "choose a `sampler` or a `kind`"),
    ("algorithm", "algorithms have other names", "choose a `sampler` or a `kind`"),
    ("pruner", "it is part of the kind", "choose a `kind`, such as hyperband or asha, or use `earlyStopping`"),
    ("timeout", "it is an option of the command line", "use `--time-limit`"),
    ("study", "a study is a folder", "use `--study`"),
    ("study_name", "a study is a folder", "use `--study`"),
    ("storage", "a study is a folder", "use `--study`"),
    ("objective", "it is not `{name, direction}`", "set `metric`"),
];

/// Reads a dictionary.
pub fn read(root: &Node, _folder: &Path, reader: &mut Reader) -> ImportedStudy {
    let mut study = ImportedStudy::default();
    study.set("kind", "random");
    let mut runs = None;
    let root = unwrapped(root, &mut runs, &mut study, reader);
    let mut space = SpaceReader::new(Language::Python);
    match root.list() {
        Some(items) => items.iter().for_each(|item| space.item(item, reader)),
        None => root.map().unwrap_or_default().iter().for_each(|entry| space.entry(entry, "", 0, reader)),
    }
    study.params = std::mem::take(&mut space.params);
    space.set_runs(runs, &mut study);
    if let Some(fidelity) = space.fidelity {
        set_fidelity(fidelity, &mut study);
    }
    study.require_metric();
    study.set_initial();
    study.notes.push(Note::without_line("a dictionary has no command", "give it after `--`"));
    study
}

/// The parameters: the root, or what is in its field for them. The fields beside it are settings of the search.
fn unwrapped<'n>(root: &'n Node, runs: &mut Option<u64>, study: &mut ImportedStudy, reader: &mut Reader) -> &'n Node {
    let has = |node: &Node, names: &[&str]| {
        let is_container =
            |inner: &Node| matches!(inner.content, Content::Map(_) | Content::List(_)) && !is_typed(inner);
        names.iter().any(|name| node.get(name).is_some_and(is_container))
    };
    let names: &[&str] = match () {
        () if has(root, &SPACE_FIELDS) => &SPACE_FIELDS,
        () if SEARCH_FIELDS.iter().any(|name| root.get(name).is_some_and(|inner| has(inner, &SPACE_FIELDS))) => {
            &SEARCH_FIELDS
        }
        () => return root,
    };
    let Some(mut fields) = Section::new(root, "the dictionary", &root.span, reader) else { return root };
    let Some(inner) = fields.entry(names) else { return root };
    settings(&mut fields, root, runs, study, reader);
    study.notes.extend(fields.unread(&IGNORED, reader));
    if names == SEARCH_FIELDS { unwrapped(&inner.value, runs, study, reader) } else { &inner.value }
}

/// The settings in `fields` of the mapping `around`: the number of trials, the metric and its direction, the seed.
fn settings(
    fields: &mut Section<'_>,
    around: &Node,
    runs: &mut Option<u64>,
    study: &mut ImportedStudy,
    reader: &mut Reader,
) {
    let trials = fields.value(&["n_trials", "total_trials", "max_trials", "num_trials", "num_samples"]);
    *runs = trials.and_then(|node| reader.positive(node, "the number of trials")).or(*runs);
    let metric = fields.value(&["metric", "metric_name", "monitor", "objective_metric"]).and_then(Node::text);
    let direction = fields.value(&["direction", "mode", "optimize_mode", "goal"]).and_then(Node::text);
    // `objective: {name: f1, direction: maximize}`; otherwise it remains unread, so that it is named
    let objective =
        fields.has("objective").then(|| around.get("objective")).flatten().filter(|node| node.map().is_some());
    let part = |names: &[&str]| names.iter().find_map(|name| objective?.get(name)?.text());
    let metric = metric.or_else(|| part(&["name", "metric", "metric_name"]));
    let direction = direction.or_else(|| part(&["direction", "mode", "goal", "type"]));
    if objective.is_some() {
        fields.skip(&["objective"]);
    }
    let optimization = direction.map(|text| if text.starts_with("max") { "maximize" } else { "minimize" });
    match (metric, optimization) {
        (Some(metric), Some(optimization)) => drop(study.set_metric(metric, optimization)),
        (Some(metric), None) => {
            let note = Note::without_line("the file names no direction", "set it");
            study.set_metric(metric, "minimize").notes.push(note);
        }
        (None, Some(optimization)) => {
            let note = Note::without_line("the file names no metric", "set its name");
            study.set_metric("loss", optimization).notes.push(note);
        }
        (None, None) => {}
    }
    if let Some(seed) = fields.value(&["seed"]).map(|node| reader.json(node)).filter(serde_json::Value::is_u64) {
        study.set("seed", seed);
    }
}
