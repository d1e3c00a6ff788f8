//! Defines a matrix by options, or changes the matrix of a file.

use std::sync::Arc;

use super::defaults;
use super::entries::{set, text_entry};
use super::matrix_options::MatrixOptions;
use super::overrides::MetricOverride;
use crate::matrix::diagnostics::diagnostic::{Diagnostic, Severity};
use crate::matrix::diagnostics::flag_texts::FlagTexts;
use crate::matrix::diagnostics::suggest::{camel_case, quoted};
use crate::matrix::notation::{self, NotationError, named_value};
use crate::matrix::polyaxon::operation;
use crate::matrix::sections::param_tree::SEPARATOR;
use crate::matrix::yaml::node::{Content, Entry, Node};
use crate::types::objective::Direction;

/// A matrix with the options applied.
#[derive(Debug)]
pub struct AppliedOptions {
    /// The root of the file, or of a matrix without a file.
    pub root: Node,
    /// The options to which the spans of new nodes refer.
    pub texts: FlagTexts,
    /// Mistakes in the notation of the options, and missing ones.
    pub errors: Vec<Diagnostic>,
    /// Options that have no effect.
    pub warnings: Vec<Diagnostic>,
    /// The kind that was chosen because none is given, with the reason.
    pub chosen: Option<String>,
}

/// Replaces and adds fields in the matrix of `root`.
pub fn apply(options: &MatrixOptions, root: Node) -> AppliedOptions {
    let mut fields = GivenFields::read(options);
    let mut root = root;
    if let Some(matrix) = matrix_entries(&mut root) {
        let params = std::mem::take(&mut fields.params);
        fields.entries.into_iter().for_each(|entry| set(matrix, entry));
        params.into_iter().for_each(|param| set_param(matrix, param));
    }
    AppliedOptions { root, texts: fields.texts, errors: fields.errors, warnings: fields.warnings, chosen: None }
}

/// The matrix that the options define without a file. The metric is that of `--metric`, which is applied to it later.
pub fn build(options: &MatrixOptions, metric: Option<&MetricOverride>, sampler: Option<&str>) -> AppliedOptions {
    let mut fields = GivenFields::read(options);
    let mut matrix = Vec::new();
    std::mem::take(&mut fields.entries).into_iter().for_each(|entry| set(&mut matrix, entry));
    let chosen = defaults::choose(&mut matrix, metric, sampler, &mut fields.texts);
    matrix.sort_by_key(|entry| entry.key != "kind");
    matrix.extend(metric.and_then(|metric| metric_entry(metric, &mut fields.texts)));
    if fields.errors.is_empty() {
        fields.errors = defaults::missing(&matrix, metric, &fields.texts);
    }
    std::mem::take(&mut fields.params).into_iter().for_each(|param| set_param(&mut matrix, param));
    let root = Node { span: 0..0, content: Content::Map(matrix) };
    AppliedOptions { root, texts: fields.texts, errors: fields.errors, warnings: fields.warnings, chosen }
}

/// The fields and parameters in the options.
#[derive(Debug, Default)]
struct GivenFields {
    texts: FlagTexts,
    errors: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
    /// Fields of the matrix.
    entries: Vec<Entry>,
    /// Parameters.
    params: Vec<Entry>,
}

impl GivenFields {
    fn read(options: &MatrixOptions) -> GivenFields {
        let mut fields = GivenFields::default();
        if let Some(kind) = &options.kind {
            let start = fields.texts.add("--kind", kind);
            fields.entries.push(text_entry("kind", kind, start..start + kind.len()));
        }
        if let Some(text) = &options.resource {
            let entries = fields.parsed("--resource", text, super::resource::parse);
            fields.entries.extend(entries.into_iter().flatten());
        }
        if let Some(trials) = options.trials {
            let start = fields.texts.add("--trials", &trials.to_string());
            let span = start..start + trials.to_string().len();
            let value = Node { span: span.clone(), content: Content::Number(trials.into()) };
            fields.entries.push(Entry { key: "numRuns".to_owned(), key_span: span, value });
        }
        for text in &options.set {
            let entry = fields.parsed("--set", text, |text| {
                named_value(text).map(|entry| vec![Entry { key: camel_case(&entry.key), ..entry }])
            });
            fields.entries.extend(entry.into_iter().flatten());
        }
        for text in &options.space {
            let param = fields.parsed("-s", text, |text| notation::parse(text).map(|entry| vec![entry]));
            for param in param.into_iter().flatten() {
                fields.warn_repeated(&param, text);
                fields.params.push(param);
            }
        }
        fields
    }

    /// Warns about an earlier `-s` for the name of `param`, which is in `text`.
    fn warn_repeated(&mut self, param: &Entry, text: &str) {
        if self.params.iter().any(|earlier| earlier.key == param.key) {
            let (option, severity) = ("-s", Severity::Warning);
            let message = format!("duplicate parameter {}; the last -s for it is used", quoted(&param.key));
            let source = Arc::new(FlagTexts::source(option, text));
            let start = option.len() + 1 + text.len() - text.trim_start().len();
            let span = Some(start..start + param.key.len());
            self.warnings.push(Diagnostic { severity, message, hint: None, source, span });
        }
    }

    /// The entries that `parse` reads from the value of `option`, with positions in the option.
    fn parsed(
        &mut self,
        option: &str,
        text: &str,
        parse: impl Fn(&str) -> Result<Vec<Entry>, NotationError>,
    ) -> Option<Vec<Entry>> {
        let start = self.texts.add(option, text);
        match parse(text) {
            Ok(mut entries) => {
                entries.iter_mut().for_each(|entry| {
                    entry.key_span = entry.key_span.start + start..entry.key_span.end + start;
                    entry.value.shift(start);
                });
                Some(entries)
            }
            Err(error) => {
                let source = Arc::new(FlagTexts::source(option, text));
                let offset = option.len() + 1;
                let span = Some(error.span.start + offset..error.span.end + offset);
                let (severity, message, hint) = (Severity::Error, error.message, error.hint);
                self.errors.push(Diagnostic { severity, message, hint, source, span });
                None
            }
        }
    }
}

/// The entry for `--metric` if it has a direction; otherwise the default is warned about where it is applied.
fn metric_entry(metric: &MetricOverride, texts: &mut FlagTexts) -> Option<Entry> {
    let direction = match metric.direction? {
        Direction::Minimize => "minimize",
        Direction::Maximize => "maximize",
    };
    let start = texts.add("--metric", &metric.name);
    let span = start..start + metric.name.len();
    let fields = [("name", metric.name.as_str()), ("optimization", direction)];
    let content = Content::Map(fields.map(|(key, text)| text_entry(key, text, span.clone())).into());
    let value = Node { span: span.clone(), content };
    Some(Entry { key: "metric".to_owned(), key_span: span, value })
}

/// The entries of the matrix in a file.
fn matrix_entries(root: &mut Node) -> Option<&mut Vec<Entry>> {
    let is_matrix = operation::is_matrix(root) || root.get("matrix").is_none();
    let Content::Map(entries) = &mut root.content else { return None };
    if is_matrix {
        return Some(entries);
    }
    let matrix = entries.iter_mut().find(|entry| entry.key == "matrix")?;
    match &mut matrix.value.content {
        Content::Map(entries) => Some(entries),
        _ => None,
    }
}

/// Replaces a parameter, also one that is nested, or adds it to `params`.
fn set_param(matrix: &mut Vec<Entry>, param: Entry) {
    let has_params = matrix.iter().any(|entry| entry.key == "params" && entry.value.map().is_some());
    if !has_params {
        let content = Content::Map(Vec::new());
        let value = Node { span: param.key_span.clone(), content };
        set(matrix, Entry { key: "params".to_owned(), key_span: param.key_span.clone(), value });
    }
    for entry in matrix.iter_mut().filter(|entry| entry.key == "params") {
        if let Content::Map(params) = &mut entry.value.content {
            let name = param.key.clone();
            if let Some(param) = replace_param(params, &name, param) {
                params.push(param);
            }
            return;
        }
    }
}

/// Replaces the parameter `name` below `params`; returns `param` if there is none.
fn replace_param(params: &mut [Entry], name: &str, param: Entry) -> Option<Entry> {
    let mut param = param;
    for other in params {
        if other.key == name {
            *other = Entry { key: name.to_owned(), ..param };
            return None;
        }
        let rest = name.strip_prefix(other.key.as_str()).and_then(|rest| rest.strip_prefix(SEPARATOR));
        if let (Some(rest), Content::Map(inner)) = (rest, &mut other.value.content) {
            param = replace_param(inner, rest, param)?;
        }
    }
    Some(param)
}
