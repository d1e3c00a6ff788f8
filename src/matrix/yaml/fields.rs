//! A mapping read field by field: camelCase and snake_case fold, twice the same is a fault, and so is a name nobody knows.

use indexmap::IndexMap;
use indexmap::map::Entry as Slot;
use serde_json::Value;

use super::node::{Content, Entry, Node, Span};
use crate::kinds::Need;
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::diagnostics::suggest::{camel, nearest, quoted, slip, suggestion};

/// A mapping whose fields are taken one by one; what is left at the end is unknown.
#[derive(Debug)]
pub struct Fields<'n> {
    /// What the mapping is, for messages: "the metric".
    what: String,
    span: Span,
    /// By folded name: the entry, and whether it was asked for.
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
    /// Starts on `node`, which is `what`; `place` is where a fault about the whole is shown (its key, usually).
    pub fn new(node: &'n Node, what: &str, place: Span, findings: &mut Findings) -> Option<Fields<'n>> {
        let Content::Map(entries) = &node.content else {
            findings.error(place, format!("{what} must be a mapping, found {}", node.describe()));
            return None;
        };
        let mut read = Fields {
            what: what.to_owned(),
            span: place,
            entries: IndexMap::new(),
            known: Vec::new(),
            missing: Vec::new(),
        };
        for entry in entries {
            match read.entries.entry(camel(&entry.key)) {
                Slot::Occupied(first) => twice(entry, first.get().0, findings),
                Slot::Vacant(place) => {
                    place.insert((entry, FieldUse::Unread));
                }
            }
        }
        Some(read)
    }

    /// Where faults about the whole are shown.
    pub fn span(&self) -> Span {
        self.span.clone()
    }

    /// The entry called `name` (camelCase), even if its value is null.
    pub fn entry(&mut self, name: &'static str) -> Option<&'n Entry> {
        if !self.known.contains(&name) {
            self.known.push(name);
        }
        self.hidden(name)
    }

    /// The entry called `name`, which is accepted and never suggested.
    pub fn hidden(&mut self, name: &str) -> Option<&'n Entry> {
        let found = self.entries.get_mut(name)?;
        found.1 = FieldUse::Read;
        Some(found.0)
    }

    /// The entry called `name`, unless its value is null.
    pub fn value(&mut self, name: &'static str) -> Option<&'n Entry> {
        self.entry(name).filter(|entry| !entry.value.is_null())
    }

    /// The entry called `name`; a fault if there is none.
    pub fn required(&mut self, name: &'static str, findings: &mut Findings) -> Option<&'n Entry> {
        let found = self.value(name);
        if found.is_none() {
            findings.error(self.span(), self.needs(name));
            self.missing.push(name);
        }
        found
    }

    /// The entry of a field of which a kind asks `need`; one it has no use for is left to be reported as unknown.
    pub fn needed(&mut self, name: &'static str, need: Need, findings: &mut Findings) -> Option<&'n Entry> {
        match need {
            Need::Required => self.required(name, findings),
            Need::Optional => self.value(name),
            Need::Forbidden => None,
        }
    }

    fn needs(&self, name: &str) -> String {
        format!("{} needs `{name}`", self.what)
    }

    /// Text that may be there.
    pub fn text(&mut self, name: &'static str, findings: &mut Findings) -> Option<(&'n str, Span)> {
        let entry = self.value(name)?;
        typed(entry, name, "text", findings, Node::text).map(|text| (text, entry.value.span.clone()))
    }

    /// Text that must be there and not be empty.
    pub fn required_text(&mut self, name: &'static str, findings: &mut Findings) -> Option<(&'n str, Span)> {
        self.required(name, findings)?;
        let (text, span) = self.text(name, findings)?;
        if text.trim().is_empty() {
            findings.error(span, format!("`{name}` must not be empty"));
            return None;
        }
        Some((text, span))
    }

    /// A whole number ≥ 0 that may be there; 3.0 counts as 3.
    pub fn count(&mut self, name: &'static str, findings: &mut Findings) -> Option<(u64, Span)> {
        let entry = self.value(name)?;
        typed(entry, name, "a whole number, 0 or more", findings, count_of).map(|n| (n, entry.value.span.clone()))
    }

    /// A finite number that may be there.
    pub fn number(&mut self, name: &'static str, findings: &mut Findings) -> Option<(f64, Span)> {
        let entry = self.value(name)?;
        typed(entry, name, "a number", findings, number_of).map(|n| (n, entry.value.span.clone()))
    }

    /// true or false, if there.
    pub fn flag(&mut self, name: &'static str, findings: &mut Findings) -> Option<bool> {
        let entry = self.value(name)?;
        typed(entry, name, "true or false", findings, |node| match node.content {
            Content::Bool(flag) => Some(flag),
            _ => None,
        })
    }

    /// One of a few words, if there; a slip of the pen is noted and stands for the word it is nearest to.
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
            findings.error_with(span, format!("{} is no value of `{name}`", quoted(text)), hint);
        }
        found.or_else(|| is(slip(text, names)?)).map(|(_, value)| *value)
    }

    /// Notes every field that was not asked for. One that is a slip of a missing field stands for both faults.
    pub fn finish(self, findings: &mut Findings) {
        for (_, entry) in self.rest() {
            let known = self.known.iter().copied();
            let hint = if findings.is_full() { None } else { suggestion(&entry.key, known.clone()) };
            if let Some(meant) = nearest(&entry.key, known).filter(|meant| self.missing.contains(meant)) {
                findings.take_back(&self.span, &self.needs(meant));
            }
            let message = format!("{} has no field {}", self.what, quoted(&entry.key));
            findings.error_with(entry.key_span.clone(), message, hint);
        }
    }

    /// Entries not asked for so far, with their folded names, without taking them.
    pub fn rest(&self) -> impl Iterator<Item = (&str, &'n Entry)> {
        let left = self.entries.iter().filter(|(_, (_, asked))| *asked == FieldUse::Unread);
        left.map(|(name, (entry, _))| (name.as_str(), *entry))
    }
}

/// A field that stands twice in one mapping.
fn twice(entry: &Entry, first: &Entry, findings: &mut Findings) {
    let line = findings.line(first.key_span.start);
    let message = if entry.key == first.key {
        format!("{} stands here a second time", quoted(&entry.key))
    } else {
        format!("{} is the same field as {}", quoted(&entry.key), quoted(&first.key))
    };
    findings.error_with(
        entry.key_span.clone(),
        message,
        Some(format!("it was given on line {line} already, keep one")),
    );
}

/// Entries of a mapping whose keys are the user's own names: exact, and each once.
pub fn named<'n>(node: &'n Node, what: &str, place: Span, findings: &mut Findings) -> Vec<&'n Entry> {
    let Content::Map(entries) = &node.content else {
        findings.error(place, format!("{what} must be a mapping of names, found {}", node.describe()));
        return Vec::new();
    };
    let mut kept: IndexMap<&str, &Entry> = IndexMap::new();
    for entry in entries {
        match kept.entry(&entry.key) {
            Slot::Occupied(first) => twice(entry, first.get(), findings),
            Slot::Vacant(place) => {
                place.insert(entry);
            }
        }
    }
    kept.into_values().collect()
}

/// Notes every key that stands twice in one mapping, anywhere below `node`: also where values are taken as they stand.
pub fn repeated_keys(node: &Node, findings: &mut Findings) {
    for item in node.list().unwrap_or_default() {
        repeated_keys(item, findings);
    }
    if node.map().is_some() {
        for entry in named(node, "a mapping", node.span.clone(), findings) {
            repeated_keys(&entry.value, findings);
        }
    }
}

/// The node as JSON, numbers that are not finite noted.
pub fn json(node: &Node, findings: &mut Findings) -> Value {
    let mut refused = Vec::new();
    let value = node.to_json(&mut refused);
    for span in refused {
        findings.error(span, "this number is not finite");
    }
    value
}

/// A whole number ≥ 0; 3.0 counts as 3.
pub fn count_of(node: &Node) -> Option<u64> {
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
