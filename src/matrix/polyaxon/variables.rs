//! Reads the environment variables of a container.

use super::ignored::{self, IgnoredFields};
use super::inputs::variable_name;
use crate::command::dialect::Dialect;
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::yaml::fields::Fields;
use crate::matrix::yaml::node::{Content, Entry, Node, Span};

/// An environment variable with the position of its value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SpannedVariable {
    /// Its name.
    pub name: String,
    /// Its value, a template.
    pub value: String,
    /// The position of the value.
    pub span: Span,
}

/// Reads `env: [{name, value}, …]`. Entries with `valueFrom` are ignored fields.
pub fn read(entry: &Entry, ignored_fields: &mut IgnoredFields, findings: &mut Findings) -> Vec<SpannedVariable> {
    let Some(items) = entry.value.list() else {
        let message = format!("`env` must be a list, found {}", entry.value.describe());
        findings.error_with(entry.key_span.clone(), message, Some("write env: [{name: LR, value: \"0.1\"}]".into()));
        return Vec::new();
    };
    items.iter().filter_map(|item| read_variable(item, ignored_fields, findings)).collect()
}

fn read_variable(item: &Node, ignored_fields: &mut IgnoredFields, findings: &mut Findings) -> Option<SpannedVariable> {
    let mut fields = Fields::new(item, "a variable of `env`", item.span.clone(), findings)?;
    let name = fields.required_text("name", findings);
    let value = fields.entry("value");
    let is_literal = value.is_some() || fields.hidden("valueFrom").is_none();
    ignored_fields.take(&mut fields, &ignored::VARIABLE);
    fields.finish(findings);
    let (name, name_span) = name?;
    let name = variable_name(name, name_span.clone(), findings)?;
    let (value, span) = match value.map(|entry| &entry.value) {
        Some(node) if matches!(node.content, Content::List(_) | Content::Map(_)) => {
            let hint = node.map().map(|_| "put quotes around a value that contains `{{ … }}`".to_owned());
            let message = format!("the value of a variable must be text, found {}", node.describe());
            findings.error_with(node.span.clone(), message, hint);
            return None;
        }
        Some(node) if !node.is_null() => (Dialect::Polyaxon.text(&node.to_json(&mut Vec::new())), node.span.clone()),
        _ => (String::new(), name_span),
    };
    if value.contains('\0') {
        findings.error(span, "the value of a variable must not contain a NUL character");
        return None;
    }
    is_literal.then_some(SpannedVariable { name, value, span })
}
