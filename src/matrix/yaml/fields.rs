//! Reads a mapping field by field. camelCase and snake_case names are equal; duplicate and unknown fields are errors.

use indexmap::IndexMap;
use indexmap::map::Entry as Slot;
use serde_json::Value;

use super::node::{Content, Entry, Node, Span};
use crate::kinds::Need;
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::diagnostics::suggest::{camel_case, nearest, quoted, suggestion, typo_of};

/// A mapping whose fields are read one by one; fields that were not read by [`Fields::finish`] are unknown.
#[derive(Debug)]
pub struct Fields<'n> {
    /// Describes the mapping in messages, such as "the metric".
    what: String,
    span: Span,
    /// By name in camelCase.
    entries: IndexMap<String, (&'n Entry, FieldUse)>,
    known: Vec<&'static str>,
    missing: Vec<&'static str>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum FieldUse {
    Unread,
    Read,
}

impl<'n> Fields<'n> {
    /// Reads `node`, or records an error if it is not a mapping. `what` describes it in messages; `span` (usually its key) is
    /// where errors about the whole mapping are shown.
    pub fn new(node: &'n Node, what: &str, span: Span, findings: &mut Findings) -> Option<Fields<'n>> {
        let Content::Map(entries) = &node.content else {
            findings.error(span, format!("{what} must be a mapping, found {}", node.describe()));
            return None;
        };
        let mut read =
            Fields { what: what.to_owned(), span, entries: IndexMap::new(), known: Vec::new(), missing: Vec::new() };
        for entry in entries {
            match read.entries.entry(camel_case(&entry.key)) {
                Slot::Occupied(first) => duplicate(entry, first.get().0, findings),
                Slot::Vacant(slot) => {
                    slot.insert((entry, FieldUse::Unread));
                }
            }
        }
        Some(read)
    }

    /// Where errors about the whole mapping are shown.
    pub fn span(&self) -> Span {
        self.span.clone()
    }

    /// The entry `name` (in camelCase), including one with a null value.
    pub fn entry(&mut self, name: &'static str) -> Option<&'n Entry> {
        if !self.known.contains(&name) {
            self.known.push(name);
        }
        self.hidden(name)
    }

    /// The entry `name`, a field that is accepted but not suggested in hints.
    pub fn hidden(&mut self, name: &str) -> Option<&'n Entry> {
        let found = self.entries.get_mut(name)?;
        found.1 = FieldUse::Read;
        Some(found.0)
    }

    /// The entry `name`, unless its value is null.
    pub fn value(&mut self, name: &'static str) -> Option<&'n Entry> {
        self.entry(name).filter(|entry| !entry.value.is_null())
    }

    /// The entry `name`; records an error if it is missing or null.
    pub fn required(&mut self, name: &'static str, findings: &mut Findings) -> Option<&'n Entry> {
        let found = self.value(name);
        if found.is_none() {
            findings.error(self.span(), self.missing_field(name));
            self.missing.push(name);
        }
        found
    }

    /// The entry `name` according to `need`. A forbidden field stays unread, so that [`Fields::finish`] reports it as unknown.
    pub fn by_need(&mut self, name: &'static str, need: Need, findings: &mut Findings) -> Option<&'n Entry> {
        match need {
            Need::Required => self.required(name, findings),
            Need::Optional => self.value(name),
            Need::Forbidden => None,
        }
    }

    fn missing_field(&self, name: &str) -> String {
        format!("missing field `{name}` in {}", self.what)
    }

    /// Optional text.
    pub fn text(&mut self, name: &'static str, findings: &mut Findings) -> Option<(&'n str, Span)> {
        let entry = self.value(name)?;
        typed(entry, name, "text", findings, Node::text).map(|text| (text, entry.value.span.clone()))
    }

    /// Required text that is not blank.
    pub fn required_text(&mut self, name: &'static str, findings: &mut Findings) -> Option<(&'n str, Span)> {
        self.required(name, findings)?;
        let (text, span) = self.text(name, findings)?;
        if text.trim().is_empty() {
            findings.error(span, format!("`{name}` must not be empty"));
            return None;
        }
        Some((text, span))
    }

    /// An optional whole number ≥ 0; 3.0 is read as 3.
    pub fn count(&mut self, name: &'static str, findings: &mut Findings) -> Option<(u64, Span)> {
        let entry = self.value(name)?;
        typed(entry, name, "a whole number, 0 or more", findings, count_of).map(|n| (n, entry.value.span.clone()))
    }

    /// An optional finite number.
    pub fn number(&mut self, name: &'static str, findings: &mut Findings) -> Option<(f64, Span)> {
        let entry = self.value(name)?;
        typed(entry, name, "a number", findings, number_of).map(|n| (n, entry.value.span.clone()))
    }

    /// An optional boolean.
    pub fn flag(&mut self, name: &'static str, findings: &mut Findings) -> Option<bool> {
        let entry = self.value(name)?;
        typed(entry, name, "true or false", findings, |node| match node.content {
            Content::Bool(flag) => Some(flag),
            _ => None,
        })
    }

    /// An optional name from `words`, which pairs names with values. After a typo it records an error and continues with the
    /// suggested name.
    pub fn choice<T: Copy>(
        &mut self,
        name: &'static str,
        words: &[(&'static str, T)],
        findings: &mut Findings,
    ) -> Option<T> {
        let (text, span) = self.text(name, findings)?;
        let names = words.iter().map(|(word, _)| *word);
        let is = |wanted: &str| words.iter().find(|(word, _)| word.eq_ignore_ascii_case(wanted));
        let found = is(text);
        if found.is_none() {
            let hint = suggestion(text, names.clone());
            findings.error_with(span, format!("invalid value {} for `{name}`", quoted(text)), hint);
        }
        found.or_else(|| is(typo_of(text, names)?)).map(|(_, value)| *value)
    }

    /// Records an error for each unread field. If one looks like a typo of a missing field, the error about the missing field is
    /// retracted.
    pub fn finish(self, findings: &mut Findings) {
        for entry in self.unread() {
            let known = self.known.iter().copied();
            let hint = if findings.is_full() { None } else { suggestion(&entry.key, known.clone()) };
            if let Some(meant) = nearest(&entry.key, known).filter(|meant| self.missing.contains(meant)) {
                findings.retract(&self.span, &self.missing_field(meant));
            }
            let message = format!("unknown field {} in {}", quoted(&entry.key), self.what);
            findings.error_with(entry.key_span.clone(), message, hint);
        }
    }

    fn unread(&self) -> impl Iterator<Item = &'n Entry> {
        self.entries.values().filter(|(_, field_use)| *field_use == FieldUse::Unread).map(|(entry, _)| *entry)
    }
}

/// Records an error for a field whose name is that of an earlier one.
fn duplicate(entry: &Entry, first: &Entry, findings: &mut Findings) {
    let line = findings.line(first.key_span.start);
    let key = quoted(&entry.key);
    let message = if entry.key == first.key {
        format!("duplicate field {key}; first given on line {line}")
    } else {
        format!("duplicate field {key}; first given as {} on line {line}", quoted(&first.key))
    };
    findings.error(entry.key_span.clone(), message);
}

/// The entries of a mapping whose keys are names chosen by the user. Names are compared exactly; duplicates are errors.
pub fn named<'n>(node: &'n Node, what: &str, span: Span, findings: &mut Findings) -> Vec<&'n Entry> {
    let Content::Map(entries) = &node.content else {
        findings.error(span, format!("{what} must be a mapping of names, found {}", node.describe()));
        return Vec::new();
    };
    let mut kept: IndexMap<&str, &Entry> = IndexMap::new();
    for entry in entries {
        match kept.entry(&entry.key) {
            Slot::Occupied(first) => duplicate(entry, first.get(), findings),
            Slot::Vacant(slot) => {
                slot.insert(entry);
            }
        }
    }
    kept.into_values().collect()
}

/// Records an error for each duplicate key in any mapping of the tree, including values that are not read field by field.
pub fn duplicate_keys(node: &Node, findings: &mut Findings) {
    for item in node.list().unwrap_or_default() {
        duplicate_keys(item, findings);
    }
    if node.map().is_some() {
        for entry in named(node, "a mapping", node.span.clone(), findings) {
            duplicate_keys(&entry.value, findings);
        }
    }
}

/// The node as JSON; records an error for each number that is not finite, and for each whole one that would be rounded.
pub fn json(node: &Node, findings: &mut Findings) -> Value {
    report_rounded(node, findings);
    let mut refused = Vec::new();
    let value = node.to_json(&mut refused);
    for span in refused {
        findings.error(span, "the number must be finite");
    }
    value
}

/// Whole numbers of more than 64 bits are floats in YAML and JSON parsers.
fn report_rounded(node: &Node, findings: &mut Findings) {
    match &node.content {
        Content::Number(number) if number.is_f64() => {
            let text = findings.source().text.get(node.span.clone()).unwrap_or_default().to_owned();
            let digits = text.strip_prefix(['-', '+']).unwrap_or(&text);
            if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
                let message = format!("the whole number {text} has more than 64 bits and would be rounded to {number}");
                findings.error_with(node.span.clone(), message, Some("write it in quotes, as text".to_owned()));
            }
        }
        Content::List(items) => items.iter().for_each(|item| report_rounded(item, findings)),
        Content::Map(entries) => entries.iter().for_each(|entry| report_rounded(&entry.value, findings)),
        _ => {}
    }
}

/// A whole number ≥ 0; 3.0 is read as 3.
fn count_of(node: &Node) -> Option<u64> {
    let Content::Number(number) = &node.content else { return None };
    let whole = |x: &f64| *x >= 0.0 && x.fract() == 0.0 && *x < 9e15;
    number.as_u64().or_else(|| number.as_f64().filter(whole).map(|x| x as u64))
}

fn number_of(node: &Node) -> Option<f64> {
    match &node.content {
        Content::Number(number) => number.as_f64(),
        _ => None,
    }
}

fn typed<'n, T>(
    entry: &'n Entry,
    name: &str,
    wanted: &str,
    findings: &mut Findings,
    read: impl Fn(&'n Node) -> Option<T>,
) -> Option<T> {
    let found = read(&entry.value);
    if found.is_none() {
        let span = entry.value.span.clone();
        findings.error(span, format!("`{name}` must be {wanted}, found {}", entry.value.describe()));
    }
    found
}
