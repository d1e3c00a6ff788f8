//! Advice on how parameters are passed: how booleans are, before the first job, and what to change if a program rejected its arguments.

use serde_json::Value;

use crate::cli::study::definition::StudyDefinition;
use crate::command::style::form::{Booleans, Lists};
use crate::command::template::Renderer;
use crate::launch::error_lines::REJECTED;
use crate::report::failures::failures;
use crate::report::view::StudyView;
use crate::space::Param;

/// Most values of a parameter that are looked at.
const MAX_VALUES: u64 = 1_000;

/// How the booleans of `study` are passed, if the matrix does not say it; `None` without one.
pub fn booleans(study: &StudyDefinition) -> Option<String> {
    let renderer = study.renderer.as_ref()?;
    let names: Vec<&str> =
        params(study).filter(|param| has(param, Value::is_boolean)).map(|param| &*param.name).collect();
    let passed = |name: &&str| {
        let settings = renderer.arguments().of(name);
        (settings.style.unwrap_or_default().name() == "equals" && settings.form.booleans.is_none())
            .then(|| renderer.passed(name, &true.into()))?
    };
    let undecided: Vec<&str> = names.into_iter().filter(|name| passed(name).is_some()).collect();
    let first = undecided.first()?;
    let shown = |value: bool| renderer.passed(first, &value.into()).map(|job| job.argv.join(" "));
    let verb = if undecided.len() == 1 { "is" } else { "are" };
    let (names, [on, off]) = (undecided.join(", "), [shown(true)?, shown(false)?]);
    Some(format!(
        "{names} {verb} passed as {on} or {off}; for a flag set `arg: flag`, or --set 'arguments={{booleans: flag}}'"
    ))
}

/// What to change if jobs in `view` failed because the program rejected its arguments.
pub fn rejected(study: &StudyDefinition, view: &StudyView) -> Option<String> {
    let renderer = study.renderer.as_ref()?;
    let group = failures(view).into_iter().find(|group| group.reason.ends_with(REJECTED))?;
    let rejected =
        |param: &&Param| option(renderer, &param.name).is_some_and(|option| names(group.stderr_tail, &option));
    let Some(param) = params(study).find(rejected) else {
        return Some("--arg-style and `arg` say how parameters are passed, see \"What if my script takes its parameters in another way\" in the README".to_owned());
    };
    let form = renderer.arguments().of(&param.name).form.clone();
    let set = |field: &str| format!("or for all parameters with --set 'arguments={{{field}}}'");
    let name = &param.name;
    Some(match () {
        () if has(param, Value::is_array) && form.lists != Some(Lists::Words) => {
            format!("if {name} takes several words, set `arg: words` in it, {}", set("lists: words"))
        }
        () if has(param, Value::is_boolean) && form.booleans != Some(Booleans::Flag) => {
            format!("if {name} is a flag, set `arg: flag` in it, {}", set("booleans: flag"))
        }
        () => format!(
            "if {name} has another name there, set `arg: --NAME` in it; --arg-style says how all parameters are passed"
        ),
    })
}

fn params(study: &StudyDefinition) -> impl Iterator<Item = &Param> {
    study.experiment.space.params.iter()
}

/// Whether a value of `param` is of a type.
fn has(param: &Param, is_of_type: fn(&Value) -> bool) -> bool {
    let count = param.domain.cardinality().unwrap_or(0).min(MAX_VALUES);
    (0..count).filter_map(|level| param.domain.level(level)).any(|value| is_of_type(&value))
}

/// The option that passes the parameter `name`, without a value.
fn option(renderer: &Renderer, name: &str) -> Option<String> {
    let first = renderer.passed(name, &1.into())?.argv.into_iter().next()?;
    Some(first.split('=').next().unwrap_or_default().to_owned())
}

/// Whether `text` has `option`, not as part of a longer one.
fn names(text: &str, option: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    let error = text
        .lines()
        .filter(|line| !line.trim_start().to_lowercase().starts_with("usage:") && !line.trim_start().starts_with('['));
    error
        .flat_map(|line| line.match_indices(option).map(move |(at, _)| &line[at + option.len()..]))
        .any(|rest| !rest.starts_with(is_part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_named_by_the_error_and_not_by_the_usage() {
        let argparse = "usage: t.py [-h] [--lr LR]\n            [--layers LAYERS]\nt.py: error: argument --layers: invalid int value: '[32]'\n";
        assert!(names(argparse, "--layers") && !names(argparse, "--lr") && !names(argparse, "--layer"));
        assert!(names("Error: Option '--aug' does not take a value.\n", "--aug"));
    }
}
