//! Finds the parameters below `params`: declarations, constants, and mappings that nest either and may have a `when` for all in them.

use indexmap::IndexMap;
use indexmap::map::Entry as Slot;

use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::diagnostics::suggest::{camel_case, nearest, quoted, typo_of};
use crate::matrix::yaml::fields::named;
use crate::matrix::yaml::node::{Content, Entry, Node};
use crate::space::catalogue;

/// Separates the names of nested parameters.
pub const SEPARATOR: char = '.';

/// A parameter as it is written.
#[derive(Debug)]
pub struct WrittenParam<'n> {
    /// Its name, for a nested one with the names of the mappings around it.
    pub name: String,
    /// Where it is written.
    pub entry: &'n Entry,
    /// How it is written.
    pub form: ParamForm,
    /// The `when` of the mappings around it, from the outside in.
    pub whens: Vec<&'n Entry>,
}

/// How a parameter is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ParamForm {
    /// A mapping with `kind` and `value`, possibly with mistakes.
    Declaration,
    /// A mapping with the bounds or the values of a parameter, but without its kind.
    WithoutKind,
    /// A scalar or a list; a text may also be a kind with arguments.
    Constant,
    /// Nothing.
    Empty,
}

/// The parameters in `entries` in file order; a mapping that is no declaration nests the parameters in it.
pub fn flatten<'n>(entries: Vec<&'n Entry>, findings: &mut Findings) -> Vec<WrittenParam<'n>> {
    let mut found = IndexMap::new();
    for entry in entries {
        add(entry, entry.key.clone(), &[], &mut found, findings);
    }
    found.into_values().collect()
}

fn add<'n>(
    entry: &'n Entry,
    name: String,
    whens: &[&'n Entry],
    found: &mut IndexMap<String, WrittenParam<'n>>,
    findings: &mut Findings,
) {
    if entry.key.trim().is_empty() {
        findings.error(entry.key_span.clone(), "the name of a parameter must not be empty");
        return;
    }
    let Some(form) = form(&entry.value) else {
        let inner = named(&entry.value, "nested parameters", entry.key_span.clone(), findings);
        let (own, params): (Vec<_>, Vec<_>) = inner.into_iter().partition(|inner| is_when(inner));
        let whens: Vec<&Entry> = whens.iter().copied().chain(own).collect();
        for inner in params {
            add(inner, format!("{name}{SEPARATOR}{}", inner.key), &whens, found, findings);
        }
        return;
    };
    match found.entry(name) {
        Slot::Occupied(first) => {
            let line = findings.line(first.get().entry.key_span.start);
            let message = format!("duplicate parameter {}; first given on line {line}", quoted(first.key()));
            findings.error(entry.key_span.clone(), message);
        }
        Slot::Vacant(slot) => {
            let name = slot.key().clone();
            slot.insert(WrittenParam { name, entry, form, whens: whens.to_vec() });
        }
    }
}

/// Whether an entry of nested parameters is their `when` instead of a parameter of this name: names with values.
fn is_when(entry: &Entry) -> bool {
    let is_condition =
        |entries: &[Entry]| !entries.is_empty() && entries.iter().all(|inner| inner.value.map().is_none());
    entry.key == "when" && form(&entry.value).is_none() && entry.value.map().is_some_and(is_condition)
}

/// How a parameter is written; `None` for a mapping of nested parameters.
fn form(node: &Node) -> Option<ParamForm> {
    match &node.content {
        Content::Map(entries) if entries.is_empty() || is_declaration(entries) => Some(ParamForm::Declaration),
        Content::Map(entries) if has_arguments(entries) => Some(ParamForm::WithoutKind),
        Content::Map(_) => None,
        Content::Null => Some(ParamForm::Empty),
        _ => Some(ParamForm::Constant),
    }
}

/// Whether a mapping has `kind` or `value`, or what looks like a typo of `kind`. A mapping there may declare a nested parameter of
/// this name.
fn is_declaration(entries: &[Entry]) -> bool {
    let is_kind = |entry: &&Entry| entry.value.map().is_none();
    let is_value = |entry: &&Entry| entry.value.map().is_none_or(|inner| !is_declaration(inner));
    let is_typo = |entry: &Entry| {
        let names_kind = |text| nearest(text, catalogue::names()).is_some();
        typo_of(&entry.key, ["kind"]).is_some() && entry.value.text().is_some_and(names_kind)
    };
    field(entries, "kind").as_ref().is_some_and(is_kind)
        || field(entries, "value").as_ref().is_some_and(is_value)
        || entries.iter().any(is_typo)
}

/// Whether a mapping has the fields that other tools give a parameter next to its name.
fn has_arguments(entries: &[Entry]) -> bool {
    let is_number = |name| field(entries, name).is_some_and(|entry| matches!(entry.value.content, Content::Number(_)));
    let has_values = field(entries, "values").is_some_and(|entry| entry.value.list().is_some());
    has_values
        || is_kind_alone(entries)
        || (is_number("min") && is_number("max"))
        || (is_number("low") && is_number("high"))
}

/// Whether a mapping is `{choice: [a, b]}`, with the kind as its only key besides those of a guess.
fn is_kind_alone(entries: &[Entry]) -> bool {
    let mut own = entries.iter().filter(|entry| !["guess", "confidence"].contains(&entry.key.as_str()));
    let is_kind = |entry: &Entry| entry.value.list().is_some() && catalogue::by_name(&entry.key).is_some();
    own.next().is_some_and(is_kind) && own.next().is_none()
}

fn field<'n>(entries: &'n [Entry], name: &str) -> Option<&'n Entry> {
    entries.iter().find(|entry| camel_case(&entry.key) == name)
}
