//! Values as Python's `str` writes them.

use std::fmt::Write;

use serde_json::Value;

use crate::types::printable::is_printable;

/// `str(value)` in Python: text unquoted, otherwise `True`, `None`, `1e-05`, `[64, 32]`, `['relu']`, `{'a': 1}`.
pub fn python(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => {
            let mut out = String::new();
            repr(other, &mut out);
            out
        }
    }
}

/// Appends `repr(value)`.
fn repr(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("None"),
        Value::Bool(true) => out.push_str("True"),
        Value::Bool(false) => out.push_str("False"),
        Value::Number(number) if number.is_f64() => out.push_str(&float(number.as_f64().unwrap_or_default())),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) => quoted(text, out),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                repr(item, out);
            }
            out.push(']');
        }
        Value::Object(entries) => {
            out.push('{');
            for (at, (key, value)) in entries.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                quoted(key, out);
                out.push_str(": ");
                repr(value, out);
            }
            out.push('}');
        }
    }
}

/// The shortest text that reads back. Python and Rust's `Debug` both use exponents below 1e-4 and from 1e16; Python writes them with
/// a sign and at least two digits.
fn float(number: f64) -> String {
    let text = format!("{number:?}");
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
    format!("{mantissa}e{sign}{digits:0>2}")
}

/// In single quotes, or in double quotes if the text has only single ones.
fn quoted(text: &str, out: &mut String) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for c in text.chars() {
        let escaped = match c {
            '\n' => out.write_str("\\n"),
            '\r' => out.write_str("\\r"),
            '\t' => out.write_str("\\t"),
            '\\' => out.write_str("\\\\"),
            c if c == quote => write!(out, "\\{c}"),
            c if is_printable(c) && (c == ' ' || !c.is_whitespace()) => out.write_char(c),
            c if u32::from(c) < 0x100 => write!(out, "\\x{:02x}", u32::from(c)),
            c if u32::from(c) < 0x10000 => write!(out, "\\u{:04x}", u32::from(c)),
            c => write!(out, "\\U{:08x}", u32::from(c)),
        };
        // Writing to a string does not fail.
        escaped.unwrap_or_default();
    }
    out.push(quote);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Checked against Python 3.11.
    #[test]
    fn values_are_written_as_python_does() {
        let values = json!([
            true, null, 3, -0.5, 1e-5, 0.0001, 0.1, 1e20, 1e15, 1e16, 1.25e-300, 3.0, -0.0, "a b", [64, 32], [1, "x", null, false],
            {"a": 1, "b": {"c": [1.0]}}, ["it's", "say \"a\"", "it's \"a\"", "a\\b\n\t\u{1b}é\u{a0}\u{200e}"], [], {}
        ]);
        let all: Vec<String> = values.as_array().unwrap().iter().map(python).collect();
        insta::assert_snapshot!(all.join("\n"), @r#"
        True
        None
        3
        -0.5
        1e-05
        0.0001
        0.1
        1e+20
        1000000000000000.0
        1e+16
        1.25e-300
        3.0
        -0.0
        a b
        [64, 32]
        [1, 'x', None, False]
        {'a': 1, 'b': {'c': [1.0]}}
        ["it's", 'say "a"', 'it\'s "a"', 'a\\b\n\t\x1bé\xa0\u200e']
        []
        {}
        "#);
    }
}
