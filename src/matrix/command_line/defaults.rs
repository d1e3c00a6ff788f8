//! What a matrix without a file has if no option gives it, and which options are missing.

use super::entries::{set, text_entry};
use super::overrides::MetricOverride;
use crate::kinds::{self, Need};
use crate::matrix::diagnostics::diagnostic::{Diagnostic, Severity};
use crate::matrix::diagnostics::flag_texts::FlagTexts;
use crate::matrix::yaml::node::{Content, Entry, Node};

/// Trials of a study whose number of trials is not given.
pub const TRIALS: u64 = 20;

/// Sets the kind if none is given; returns which one, and why.
pub fn choose(
    matrix: &mut Vec<Entry>,
    metric: Option<&MetricOverride>,
    sampler: Option<&str>,
    texts: &mut FlagTexts,
) -> Option<String> {
    let has = |matrix: &[Entry], key: &str| matrix.iter().any(|entry| entry.key == key);
    if has(matrix, "kind") {
        return None;
    }
    let (kind, reason) = match (has(matrix, "resource"), has(matrix, "numRuns"), metric) {
        (true, true, _) => ("auto", "there are --resource and a number of trials"),
        (true, false, _) => ("hyperband", "there is --resource"),
        (false, _, Some(_)) if sampler.is_none() && !has(matrix, "sampler") => ("auto", "there is no --resource"),
        (false, _, Some(_)) => ("random", "there are a sampler and no --resource"),
        (false, _, None) => ("random", "there are no --resource and no --metric"),
    };
    let start = texts.add("--kind", kind);
    matrix.push(text_entry("kind", kind, start..start + kind.len()));
    let mut words = kind.to_owned();
    if !has(matrix, "resource") && !has(matrix, "numRuns") {
        let value = Node { span: start..start + kind.len(), content: Content::Number(TRIALS.into()) };
        set(matrix, Entry { key: "numRuns".to_owned(), key_span: value.span.clone(), value });
        words.push_str(&format!(" and {TRIALS} trials"));
    }
    Some(format!("{words}, because {reason}; choose with --kind and --trials"))
}

/// An error for each thing that the kind requires and no option gives, and for a resource that the kind does not take.
pub fn missing(matrix: &[Entry], metric: Option<&MetricOverride>, texts: &FlagTexts) -> Vec<Diagnostic> {
    let find = |key: &str| matrix.iter().find(|entry| entry.key == key);
    let name = find("kind").and_then(|entry| Some((entry.value.text()?, entry)));
    // an unknown kind is reported where the matrix is read
    let Some((kind, at)) = name.and_then(|(name, entry)| Some((kinds::by_name(name)?, entry))) else {
        return Vec::new();
    };
    let mut errors = Vec::new();
    let mut report = |entry: &Entry, message: String, hint: String| {
        if let Some((source, span)) = texts.locate(&entry.value.span) {
            let (severity, hint, span) = (Severity::Error, Some(hint), Some(span));
            errors.push(Diagnostic { severity, message, hint, source, span });
        }
    };
    let called = kind.names[0];
    let lacks_resource = kind.resource == Need::Required && find("resource").is_none();
    if lacks_resource {
        let hint = "add --resource NAME=MAX, the option of the script and its largest value: --resource epochs=27";
        report(at, format!("kind `{called}` needs a resource"), hint.to_owned());
    }
    for field in kind.fields.iter().filter(|field| field.need == Need::Required && find(field.name).is_none()) {
        if !(lacks_resource && field.name == "maxIterations") {
            let hint =
                if field.name == "numRuns" { "--trials 20".to_owned() } else { format!("--set {}=…", field.name) };
            report(at, format!("kind `{called}` needs `{}`", field.name), format!("add {hint}"));
        }
    }
    if kind.metric == Need::Required && metric.is_none() && find("metric").is_none() {
        report(at, format!("kind `{called}` needs a metric"), "add --metric loss:minimize".to_owned());
    }
    if let Some(resource) = find("resource").filter(|_| kind.resource == Need::Forbidden) {
        let hint = format!("leave it out, or choose a kind with a resource: {}", with_resource());
        report(resource, format!("kind `{called}` takes no resource"), hint);
    }
    errors
}

/// The kinds that take a resource.
fn with_resource() -> String {
    let kinds = kinds::KINDS.into_iter().filter(|kind| kind.resource != Need::Forbidden);
    kinds.map(|kind| kind.names[0]).collect::<Vec<_>>().join(", ")
}
