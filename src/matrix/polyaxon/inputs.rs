//! A component's declared inputs, and whether the study's values fit them.

use super::ignored::Ignored;
use crate::command::input::{Arity, Input, InputType, Passing, Presence};
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::diagnostics::suggest::quoted;
use crate::matrix::yaml::fields::{Fields, json};
use crate::matrix::yaml::node::{Entry, Node, Span};
use crate::space::Domain;

/// An input and where it stands.
#[derive(Clone, PartialEq, Debug)]
pub struct DeclaredInput {
    /// The input.
    pub input: Input,
    /// The place of its declaration.
    pub span: Span,
}

/// `inputs: [{name, type, …}]`.
pub fn read(entry: &Entry, ignored: &mut Ignored, findings: &mut Findings) -> Vec<DeclaredInput> {
    let Some(items) = entry.value.list() else {
        findings.error(entry.key_span.clone(), format!("`inputs` must be a list, found {}", entry.value.describe()));
        return Vec::new();
    };
    let mut read: Vec<DeclaredInput> = Vec::new();
    for item in items {
        let Some(declared) = input(item, ignored, findings) else { continue };
        if read.iter().any(|other| other.input.name == declared.input.name) {
            let message = format!("the input {} is declared a second time", quoted(&declared.input.name));
            findings.error(declared.span.clone(), message);
        } else {
            read.push(declared);
        }
    }
    read
}

fn input(item: &Node, ignored: &mut Ignored, findings: &mut Findings) -> Option<DeclaredInput> {
    let mut fields = Fields::new(item, "an input", item.span.clone(), findings)?;
    let name = fields.required_text("name", findings);
    let kind = fields.choice("type", &InputType::NAMES, findings).unwrap_or(InputType::Any);
    let mut is = |name| fields.flag(name, findings).unwrap_or(false);
    let arity = if is("isList") { Arity::List } else { Arity::One };
    let passing = if is("isFlag") { Passing::Flag } else { Passing::Value };
    let presence = if is("isOptional") { Presence::Optional } else { Presence::Required };
    let value = fields.value("value");
    fields.text("description", findings);
    ignored.take(
        &mut fields,
        &["label", "tags", "argFormat", "delayValidation", "validation", "connection", "toInit", "toEnv"],
    );
    fields.finish(findings);
    let (name, span) = name?;
    let default = value.map(|entry| json(&entry.value, findings));
    let input = Input { name: name.to_owned(), kind, arity, passing, presence, value: default };
    if let (Some(entry), Some(value)) = (value, &input.value)
        && !input.takes(value)
    {
        findings.error(entry.value.span.clone(), mismatch(&input, &entry.value.describe()));
    }
    Some(DeclaredInput { input, span })
}

/// The sentence for a value that an input cannot take.
pub fn mismatch(input: &Input, found: &str) -> String {
    let wanted = input.kind.describe();
    match input.arity {
        Arity::One => format!("the input {} takes {wanted}, not {found}", quoted(&input.name)),
        Arity::List => {
            format!("the input {} takes a list with {wanted} in each place, not {found}", quoted(&input.name))
        }
    }
}

/// Most values of a discrete domain that are looked at.
const LOOKS: u64 = 1_000;

/// A value of `domain` that `input` cannot take. A continuum is looked at in places that no rounding shares.
pub fn misfit(input: &Input, domain: &dyn Domain) -> Option<serde_json::Value> {
    let mut values: Box<dyn Iterator<Item = serde_json::Value>> = match domain.cardinality() {
        Some(count) => Box::new((0..count.min(LOOKS)).filter_map(|index| domain.level(index))),
        None => Box::new([0.137, 0.419, 0.618, 0.883].into_iter().map(|unit| domain.from_unit(unit))),
    };
    values.find(|value| !input.takes(value))
}
