//! Options for Python Fire, which reads every value as a Python literal: `--amp=True`, `--layers=[64,32]`, `--version="'1.0'"`.
//!
//! Text that is no literal reaches the program as it is, so text that is one is quoted:
//! <https://google.github.io/python-fire/using-cli/#argument-parsing>.

use std::fmt::Write;

use serde_json::Value;

use super::form::{NullForm, ValueForm};
use super::member::{Argument, JobArguments, Style};
use super::option::option;

/// `--lr=0.1`
#[derive(Debug)]
pub struct Fire;

impl Style for Fire {
    fn name(&self) -> &'static str {
        "fire"
    }

    fn pass(&self, argument: &Argument<'_>, job: &mut JobArguments) {
        let mut text = format!("{}=", option(&argument.name()));
        match (argument.value, &argument.form.null) {
            (Value::Null, Some(NullForm::Omit)) => return,
            (Value::Null, Some(NullForm::Word(word))) => text.push_str(word),
            (Value::String(plain), _) if is_read_as_text(plain) => text.push_str(plain),
            (value, _) => write_literal(value, &mut text),
        }
        job.argv.push(text);
    }

    fn ignored(&self, given: &ValueForm) -> Vec<&'static str> {
        let booleans = given.booleans.map(|_| "booleans");
        booleans.into_iter().chain(given.lists.map(|_| "lists")).collect()
    }
}

/// Whether Python parses `text` as a name, or as names joined by operators, neither of which is a literal.
fn is_read_as_text(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "_./-".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(is_word)
        && !["True", "False", "None"].contains(&text)
}

fn write_literal(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("None"),
        Value::Bool(true) => out.push_str("True"),
        Value::Bool(false) => out.push_str("False"),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                write_literal(item, out);
            }
            out.push(']');
        }
        Value::Object(entries) => {
            out.push('{');
            for (index, (key, item)) in entries.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                write_text(key, out);
                out.push(':');
                write_literal(item, out);
            }
            out.push('}');
        }
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('\'');
    for c in text.chars() {
        match c {
            '\'' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            // Writing to a string cannot fail.
            _ if c.is_ascii_control() => drop(write!(out, "\\x{:02x}", u32::from(c))),
            _ => out.push(c),
        }
    }
    out.push('\'');
}
