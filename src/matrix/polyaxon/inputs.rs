//! Reads the inputs of a component and checks values against their types.

use super::ignored::{self, IgnoredFields};
use crate::command::dialect::Dialect;
use crate::command::input::{ArgForm, Input, InputType, Multiplicity, Presence};
use crate::command::template::TextTemplate;
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::diagnostics::suggest::quoted;
use crate::matrix::yaml::fields::{Fields, json};
use crate::matrix::yaml::node::{Entry, Node, Span};
use crate::space::Domain;

/// An input with its position.
#[derive(Clone, PartialEq, Debug)]
pub struct DeclaredInput {
    /// The input.
    pub input: Input,
    /// The position of its declaration.
    pub span: Span,
}

/// Reads `inputs: [{name, type, …}]`.
pub fn read(entry: &Entry, ignored_fields: &mut IgnoredFields, findings: &mut Findings) -> Vec<DeclaredInput> {
    let Some(items) = entry.value.list() else {
        findings.error(entry.key_span.clone(), format!("`inputs` must be a list, found {}", entry.value.describe()));
        return Vec::new();
    };
    let mut read: Vec<DeclaredInput> = Vec::new();
    for item in items {
        let Some(declared) = read_input(item, ignored_fields, findings) else { continue };
        if read.iter().any(|other| other.input.name == declared.input.name) {
            let message = format!("duplicate input {}", quoted(&declared.input.name));
            findings.error(declared.span.clone(), message);
        } else {
            read.push(declared);
        }
    }
    read
}

fn read_input(item: &Node, ignored_fields: &mut IgnoredFields, findings: &mut Findings) -> Option<DeclaredInput> {
    let mut fields = Fields::new(item, "an input", item.span.clone(), findings)?;
    let name = fields.required_text("name", findings);
    let kind = fields.choice("type", &InputType::NAMES, findings).unwrap_or(InputType::Any);
    let mut is = |name| fields.flag(name, findings).unwrap_or(false);
    let multiplicity = if is("isList") { Multiplicity::List } else { Multiplicity::One };
    let arg_form = if is("isFlag") { ArgForm::Flag } else { ArgForm::Value };
    let presence = if is("isOptional") { Presence::Optional } else { Presence::Required };
    let value = fields.value("value");
    let arg_format = fields.text("argFormat", findings).map(|(format, span)| (format.to_owned(), span));
    let variable = fields.text("toEnv", findings).and_then(|(name, span)| variable_name(name, span, findings));
    fields.text("description", findings);
    ignored_fields.take(&mut fields, &ignored::INPUT);
    fields.finish(findings);
    let (name, span) = name?;
    let default = value.map(|entry| json(&entry.value, findings));
    let mut input = Input {
        name: name.to_owned(),
        kind,
        multiplicity,
        arg_form,
        presence,
        arg_format: None,
        variable,
        value: default,
    };
    if let (Some(entry), Some(value)) = (value, &input.value)
        && input.convert(value).is_none()
    {
        findings.error(entry.value.span.clone(), input.mismatch(&entry.value.describe()));
    }
    input.arg_format = arg_format.and_then(|(format, span)| check_format(&input.name, format, span, findings));
    Some(DeclaredInput { input, span })
}

/// `format`, if it is a template that uses no other name than `input`.
fn check_format(input: &str, format: String, span: Span, findings: &mut Findings) -> Option<String> {
    match TextTemplate::of_value(input, &format, Dialect::Polyaxon) {
        Ok(_) => Some(format),
        Err(error) => {
            findings.error_with(span, error.message, Some(format!("`argFormat` may use `{input}` only")));
            None
        }
    }
}

/// `name`, if an environment variable may have it.
pub fn variable_name(name: &str, span: Span, findings: &mut Findings) -> Option<String> {
    if name.is_empty() || name.contains(['=', '\0']) {
        findings.error(span, "the name of an environment variable must not be empty or contain `=` or NUL");
        return None;
    }
    if name.starts_with("HYPERTUNE_") {
        findings.error_with(span, format!("hypertune sets {} itself", quoted(name)), Some("use another name".into()));
        return None;
    }
    Some(name.to_owned())
}

/// The most values of a discrete domain that are checked.
const MAX_CHECKED: u64 = 1_000;

/// A value of `domain` that does not have the type of `input`. Of a continuous domain, four values are checked that are not round.
pub fn find_mismatch(input: &Input, domain: &dyn Domain) -> Option<serde_json::Value> {
    let mut values: Box<dyn Iterator<Item = serde_json::Value>> = match domain.cardinality() {
        Some(count) => Box::new((0..count.min(MAX_CHECKED)).filter_map(|index| domain.level(index))),
        None => Box::new([0.137, 0.419, 0.618, 0.883].into_iter().map(|unit| domain.from_unit(unit))),
    };
    values.find(|value| input.convert(value).is_none())
}
