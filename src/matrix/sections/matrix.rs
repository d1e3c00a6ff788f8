//! Reads a matrix: its kind, the fields of that kind, and the fields of every matrix.

use std::borrow::Cow;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value;

use super::arguments;
use super::conditions;
use super::constraints::{self, ConstraintNames};
use super::early_stopping;
use super::initial::initial;
use super::metric::{self, MetricSection};
use super::nested;
use super::params::{self, DeclaredParam};
use super::proposals::{self, GivenProposals};
use super::tuner::{self, TunerSpec};
use super::value_forms::SpannedArgs;
use crate::collect::catalogue::ConfiguredCollector;
use crate::collect::collector::CountedReading;
use crate::command::style::settings::ArgSettings;
use crate::engine::experiment::Stopping;
use crate::kinds::{self, MatrixKind, Method, Need};
use crate::launch::catalogue::LauncherChoice;
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::diagnostics::suggest::{quoted, suggestion, typo_of};
use crate::matrix::launcher;
use crate::matrix::yaml::fields::Fields;
use crate::matrix::yaml::node::{Entry, Node, Span};
use crate::search::{self, Sampler};
use crate::space::rules::conditions::Conditions;
use crate::space::rules::constraint::Constraint;
use crate::types::allocation::PromotedStart;
use crate::types::args::{ArgError, PathSegment};
use crate::types::assignment::Assignment;
use crate::types::ids::MAX_SLOTS;
use crate::types::objective::Metric;
use crate::types::units::{ResourceKind, ResourceSpec};

/// A matrix. Invalid parts are missing.
#[derive(Debug, Default)]
pub struct MatrixSection {
    /// The kind.
    pub kind: Option<&'static MatrixKind>,
    /// The position of the kind.
    pub kind_span: Span,
    /// Schedule and sampler.
    pub method: Option<Method>,
    /// Parameters.
    pub params: Vec<DeclaredParam>,
    /// When parameters are active.
    pub conditions: Conditions,
    /// Constraints with their positions.
    pub constraints: Vec<(Constraint, Span)>,
    /// The names that all configurations of a `mapping` have, with the values of the first configuration.
    pub listed: Vec<(Arc<str>, Value)>,
    /// All values of a `mapping`, by configuration.
    pub rows: Vec<RowValue>,
    /// The objective.
    pub metric: Option<Metric>,
    /// The position of `metric`.
    pub metric_span: Span,
    /// How readings are collected, if given.
    pub collector: Option<ConfiguredCollector>,
    /// Which reading counts.
    pub counted_reading: CountedReading,
    /// The resource.
    pub resource: Option<ResourceSpec>,
    /// The seed, if given.
    pub seed: Option<u64>,
    /// The number of slots, ≥ 1.
    pub concurrency: Option<u32>,
    /// How jobs are started, if given.
    pub launcher: Option<LauncherChoice>,
    /// Early stopping.
    pub stopping: Stopping,
    /// The position of `earlyStopping`.
    pub stopping_span: Span,
    /// The limit `patience`.
    pub patience: Option<f64>,
    /// How jobs of promoted trials start.
    pub promoted: PromotedStart,
    /// The external tuner.
    pub tuner: Option<TunerSpec>,
    /// The position of `tuner`, even if it is invalid.
    pub tuner_span: Option<Span>,
    /// How parameters are passed.
    pub arguments: ArgSettings,
    /// The position of `arguments` or `argStyle`.
    pub arguments_span: Option<Span>,
    /// The path of the configuration file, with its position.
    pub config: Option<(String, Span)>,
    /// The working directory of jobs, a template, with its position.
    pub workdir: Option<(String, Span)>,
    /// Starting points.
    pub initial: Vec<Assignment>,
    /// The position of `initial`.
    pub initial_span: Option<Span>,
    /// The position of each starting point.
    pub initial_item_spans: Vec<Span>,
}

impl MatrixSection {
    /// The names that some configurations of a `mapping` lack, each with the number of the first one that does.
    pub fn partial_names(&self) -> Vec<(Arc<str>, usize)> {
        let mut rows_of: IndexMap<&Arc<str>, Vec<usize>> = IndexMap::new();
        for value in &self.rows {
            rows_of.entry(&value.name).or_default().push(value.row);
        }
        let last = self.rows.last().map_or(0, |value| value.row);
        let missing =
            |rows: &[usize]| (1..=last).zip(rows.iter().chain([&0])).find(|(n, row)| n != *row).map(|(n, _)| n);
        rows_of.into_iter().filter_map(|(name, rows)| Some((name.clone(), missing(&rows)?))).collect()
    }
}

/// A value in a configuration of a `mapping`.
#[derive(Debug)]
pub struct RowValue {
    /// The number of its configuration, from 1.
    pub row: usize,
    /// The name of the parameter.
    pub name: Arc<str>,
    /// The value.
    pub value: Value,
    /// Its position.
    pub span: Span,
}

/// Where a metric may be given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MetricFrom {
    /// Only in the file.
    File,
    /// On the command line.
    CommandLine,
}

/// Reads the matrix at `node`. Errors about the whole matrix are shown at `span`.
pub fn read(node: &Node, span: Span, metric_from: MetricFrom, findings: &mut Findings) -> MatrixSection {
    let mut section = MatrixSection { kind_span: span.clone(), ..MatrixSection::default() };
    let Some(mut fields) = Fields::new(node, "the matrix", span, findings) else { return section };
    section.kind = read_kind(&mut fields, &mut section.kind_span, findings);
    read_common(&mut fields, &mut section, metric_from, findings);
    let sampler = read_sampler(&mut fields, findings);
    if let Some(kind) = section.kind {
        section.method = read_method(kind, &mut fields, &mut section, findings);
        fields.finish(findings);
    }
    if let Some(method) = &mut section.method {
        let given = GivenProposals {
            sampler,
            tuner: section.tuner_span.as_ref(),
            initial: section.initial_span.as_ref(),
            kind: &section.kind_span,
        };
        proposals::apply(given, method, findings);
    }
    section
}

fn read_kind(fields: &mut Fields<'_>, kind_span: &mut Span, findings: &mut Findings) -> Option<&'static MatrixKind> {
    let (name, span) = fields.required_text("kind", findings)?;
    *kind_span = span.clone();
    let found = kinds::by_name(name);
    if found.is_none() {
        let hint = suggestion(name, kinds::names());
        findings.error_with(span, format!("unknown matrix kind {}", quoted(name)), hint);
    }
    // after a typo, continue with the suggested kind
    found.or_else(|| kinds::by_name(typo_of(name, kinds::names())?))
}

/// Reads the fields of every matrix, except those that the kind forbids.
fn read_common(fields: &mut Fields<'_>, section: &mut MatrixSection, metric_from: MetricFrom, findings: &mut Findings) {
    let need = |of: fn(&MatrixKind) -> Need| section.kind.map_or(Need::Optional, of);
    let metric_need = match (need(|k| k.metric), metric_from) {
        (Need::Required, MetricFrom::CommandLine) => Need::Optional,
        (need, _) => need,
    };
    let (params_need, resource_need) = (need(|k| k.params), need(|k| k.resource));
    if let Some(entry) = fields.by_need("params", params_need, findings) {
        section.params = params::read(&entry.value, entry.key_span.clone(), findings);
    }
    if let Some(entry) = fields.by_need("metric", metric_need, findings)
        && let Some(MetricSection { metric, collector, counted_reading }) = metric::metric(entry, findings)
    {
        (section.metric, section.collector, section.counted_reading) = (metric, collector, counted_reading);
        section.metric_span = entry.key_span.clone();
    }
    if let Some(entry) = fields.by_need("resource", resource_need, findings) {
        section.resource = metric::resource(entry, findings);
    }
    section.conditions = conditions::read(&section.params, section.resource.as_ref(), findings);
    if resource_need != Need::Forbidden {
        let has_promotions = section.resource.is_some() || resource_need == Need::Required;
        section.promoted = metric::promoted_start(fields, has_promotions, findings);
    }
    section.seed = fields.count("seed", findings).map(|(seed, _)| seed);
    section.concurrency = read_concurrency(fields, findings);
    section.launcher = fields.value("launcher").and_then(|entry| launcher::read(entry, findings));
    if let Some(entry) = fields.value("earlyStopping") {
        section.stopping = early_stopping::read(entry, findings);
        section.stopping_span = entry.key_span.clone();
    }
    let is_ranked = section.metric.is_some() || metric_from == MetricFrom::CommandLine;
    section.patience = early_stopping::read_patience(fields, is_ranked, findings);
    (section.arguments, section.arguments_span) = arguments::read(fields, findings);
    section.workdir = read_path("workdir", fields, findings);
    section.config = read_path("configTemplate", fields, findings);
    if params_need != Need::Forbidden {
        read_proposal_fields(fields, section, findings);
    }
    check_resource_name(section, findings);
}

fn read_path(name: &'static str, fields: &mut Fields<'_>, findings: &mut Findings) -> Option<(String, Span)> {
    let (text, span) = fields.text(name, findings)?;
    if text.is_empty() {
        findings.error(span.clone(), format!("`{name}` must not be empty"));
    }
    Some((text.to_owned(), span))
}

/// Reads what says which configurations are proposed: constraints, the external tuner and starting points.
fn read_proposal_fields(fields: &mut Fields<'_>, section: &mut MatrixSection, findings: &mut Findings) {
    if let Some(entry) = fields.value("constraints") {
        let names = ConstraintNames { params: &section.params, resource: section.resource.as_ref() };
        section.constraints = constraints::read(entry, names, findings);
    }
    if let Some(entry) = fields.value("tuner") {
        section.tuner_span = Some(entry.key_span.clone());
        section.tuner = tuner::read(entry, findings);
    }
    if let Some(entry) = fields.value("initial") {
        section.initial = initial(entry, &section.params, findings);
        section.initial_span = Some(entry.key_span.clone());
        section.initial_item_spans = entry.value.list().unwrap_or_default().iter().map(|n| n.span.clone()).collect();
    }
}

fn read_concurrency(fields: &mut Fields<'_>, findings: &mut Findings) -> Option<u32> {
    let (count, span) = fields.count("concurrency", findings)?;
    let slots = u32::try_from(count).ok().filter(|slots| (1..=MAX_SLOTS).contains(slots));
    if slots.is_none() {
        findings.error(span, format!("`concurrency` must be between 1 and {MAX_SLOTS}, found {count}"));
    }
    slots
}

fn read_sampler(fields: &mut Fields<'_>, findings: &mut Findings) -> Option<(Arc<dyn Sampler>, Span)> {
    let (name, span) = fields.text("sampler", findings)?;
    let found = search::catalogue::by_name(name);
    if found.is_none() {
        let hint = suggestion(name, search::catalogue::names());
        findings.error_with(span.clone(), format!("unknown sampler {}", quoted(name)), hint);
    }
    found.map(|sampler| (sampler, span))
}

/// A parameter with the name of the resource would be passed twice.
fn check_resource_name(section: &MatrixSection, findings: &mut Findings) {
    let Some(resource) = &section.resource else { return };
    for declared in section.params.iter().filter(|declared| *declared.param.name == *resource.name) {
        let message = format!("the parameter {} has the same name as the resource", quoted(&resource.name));
        findings.error_with(declared.span.clone(), message, Some("rename one of them".into()));
    }
}

/// Reads the fields of the kind and builds its method.
fn read_method(
    kind: &'static MatrixKind,
    fields: &mut Fields<'_>,
    section: &mut MatrixSection,
    findings: &mut Findings,
) -> Option<Method> {
    let own = read_kind_fields(kind, fields, findings);
    let is_given = |field: &str| own.iter().any(|(name, _)| *name == field);
    let required = kind.fields.iter().filter(|field| field.need == Need::Required);
    let missing: Vec<&str> = required.map(|field| field.name).filter(|name| !is_given(name)).collect();
    let entries: Vec<(String, &Node)> = own.iter().map(|(name, node)| ((*name).to_owned(), node.as_ref())).collect();
    if kind.params == Need::Forbidden
        && let Some((_, values)) = entries.iter().find(|(name, _)| name == "values")
    {
        section.listed = common_values(values);
        section.rows = row_values(values);
    }
    let errors_before = findings.error_count();
    let mut args = SpannedArgs::from_nodes(entries, section.kind_span.clone(), findings);
    if let Some(spec) = &section.resource {
        let kind = match spec.kind {
            ResourceKind::Int => "int",
            ResourceKind::Float => "float",
        };
        args.add("resourceType", kind.into());
        if section.promoted == PromotedStart::FromCheckpoint {
            args.add("promotedStart", "checkpoint".into());
        }
    }
    if findings.error_count() > errors_before {
        return None;
    }
    // missing fields are reported already
    let is_reported = |error: &ArgError| matches!(error.path.first(), Some(PathSegment::Key(name)) if missing.contains(&name.as_str()));
    let report =
        |errors: Vec<ArgError>| args.report_errors(errors.into_iter().filter(|e| !is_reported(e)).collect(), findings);
    let method = (kind.build)(&args.args).map_err(report).ok()?;
    args.report_warnings((kind.advice)(&args.args), findings);
    Some(method)
}

/// The given fields of the kind.
fn read_kind_fields<'n>(
    kind: &'static MatrixKind,
    fields: &mut Fields<'n>,
    findings: &mut Findings,
) -> Vec<(&'static str, Cow<'n, Node>)> {
    let own = kind.fields.iter().filter_map(|field| {
        let entry = fields.by_need(field.name, field.need, findings)?;
        Some((field.name, nested::value(entry, field, findings)))
    });
    let own = own.collect();
    if let Some((trials, text)) = kind.trials.and_then(|text| Some((fields.hidden("numRuns")?, text))) {
        let message = format!("kind `{}` takes no number of trials", kind.names[0]);
        findings.error_with(trials.key_span.clone(), message, Some(format!("its number of trials is {text}")));
    }
    own
}

/// The names that all mappings of a list have, with the values of the first mapping.
fn common_values(values: &Node) -> Vec<(Arc<str>, Value)> {
    let Some((first, rest)) = values.list().and_then(<[Node]>::split_first) else { return Vec::new() };
    let is_common = |name: &str| rest.iter().all(|node| node.get(name).is_some());
    let entries = first.map().unwrap_or_default().iter().filter(|entry| is_common(&entry.key));
    entries.map(|e| (Arc::from(e.key.as_str()), e.value.to_json(&mut Vec::new()))).collect()
}

fn row_values(values: &Node) -> Vec<RowValue> {
    let rows = values.list().unwrap_or_default().iter().zip(1..);
    let entries = rows.flat_map(|(node, row)| node.map().unwrap_or_default().iter().map(move |entry| (row, entry)));
    let value = |(row, entry): (usize, &Entry)| {
        let (name, value) = (Arc::from(entry.key.as_str()), entry.value.to_json(&mut Vec::new()));
        RowValue { row, name, value, span: entry.value.span.clone() }
    };
    entries.map(value).collect()
}
