//! Assignments without dashes: `lr=0.1`.

use serde_json::Value;

use super::form::{Booleans, Lists, ValueForm};
use super::member::{Argument, JobArguments, Style};
use super::text::{Position, comma_in_item, is_omitted, items, text};

/// `lr=0.1`
#[derive(Debug)]
pub struct Assign;

impl Style for Assign {
    fn name(&self) -> &'static str {
        "assign"
    }

    fn pass(&self, argument: &Argument<'_>, job: &mut JobArguments) {
        let Argument { value, form, .. } = *argument;
        let name = argument.name();
        let mut push = |text: String| job.argv.push(format!("{name}={text}"));
        match (value, form.lists.unwrap_or_default()) {
            _ if is_omitted(value, form) => {}
            (Value::Array(_), Lists::Repeat) => {
                items(value, form, Position::Joined).unwrap_or_default().into_iter().for_each(push);
            }
            (Value::Array(_), Lists::Commas) => {
                push(items(value, form, Position::Joined).unwrap_or_default().join(","));
            }
            _ => push(text(value, form, Position::Joined)),
        }
    }

    fn ignored(&self, given: &ValueForm) -> Vec<&'static str> {
        let flags = matches!(given.booleans, Some(Booleans::Flag | Booleans::NoFlag)).then_some("booleans");
        let words = (given.lists == Some(Lists::Words)).then_some("lists");
        flags.into_iter().chain(words).collect()
    }

    fn unsupported(&self, argument: &Argument<'_>) -> Option<String> {
        comma_in_item(argument)
    }
}
