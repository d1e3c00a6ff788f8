//! The command that will run, checked against the names it may use.

use std::sync::Arc;

use super::overrides::{Overrides, finding};
use crate::command::context::TemplateNames;
use crate::command::template::{Renderer, TemplateError};
use crate::matrix::diagnostics::diagnostic::Severity;
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::diagnostics::suggest::suggestion;
use crate::matrix::polyaxon::component::{CommandFrom, Component};
use crate::matrix::sections::matrix::MatrixSection;
use crate::matrix::yaml::node::Span;

/// Compiles the command; faults are noted where it was written. `None` without a command, or with a faulty one.
pub fn renderer(
    section: &MatrixSection,
    component: &Component,
    overrides: &Overrides,
    findings: &mut Findings,
) -> Option<Renderer> {
    let (command, from) = match &overrides.command {
        Some(command) => (command.clone(), CommandFrom::CommandLine),
        None => (component.command.as_ref()?.iter().map(|word| word.text.clone()).collect(), CommandFrom::File),
    };
    let shown = command.clone();
    match Renderer::new(command, overrides.style, names(section, component)) {
        Ok(renderer) => Some(renderer),
        Err(faults) => {
            for fault in faults {
                match from {
                    CommandFrom::File => in_file(&fault, component, findings),
                    CommandFrom::CommandLine => on_line(&fault, &shown, findings),
                }
            }
            None
        }
    }
}

/// Every name the command may use, each parameter with one of its values.
fn names(section: &MatrixSection, component: &Component) -> TemplateNames {
    let sample = |declared: &crate::matrix::sections::params::DeclaredParam| {
        let domain = &declared.param.domain;
        domain.level(0).unwrap_or_else(|| domain.from_unit(0.5))
    };
    let drawn = section.params.iter().map(|declared| (Arc::clone(&declared.param.name), sample(declared)));
    let params = drawn.chain(section.listed.iter().cloned()).collect();
    let inputs = component.inputs.iter().map(|declared| declared.input.clone());
    TemplateNames {
        params,
        resource: section.resource.clone(),
        inputs: inputs.chain(component.undeclared.iter().cloned()).collect(),
    }
}

fn hint(fault: &TemplateError) -> Option<String> {
    let name = fault.name.as_deref()?;
    match fault.candidates.iter().find(|candidate| is_part(name, candidate)) {
        Some(whole) => Some(format!("`{whole}` is no plain name in a template: write params[\"{whole}\"].value")),
        None => suggestion(name, fault.candidates.iter().map(String::as_str)),
    }
}

/// Whether a template takes `name` for a name in `learning-rate`, say, which it reads as a difference.
fn is_part(name: &str, whole: &str) -> bool {
    let letter = |c: char| c.is_alphanumeric() || c == '_';
    whole != name && whole.split(|c| !letter(c)).any(|part| part == name)
}

fn in_file(fault: &TemplateError, component: &Component, findings: &mut Findings) {
    let words = component.command.as_deref().unwrap_or_default();
    let Some(word) = words.get(fault.element) else { return };
    findings.in_source(&component.source, |findings| {
        let text = findings.source().text.get(word.span.clone()).unwrap_or_default();
        let inner = fault.name.as_deref().and_then(|name| position(text, name));
        let span = inner.map_or(word.span.clone(), |part| word.span.start + part.start..word.span.start + part.end);
        findings.error_with(span, fault.message.clone(), hint(fault));
    });
}

fn on_line(fault: &TemplateError, command: &[String], findings: &mut Findings) {
    let text = format!("-- {}", command.join(" "));
    let start = 3 + command.iter().take(fault.element).map(|word| word.len() + 1).sum::<usize>();
    let word = command.get(fault.element).map_or("", String::as_str);
    let part = fault.name.as_deref().and_then(|name| position(word, name)).unwrap_or(0..word.len());
    findings.push(finding(
        Severity::Error,
        &text,
        start + part.start..start + part.end,
        fault.message.clone(),
        hint(fault),
    ));
}

/// Where `name` stands as a whole word inside a template of `text`.
fn position(text: &str, name: &str) -> Option<Span> {
    let from = text.find("{{")?;
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = text[from..].match_indices(name).map(|(at, _)| from + at..from + at + name.len());
    found.find(|at| !text[..at.start].ends_with(part) && !text[at.end..].starts_with(part))
}
