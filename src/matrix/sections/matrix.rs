//! The matrix itself: its kind, the kind's own fields, and the fields every matrix has.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use super::early_stopping;
use super::initial::{initial, takes_points};
use super::metric;
use super::nested;
use super::params;
use super::params::DeclaredParam;
use super::tuner::{TunerSpec, tuner};
use super::value_forms::SpannedArgs;
use crate::engine::experiment::{PromotedStart, Stopping};
use crate::kinds::{self, MatrixKind, Method, Need};
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::diagnostics::suggest::{quoted, suggestion, typo_of};
use crate::matrix::yaml::fields::Fields;
use crate::matrix::yaml::node::{Node, Span};
use crate::search::external::External;
use crate::search::{self, Sampler};
use crate::space::Space;
use crate::types::args::{ArgError, PathSegment};
use crate::types::assignment::Assignment;
use crate::types::ids::MAX_SLOTS;
use crate::types::objective::Metric;
use crate::types::units::{ResourceKind, ResourceSpec};

/// What was read of a matrix. Parts that were faulty are missing.
#[derive(Debug, Default)]
pub struct MatrixSection {
    /// The kind's catalogue entry.
    pub kind: Option<&'static MatrixKind>,
    /// The place of the kind.
    pub kind_span: Span,
    /// Schedule and sampler.
    pub method: Option<Method>,
    /// Parameters.
    pub params: Vec<DeclaredParam>,
    /// Names that every listed configuration of a `mapping` has, with the first one's values.
    pub listed: Vec<(Arc<str>, Value)>,
    /// What is ranked by.
    pub metric: Option<Metric>,
    /// What is allotted.
    pub resource: Option<ResourceSpec>,
    /// The seed, if the file has one.
    pub seed: Option<u64>,
    /// Jobs at once, ≥ 1.
    pub concurrency: Option<u32>,
    /// Early ends.
    pub stopping: Stopping,
    /// What promoted trials find.
    pub promoted: PromotedStart,
    /// An outside tuner.
    pub tuner: Option<TunerSpec>,
    /// Its place, even where it is faulty.
    pub tuner_span: Option<Span>,
    /// Starting points.
    pub initial: Vec<Assignment>,
    /// Their place.
    pub initial_span: Option<Span>,
}

/// Whether a metric will be given from outside the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MetricFrom {
    /// The file alone.
    File,
    /// The command line.
    CommandLine,
}

/// Reads the matrix at `node`; `place` is where faults about the whole are shown.
pub fn read(node: &Node, place: Span, metric_from: MetricFrom, findings: &mut Findings) -> MatrixSection {
    let mut section = MatrixSection { kind_span: place.clone(), ..MatrixSection::default() };
    let Some(mut fields) = Fields::new(node, "the matrix", place, findings) else { return section };
    section.kind = kind(&mut fields, &mut section.kind_span, findings);
    common(&mut fields, &mut section, metric_from, findings);
    let sampler = sampler(&mut fields, findings);
    if let Some(kind) = section.kind {
        section.method = method(kind, &mut fields, &mut section, findings);
        fields.finish(findings);
    }
    proposer(&mut section, sampler, findings);
    if let (Some(place), Some(Err(message))) = (&section.initial_span, section.method.as_ref().map(takes_points)) {
        findings.error(place.clone(), message);
    }
    section
}

/// Who proposes: the kind's own sampler unless a field names another one or a tuner.
fn proposer(section: &mut MatrixSection, sampler: Option<(Arc<dyn Sampler>, Span)>, findings: &mut Findings) {
    if let (Some(place), Some(_)) = (&section.tuner_span, &sampler) {
        findings.error(place.clone(), "the matrix has both a `sampler` and a `tuner`: only one of them can propose");
    }
    let Some(method) = &mut section.method else { return };
    if let Some((sampler, place)) = sampler {
        replace_sampler(method, sampler).unwrap_or_else(|message| findings.error(place, message));
    } else if let Some(place) = &section.tuner_span {
        replace_sampler(method, Arc::new(External)).unwrap_or_else(|message| findings.error(place.clone(), message));
    } else if method.sampler.is_external() {
        let message = format!("`{}` needs a `tuner`, the program that proposes", method.kind);
        let hint = "add `tuner: {command: [python3, tuner.py]}`".to_owned();
        findings.error_with(section.kind_span.clone(), message, Some(hint));
    }
}

/// Takes another sampler, unless the kind lists its configurations itself.
pub fn replace_sampler(method: &mut Method, sampler: Arc<dyn Sampler>) -> Result<(), String> {
    if method.sampler.max_trials(&Space::default()).is_some() {
        let what = if sampler.is_external() { "tuner" } else { "sampler" };
        return Err(format!("`{}` lists its configurations itself, it takes no {what}", method.kind));
    }
    method.sampler = sampler;
    Ok(())
}

fn kind(fields: &mut Fields<'_>, place: &mut Span, findings: &mut Findings) -> Option<&'static MatrixKind> {
    let (name, span) = fields.required_text("kind", findings)?;
    *place = span.clone();
    let found = kinds::by_name(name);
    if found.is_none() {
        let hint = suggestion(name, kinds::names());
        findings.error_with(span, format!("unknown matrix kind {}", quoted(name)), hint);
    }
    // what stands beside a slip of the pen is checked as it was meant
    found.or_else(|| kinds::by_name(typo_of(name, kinds::names())?))
}

/// The fields of every kind, each only where the kind has a use for it.
fn common(fields: &mut Fields<'_>, section: &mut MatrixSection, metric_from: MetricFrom, findings: &mut Findings) {
    let need = |of: fn(&MatrixKind) -> Need| section.kind.map_or(Need::Optional, of);
    let metric_need = match (need(|k| k.metric), metric_from) {
        (Need::Required, MetricFrom::CommandLine) => Need::Optional,
        (need, _) => need,
    };
    let (params_need, resource_need) = (need(|k| k.params), need(|k| k.resource));
    if let Some(entry) = fields.by_need("params", params_need, findings) {
        section.params = params::read(&entry.value, entry.key_span.clone(), findings);
    }
    section.metric = fields.by_need("metric", metric_need, findings).and_then(|entry| metric::metric(entry, findings));
    if let Some(entry) = fields.by_need("resource", resource_need, findings) {
        section.resource = metric::resource(entry, findings);
    }
    if resource_need != Need::Forbidden && fields.flag("resume", findings) == Some(true) {
        section.promoted = PromotedStart::FromCheckpoint;
    }
    section.seed = fields.count("seed", findings).map(|(seed, _)| seed);
    section.concurrency = concurrency(fields, findings);
    if let Some(entry) = fields.value("earlyStopping") {
        section.stopping = early_stopping::read(entry, findings);
    }
    if params_need != Need::Forbidden {
        if let Some(entry) = fields.value("tuner") {
            section.tuner_span = Some(entry.key_span.clone());
            section.tuner = tuner(entry, findings);
        }
        if let Some(entry) = fields.value("initial") {
            section.initial = initial(entry, &section.params, findings);
            section.initial_span = Some(entry.key_span.clone());
        }
    }
    clash(section, findings);
}

fn concurrency(fields: &mut Fields<'_>, findings: &mut Findings) -> Option<u32> {
    let (count, span) = fields.count("concurrency", findings)?;
    let slots = u32::try_from(count).ok().filter(|slots| (1..=MAX_SLOTS).contains(slots));
    if slots.is_none() {
        findings.error(span, format!("`concurrency` must be between 1 and {MAX_SLOTS}, found {count}"));
    }
    slots
}

fn sampler(fields: &mut Fields<'_>, findings: &mut Findings) -> Option<(Arc<dyn Sampler>, Span)> {
    let (name, span) = fields.text("sampler", findings)?;
    let found = search::catalogue::by_name(name);
    if found.is_none() {
        let hint = suggestion(name, search::catalogue::names());
        findings.error_with(span.clone(), format!("unknown sampler {}", quoted(name)), hint);
    }
    found.map(|sampler| (sampler, span))
}

/// A parameter with the resource's name would be passed twice.
fn clash(section: &MatrixSection, findings: &mut Findings) {
    let Some(resource) = &section.resource else { return };
    for declared in section.params.iter().filter(|declared| *declared.param.name == *resource.name) {
        let message = format!("the parameter {} has the resource's name", quoted(&resource.name));
        findings.error_with(
            declared.span.clone(),
            message,
            Some("the schedule sets the resource, rename one of them".into()),
        );
    }
}

/// The kind's own fields, and the method they make.
fn method(
    kind: &'static MatrixKind,
    fields: &mut Fields<'_>,
    section: &mut MatrixSection,
    findings: &mut Findings,
) -> Option<Method> {
    let own = kind_fields(kind, fields, findings);
    let is_there = |wanted: &str| own.iter().any(|(name, _)| *name == wanted);
    let required = kind.fields.iter().filter(|field| field.need == Need::Required);
    let missing: Vec<&str> = required.map(|field| field.name).filter(|name| !is_there(name)).collect();
    let entries: Vec<(String, &Node)> = own.iter().map(|(name, node)| ((*name).to_owned(), node.as_ref())).collect();
    if kind.params == Need::Forbidden {
        section.listed =
            entries.iter().find(|(name, _)| name == "values").map(|(_, node)| listed(node)).unwrap_or_default();
    }
    let before = findings.error_count();
    let mut args = SpannedArgs::from_nodes(entries, section.kind_span.clone(), findings);
    if let Some(spec) = &section.resource {
        let kind = match spec.kind {
            ResourceKind::Int => "int",
            ResourceKind::Float => "float",
        };
        args.add("resourceType", kind.into());
    }
    if findings.error_count() > before {
        return None;
    }
    // a missing field was told already
    let told = |fault: &ArgError| matches!(fault.path.first(), Some(PathSegment::Key(name)) if missing.contains(&name.as_str()));
    let report =
        |faults: Vec<ArgError>| args.report_errors(faults.into_iter().filter(|f| !told(f)).collect(), findings);
    let origin = (kind.build)(&args.args).map_err(report).ok()?;
    args.report_warnings((kind.advice)(&args.args), findings);
    Some(origin)
}

/// The kind's own fields, as far as they are there.
fn kind_fields<'n>(
    kind: &'static MatrixKind,
    fields: &mut Fields<'n>,
    findings: &mut Findings,
) -> Vec<(&'static str, Cow<'n, Node>)> {
    let own = kind.fields.iter().filter_map(|field| {
        let entry = fields.by_need(field.name, field.need, findings)?;
        Some((field.name, nested::value(entry, field, findings)))
    });
    own.collect()
}

/// Names that every mapping of a list has, with the first one's values.
fn listed(values: &Node) -> Vec<(Arc<str>, Value)> {
    let Some((first, rest)) = values.list().and_then(<[Node]>::split_first) else { return Vec::new() };
    let everywhere = |name: &str| rest.iter().all(|node| node.get(name).is_some());
    let entries = first.map().unwrap_or_default().iter().filter(|entry| everywhere(&entry.key));
    entries.map(|e| (Arc::from(e.key.as_str()), e.value.to_json(&mut Vec::new()))).collect()
}
