//! An object at the end of a line, whatever is printed before it: a progress bar, a time, `INFO:root:`.

use std::borrow::Cow;

use super::python_literal;
use crate::collect::json_object::JsonObject;
use crate::collect::python_json::python_numbers_quoted;

/// Most positions of a line at which an object is tried.
const MAX_STARTS: usize = 16;

/// How an object was written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Notation {
    /// JSON, Python's `NaN` and infinities included.
    Json,
    /// A dict literal, as Python's `print` writes it.
    Python,
}

/// An object that ends a line.
#[derive(Debug)]
pub struct EndingObject<'l> {
    /// How it was written.
    pub notation: Notation,
    /// Where it begins.
    pub start: usize,
    /// The object as JSON.
    pub json: Cow<'l, str>,
}

/// The outermost object that ends `line`, which has no white space at its end.
pub fn ending_object(line: &[u8]) -> Option<EndingObject<'_>> {
    if line.last() != Some(&b'}') {
        return None;
    }
    let starts = memchr::memchr_iter(b'{', line);
    let starts = starts.filter(|start| may_begin(&line[*start + 1..]) && !is_entry(&line[..*start]));
    starts.take(MAX_STARTS).find_map(|start| {
        let (notation, json) = object(&line[start..])?;
        Some(EndingObject { notation, start, json })
    })
}

/// `text` as an object.
pub fn object(text: &[u8]) -> Option<(Notation, Cow<'_, str>)> {
    let decoded = String::from_utf8_lossy(text);
    if JsonObject::parse(&decoded).is_some() {
        return Some((Notation::Json, decoded));
    }
    let quoted = match python_numbers_quoted(decoded.as_bytes()) {
        Cow::Owned(quoted) => String::from_utf8(quoted).ok(),
        Cow::Borrowed(_) => None,
    };
    if let Some(quoted) = quoted.filter(|quoted| JsonObject::parse(quoted).is_some()) {
        return Some((Notation::Json, Cow::Owned(quoted)));
    }
    Some((Notation::Python, Cow::Owned(python_literal::dict_to_json(&decoded)?)))
}

/// Whether an object behind `before` is an entry of an object that began on an earlier line: `"val": {"loss": 1}`.
fn is_entry(before: &[u8]) -> bool {
    let before = before.trim_ascii_end().strip_suffix(b":");
    before.is_some_and(|before| matches!(before.last(), Some(b'"' | b'\'')))
}

/// Whether an object's first entry may follow its brace in `rest`.
fn may_begin(rest: &[u8]) -> bool {
    let first = rest.iter().find(|byte| !byte.is_ascii_whitespace());
    first.is_some_and(|byte| matches!(byte, b'"' | b'\'' | b'}' | b'0'..=b'9'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> Option<(Notation, String)> {
        ending_object(line.as_bytes()).map(|object| (object.notation, object.json.into_owned()))
    }

    #[test]
    fn what_comes_before_does_not_matter() {
        for before in ["", "4/4 [=====] - 0s ", "INFO:root:", "{x} {1} ", "[tune-metric]: "] {
            let wanted = Some((Notation::Json, r#"{"a": {"b": 1}}"#.to_owned()));
            assert_eq!(found(&format!(r#"{before}{{"a": {{"b": 1}}}}"#)), wanted, "{before}");
            let wanted = Some((Notation::Python, r#"{"a":0.5}"#.to_owned()));
            assert_eq!(found(&format!("{before}{{'a': 0.5}}")), wanted, "{before}");
        }
        assert_eq!(found("x {\"a\": NaN}"), Some((Notation::Json, "{\"a\": \"NaN\"}".to_owned())));
    }

    #[test]
    fn other_lines_end_in_no_object() {
        for line in ["", "}", "{", "a {b: 1}", "{\"a\": 1} x", "{'a'}", "loss: 1", "{'a': }", "\"val\": {\"a\": 1}"] {
            assert_eq!(found(line), None, "{line}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_are_replaced() {
        assert_eq!(ending_object(b"\xe9 {\"a\": \"\xe9\", \"b\": 1}").unwrap().json, "{\"a\": \"\u{fffd}\", \"b\": 1}");
    }
}
