//! The shape around a matrix: an operation, or nothing.

use std::time::Duration;

use serde_json::Value;

use super::component::CommandFrom;
use super::ignored::Ignored;
use crate::kinds;
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::diagnostics::suggest::{nearest, quoted, suggestion};
use crate::matrix::yaml::fields::{Fields, json, named};
use crate::matrix::yaml::node::{Entry, Node, Span};
use crate::types::units::LONGEST_SPAN;

/// What was read of a root.
#[derive(Debug)]
pub struct Operation<'n> {
    /// The matrix, and where faults about all of it are shown.
    pub matrix: Option<(&'n Node, Span)>,
    /// Its name.
    pub name: Option<String>,
    /// Values for inputs.
    pub params: Vec<(&'n str, Span, Value)>,
    /// Further attempts of a job.
    pub max_retries: Option<u32>,
    /// Longest run of a job.
    pub timeout: Option<Duration>,
    /// Where the component is.
    pub component: ComponentAt<'n>,
}

/// Where an operation's component is.
#[derive(Debug, Default)]
pub enum ComponentAt<'n> {
    /// Nowhere.
    #[default]
    Nowhere,
    /// In the same file.
    Here(&'n Entry),
    /// In the file of this name, relative to the matrix file.
    File(&'n str, Span),
}

const CLUSTER_ONLY: [&str; 22] = [
    "queue",
    "presets",
    "namespace",
    "environment",
    "plugins",
    "connections",
    "hooks",
    "schedule",
    "events",
    "build",
    "joins",
    "dependencies",
    "trigger",
    "conditions",
    "skipOnUpstreamSkip",
    "cache",
    "isApproved",
    "isPreset",
    "patchStrategy",
    "runPatch",
    "image",
    "cost",
];

/// References that only a platform can follow, and what to write instead.
const REFERENCES: [(&str, &str); 3] = [
    ("urlRef", "download the component and name its file with `pathRef`"),
    ("hubRef", "write the component under `component:` or name its file with `pathRef`"),
    ("dagRef", "write one component under `component:`"),
];

/// Reads the root of a file.
pub fn read<'n>(root: &'n Node, from: CommandFrom, ignored: &mut Ignored, findings: &mut Findings) -> Operation<'n> {
    let mut operation = Operation {
        matrix: None,
        name: None,
        params: Vec::new(),
        max_retries: None,
        timeout: None,
        component: ComponentAt::Nowhere,
    };
    if is_bare(root) {
        operation.matrix = Some((root, start(root)));
        return operation;
    }
    let Some(mut fields) = Fields::new(root, "the file", start(root), findings) else { return operation };
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
    let hint = "a file holds `matrix:`, or a matrix that starts with `kind: hyperband`";
    match fields.value("matrix") {
        Some(entry) => operation.matrix = Some((&entry.value, entry.key_span.clone())),
        None => findings.error_with(fields.span(), "there is no `matrix` here", Some(hint.to_owned())),
    }
    if let Some(entry) = fields.value("params") {
        operation.params = values(entry, findings);
    }
    if let Some(entry) = fields.value("termination") {
        termination(entry, &mut operation, ignored, findings);
    }
    operation.component = component(&mut fields, from, findings);
    ignored.take(&mut fields, &CLUSTER_ONLY);
    fields.finish(findings);
    operation
}

/// Whether the root is a matrix itself: it holds no matrix, and a kind of one (or nearly) or a matrix's own fields.
pub fn is_bare(root: &Node) -> bool {
    let kind = root.get("kind").and_then(Node::text);
    let method = kind.is_some_and(|kind| nearest(kind, kinds::names()).is_some());
    let typical = ["maxIterations", "max_iterations", "numRuns", "num_runs", "metric", "values"];
    let looks_like_one =
        kind.is_none_or(|kind| kind != "operation") && typical.iter().any(|name| root.get(name).is_some());
    root.get("matrix").is_none() && (method || looks_like_one)
}

/// The first key of a file, where faults about all of it are shown.
pub fn start(root: &Node) -> Span {
    root.map().and_then(<[Entry]>::first).map_or_else(|| root.span.clone(), |entry| entry.key_span.clone())
}

/// `params: {name: {value: …}}`.
fn values<'n>(entry: &'n Entry, findings: &mut Findings) -> Vec<(&'n str, Span, Value)> {
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
        for elsewhere in ["ref", "contextOnly", "connection", "toInit", "toEnv"] {
            if let Some(entry) = fields.hidden(elsewhere) {
                findings.error(
                    entry.key_span.clone(),
                    format!("`{elsewhere}` needs a cluster, only `value` can be used here"),
                );
            }
        }
        fields.finish(findings);
    }
    read
}

/// `termination: {maxRetries, timeout}`; the timeout in seconds.
fn termination(entry: &Entry, operation: &mut Operation<'_>, ignored: &mut Ignored, findings: &mut Findings) {
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
    ignored.take(&mut fields, &["ttl", "culling", "probe"]);
    fields.finish(findings);
}

fn component<'n>(fields: &mut Fields<'n>, from: CommandFrom, findings: &mut Findings) -> ComponentAt<'n> {
    for (name, instead) in REFERENCES {
        if let Some(entry) = fields.hidden(name) {
            from.refuse(entry.key_span.clone(), &format!("`{name}` needs a platform to follow it"), instead, findings);
        }
    }
    let here = fields.value("component");
    let path = fields.text("pathRef", findings);
    match (here, path) {
        (Some(entry), None) => ComponentAt::Here(entry),
        (None, Some((path, span))) => ComponentAt::File(path, span),
        (None, None) => ComponentAt::Nowhere,
        (Some(entry), Some((_, span))) => {
            findings.error(span, "`component` and `pathRef` exclude each other, keep one");
            ComponentAt::Here(entry)
        }
    }
}
