//! Warns about variables that jobs need for something else, and about parameters that are passed under one name.

use indexmap::IndexMap;
use serde_json::Value;

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

/// Warns about the names under which `renderer` passes parameters, inputs and the resource.
pub fn warn(renderer: &Renderer, section: &MatrixSection, component: &Component, findings: &mut Findings) {
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
    for (name, owners) in owners.iter().filter(|(_, owners)| owners.len() > 1) {
        let all: Vec<String> = owners.iter().map(|owner| quoted(owner)).collect();
        let (kind, name) = name.strip_prefix('$').map_or(("argument", name.as_str()), |name| ("variable", name));
        let message = format!("{} are passed as the same {kind} {}", all.join(" and "), quoted(name));
        let hint = "give one of them another name with `arg: {name: …}`";
        findings.warn(span(&owners[1], section), message, Some(hint.to_owned()));
    }
    for variable in component.variables.iter().filter(|_| renderer.names().dialect == Dialect::Polyaxon) {
        if variable.name.starts_with(OWN_PREFIX) {
            findings.in_source(&component.source, |findings| {
                warn_variable("env", &variable.name, variable.span.clone(), findings);
            });
        }
    }
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
        let sample = if sample.is_boolean() { Value::Bool(true) } else { sample };
        let Some(job) = renderer.passed(owner, &sample) else { continue };
        let variables = job.variables.iter().map(|(name, _)| format!("${name}"));
        let argument = job.argv.first().map(|argument| argument.split('=').next().unwrap_or_default().to_owned());
        passed.extend(variables.chain(argument).map(|name| (owner.to_owned(), name)));
    }
    let inputs = names.inputs.iter().filter(|_| names.dialect == Dialect::Polyaxon);
    passed.extend(inputs.filter_map(|input| Some((input.name.clone(), format!("${}", input.variable.as_ref()?)))));
    passed
}

fn span(owner: &str, section: &MatrixSection) -> Span {
    let declared = section.params.iter().find(|declared| &*declared.param.name == owner);
    declared.map_or(&section.kind_span, |declared| &declared.span).clone()
}
