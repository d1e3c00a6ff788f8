//! Reads the root of a file: an operation with a matrix, or a matrix.

use serde_json::Value;

use super::command_from::CommandFrom;
use super::ignored::{self, IgnoredFields};
use super::inputs::variable_name;
use super::termination::{self, TerminationSection};
use crate::kinds;
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::diagnostics::suggest::{camel_case, nearest, quoted, suggestion};
use crate::matrix::yaml::fields::{Fields, json, named};
use crate::matrix::yaml::node::{Content, Entry, Node, Span};

/// An operation.
#[derive(Debug, Default)]
pub struct Operation<'n> {
    /// The matrix, and the position for errors about the whole matrix.
    pub matrix: Option<(&'n Node, Span)>,
    /// Its name.
    pub name: Option<String>,
    /// Values for inputs.
    pub params: Vec<GivenParam<'n>>,
    /// Its `termination`.
    pub termination: TerminationSection,
    /// The component.
    pub component: ComponentSource<'n>,
}

/// A value in the operation's `params`.
#[derive(Debug)]
pub struct GivenParam<'n> {
    /// Its name.
    pub name: &'n str,
    /// The position of its value.
    pub span: Span,
    /// Its value.
    pub value: Value,
    /// Who may use it.
    pub scope: ParamScope,
    /// The environment variable that has the value too (`toEnv`).
    pub variable: Option<String>,
}

/// Whether a value in the operation's `params` is for an input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ParamScope {
    /// The component should declare it as an input.
    Input,
    /// Only templates use it (`contextOnly: true`).
    Context,
}

/// The fields of a value in `params`. A mapping without them is itself the value.
const PARAM_FIELDS: [&str; 6] = ["value", "ref", "contextOnly", "connection", "toInit", "toEnv"];

/// Where the component of an operation is.
#[derive(Debug, Default)]
pub enum ComponentSource<'n> {
    /// The operation has none.
    #[default]
    None,
    /// In the same file.
    Inline(&'n Entry),
    /// The file itself, a component with a matrix. The node has only the fields of the component.
    Root(Node),
    /// In the file of this name, relative to the matrix file.
    File(&'n str, Span),
}

/// Fields of matrices, in camelCase, that a file has nowhere else.
const MATRIX_FIELDS: [&str; 19] = [
    "resume",
    "resource",
    "metric",
    "seed",
    "concurrency",
    "earlyStopping",
    "maxIterations",
    "minIterations",
    "numIterations",
    "eta",
    "numRuns",
    "numInitialRuns",
    "utilityFunction",
    "algorithm",
    "rounds",
    "sampler",
    "tuner",
    "initial",
    "argStyle",
];

/// References that only Polyaxon can resolve, with a hint for each.
const REFERENCES: [(&str, &str); 3] = [
    ("urlRef", "download the component and name its file with `pathRef`"),
    ("hubRef", "write the component under `component:` or name its file with `pathRef`"),
    ("dagRef", "write one component under `component:`"),
];

/// Reads the root of a file.
pub fn read<'n>(
    root: &'n Node,
    from: CommandFrom,
    ignored_fields: &mut IgnoredFields,
    findings: &mut Findings,
) -> Operation<'n> {
    let mut operation = Operation::default();
    if is_matrix(root) {
        operation.matrix = Some((root, first_key_span(root)));
        return operation;
    }
    let Some(mut fields) = Fields::new(root, "the file", first_key_span(root), findings) else { return operation };
    fields.value("version");
    match fields.text("kind", findings) {
        Some(("component", span)) => return read_component_with_matrix(root, span, ignored_fields, findings),
        Some((kind, span)) if kind != "operation" => {
            let names = kinds::names().chain(["operation", "component"]);
            let message = format!("unknown matrix kind {}", quoted(kind));
            findings.error_with(span, message, suggestion(kind, names));
        }
        _ => {}
    }
    operation.name = fields.text("name", findings).map(|(name, _)| name.to_owned());
    fields.value("description");
    fields.value("tags");
    let hint = "a file contains `matrix:`, or is a matrix that starts with `kind: hyperband`";
    match fields.value("matrix") {
        Some(entry) => operation.matrix = Some((&entry.value, entry.key_span.clone())),
        None => findings.error_with(fields.span(), "missing field `matrix` in the file", Some(hint.to_owned())),
    }
    if let Some(entry) = fields.value("params") {
        operation.params = read_params(entry, ignored_fields, findings);
    }
    if let Some(entry) = fields.value("termination") {
        operation.termination = termination::read(entry, ignored_fields, findings);
    }
    operation.component = read_component_source(&mut fields, from, findings);
    ignored_fields.take(&mut fields, &ignored::OPERATION);
    refuse_matrix_fields(&mut fields, findings);
    fields.finish(findings);
    operation
}

/// Records an error for each field of a matrix beside it.
fn refuse_matrix_fields(fields: &mut Fields<'_>, findings: &mut Findings) {
    for name in MATRIX_FIELDS {
        if let Some(entry) = fields.hidden(name) {
            let message = format!("the field {} belongs in `matrix:`", quoted(&entry.key));
            let hint = format!("indent it below `matrix:`, as in `matrix: {{kind: …, {}: …}}`", entry.key);
            findings.error_with(entry.key_span.clone(), message, Some(hint));
        }
    }
}

/// Reads a component with the fields `matrix` and `params` of an operation. `span` is the position of its kind.
fn read_component_with_matrix<'n>(
    root: &'n Node,
    span: Span,
    ignored_fields: &mut IgnoredFields,
    findings: &mut Findings,
) -> Operation<'n> {
    let entries = root.map().unwrap_or_default();
    let find = |name: &str| entries.iter().find(|entry| camel_case(&entry.key) == name && !entry.value.is_null());
    let mut operation = Operation::default();
    match find("matrix") {
        Some(entry) => operation.matrix = Some((&entry.value, entry.key_span.clone())),
        None => {
            let hint = "add `matrix:` to it, or write a file with `matrix:` and `pathRef: ./` with this file's name";
            findings.error_with(span, "the file is a component without a matrix", Some(hint.to_owned()));
            return operation;
        }
    }
    operation.name = find("name").and_then(|entry| entry.value.text()).map(str::to_owned);
    if let Some(entry) = find("params") {
        operation.params = read_params(entry, ignored_fields, findings);
    }
    let is_of_component = |entry: &&Entry| !["matrix", "params"].contains(&camel_case(&entry.key).as_str());
    let content = Content::Map(entries.iter().filter(is_of_component).cloned().collect());
    operation.component = ComponentSource::Root(Node { span: root.span.clone(), content });
    operation
}

/// Whether the root is a matrix: it has no field `matrix`, and has a matrix kind (possibly misspelled) or typical fields of a matrix.
pub fn is_matrix(root: &Node) -> bool {
    let kind = root.get("kind").and_then(Node::text);
    let has_matrix_kind = kind.is_some_and(|kind| nearest(kind, kinds::names()).is_some());
    let typical = ["maxIterations", "max_iterations", "numRuns", "num_runs", "metric", "values"];
    let has_typical_field = kind.is_none_or(|kind| !["operation", "component"].contains(&kind))
        && typical.iter().any(|name| root.get(name).is_some());
    root.get("matrix").is_none() && (has_matrix_kind || has_typical_field)
}

/// The position of the first key, where errors about the whole file are shown.
pub fn first_key_span(root: &Node) -> Span {
    root.map().and_then(<[Entry]>::first).map_or_else(|| root.span.clone(), |entry| entry.key_span.clone())
}

/// Reads `params: {name: {value: …}}` or `params: {name: value}`.
fn read_params<'n>(
    entry: &'n Entry,
    ignored_fields: &mut IgnoredFields,
    findings: &mut Findings,
) -> Vec<GivenParam<'n>> {
    let params = named(&entry.value, "the operation's `params`", entry.key_span.clone(), findings);
    params.into_iter().filter_map(|param| read_param(param, ignored_fields, findings)).collect()
}

fn read_param<'n>(
    entry: &'n Entry,
    ignored_fields: &mut IgnoredFields,
    findings: &mut Findings,
) -> Option<GivenParam<'n>> {
    let plain = |node: &Node, scope, variable, findings: &mut Findings| {
        let (name, span) = (entry.key.as_str(), node.span.clone());
        GivenParam { name, span, value: json(node, findings), scope, variable }
    };
    let is_full = entry
        .value
        .map()
        .is_some_and(|fields| fields.iter().any(|field| PARAM_FIELDS.contains(&camel_case(&field.key).as_str())));
    if !is_full {
        return Some(plain(&entry.value, ParamScope::Input, None, findings));
    }
    let what = format!("the value for {}", quoted(&entry.key));
    let mut fields = Fields::new(&entry.value, &what, entry.key_span.clone(), findings)?;
    if let Some(reference) = fields.hidden("ref") {
        let message = "`ref` refers to another run and cannot be resolved without Polyaxon";
        findings.error_with(reference.key_span.clone(), message, Some("write the `value` itself".to_owned()));
    }
    let value = fields.required("value", findings);
    let scope = match fields.flag("contextOnly", findings) {
        Some(true) => ParamScope::Context,
        _ => ParamScope::Input,
    };
    let variable = fields.text("toEnv", findings).and_then(|(name, span)| variable_name(name, span, findings));
    ignored_fields.take(&mut fields, &ignored::PARAM);
    fields.finish(findings);
    Some(plain(&value?.value, scope, variable, findings))
}

fn read_component_source<'n>(
    fields: &mut Fields<'n>,
    from: CommandFrom,
    findings: &mut Findings,
) -> ComponentSource<'n> {
    for (name, instead) in REFERENCES {
        if let Some(entry) = fields.hidden(name) {
            from.refuse(
                entry.key_span.clone(),
                &format!("`{name}` cannot be resolved without Polyaxon"),
                instead,
                findings,
            );
        }
    }
    let inline = fields.value("component");
    let path = fields.text("pathRef", findings);
    match (inline, path) {
        (Some(entry), None) => ComponentSource::Inline(entry),
        (None, Some((path, span))) => ComponentSource::File(path, span),
        (None, None) => ComponentSource::None,
        (Some(entry), Some((_, span))) => {
            findings.error(span, "`component` and `pathRef` cannot both be given");
            ComponentSource::Inline(entry)
        }
    }
}
