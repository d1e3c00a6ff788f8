//! Overrides in Hydra's grammar: `lr=0.1`, `+opt={name:sgd,lr:0.1}`, `name='a,b'`.
//!
//! Names are passed as they are; Hydra requires a `+` before a key that its configuration lacks.
//! Grammar: <https://hydra.cc/docs/advanced/override_grammar/basic/>.

use std::fmt::Write;

use serde_json::Value;

use super::form::{NullForm, ValueForm};
use super::member::{Argument, JobArguments, Style};
use crate::command::JobContext;

/// The folder of a run's outputs. Concurrent jobs would share Hydra's default, which is named after the second.
const RUN_DIR: &str = "hydra.run.dir";

/// Characters of unquoted text besides ASCII letters, digits and `_`.
const UNQUOTED: &str = "/-\\+.$%*@?|";

/// Characters of a key that are written after a backslash.
const ESCAPED: &str = "\\()[]{}:=, \t";

/// `lr=0.1`
#[derive(Debug)]
pub struct Hydra;

impl Style for Hydra {
    fn name(&self) -> &'static str {
        "hydra"
    }

    fn pass(&self, argument: &Argument<'_>, job: &mut JobArguments) {
        let mut text = format!("{}=", argument.name());
        match (argument.value, &argument.form.null) {
            (Value::Null, Some(NullForm::Omit)) => return,
            (Value::Null, Some(NullForm::Word(word))) => write_text(word, &mut text),
            (value, _) => write_value(value, &mut text),
        }
        job.argv.push(text);
    }

    fn ignored(&self, given: &ValueForm) -> Vec<&'static str> {
        let booleans = given.booleans.map(|_| "booleans");
        booleans.into_iter().chain(given.lists.map(|_| "lists")).collect()
    }

    fn unsupported(&self, argument: &Argument<'_>) -> Option<String> {
        let key = unsupported_key(argument.value)?;
        Some(format!("Hydra's grammar has no mapping with the key `{key}`: keys cannot be quoted"))
    }

    fn complete(&self, context: &JobContext<'_>, has_param: &dyn Fn(&str) -> bool, job: &mut JobArguments) {
        let key =
            |argument: &str| argument.split_once('=').is_some_and(|(key, _)| key.trim_start_matches('+') == RUN_DIR);
        if !has_param(RUN_DIR) && !job.argv.iter().any(|argument| key(argument)) {
            let mut text = format!("{RUN_DIR}=");
            write_text(&context.trial_dir.to_string_lossy(), &mut text);
            job.argv.push(text);
        }
    }
}

fn write_value(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                write_value(item, out);
            }
            out.push(']');
        }
        Value::Object(entries) => {
            out.push('{');
            for (index, (key, item)) in entries.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                write_key(key, out);
                out.push(':');
                write_value(item, out);
            }
            out.push('}');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            // Writing to a string cannot fail.
            let _ = write!(out, "{value}");
        }
    }
}

/// Text, quoted unless it is unquoted text of the grammar that is not read as another type.
fn write_text(text: &str, out: &mut String) {
    if is_unquoted(text) {
        out.push_str(text);
        return;
    }
    let text = &without_interpolations(text);
    out.push('\'');
    let mut backslashes = 0;
    for c in text.chars() {
        match c {
            '\\' => backslashes += 1,
            '\'' => {
                // Before a quote a backslash is an escape, elsewhere a character.
                out.extend(std::iter::repeat_n('\\', backslashes + 1));
                backslashes = 0;
            }
            _ => backslashes = 0,
        }
        out.push(c);
    }
    out.extend(std::iter::repeat_n('\\', backslashes));
    out.push('\'');
}

/// `text` with escapes, so that OmegaConf, which resolves `${…}` also in quotes, reads it as it is.
///
/// <https://omegaconf.readthedocs.io/en/2.3_branch/grammar.html#escaping-in-top-level-strings>.
fn without_interpolations(text: &str) -> String {
    let mut parts = text.split("${");
    let mut escaped = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // Backslashes are characters except before an interpolation.
        let backslashes = escaped.len() - escaped.trim_end_matches('\\').len();
        escaped.extend(std::iter::repeat_n('\\', backslashes + 1));
        escaped.push_str("${");
        escaped.push_str(part);
    }
    escaped
}

/// Keys cannot be quoted.
fn write_key(key: &str, out: &mut String) {
    for c in key.chars() {
        out.extend(ESCAPED.contains(c).then_some('\\'));
        out.push(c);
    }
}

/// A key, at any depth, that no override can contain.
fn unsupported_key(value: &Value) -> Option<&str> {
    match value {
        Value::Array(items) => items.iter().find_map(unsupported_key),
        Value::Object(entries) => {
            let inner = |(key, item)| if is_key(key) { unsupported_key(item) } else { Some(key) };
            entries.iter().map(|(key, item)| (key.as_str(), item)).find_map(inner)
        }
        _ => None,
    }
}

fn is_key(key: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || UNQUOTED.contains(c) || ESCAPED.contains(c);
    !key.is_empty() && key.chars().all(allowed)
}

fn is_unquoted(text: &str) -> bool {
    // A backslash may escape what follows it.
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || (UNQUOTED.contains(c) && c != '\\');
    let words = ["null", "true", "false", "nan", "inf"];
    let is_word = words.iter().any(|word| text.trim_start_matches(['+', '-']).eq_ignore_ascii_case(word));
    // Whatever may be a number, with Python's `1_000` among them.
    let is_number = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    !text.is_empty() && text.chars().all(allowed) && !is_word && !is_number && !text.contains("${")
}
