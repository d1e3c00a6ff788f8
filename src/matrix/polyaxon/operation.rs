//! Reads the root of a file: an operation with a matrix, or a matrix.

use std::time::Duration;

use serde_json::Value;

use super::component::CommandFrom;
use super::ignored::{self, IgnoredFields};
use crate::kinds;
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::diagnostics::suggest::{nearest, quoted, suggestion};
use crate::matrix::yaml::fields::{Fields, json, named};
use crate::matrix::yaml::node::{Entry, Node, Span};
use crate::types::units::LONGEST_SPAN;

/// An operation.
#[derive(Debug)]
pub struct Operation<'n> {
    /// The matrix, and the position for errors about the whole matrix.
    pub matrix: Option<(&'n Node, Span)>,
    /// Its name.
    pub name: Option<String>,
    /// Values for inputs, with their positions.
    pub params: Vec<(&'n str, Span, Value)>,
    /// Attempts of a job after the first.
    pub max_retries: Option<u32>,
    /// The longest run time of a job.
    pub timeout: Option<Duration>,
    /// The component.
    pub component: ComponentSource<'n>,
}

/// Where the component of an operation is.
#[derive(Debug, Default)]
pub enum ComponentSource<'n> {
    /// The operation has none.
    #[default]
    None,
    /// In the same file.
    Inline(&'n Entry),
    /// In the file of this name, relative to the matrix file.
    File(&'n str, Span),
}

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
    let mut operation = Operation {
        matrix: None,
        name: None,
        params: Vec::new(),
        max_retries: None,
        timeout: None,
        component: ComponentSource::None,
    };
    if is_matrix(root) {
        operation.matrix = Some((root, first_key_span(root)));
        return operation;
    }
    let Some(mut fields) = Fields::new(root, "the file", first_key_span(root), findings) else { return operation };
    fields.value("version");
    if let Some((kind, span)) = fields.text("kind", findings)
        && kind != "operation"
    {
        let names = kinds::names().chain(["operation"]);
        let message = format!("unknown matrix kind {}", quoted(kind));
        findings.error_with(span, message, suggestion(kind, names));
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
        operation.params = read_params(entry, findings);
    }
    if let Some(entry) = fields.value("termination") {
        read_termination(entry, &mut operation, ignored_fields, findings);
    }
    operation.component = read_component_source(&mut fields, from, findings);
    ignored_fields.take(&mut fields, &ignored::OPERATION);
    fields.finish(findings);
    operation
}

/// Whether the root is a matrix: it has no field `matrix`, and has a matrix kind (possibly misspelled) or typical fields of a matrix.
pub fn is_matrix(root: &Node) -> bool {
    let kind = root.get("kind").and_then(Node::text);
    let has_matrix_kind = kind.is_some_and(|kind| nearest(kind, kinds::names()).is_some());
    let typical = ["maxIterations", "max_iterations", "numRuns", "num_runs", "metric", "values"];
    let has_typical_field =
        kind.is_none_or(|kind| kind != "operation") && typical.iter().any(|name| root.get(name).is_some());
    root.get("matrix").is_none() && (has_matrix_kind || has_typical_field)
}

/// The position of the first key, where errors about the whole file are shown.
pub fn first_key_span(root: &Node) -> Span {
    root.map().and_then(<[Entry]>::first).map_or_else(|| root.span.clone(), |entry| entry.key_span.clone())
}

/// Reads `params: {name: {value: …}}`.
fn read_params<'n>(entry: &'n Entry, findings: &mut Findings) -> Vec<(&'n str, Span, Value)> {
    let mut read = Vec::new();
    for param in named(&entry.value, "the operation's `params`", entry.key_span.clone(), findings) {
        let what = format!("the value for {}", quoted(&param.key));
        if param.value.map().is_none() {
            let hint = format!("write {}: {{value: …}}", param.key.escape_debug());
            findings.error_with(param.key_span.clone(), format!("{what} must be a mapping with `value`"), Some(hint));
            continue;
        }
        let Some(mut fields) = Fields::new(&param.value, &what, param.key_span.clone(), findings) else { continue };
        if let Some(value) = fields.required("value", findings) {
            read.push((param.key.as_str(), value.value.span.clone(), json(&value.value, findings)));
        }
        for unsupported in ["ref", "contextOnly", "connection", "toInit", "toEnv"] {
            if let Some(entry) = fields.hidden(unsupported) {
                findings.error(
                    entry.key_span.clone(),
                    format!("unsupported field `{unsupported}`; only `value` can be used here"),
                );
            }
        }
        fields.finish(findings);
    }
    read
}

/// Reads `termination: {maxRetries, timeout}`; the timeout is in seconds.
fn read_termination(
    entry: &Entry,
    operation: &mut Operation<'_>,
    ignored_fields: &mut IgnoredFields,
    findings: &mut Findings,
) {
    let Some(mut fields) = Fields::new(&entry.value, "`termination`", entry.key_span.clone(), findings) else { return };
    if let Some((count, span)) = fields.count("maxRetries", findings) {
        operation.max_retries = u32::try_from(count).ok().filter(|n| *n <= 1_000);
        if operation.max_retries.is_none() {
            findings.error(span, format!("`maxRetries` must be at most 1000, found {count}"));
        }
    }
    if let Some((seconds, span)) = fields.number("timeout", findings) {
        operation.timeout = Duration::try_from_secs_f64(seconds).ok();
        operation.timeout = operation.timeout.filter(|span| !span.is_zero() && *span <= LONGEST_SPAN);
        if operation.timeout.is_none() {
            let most = LONGEST_SPAN.as_secs();
            findings.error(span, format!("`timeout` must be between 0 and {most} seconds, found {seconds}"));
        }
    }
    ignored_fields.take(&mut fields, &ignored::TERMINATION);
    fields.finish(findings);
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
