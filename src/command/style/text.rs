//! The text of a value in an argument.

use serde_json::{Number, Value};

use super::form::{Booleans, Lists, NullForm, ValueForm};
use super::member::Argument;

/// The position of a number in an argument.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Position {
    /// After `=`.
    Joined,
    /// As a word of its own. argparse takes `-1e-6` for an option there, but not `-0.000001`.
    Word,
}

/// Text unquoted, other values as JSON, with booleans and nulls as in `form`.
pub fn text(value: &Value, form: &ValueForm, position: Position) -> String {
    match (value, &form.null) {
        (Value::String(text), _) => text.clone(),
        (Value::Number(number), _) => number_text(number, position),
        (Value::Null, Some(NullForm::Word(word))) => word.clone(),
        (Value::Bool(false), _) if form.booleans == Some(Booleans::Empty) => String::new(),
        (Value::Array(_) | Value::Object(_) | Value::Bool(_) | Value::Null, _) => {
            let mut out = String::new();
            write_literal(value, form.booleans.unwrap_or_default(), &mut out);
            out
        }
    }
}

fn number_text(number: &Number, position: Position) -> String {
    let shortest = number.to_string();
    match number.as_f64() {
        // `Display` of a float has no exponent and reads back to the same float.
        Some(float) if position == Position::Word && shortest.starts_with('-') && shortest.contains('e') => {
            format!("{float}")
        }
        _ => shortest,
    }
}

/// JSON, or Python's literals if booleans are written so.
fn write_literal(value: &Value, booleans: Booleans, out: &mut String) {
    match value {
        Value::Null => out.push_str(if booleans == Booleans::Python { "None" } else { "null" }),
        Value::Bool(flag) => out.push_str(match (booleans, flag) {
            (Booleans::Python, true) => "True",
            (Booleans::Python, false) => "False",
            (Booleans::Number, true) => "1",
            (Booleans::Number, false) => "0",
            (_, true) => "true",
            (_, false) => "false",
        }),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                write_literal(item, booleans, out);
            }
            out.push(']');
        }
        Value::Object(entries) => {
            out.push('{');
            for (index, (key, item)) in entries.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                write_literal(item, booleans, out);
            }
            out.push('}');
        }
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(_) => out.push_str(&value.to_string()),
    }
}

/// The items of a list, each as text; `None` if `value` is not a list.
pub fn items(value: &Value, form: &ValueForm, position: Position) -> Option<Vec<String>> {
    let items = value.as_array()?;
    Some(items.iter().map(|item| text(item, form, position)).collect())
}

/// Why a list cannot be passed with commas between its items.
pub fn comma_in_item(argument: &Argument<'_>) -> Option<String> {
    if argument.form.lists != Some(Lists::Commas) {
        return None;
    }
    let items = items(argument.value, argument.form, Position::Joined)?;
    let item = items.into_iter().find(|item| item.contains(','))?;
    Some(format!("the item `{item}` has a comma, which `lists: commas` writes between items"))
}

/// Why a list cannot be passed as several words: one of them looks like an option.
pub fn dash_in_word(argument: &Argument<'_>) -> Option<String> {
    if argument.form.lists != Some(Lists::Words) || !argument.value.is_array() {
        return None;
    }
    let items = items(argument.value, argument.form, Position::Word)?;
    let is_option = |item: &String| item.len() > 1 && item.starts_with('-') && !is_negative_number(item);
    let item = items.into_iter().find(is_option)?;
    Some(format!("the item `{item}` would be read as an option; `arg: repeat` writes it behind `=`"))
}

/// Whether nothing is passed for `value`.
pub fn is_omitted(value: &Value, form: &ValueForm) -> bool {
    value.is_null() && !matches!(form.null, Some(NullForm::Word(_)))
}

/// Whether argparse reads `word` as a value though it begins with `-`: a negative number without an exponent.
pub fn is_negative_number(word: &str) -> bool {
    let Some(rest) = word.strip_prefix('-') else { return false };
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    match rest.split_once('.') {
        None => !rest.is_empty() && digits(rest),
        Some((whole, fraction)) => digits(whole) && !fraction.is_empty() && digits(fraction),
    }
}
