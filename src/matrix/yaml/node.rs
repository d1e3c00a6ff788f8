//! A YAML document as a tree of nodes that keep their position in the text.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_yaml::{Location, Spanned};

use crate::types::args::{PathSegment, describe};

/// A range of bytes of the source text.
pub type Span = Range<usize>;

/// A value with its position.
#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    /// Its position. The span of a list or mapping is from its first to its last element.
    pub span: Span,
    /// The value.
    pub content: Content,
}

/// The value of a node.
#[derive(Clone, PartialEq, Debug)]
pub enum Content {
    /// Empty, `~` or `null`.
    Null,
    /// `true` or `false`; `yes`, `on` and the like are text.
    Bool(bool),
    /// A finite number.
    Number(Number),
    /// `.nan`, `.inf`, `-.inf`, or a number too large for a double.
    NotFinite(f64),
    /// Text.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping in file order, including duplicate keys.
    Map(Vec<Entry>),
}

/// One entry of a mapping.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    /// The key as text.
    pub key: String,
    /// The position of the key.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

impl Node {
    /// Whether the value is null.
    pub fn is_null(&self) -> bool {
        self.content == Content::Null
    }

    /// The text, if it is text.
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The elements, if it is a list.
    pub fn list(&self) -> Option<&[Node]> {
        match &self.content {
            Content::List(items) => Some(items),
            _ => None,
        }
    }

    /// The entries, if it is a mapping.
    pub fn map(&self) -> Option<&[Entry]> {
        match &self.content {
            Content::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value of the first entry called `key`, if it is a mapping that has one.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.map()?.iter().find(|e| e.key == key).map(|e| &e.value)
    }

    /// The node as JSON, with the first of entries that have the same key. A number that is not finite becomes null, and its span
    /// is added to `not_finite`.
    pub fn to_json(&self, not_finite: &mut Vec<Span>) -> Value {
        match &self.content {
            Content::Null => Value::Null,
            Content::Bool(flag) => Value::Bool(*flag),
            Content::Number(number) => Value::Number(number.clone()),
            Content::NotFinite(_) => {
                not_finite.push(self.span.clone());
                Value::Null
            }
            Content::Text(text) => Value::String(text.clone()),
            Content::List(items) => items.iter().map(|item| item.to_json(not_finite)).collect(),
            Content::Map(entries) => {
                let mut map = Map::new();
                for entry in entries {
                    let value = entry.value.to_json(not_finite);
                    map.entry(entry.key.clone()).or_insert(value);
                }
                Value::Object(map)
            }
        }
    }

    /// The span of the node at `path`, or of the deepest node on the path that exists.
    pub fn span_at(&self, path: &[PathSegment]) -> Span {
        let next = match (path.first(), &self.content) {
            (Some(PathSegment::Index(index)), Content::List(items)) => items.get(*index),
            (Some(PathSegment::Key(key)), Content::Map(entries)) => {
                entries.iter().find(|e| e.key == *key).map(|e| &e.value)
            }
            _ => None,
        };
        next.map_or_else(|| self.span.clone(), |node| node.span_at(&path[1..]))
    }

    /// Adds `offset` bytes to all spans, for a text that is part of a larger one.
    pub fn shift(&mut self, offset: usize) {
        let add = |span: &mut Span| *span = span.start + offset..span.end + offset;
        add(&mut self.span);
        match &mut self.content {
            Content::List(items) => items.iter_mut().for_each(|item| item.shift(offset)),
            Content::Map(entries) => entries.iter_mut().for_each(|entry| {
                add(&mut entry.key_span);
                entry.value.shift(offset);
            }),
            _ => {}
        }
    }

    /// The node for an error message: its type and, if it is short, its value.
    pub fn describe(&self) -> String {
        match &self.content {
            Content::NotFinite(number) => format!("the number {number}"),
            _ => describe(&self.to_json(&mut Vec::new())),
        }
    }

    /// Extends the span of a list or mapping to the end of its last child; the parser gives only the first character.
    fn with_full_span(mut self) -> Node {
        let last = match &self.content {
            Content::List(items) => items.last().map(|n| n.span.end),
            Content::Map(entries) => entries.last().map(|e| e.value.span.end.max(e.key_span.end)),
            _ => None,
        };
        self.span.end = last.unwrap_or(0).max(self.span.end);
        self
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let found = Spanned::<Content>::deserialize(deserializer)?;
        Ok(Node { span: bytes(&found.defined), content: found.value }.with_full_span())
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

/// The byte range of `location`. The parser always gives one for a document in memory.
fn bytes(location: &Location) -> Span {
    let span = location.span();
    let start = usize::try_from(span.byte_offset().unwrap_or(0)).unwrap_or(0);
    let length = usize::try_from(span.byte_len().unwrap_or(0)).unwrap_or(0);
    start..start.saturating_add(length)
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_none<E>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Content, E> {
        Ok(Content::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Content, E> {
        Ok(Content::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Content, E> {
        Ok(Content::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Content, E> {
        Ok(Number::from_f64(number).map_or(Content::NotFinite(number), Content::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Content, E> {
        Ok(Content::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Content, E> {
        Ok(Content::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Content, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element::<Node>()? {
            items.push(item);
        }
        Ok(Content::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Content, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, value)) = map.next_entry::<Node, Node>()? {
            let (key, key_span) = key_text(key);
            entries.push(Entry { key, key_span, value });
        }
        Ok(Content::Map(entries))
    }
}

/// A key as text: scalars as they are printed, lists and mappings as JSON.
fn key_text(key: Node) -> (String, Span) {
    let text = match key.content {
        Content::Text(text) => text,
        Content::NotFinite(number) => number.to_string(),
        _ => key.to_json(&mut Vec::new()).to_string(),
    };
    (text, key.span)
}
