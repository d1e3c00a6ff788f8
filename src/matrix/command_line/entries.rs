//! Entries of a mapping that options add or replace.

use crate::matrix::diagnostics::suggest::camel_case;
use crate::matrix::yaml::node::{Content, Entry, Node, Span};

/// An entry with text.
pub fn text_entry(key: &str, text: &str, span: Span) -> Entry {
    let value = Node { span: span.clone(), content: Content::Text(text.to_owned()) };
    Entry { key: key.to_owned(), key_span: span, value }
}

/// Replaces the field with the name of `entry`, in either spelling, or adds it.
pub fn set(entries: &mut Vec<Entry>, entry: Entry) {
    match entries.iter_mut().find(|other| camel_case(&other.key) == camel_case(&entry.key)) {
        Some(other) => *other = entry,
        None => entries.push(entry),
    }
}
