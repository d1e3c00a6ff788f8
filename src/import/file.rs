//! Parses the files of other tools: YAML, or JSON as other parsers accept it.

use crate::matrix::yaml::node::Node;
use crate::matrix::yaml::parse::{self, ReadError, decode};

/// The text of a file, empty if it is unreadable, and its root.
pub fn parse(bytes: &[u8]) -> (String, Result<Node, ReadError>) {
    match decode(bytes) {
        Ok(text) => (text.to_owned(), root(text)),
        Err(error) => (String::new(), Err(error)),
    }
}

fn root(text: &str) -> Result<Node, ReadError> {
    if !text.trim_start().starts_with(['{', '[']) {
        return parse::parse(text);
    }
    // JSON may be indented by tabs, which YAML refuses; a space has the same length
    parse::parse(&text.replace('\t', " "))
}
