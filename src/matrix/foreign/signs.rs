//! The fields that show the format of a file.

use super::format::ForeignFormat;
use super::search_text::{named_search_text, search_text};
use crate::matrix::yaml::node::{Content, Entry, Node, Span};

/// The position of the field that shows a format, if the file has it.
type Sign = fn(root: &Node) -> Option<Span>;

/// The formats with their signs, in the order in which they are tried.
pub const SIGNS: [(ForeignFormat, Sign); 11] = [
    (ForeignFormat::EarlyPolyaxon, early_polyaxon),
    (ForeignFormat::Sweep, sweep),
    (ForeignFormat::Katib, katib),
    (ForeignFormat::NniExperiment, nni_experiment),
    (ForeignFormat::HydraSweeper, hydra_sweeper),
    (ForeignFormat::Determined, determined),
    (ForeignFormat::AzureSweep, azure_sweep),
    (ForeignFormat::NniSpace, nni_space),
    (ForeignFormat::RayTune, ray),
    (ForeignFormat::Orion, orion),
    (ForeignFormat::Dictionary, dictionary),
];

/// Fields of a matrix or an operation: a file that has one of them is a matrix, perhaps one with errors.
const OWN_FIELDS: [&str; 8] = ["kind", "matrix", "params", "numRuns", "num_runs", "component", "maxIterations", "run"];

/// Deepest level at which a search expression is looked for.
const MAX_LEVEL: usize = 8;

fn entry<'n>(node: &'n Node, name: &str) -> Option<&'n Entry> {
    node.map()?.iter().find(|entry| entry.key == name)
}

fn key(entry: &Entry) -> Span {
    entry.key_span.clone()
}

fn with_text<'n>(root: &'n Node, name: &str, values: &[&str]) -> Option<&'n Entry> {
    entry(root, name).filter(|entry| entry.value.text().is_some_and(|text| values.contains(&text)))
}

/// `hptuning`, or with it in `settings` as of version 0.1 to 0.4, or the kinds of those versions.
fn early_polyaxon(root: &Node) -> Option<Span> {
    let is_tuned = |entry: &&Entry| ["hptuning", "matrix"].iter().any(|name| entry.value.get(name).is_some());
    let in_settings = || entry(root, "settings").filter(is_tuned);
    let kind = || {
        let has_part = ["build", "run", "declarations", "environment"].iter().any(|name| entry(root, name).is_some());
        with_text(root, "kind", &["group", "experiment"]).filter(|_| has_part)
    };
    entry(root, "hptuning").or_else(in_settings).or_else(kind).map(key)
}

fn sweep(root: &Node) -> Option<Span> {
    let parameters = entry(root, "parameters").filter(|entry| entry.value.map().is_some())?;
    let method = with_text(root, "method", &["bayes", "grid", "random", "custom"]);
    let is_sweep = ["program", "command", "early_terminate", "run_cap"].iter().any(|name| entry(root, name).is_some());
    let has_goal = entry(root, "metric").is_some_and(|metric| entry(&metric.value, "goal").is_some());
    method.or_else(|| Some(parameters).filter(|_| is_sweep || has_goal)).map(key)
}

fn katib(root: &Node) -> Option<Span> {
    let is_kubeflow = |entry: &&Entry| entry.value.text().is_some_and(|text| text.starts_with("kubeflow.org/"));
    with_text(root, "kind", &["Experiment"]).or_else(|| entry(root, "apiVersion").filter(is_kubeflow)).map(key)
}

fn nni_experiment(root: &Node) -> Option<Span> {
    let names = ["searchSpace", "searchSpaceFile", "searchSpacePath", "trialCommand"];
    names.iter().find_map(|name| entry(root, name)).map(key)
}

fn hydra_sweeper(root: &Node) -> Option<Span> {
    let sweeper = entry(root, "hydra").and_then(|hydra| entry(&hydra.value, "sweeper"))?;
    ["params", "search_space", "parametrization"].iter().find_map(|name| entry(&sweeper.value, name)).map(key)
}

fn determined(root: &Node) -> Option<Span> {
    entry(root, "hyperparameters").filter(|_| entry(root, "searcher").is_some()).map(key)
}

fn azure_sweep(root: &Node) -> Option<Span> {
    let is_job = ["trial", "objective", "limits", "jobs", "$schema"].iter().any(|name| entry(root, name).is_some());
    let is_sweep = is_job || with_text(root, "type", &["sweep"]).is_some();
    entry(root, "sampling_algorithm").or_else(|| entry(root, "search_space").filter(|_| is_sweep)).map(key)
}

fn is_own(root: &Node) -> bool {
    OWN_FIELDS.iter().any(|name| entry(root, name).is_some())
}

/// The mapping of the parameters of a search space, which may be in `search_space`.
pub(crate) fn nni_space_root(root: &Node) -> &Node {
    match root.map() {
        Some([only]) if only.key == "search_space" => &only.value,
        _ => root,
    }
}

fn nni_space(root: &Node) -> Option<Span> {
    let entries = nni_space_root(root).map().filter(|_| !is_own(root))?;
    entries.iter().find(|entry| entry.value.get("_type").is_some() && entry.value.get("_value").is_some()).map(key)
}

fn orion(root: &Node) -> Option<Span> {
    let entries = root.map().filter(|_| !is_own(root))?;
    let is_experiment = |entry: &&Entry| {
        let fields = ["algorithms", "algorithm", "max_trials", "strategy", "working_dir", "max_broken"];
        entry.key == "experiment" && fields.iter().any(|name| entry.value.get(name).is_some())
    };
    let marked = || entries.iter().find(|entry| has_search_text(&entry.value, &|text| text.contains("orion~"), 0));
    // without a space, which Oríon takes from the command
    let bare = || entry(root, "algorithms").filter(|_| entry(root, "max_trials").is_some());
    entries.iter().find(is_experiment).or_else(marked).or_else(bare).map(key)
}

/// Whether the node is an experiment of Ray Tune: a space beside other fields of `tune.run`.
pub(crate) fn is_ray_experiment(node: &Node) -> bool {
    let fields = ["run", "alg", "env", "stop", "num_samples", "num_trials", "tune_config"];
    let is_space = |name: &str| entry(node, name).is_some_and(|space| space.value.map().is_some());
    ["config", "param_space"].into_iter().any(is_space) && fields.iter().any(|name| entry(node, name).is_some())
}

fn ray(root: &Node) -> Option<Span> {
    let entries = root.map().filter(|_| entry(root, "kind").is_none())?;
    if is_ray_experiment(root) {
        return ["config", "param_space"].iter().find_map(|name| entry(root, name)).map(key);
    }
    entries.iter().find(|entry| is_ray_experiment(&entry.value)).map(key)
}

/// `{grid_search: [a, b]}`, Ray Tune's form of a choice.
pub(crate) fn is_grid_search(node: &Node) -> bool {
    matches!(node.map(), Some([entry]) if entry.key == "grid_search" && entry.value.list().is_some())
}

fn has_grid_search(node: &Node, level: usize) -> bool {
    let inner = || node.map().unwrap_or_default().iter().any(|entry| has_grid_search(&entry.value, level + 1));
    level <= MAX_LEVEL && (is_grid_search(node) || inner())
}

fn dictionary(root: &Node) -> Option<Span> {
    if let Some(items) = root.list() {
        let is_search = |item: &&Node| item.text().is_some_and(|text| named_search_text(text).is_some());
        return items.iter().find(|item| is_search(item) || is_typed_item(item)).map(|item| item.span.clone());
    }
    let entries = root.map().filter(|_| !is_own(root))?;
    let is_search = |entry: &&Entry| {
        has_typed(&entry.value, 0)
            || has_grid_search(&entry.value, 0)
            || has_search_text(&entry.value, &|text| search_text(text).is_some(), 0)
    };
    entries.iter().find(is_search).map(key)
}

/// Names of the field with a parameter's type.
pub(crate) const TYPE_FIELDS: [&str; 5] = ["type", "dist", "distribution", "distribution_type", "value_type"];

/// Names of the field with a parameter's smallest value.
pub(crate) const LOW_FIELDS: [&str; 6] = ["low", "min", "lower", "start", "lower_bound", "min_value"];

/// Names of the field with a parameter's largest value.
pub(crate) const HIGH_FIELDS: [&str; 6] = ["high", "max", "upper", "stop", "upper_bound", "max_value"];

/// Names of the field with a parameter's values.
pub(crate) const VALUE_FIELDS: [&str; 5] = ["choices", "values", "options", "categories", "sequence"];

fn has_field(node: &Node, names: &[&str]) -> bool {
    names.iter().any(|name| node.get(name).is_some())
}

/// Fields of a parameter besides its type and its values.
const PARAM_FIELDS: [&str; 21] = [
    "name",
    "field",
    "param_name",
    "param",
    "parameter",
    "step",
    "q",
    "log",
    "log_scale",
    "scale",
    "default",
    "default_value",
    "initial",
    "when",
    "condition",
    "conditions",
    "conditional",
    "depends_on",
    "description",
    "help",
    "comment",
];

/// `{low: 1, high: 4}` with numbers and without a type.
pub(crate) fn is_untyped_range(node: &Node) -> bool {
    let is_number = |names: &[&str]| {
        let bound = names.iter().find_map(|name| node.get(name));
        bound.is_some_and(|bound| matches!(bound.content, Content::Number(_)))
    };
    let known = |entry: &Entry| {
        [&LOW_FIELDS[..], &HIGH_FIELDS, &PARAM_FIELDS].iter().any(|names| names.contains(&entry.key.as_str()))
    };
    is_number(&LOW_FIELDS) && is_number(&HIGH_FIELDS) && node.map().is_some_and(|entries| entries.iter().all(known))
}

/// `{values: [adam, sgd]}` without a type.
pub(crate) fn is_untyped_choice(node: &Node) -> bool {
    let values = VALUE_FIELDS.iter().find_map(|name| node.get(name));
    let known =
        |entry: &Entry| [&VALUE_FIELDS[..], &PARAM_FIELDS].iter().any(|names| names.contains(&entry.key.as_str()));
    values.is_some_and(|values| values.list().is_some_and(|items| !items.is_empty()))
        && node.map().is_some_and(|entries| entries.iter().all(known))
}

/// `{type: float, low: 0, high: 1}`, `{low: 0, high: 1}`, `{values: [a, b]}`, or a distribution of Optuna.
pub(crate) fn is_typed(node: &Node) -> bool {
    let bounds = has_field(node, &LOW_FIELDS) || has_field(node, &["bounds", "range"]);
    let has_type = TYPE_FIELDS.iter().any(|name| node.get(name).and_then(Node::text).is_some());
    let is_distribution = node.get("name").and_then(Node::text).is_some_and(|name| name.ends_with("Distribution"));
    let written = |text: &str| text.trim_start().starts_with('{') && text.contains("Distribution\"");
    let is_scale = |node: &Node| matches!(node.content, Content::Bool(_) | Content::Text(_));
    let has_scale = ["log", "scale"].iter().any(|name| node.get(name).is_some_and(is_scale));
    (has_type && (bounds || has_field(node, &VALUE_FIELDS)))
        || (has_scale && bounds && has_field(node, &HIGH_FIELDS))
        || (is_distribution && has_field(node, &["attributes"]))
        || is_untyped_range(node)
        || is_untyped_choice(node)
        || node.text().is_some_and(written)
}

/// [`is_typed`] with a name in it, or with its fields in `attributes`.
pub(crate) fn is_typed_item(node: &Node) -> bool {
    let has_attributes = || {
        let attributes = node.get("attributes");
        node.get("type").is_some() && attributes.is_some_and(|fields| fields.get("name").is_some())
    };
    node.map().is_some() && (is_typed(node) || has_attributes())
}

/// Whether a parameter with a type is in the mapping, or in a list in it.
fn has_typed(node: &Node, level: usize) -> bool {
    let in_map = || node.map().is_some_and(|entries| entries.iter().any(|inner| has_typed(&inner.value, level + 1)));
    let in_list = || node.list().is_some_and(|items| items.iter().any(is_typed_item));
    level <= MAX_LEVEL && (is_typed(node) || in_list() || in_map())
}

fn has_search_text(node: &Node, is_search: &dyn Fn(&str) -> bool, level: usize) -> bool {
    match &node.content {
        _ if level > MAX_LEVEL => false,
        Content::Text(text) => is_search(text),
        Content::Map(entries) => entries.iter().any(|entry| has_search_text(&entry.value, is_search, level + 1)),
        _ => false,
    }
}
