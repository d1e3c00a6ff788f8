//! `params`: names with a kind and a value, each made into a domain.

use std::sync::Arc;

use super::value_forms::{self, single};
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::diagnostics::suggest::{quoted, slip, suggestion};
use crate::matrix::yaml::fields::{Fields, named};
use crate::matrix::yaml::node::{Entry, Node, Span};
use crate::space::choice::CHOICE;
use crate::space::{Domain, Param, ParamKind, catalogue};

/// A parameter and where it stands.
#[derive(Debug)]
pub struct DeclaredParam {
    /// The parameter.
    pub param: Param,
    /// The place of its name.
    pub span: Span,
    /// Whether its domain is the one that was written.
    pub origin: DomainOrigin,
}

/// Where a parameter's domain comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DomainOrigin {
    /// The file.
    File,
    /// The file is wrong there; a number stands in, so that the name is known to what is checked later.
    Placeholder,
}

/// Every parameter of `node` in file order; `place` is where faults about the whole are shown.
pub fn read(node: &Node, place: Span, findings: &mut Findings) -> Vec<DeclaredParam> {
    let entries = named(node, "`params`", place.clone(), findings);
    if entries.is_empty() && node.map().is_some() {
        findings.error(place, "`params` is empty, there is nothing to tune");
    }
    entries.into_iter().filter_map(|entry| parameter(entry, findings)).collect()
}

fn parameter(entry: &Entry, findings: &mut Findings) -> Option<DeclaredParam> {
    if entry.key.trim().is_empty() {
        findings.error(entry.key_span.clone(), "a parameter needs a name");
        return None;
    }
    let (kind, domain) = written_domain(entry, findings);
    let (domain, origin) = match domain {
        Some(domain) => (domain, DomainOrigin::File),
        None => ((CHOICE.build)(&single(1.into())).ok()?, DomainOrigin::Placeholder),
    };
    let param = Param { name: Arc::from(entry.key.as_str()), kind: kind.unwrap_or(&CHOICE).name, domain };
    Some(DeclaredParam { param, span: entry.key_span.clone(), origin })
}

/// What `{kind, value}` stands for, as far as it can be read.
fn written_domain(entry: &Entry, findings: &mut Findings) -> (Option<&'static ParamKind>, Option<Box<dyn Domain>>) {
    let what = format!("parameter {}", quoted(&entry.key));
    let fields = Fields::new(&entry.value, &what, entry.key_span.clone(), findings);
    let Some(mut fields) = fields else { return (None, None) };
    let kind = kind_of(&mut fields, findings);
    let value = fields.required("value", findings);
    fields.finish(findings);
    (kind, kind.zip(value).and_then(|(kind, value)| build(kind, value, findings)))
}

fn kind_of(fields: &mut Fields<'_>, findings: &mut Findings) -> Option<&'static ParamKind> {
    let (name, span) = fields.required_text("kind", findings)?;
    let found = catalogue::by_name(name);
    if found.is_none() {
        let hint = suggestion(name, catalogue::names());
        findings.error_with(span, format!("there is no parameter kind {}", quoted(name)), hint);
    }
    // the value beside a slip of the pen is checked as it was meant
    found.or_else(|| catalogue::by_name(slip(name, catalogue::names())?))
}

fn build(kind: &'static ParamKind, value: &Entry, findings: &mut Findings) -> Option<Box<dyn Domain>> {
    let before = findings.errors();
    let written = value_forms::read(kind, &value.value, value.key_span.clone(), findings)?;
    if findings.errors() > before {
        return None;
    }
    match (kind.build)(&written.args) {
        Ok(domain) => {
            if let Some(advice) = (kind.advice)(&written.args) {
                findings.warn(value.value.span.clone(), advice, None);
            }
            Some(domain)
        }
        Err(faults) => {
            written.report(faults, findings);
            None
        }
    }
}
