//! Reads `metric`, `resource` and `resume`.

use serde_json::{Map, Value};

use crate::collect::catalogue::{self, COLLECTORS, ConfiguredCollector};
use crate::collect::collector::CountedReading;
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::diagnostics::suggest::{quoted, suggestion};
use crate::matrix::yaml::fields::Fields;
use crate::matrix::yaml::node::Entry;
use crate::types::allocation::PromotedStart;
use crate::types::args::ArgError;
use crate::types::objective::{Direction, Metric};
use crate::types::units::{ResourceKind, ResourceSpec};

/// The values of `optimization`.
pub const DIRECTIONS: [(&str, Direction); 2] = [("minimize", Direction::Minimize), ("maximize", Direction::Maximize)];

/// The values of `value`.
const COUNTED_READINGS: [(&str, CountedReading); 2] = [("last", CountedReading::Last), ("best", CountedReading::Best)];

/// Reads `resume`.
pub fn promoted_start(fields: &mut Fields<'_>, has_promotions: bool, findings: &mut Findings) -> PromotedStart {
    if fields.flag("resume", findings) != Some(true) {
        return PromotedStart::FromScratch;
    }
    if let Some(entry) = fields.hidden("resume").filter(|_| !has_promotions) {
        let message = "`resume` has no effect: without a `resource` no trial is promoted";
        findings.warn(entry.key_span.clone(), message, None);
    }
    PromotedStart::FromCheckpoint
}

/// The field `metric`.
#[derive(Clone, Debug, Default)]
pub struct MetricSection {
    /// The objective; `None` if it is invalid.
    pub metric: Option<Metric>,
    /// `collect`, if given.
    pub collector: Option<ConfiguredCollector>,
    /// `value`.
    pub counted_reading: CountedReading,
}

/// Reads `{name, optimization, collect, value}`.
pub fn metric(entry: &Entry, findings: &mut Findings) -> Option<MetricSection> {
    let mut fields = Fields::new(&entry.value, "the metric", entry.key_span.clone(), findings)?;
    let name = fields.required_text("name", findings);
    let direction = direction(&mut fields, findings);
    let collector = fields.value("collect").and_then(|entry| collector(entry, findings));
    let counted_reading = fields.choice("value", &COUNTED_READINGS, findings).unwrap_or_default();
    fields.finish(findings);
    let metric = name.zip(direction).map(|((name, _), direction)| Metric { name: name.to_owned(), direction });
    Some(MetricSection { metric, collector, counted_reading })
}

/// Reads `collect`: the name of a collector, or a mapping with its `kind` and its options.
fn collector(entry: &Entry, findings: &mut Findings) -> Option<ConfiguredCollector> {
    let node = &entry.value;
    let mut not_finite = Vec::new();
    let (name, span, options) = match (node.text(), node.to_json(&mut not_finite)) {
        (Some(name), _) => (name.to_owned(), node.span.clone(), Map::new()),
        (None, Value::Object(mut options)) => {
            let kind = options.shift_remove("kind");
            let Some(Value::String(name)) = kind else {
                findings.error_with(
                    entry.key_span.clone(),
                    "missing field `kind` in `collect`",
                    Some(known_collectors()),
                );
                return None;
            };
            (name, node.get("kind").map_or(node.span.clone(), |kind| kind.span.clone()), options)
        }
        _ => {
            let message = format!("`collect` must be the name of a collector or a mapping, found {}", node.describe());
            findings.error_with(node.span.clone(), message, Some(known_collectors()));
            return None;
        }
    };
    let Some(kind) = catalogue::named(&name) else {
        let hint = suggestion(&name, COLLECTORS.iter().map(|kind| kind.name)).unwrap_or_else(known_collectors);
        findings.error_with(span, format!("unknown collector {}", quoted(&name)), Some(hint));
        return None;
    };
    let errors = match ConfiguredCollector::new(kind, options) {
        Ok(collector) => return Some(collector),
        Err(errors) => errors,
    };
    for ArgError { path, message, hint } in errors {
        let span = if path.is_empty() { span.clone() } else { node.span_at(&path) };
        findings.error_with(span, message, hint);
    }
    None
}

fn known_collectors() -> String {
    let names: Vec<String> = COLLECTORS.iter().map(|kind| format!("`{}`", kind.name)).collect();
    format!("the collectors are {}", names.join(", "))
}

/// Reads the required field `optimization`.
pub fn direction(fields: &mut Fields<'_>, findings: &mut Findings) -> Option<Direction> {
    fields.required("optimization", findings)?;
    fields.choice("optimization", &DIRECTIONS, findings)
}

/// Reads `{name, type}`; the default type is `int`.
pub fn resource(entry: &Entry, findings: &mut Findings) -> Option<ResourceSpec> {
    let mut fields = Fields::new(&entry.value, "the resource", entry.key_span.clone(), findings)?;
    let name = fields.required_text("name", findings);
    let kinds = [("int", ResourceKind::Int), ("float", ResourceKind::Float)];
    let kind = fields.choice("type", &kinds, findings);
    fields.finish(findings);
    Some(ResourceSpec { name: name?.0.to_owned(), kind: kind.unwrap_or_default() })
}
