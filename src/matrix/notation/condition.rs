//! Reads the condition of a parameter: `if NAME=VALUE`, `if NAME in [A, B]`, several joined by `and`.

use super::error::NotationError;
use super::pieces::Piece;
use super::value::{entry, read};
use crate::matrix::yaml::node::{Content, Entry, Node};

const HINT: &str = "write `if optimizer=sgd`, or `if optimizer in [sgd, adam]`; several conditions are joined by `and`";

/// Reads the text after `if` into the value of `when`.
///
/// # Errors
/// The text is no condition.
pub fn when(piece: &Piece<'_>) -> Result<Node, NotationError> {
    let mut rest = piece.trimmed();
    let mut entries = Vec::new();
    loop {
        let end = rest.find_outside(" and ");
        entries.push(one(&rest.slice(0, end.unwrap_or(rest.text.len())).trimmed())?);
        match end {
            Some(end) => rest = rest.slice(end + " and ".len(), rest.text.len()),
            None => return Ok(Node { span: piece.span(), content: Content::Map(entries) }),
        }
    }
}

fn one(piece: &Piece<'_>) -> Result<Entry, NotationError> {
    let invalid = || NotationError::new(piece.span(), "invalid condition", Some(HINT));
    let (name, value) = match (piece.find_outside("="), piece.find_outside(" in ")) {
        (Some(at), _) => {
            let after = at + if piece.text[at..].starts_with("==") { 2 } else { 1 };
            (piece.slice(0, at).trimmed(), piece.slice(after, piece.text.len()).trimmed())
        }
        (None, Some(at)) => {
            let value = piece.slice(at + " in ".len(), piece.text.len()).trimmed();
            if !value.text.starts_with('[') {
                return Err(invalid());
            }
            (piece.slice(0, at).trimmed(), value)
        }
        (None, None) => return Err(invalid()),
    };
    // `!=`, `<=` and the like are no conditions
    if name.text.is_empty() || name.text.ends_with(['!', '<', '>']) || name.text.contains(char::is_whitespace) {
        return Err(invalid());
    }
    Ok(entry(name.text, name.span(), read(&value)?))
}
