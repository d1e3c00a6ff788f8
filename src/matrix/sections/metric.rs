//! Reads `metric` and `resource`.

use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::yaml::fields::Fields;
use crate::matrix::yaml::node::Entry;
use crate::types::objective::{Direction, Metric};
use crate::types::units::{ResourceKind, ResourceSpec};

/// The values of `optimization`.
pub const DIRECTIONS: [(&str, Direction); 2] = [("minimize", Direction::Minimize), ("maximize", Direction::Maximize)];

/// Reads `{name, optimization}`.
pub fn metric(entry: &Entry, findings: &mut Findings) -> Option<Metric> {
    let mut fields = Fields::new(&entry.value, "the metric", entry.key_span.clone(), findings)?;
    let name = fields.required_text("name", findings);
    let direction = direction(&mut fields, findings);
    fields.finish(findings);
    Some(Metric { name: name?.0.to_owned(), direction: direction? })
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
