//! A mapping whose fields are read one by one; fields that were not read become notes.

use super::note::Note;
use super::reader::Reader;
use crate::matrix::yaml::node::{Entry, Node, Span};

/// Why a field is not carried over, and what to do.
pub type IgnoredField = (&'static str, &'static str, &'static str);

/// A mapping of the file.
#[derive(Debug)]
pub struct Section<'n> {
    what: String,
    span: Span,
    unread: Vec<&'n Entry>,
}

impl<'n> Section<'n> {
    /// Reads `node`, or records an error if it is not a mapping. `what` describes it in messages; `span` is where errors about the
    /// whole mapping are shown.
    pub fn new(node: &'n Node, what: &str, span: &Span, reader: &mut Reader) -> Option<Section<'n>> {
        let Some(entries) = node.map() else {
            reader.error(span, format!("{what} must be a mapping, found {}", node.describe()), "");
            return None;
        };
        Some(Section { what: what.to_owned(), span: span.clone(), unread: entries.iter().collect() })
    }

    /// Where errors about the whole mapping are shown.
    pub fn span(&self) -> &Span {
        &self.span
    }

    /// The entry with one of `names`, unless its value is null. It counts as read.
    pub fn entry(&mut self, names: &[&str]) -> Option<&'n Entry> {
        let index = self.unread.iter().position(|entry| names.contains(&entry.key.as_str()))?;
        Some(self.unread.remove(index)).filter(|entry| !entry.value.is_null())
    }

    /// Whether an entry with this name was not read yet.
    pub fn has(&self, name: &str) -> bool {
        self.unread.iter().any(|entry| entry.key == name)
    }

    /// The value of the entry with one of `names`.
    pub fn value(&mut self, names: &[&str]) -> Option<&'n Node> {
        self.entry(names).map(|entry| &entry.value)
    }

    /// The entry with one of `names`; records an error if there is none.
    pub fn required(&mut self, names: &[&str], reader: &mut Reader) -> Option<&'n Entry> {
        let found = self.entry(names);
        if found.is_none() {
            reader.error(&self.span, format!("missing field `{}` in {}", names[0], self.what), "");
        }
        found
    }

    /// Marks fields as read that have no meaning outside of their tool.
    pub fn skip(&mut self, names: &[&str]) {
        self.unread.retain(|entry| !names.contains(&entry.key.as_str()));
    }

    /// The entries that were not read, which are read with this.
    pub fn rest(&mut self) -> Vec<&'n Entry> {
        std::mem::take(&mut self.unread)
    }

    /// A note for each field that was not read, with the reason from `reasons` if there is one.
    pub fn unread(self, reasons: &[IgnoredField], reader: &Reader) -> Vec<Note> {
        let note = |entry: &&Entry| {
            let known = reasons.iter().find(|(name, _, _)| *name == entry.key);
            let (why, action) = known.map_or(("hypertune has no such field", ""), |(_, why, action)| (*why, *action));
            reader.note(&entry.key_span, format!("`{}` is not carried over: {why}", entry.key), action)
        };
        self.unread.iter().filter(|entry| !entry.value.is_null()).map(note).collect()
    }
}
