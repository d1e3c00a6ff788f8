//! A YAML document as nodes with their positions in the text, from the events of the parser.

use std::iter::Peekable;
use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, Span, StructureStyle};
use serde_json::{Map, Value};

use crate::command::config::error::ConfigError;

/// Deepest nesting. Each level takes some stack; a thread has 2 MiB.
const MAX_DEPTH: usize = 64;

/// A value.
#[derive(Clone, PartialEq, Debug)]
pub struct YamlNode {
    /// From its tag or anchor to its last character. A block collection ends with its last element.
    pub span: Range<usize>,
    /// The position of its tag.
    pub tag: Option<Range<usize>>,
    /// The number of its anchor; 0 if it has none.
    pub anchor: usize,
    /// The value.
    pub content: YamlContent,
}

/// The content of a node.
#[derive(Clone, PartialEq, Debug)]
pub enum YamlContent {
    /// Its text, and its text in the file.
    Scalar { text: String, style: ScalarStyle, source: Range<usize> },
    /// A list.
    Sequence(Vec<YamlNode>),
    /// Keys and values in file order.
    Mapping { layout: Layout, entries: Vec<(YamlNode, YamlNode)> },
    /// The anchor's number.
    Alias(usize),
}

/// Where the first entry of a mapping is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Layout {
    /// At this byte, in this column.
    Block { start: usize, column: usize },
    /// After the brace that ends before this byte.
    Flow { start: usize },
}

/// Parses `text`, one document that is a mapping.
///
/// # Errors
/// Invalid YAML, or another document; `format` names the format of the file.
pub fn parse_mapping(text: &str, format: &'static str) -> Result<YamlNode, ConfigError> {
    let root = parse(text, format)?;
    match &root.content {
        YamlContent::Mapping { .. } => Ok(root),
        _ => Err(ConfigError::NotAMapping { found: root.describe() }),
    }
}

/// Parses `text`, one document.
///
/// # Errors
/// Invalid YAML, no document or several.
pub fn parse(text: &str, format: &'static str) -> Result<YamlNode, ConfigError> {
    let syntax = |message: String| ConfigError::Syntax { format, message };
    let options = granit_parser::options! { emit_anchor_events: true };
    let mut events = Vec::new();
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| syntax(error.to_string()))?;
        let is_other = matches!(event, Event::StreamStart | Event::StreamEnd | Event::DocumentEnd | Event::Comment(..));
        if !is_other {
            events.push((event, span));
        }
    }
    let documents = events.iter().filter(|(event, _)| matches!(event, Event::DocumentStart(..))).count();
    if documents != 1 {
        return Err(syntax(
            if documents == 0 { "the file is empty" } else { "the file contains several documents" }.into(),
        ));
    }
    events.retain(|(event, _)| !matches!(event, Event::DocumentStart(..)));
    let mut builder = Builder { events: events.into_iter().peekable() };
    builder.node(0).ok_or_else(|| syntax("the document is nested too deeply".into()))
}

struct Builder<'t, I: Iterator<Item = (Event<'t>, Span)>> {
    events: Peekable<I>,
}

impl<'t, I: Iterator<Item = (Event<'t>, Span)>> Builder<'t, I> {
    /// The next node; `None` if it is nested too deeply.
    fn node(&mut self, depth: usize) -> Option<YamlNode> {
        let (event, span) = self.events.next().filter(|_| depth < MAX_DEPTH)?;
        let (own, tag) = (range(&span)?, span.tag_span().as_ref().and_then(range));
        let anchor = match self.events.peek() {
            Some((Event::Anchor(..), span)) => range(span),
            _ => None,
        };
        if anchor.is_some() {
            self.events.next();
        }
        let anchor_id = event.anchor_id().unwrap_or(0);
        let (content, end) = match event {
            Event::Alias(id) => (YamlContent::Alias(id), own.end),
            Event::Scalar(text, style, ..) => {
                (YamlContent::Scalar { text: text.into_owned(), style, source: own.clone() }, own.end)
            }
            Event::SequenceStart(style, ..) => self.sequence(style, own.end, depth)?,
            Event::MappingStart(style, ..) => {
                let layout = match style {
                    StructureStyle::Block => Layout::Block { start: own.start, column: span.start.col() },
                    StructureStyle::Flow => Layout::Flow { start: own.end },
                };
                self.mapping(layout, own.end, depth)?
            }
            _ => return None,
        };
        let starts = [Some(own.start), tag.as_ref().map(|tag| tag.start), anchor.map(|anchor| anchor.start)];
        let start = starts.into_iter().flatten().min()?;
        Some(YamlNode { span: start..end, tag, anchor: anchor_id, content })
    }

    fn sequence(&mut self, style: StructureStyle, start: usize, depth: usize) -> Option<(YamlContent, usize)> {
        let (mut items, mut end) = (Vec::new(), start);
        while !matches!(self.events.peek()?.0, Event::SequenceEnd) {
            let item = self.node(depth + 1)?;
            end = end.max(item.span.end);
            items.push(item);
        }
        let (_, span) = self.events.next()?;
        let end = if style == StructureStyle::Flow { range(&span)?.end } else { end };
        Some((YamlContent::Sequence(items), end))
    }

    fn mapping(&mut self, layout: Layout, start: usize, depth: usize) -> Option<(YamlContent, usize)> {
        let (mut entries, mut end) = (Vec::new(), start);
        while !matches!(self.events.peek()?.0, Event::MappingEnd) {
            let (key, value) = (self.node(depth + 1)?, self.node(depth + 1)?);
            end = end.max(key.span.end).max(value.span.end);
            entries.push((key, value));
        }
        let (_, span) = self.events.next()?;
        let end = if matches!(layout, Layout::Flow { .. }) { range(&span)?.end } else { end };
        Some((YamlContent::Mapping { layout, entries }, end))
    }
}

fn range(span: &Span) -> Option<Range<usize>> {
    Some(span.start.byte_offset()?..span.end.byte_offset()?)
}

impl YamlNode {
    /// Whether it is null: empty, `~` or `null`.
    pub fn is_null(&self) -> bool {
        let is_null = |text: &str| ["", "~", "null", "Null", "NULL"].contains(&text);
        match &self.content {
            YamlContent::Scalar { text, style: ScalarStyle::Plain, .. } => self.tag.is_none() && is_null(text),
            _ => false,
        }
    }

    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            YamlContent::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// What it is, with its article.
    pub fn describe(&self) -> &'static str {
        match &self.content {
            YamlContent::Scalar { .. } if self.is_null() => "null",
            YamlContent::Scalar { .. } => "a single value",
            YamlContent::Sequence(_) => "a list",
            YamlContent::Mapping { .. } => "a mapping",
            YamlContent::Alias(_) => "an alias",
        }
    }

    /// Its meaning as JSON. Plain scalars that JSON does not have stay text.
    pub fn value(&self) -> Value {
        match &self.content {
            YamlContent::Scalar { .. } if self.is_null() => Value::Null,
            YamlContent::Scalar { text, style: ScalarStyle::Plain, .. } => {
                let parsed = serde_json::from_str(text).ok().filter(|value: &Value| !value.is_string());
                parsed.unwrap_or_else(|| text.as_str().into())
            }
            // Quoted, so that it differs from a plain one that another parser reads as something else.
            YamlContent::Scalar { text, .. } if self.tag.is_none() => format!("'{text}'").into(),
            YamlContent::Scalar { text, .. } => text.as_str().into(),
            YamlContent::Sequence(items) => items.iter().map(YamlNode::value).collect(),
            YamlContent::Mapping { entries, .. } => {
                entries.iter().map(|(key, value)| (key.key_text(), value.value())).collect::<Map<_, _>>().into()
            }
            YamlContent::Alias(id) => format!("*{id}").into(),
        }
    }

    fn key_text(&self) -> String {
        self.text().map_or_else(|| self.value().to_string(), str::to_owned)
    }
}
