//! Reads one value: a number, a boolean, null, text with or without quotes, a list or a mapping.

use serde_json::Value;

use super::error::NotationError;
use super::pieces::Piece;
use crate::matrix::yaml::node::{Content, Entry, Node, Span};
use crate::matrix::yaml::parse::{parse, parse_value};

/// Reads `piece` as a YAML value. Text needs no quotes unless it begins with a quote or a bracket.
///
/// # Errors
/// The piece is empty, or invalid YAML in quotes or brackets.
pub fn read(piece: &Piece<'_>) -> Result<Node, NotationError> {
    if piece.text.is_empty() {
        let hint = "for an empty text, write '' in quotes";
        return Err(NotationError::new(piece.span(), "missing value", Some(hint)));
    }
    if piece.text.starts_with(['"', '\'', '[', '{']) {
        let mut node = parse(piece.text).map_err(|error| {
            let span = error.span.map_or(piece.span(), |span| piece.start + span.start..piece.start + span.end);
            NotationError { message: error.message, span, hint: error.hint }
        })?;
        node.shift(piece.start);
        // the parser gives a list or mapping the span of its content
        node.span = piece.span();
        return Ok(node);
    }
    let content = match parse_value(piece.text) {
        Value::Null => Content::Null,
        Value::Bool(flag) => Content::Bool(flag),
        Value::Number(number) => Content::Number(number),
        Value::String(_) | Value::Array(_) | Value::Object(_) => Content::Text(piece.text.to_owned()),
    };
    Ok(Node { span: piece.span(), content })
}

/// An entry whose key is at `key_span`.
pub fn entry(key: &str, key_span: Span, value: Node) -> Entry {
    Entry { key: key.to_owned(), key_span, value }
}
