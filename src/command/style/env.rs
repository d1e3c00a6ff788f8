//! Environment variables: `LR=0.1`, and no arguments.

use serde_json::Value;

use super::form::{Booleans, Lists, ValueForm};
use super::member::{Argument, JobArguments, Style};
use super::text::{Position, comma_in_item, is_omitted, items, text};

/// `LR=0.1` in the environment.
#[derive(Debug)]
pub struct Env;

impl Style for Env {
    fn name(&self) -> &'static str {
        "env"
    }

    fn pass(&self, argument: &Argument<'_>, job: &mut JobArguments) {
        let Argument { value, form, .. } = *argument;
        let list = |separator| items(value, form, Position::Joined).unwrap_or_default().join(separator);
        let text = match (value, form.booleans.unwrap_or_default(), form.lists.unwrap_or_default()) {
            _ if is_omitted(value, form) => return,
            (Value::Bool(true), Booleans::Flag, _) => "1".to_owned(),
            // Programs read an empty variable as false.
            (Value::Bool(false), Booleans::Flag, _) => String::new(),
            (Value::Array(_), _, Lists::Words) => list(" "),
            (Value::Array(_), _, Lists::Commas) => list(","),
            _ => text(value, form, Position::Joined),
        };
        job.variables.push((variable(argument), text));
    }

    fn variable(&self, argument: &Argument<'_>) -> Option<String> {
        Some(variable(argument))
    }

    fn ignored(&self, given: &ValueForm) -> Vec<&'static str> {
        let flags = (given.booleans == Some(Booleans::NoFlag)).then_some("booleans");
        let repeated = (given.lists == Some(Lists::Repeat)).then_some("lists");
        flags.into_iter().chain(repeated).collect()
    }

    fn unsupported(&self, argument: &Argument<'_>) -> Option<String> {
        comma_in_item(argument)
    }
}

/// The name that is given for the variable, else the parameter's in capitals, with `_` for what no shell accepts in a name.
fn variable(argument: &Argument<'_>) -> String {
    if let Some(name) = &argument.form.name {
        return name.clone();
    }
    let name = argument.name.trim_start_matches('-');
    let allowed = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    let digit = name.starts_with(|c: char| c.is_ascii_digit()).then_some('_');
    digit.into_iter().chain(name.chars().map(allowed)).collect()
}
