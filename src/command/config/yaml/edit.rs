//! Puts one value into a text in YAML or JSON.

use std::ops::Range;

use serde_json::Value;

use super::flow::{Anchors, write_flow};
use super::node::{Layout, YamlContent, YamlNode, parse_mapping};
use super::scalar::{write_key, write_quoted, write_value};
use crate::command::config::error::ConfigError;
use crate::command::config::format::KeyPresence;
use crate::command::config::key_path::{keys, nested};

/// The key whose value is merged into its mapping, in YAML 1.1 and many parsers of 1.2.
const MERGE: &str = "<<";

/// The language of a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EditedFormat {
    /// With merge keys.
    Yaml,
    /// Without.
    Json,
}

impl EditedFormat {
    fn name(self) -> &'static str {
        match self {
            EditedFormat::Yaml => "YAML",
            EditedFormat::Json => "JSON",
        }
    }
}

/// A change of the text, to find or to add a key.
#[derive(Debug)]
enum Edit {
    /// The value of a key or an item of a list.
    Replace(Range<usize>),
    /// The value of a key that has neither a colon nor a value: `{a, b: 1}`.
    Complete(usize),
    /// Another key of a mapping; `is_empty` if it has none yet.
    Insert { layout: Layout, is_empty: bool, key: String },
    /// Another key, with a copy of a merged value. The value is then set in the copy.
    Copy { layout: Layout, key: String, copy: String },
}

/// `text`, a mapping without aliases, with `value` at the dotted `name`. An existing key with more of the name comes first.
///
/// # Errors
/// The name leads into a value that is no mapping.
pub fn set(
    text: &str,
    notation: EditedFormat,
    name: &str,
    value: &Value,
) -> Result<(String, KeyPresence), ConfigError> {
    let root = parse_mapping(text, notation.name())?;
    let editor = Editor { text, notation, name };
    let keys = keys(name);
    let (edit, rest, presence) = match editor.find(&root, &keys) {
        Some(edit) => (edit, 0, KeyPresence::Present),
        None => {
            let (edit, rest) = editor.add(&root, &keys, 0)?;
            (edit, rest, KeyPresence::Added)
        }
    };
    match editor.apply(edit, &nested(&keys[keys.len() - rest..], value.clone())) {
        Changed::Done(text) => Ok((text, presence)),
        // Each copy is a level deeper, so that this ends.
        Changed::Copied(text) => set(&text, notation, name, value),
    }
}

enum Changed {
    Done(String),
    Copied(String),
}

struct Editor<'t> {
    text: &'t str,
    notation: EditedFormat,
    name: &'t str,
}

/// A key of a mapping.
enum KeyEntry<'n> {
    Own(&'n YamlNode, &'n YamlNode),
    Merged(&'n YamlNode),
}

impl Editor<'_> {
    /// The last entry of a mapping called `key`, as parsers that allow duplicates have it, or else a merged one.
    fn entry<'n>(&self, entries: &'n [(YamlNode, YamlNode)], key: &str) -> Option<KeyEntry<'n>> {
        let own = entries.iter().rev().find(|(other, _)| other.text() == Some(key));
        if let Some((key, value)) = own {
            return Some(KeyEntry::Own(key, value));
        }
        let merges = entries.iter().filter(|(key, _)| self.notation == EditedFormat::Yaml && key.text() == Some(MERGE));
        let merged = merges.flat_map(|(_, value)| match &value.content {
            YamlContent::Sequence(items) => items.as_slice(),
            _ => std::slice::from_ref(value),
        });
        merged.into_iter().find_map(|mapping| match &mapping.content {
            YamlContent::Mapping { entries, .. } => match self.entry(entries, key)? {
                KeyEntry::Own(_, value) | KeyEntry::Merged(value) => Some(KeyEntry::Merged(value)),
            },
            _ => None,
        })
    }

    /// The edit that replaces the value at `keys` in `node`, if there is one.
    fn find(&self, node: &YamlNode, keys: &[&str]) -> Option<Edit> {
        match &node.content {
            YamlContent::Mapping { layout, entries } => (1..=keys.len()).rev().find_map(|count| {
                let (key, rest) = (keys[..count].join("."), &keys[count..]);
                match (self.entry(entries, &key)?, rest) {
                    (KeyEntry::Own(key, value), []) => Some(self.replacement(key, value)),
                    (KeyEntry::Own(_, value), _) => self.find(value, rest),
                    (KeyEntry::Merged(_), []) => Some(Edit::Insert { layout: *layout, is_empty: false, key }),
                    (KeyEntry::Merged(value), _) => {
                        self.find(value, rest)?;
                        self.copy(*layout, key, value)
                    }
                }
            }),
            YamlContent::Sequence(items) => match (items.get(keys.first()?.parse::<usize>().ok()?)?, &keys[1..]) {
                (item, []) => Some(Edit::Replace(item.span.clone())),
                (item, rest) => self.find(item, rest),
            },
            YamlContent::Scalar { .. } | YamlContent::Alias(_) => None,
        }
    }

    /// The edit that adds the value at `keys[depth..]` in `node`, and how many of the last keys it does not cover.
    fn add(&self, node: &YamlNode, keys: &[&str], depth: usize) -> Result<(Edit, usize), ConfigError> {
        let rest = keys.len() - depth - 1;
        match &node.content {
            YamlContent::Mapping { layout, entries } => match self.entry(entries, keys[depth]) {
                Some(KeyEntry::Own(key, value)) if value.is_null() => Ok((self.replacement(key, value), rest)),
                Some(KeyEntry::Own(_, value)) => self.add(value, keys, depth + 1),
                Some(KeyEntry::Merged(value)) if matches!(value.content, YamlContent::Mapping { .. }) => {
                    let copy = self.copy(*layout, keys[depth].to_owned(), value);
                    copy.map(|copy| (copy, 0)).ok_or_else(|| self.not_reachable(node, keys, depth))
                }
                Some(KeyEntry::Merged(value)) => Err(self.not_reachable(value, keys, depth + 1)),
                None => {
                    let key = keys[depth].to_owned();
                    Ok((Edit::Insert { layout: *layout, is_empty: entries.is_empty(), key }, rest))
                }
            },
            YamlContent::Sequence(items) => {
                match keys[depth].parse::<usize>().ok().and_then(|index| items.get(index)) {
                    Some(item) if rest > 0 => self.add(item, keys, depth + 1),
                    _ => Err(self.not_reachable(node, keys, depth)),
                }
            }
            YamlContent::Scalar { .. } | YamlContent::Alias(_) => Err(self.not_reachable(node, keys, depth)),
        }
    }

    fn not_reachable(&self, node: &YamlNode, keys: &[&str], depth: usize) -> ConfigError {
        let (name, key) = (self.name.to_owned(), keys[..depth].join("."));
        ConfigError::NotReachable { name, key, found: node.describe() }
    }

    fn copy(&self, layout: Layout, key: String, value: &YamlNode) -> Option<Edit> {
        let mut copy = String::new();
        write_flow(value, self.text, &Anchors::new(), &mut copy).ok()?;
        Some(Edit::Copy { layout, key, copy })
    }

    /// The edit that replaces the value of `key`, with its tag and anchor.
    fn replacement(&self, key: &YamlNode, value: &YamlNode) -> Edit {
        let Some(colon) = self.colon(key.span.end) else { return Edit::Complete(key.span.end) };
        let end = value.span.end.max(colon + 1);
        // A block scalar ends where the next line has content; its indentation stays.
        let ended = self.text[colon + 1..end].trim_end_matches(' ');
        let end = if ended.ends_with('\n') { colon + 1 + ended.len() } else { end };
        Edit::Replace(colon + 1..end)
    }

    /// The colon after a key that ends at `at`: blanks, line ends and comments may be in between.
    fn colon(&self, mut at: usize) -> Option<usize> {
        loop {
            let rest = &self.text[at..];
            at += rest.len() - rest.trim_start().len();
            match self.text[at..].chars().next()? {
                ':' => return Some(at),
                '#' => at += self.text[at..].find('\n')?,
                _ => return None,
            }
        }
    }

    fn apply(&self, edit: Edit, value: &Value) -> Changed {
        let mut written = String::new();
        write_value(value, &mut written);
        match edit {
            Edit::Replace(span) => {
                let is_item = span.start > 0 && !self.text[..span.start].ends_with(':');
                let line_end = if self.text[span.clone()].ends_with('\n') { "\n" } else { "" };
                let blank = if is_item { "" } else { " " };
                Changed::Done(self.splice(span, &format!("{blank}{written}{line_end}")))
            }
            Edit::Complete(at) => Changed::Done(self.splice(at..at, &format!(": {written}"))),
            Edit::Insert { layout, is_empty, key } => Changed::Done(self.insert(layout, is_empty, &key, &written)),
            Edit::Copy { layout, key, copy } => Changed::Copied(self.insert(layout, false, &key, &copy)),
        }
    }

    /// Inserts an entry before the first one: after the last one may be the end of a block scalar, which a line end changes.
    fn insert(&self, layout: Layout, is_empty: bool, key: &str, value: &str) -> String {
        let mut entry = String::new();
        match layout {
            Layout::Block { start, column } => {
                write_key(key, &mut entry);
                entry.push_str(&format!(": {value}\n{}", " ".repeat(column)));
                self.splice(start..start, &entry)
            }
            Layout::Flow { start } => {
                write_quoted(key, &mut entry);
                entry.push_str(&format!(": {value}{}", if is_empty { "" } else { ", " }));
                self.splice(start..start, &entry)
            }
        }
    }

    fn splice(&self, span: Range<usize>, new: &str) -> String {
        format!("{}{new}{}", &self.text[..span.start], &self.text[span.end..])
    }
}
