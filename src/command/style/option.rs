//! Options as GNU programs, argparse, click and absl read them: `--lr=0.1` or `--lr 0.1`.

use serde_json::Value;

use super::form::{Booleans, Lists, ValueForm};
use super::member::{Argument, JobArguments, Style};
use super::text::{Position, comma_in_item, dash_in_word, is_negative_number, is_omitted, items, text};

/// `--lr=0.1`
#[derive(Debug)]
pub struct Equals;

/// `--lr 0.1`
#[derive(Debug)]
pub struct SpaceSeparated;

impl Style for Equals {
    fn name(&self) -> &'static str {
        "equals"
    }

    fn pass(&self, argument: &Argument<'_>, job: &mut JobArguments) {
        pass(argument, Join::Equals, &mut job.argv);
    }

    fn ignored(&self, _: &ValueForm) -> Vec<&'static str> {
        Vec::new()
    }

    fn unsupported(&self, argument: &Argument<'_>) -> Option<String> {
        comma_in_item(argument).or_else(|| dash_in_word(argument))
    }
}

impl Style for SpaceSeparated {
    fn name(&self) -> &'static str {
        "space"
    }

    fn pass(&self, argument: &Argument<'_>, job: &mut JobArguments) {
        pass(argument, Join::Space, &mut job.argv);
    }

    fn ignored(&self, _: &ValueForm) -> Vec<&'static str> {
        Vec::new()
    }

    fn unsupported(&self, argument: &Argument<'_>) -> Option<String> {
        comma_in_item(argument).or_else(|| dash_in_word(argument))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Join {
    Equals,
    Space,
}

fn pass(argument: &Argument<'_>, join: Join, argv: &mut Vec<String>) {
    let Argument { value, form, .. } = *argument;
    let option = option(&argument.name());
    let position = if join == Join::Equals { Position::Joined } else { Position::Word };
    match (value, form.booleans.unwrap_or_default(), form.lists.unwrap_or_default()) {
        _ if is_omitted(value, form) => {}
        (Value::Bool(true), Booleans::Flag | Booleans::NoFlag, _) => argv.push(option),
        (Value::Bool(false), Booleans::Flag, _) => {}
        (Value::Bool(false), Booleans::NoFlag, _) => argv.extend(negated(&option)),
        (Value::Array(_), _, Lists::Words) => {
            argv.push(option);
            argv.extend(items(value, form, Position::Word).unwrap_or_default());
        }
        (Value::Array(_), _, Lists::Repeat) => {
            for item in items(value, form, position).unwrap_or_default() {
                push(&option, item, join, argv);
            }
        }
        (Value::Array(_), _, Lists::Commas) => {
            let items = items(value, form, Position::Joined).unwrap_or_default();
            push(&option, items.join(","), join, argv);
        }
        _ => push(&option, text(value, form, position), join, argv),
    }
}

/// A name that has dashes already is complete.
pub(super) fn option(name: &str) -> String {
    if name.starts_with('-') { name.to_owned() } else { format!("--{name}") }
}

/// `--no-amp` for `--amp`; a short option has no negation.
fn negated(option: &str) -> Option<String> {
    option.strip_prefix("--").map(|name| format!("--no-{name}"))
}

/// Appends `option` with `value`. A value that looks like an option is joined to its own: argparse would refuse it as a word.
fn push(option: &str, value: String, join: Join, argv: &mut Vec<String>) {
    let is_short = !option.starts_with("--") && option.chars().count() == 2;
    let looks_like_an_option = value.len() > 1 && value.starts_with('-') && !is_negative_number(&value);
    match (is_short, join) {
        // getopt and click would read the `=` as part of the value.
        (true, _) if looks_like_an_option => argv.push(format!("{option}{value}")),
        (true, _) => argv.extend([option.to_owned(), value]),
        (false, Join::Space) if !looks_like_an_option => argv.extend([option.to_owned(), value]),
        (false, _) => argv.push(format!("{option}={value}")),
    }
}
