//! Warns about variables that jobs need for something else, and reports parameters that are passed under one name.

use indexmap::IndexMap;
use serde_json::Value;

use crate::command::config::{ConfigTemplate, ConfigValue};
use crate::command::dialect::Dialect;
use crate::command::template::Renderer;
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::diagnostics::suggest::quoted;
use crate::matrix::polyaxon::component::Component;
use crate::matrix::sections::matrix::MatrixSection;
use crate::matrix::yaml::node::Span;

/// Variables by which programs find other programs, files and libraries.
const SEARCH_PATHS: [&str; 4] = ["PATH", "HOME", "PYTHONPATH", "LD_LIBRARY_PATH"];

/// The prefix of hypertune's own variables.
const OWN_PREFIX: &str = "HYPERTUNE_";

const ANOTHER_NAME: &str = "give one of them another name with `arg: {name: …}`";

/// Checks the names under which `renderer` passes parameters, inputs and the resource.
pub fn check(renderer: &Renderer, section: &MatrixSection, component: &Component, findings: &mut Findings) {
    let mut owners: IndexMap<String, Vec<String>> = IndexMap::new();
    for (owner, name) in passed_names(renderer) {
        let span = span(&owner, section);
        if let Some(variable) = name.strip_prefix('$') {
            warn_variable(&owner, variable, span, findings);
        }
        let owners = owners.entry(name).or_default();
        if !owners.contains(&owner) {
            owners.push(owner);
        }
    }
    for (name, owners) in &owners {
        let Some((_, second)) = coinciding(owners, section) else { continue };
        let all: Vec<String> = owners.iter().map(|owner| quoted(owner)).collect();
        let (kind, name) = name.strip_prefix('$').map_or(("argument", name.as_str()), |name| ("variable", name));
        let message = format!("{} are passed as the same {kind} {}", all.join(" and "), quoted(name));
        let (span, hint) = (span(second, section), Some(ANOTHER_NAME.to_owned()));
        match kind {
            // of two variables only the last exists, of two arguments a program may read both
            "variable" => findings.error_with(span, message, hint),
            _ => findings.warn(span, message, hint),
        }
    }
    for variable in component.variables.iter().filter(|_| renderer.names().dialect == Dialect::Polyaxon) {
        if variable.name.starts_with(OWN_PREFIX) {
            findings.in_source(&component.source, |findings| {
                warn_variable("env", &variable.name, variable.span.clone(), findings);
            });
        }
    }
}

/// The first two of `owners` that may have values in one job.
fn coinciding<'o>(owners: &'o [String], section: &MatrixSection) -> Option<(&'o str, &'o str)> {
    let pairs =
        owners.iter().enumerate().flat_map(|(at, second)| owners[..at].iter().map(move |first| (first, second)));
    let mut pairs = pairs.map(|(first, second)| (first.as_str(), second.as_str()));
    pairs.find(|(first, second)| !are_exclusive(first, second, section))
}

/// Whether no job has values of both parameters.
fn are_exclusive(one: &str, other: &str, section: &MatrixSection) -> bool {
    let index = |name: &str| section.params.iter().position(|declared| &*declared.param.name == name);
    index(one).zip(index(other)).is_some_and(|(one, other)| section.conditions.are_exclusive(one, other))
}

/// Reports parameters of which the configuration file can have only one. Whether there are some.
pub fn check_config_keys(
    renderer: &Renderer,
    template: &ConfigTemplate,
    section: &MatrixSection,
    findings: &mut Findings,
) -> bool {
    // An error of the values is reported where they are put in.
    let values = renderer.config_sample_values().unwrap_or_default();
    let mut is_conflict = false;
    for (at, second) in values.iter().enumerate() {
        let conflicts = |first: &&ConfigValue| {
            template.is_conflict(first, second) && !are_exclusive(&first.owner, &second.owner, section)
        };
        let Some(first) = values[..at].iter().find(conflicts) else { continue };
        is_conflict = true;
        let owners = format!("{} and {}", quoted(&first.owner), quoted(&second.owner));
        let message = match first.key == second.key {
            true => format!("{owners} set the same key {} of the configuration file", quoted(&first.key)),
            false => {
                let (inner, outer) = match first.key.len() > second.key.len() {
                    true => (first, second),
                    false => (second, first),
                };
                let (inner, outer) = (quoted(&inner.key), quoted(&outer.key));
                format!(
                    "{owners} cannot both be set in the configuration file: the key {inner} is in the value of {outer}"
                )
            }
        };
        let declared = |owner: &str| section.params.iter().any(|declared| &*declared.param.name == owner);
        let place = if declared(&second.owner) { &second.owner } else { &first.owner };
        findings.error_with(span(place, section), message, Some(ANOTHER_NAME.to_owned()));
    }
    is_conflict
}

fn warn_variable(owner: &str, variable: &str, span: Span, findings: &mut Findings) {
    if SEARCH_PATHS.contains(&variable) {
        let message = format!("{} replaces the environment variable {variable} of the jobs", quoted(owner));
        findings.warn(span, message, Some("programs may not find their files; choose another name".to_owned()));
    } else if variable.starts_with(OWN_PREFIX) {
        let message =
            format!("{} is passed as {variable}; names that begin with {OWN_PREFIX} are hypertune's", quoted(owner));
        findings.warn(span, message, Some("jobs may get another value; choose another name".to_owned()));
    }
}

/// Each parameter, the resource and each input with the names under which its value is passed, of variables with a `$` before them.
fn passed_names(renderer: &Renderer) -> Vec<(String, String)> {
    let names = renderer.names();
    let resource = names.resource.iter().map(|spec| (spec.name.as_str(), Value::from(1)));
    let params = names.params.iter().map(|(name, sample)| (&**name, sample.clone()));
    let mut passed = Vec::new();
    for (owner, sample) in params.chain(resource) {
        // A number is passed by the name in every form; a boolean may be passed by others.
        let booleans = [true, false].map(Value::Bool).into_iter().filter(|_| sample.is_boolean());
        let mut own: Vec<String> = Vec::new();
        for value in booleans.chain((!sample.is_boolean()).then(|| Value::from(1))) {
            let Some(job) = renderer.passed(owner, &value) else { continue };
            let variables = job.variables.iter().map(|(name, _)| format!("${name}"));
            let argument = job.argv.first().map(|argument| argument_name(argument));
            own.extend(variables.chain(argument));
        }
        own.sort();
        own.dedup();
        passed.extend(own.into_iter().map(|name| (owner.to_owned(), name)));
    }
    let inputs = names.inputs.iter().filter(|_| names.dialect == Dialect::Polyaxon);
    passed.extend(inputs.filter_map(|input| Some((input.name.clone(), format!("${}", input.variable.as_ref()?)))));
    passed
}

/// The name in `--lr=0.1` or `+lr=0.1`; Hydra's signs are no part of it.
fn argument_name(argument: &str) -> String {
    argument.split('=').next().unwrap_or_default().trim_start_matches('+').to_owned()
}

fn span(owner: &str, section: &MatrixSection) -> Span {
    let declared = section.params.iter().find(|declared| &*declared.param.name == owner);
    declared.map_or(&section.kind_span, |declared| &declared.span).clone()
}
