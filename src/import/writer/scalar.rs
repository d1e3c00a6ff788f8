//! JSON values as YAML on one line.

use std::fmt::Write;

use serde_json::Value;

use crate::types::printable::is_printable;

/// Words that some reader of YAML takes for null, a boolean or a number.
const RESERVED: [&str; 10] = ["null", "true", "false", "yes", "no", "on", "off", "nan", "inf", "infinity"];

/// `value` in flow style.
pub fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(entries) => {
            let entries: Vec<String> =
                entries.iter().map(|(key, value)| format!("{}: {}", scalar(key), flow(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// Text as a plain or a double-quoted scalar, which is read back as the same text.
pub fn scalar(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { quoted(text) }
}

/// Whether a plain scalar is read as this text, also inside brackets and by readers of YAML 1.1.
fn is_plain(text: &str) -> bool {
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '/');
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/' | '-');
    starts && text.chars().all(allowed) && !RESERVED.contains(&text.to_ascii_lowercase().as_str())
}

/// YAML 1.2, section 5.7: the escapes of double-quoted scalars.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            // not allowed in YAML: section 5.1, c-printable
            '\u{fffe}' | '\u{ffff}' => drop(write!(out, "\\u{:04x}", c as u32)),
            _ if is_printable(c) => out.push(c),
            _ if (c as u32) < 0x1_0000 => drop(write!(out, "\\u{:04x}", c as u32)),
            _ => drop(write!(out, "\\U{:08x}", c as u32)),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::matrix::yaml::parse::parse;

    #[test]
    fn text_that_would_be_read_as_something_else_is_quoted() {
        let words =
            ["relu", "train.py", "/bin/sh", "true", "No", "1e5", ".5", "-x", "a: b", "a #b", "", " a", "{{ lr }}", "~"];
        let written: Vec<String> = words.map(scalar).into();
        let expected = r#"relu train.py /bin/sh "true" "No" "1e5" ".5" "-x" "a: b" "a #b" "" " a" "{{ lr }}" "~""#;
        assert_eq!(written.join(" "), expected);
        assert_eq!(
            flow(&json!({"kind": "choice", "value": [1, 1e-5, null, "a\"b\n"]})),
            r#"{kind: choice, value: [1, 0.00001, null, "a\"b\n"]}"#
        );
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_filter("finite", |x| x.is_finite()).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            "[-a-zA-Z0-9:#, .~!&*?|>'\"%@`{}\\[\\]\\\\\n\t]{0,12}".prop_map(Value::from),
            proptest::sample::select(&RESERVED[..]).prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::vec((any::<String>(), inner), 0..4)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in values()) {
            let text = format!("value: {}\n", flow(&value));
            let node = parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
            let mut refused = Vec::new();
            prop_assert_eq!(&node.to_json(&mut refused)["value"], &value, "{}", text);
            prop_assert!(refused.is_empty());
        }
    }
}
