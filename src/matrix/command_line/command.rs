//! Compiles the command and checks the names in its templates.

use std::path::Path;
use std::sync::Arc;

use super::config_file;
use super::overrides::{Overrides, command_line_diagnostic};
use super::shared_names;
use super::unsupported_values;
use crate::command::context::{PartialName, TemplateNames};
use crate::command::dialect::Dialect;
use crate::command::shell_script::script_without_arguments;
use crate::command::style::settings::Arguments;
use crate::command::template::{Renderer, TemplateError, expression_of, tag_ranges};
use crate::matrix::diagnostics::diagnostic::Severity;
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::diagnostics::suggest::{quoted, suggestion};
use crate::matrix::polyaxon::command_from::CommandFrom;
use crate::matrix::polyaxon::component::Component;
use crate::matrix::sections::matrix::MatrixSection;
use crate::matrix::sections::params::DeclaredParam;
use crate::matrix::yaml::node::Span;

/// Compiles the command. Errors are reported at their position. `None` if there is no command or it is invalid.
pub fn renderer(
    section: &MatrixSection,
    component: &Component,
    overrides: &Overrides,
    folder: &Path,
    findings: &mut Findings,
) -> Option<Renderer> {
    let (command, from) = match &overrides.command {
        Some(command) => (command.clone(), CommandFrom::CommandLine),
        None => (component.command.as_ref()?.iter().map(|argument| argument.text.clone()).collect(), CommandFrom::File),
    };
    let argv = command.clone();
    let arguments = arguments(section, overrides);
    warn_ignored(&arguments, section, findings);
    let config = config_file::load(section, overrides, folder, findings)?;
    let names = TemplateNames { config, ..template_names(section, component, overrides.dialect()) };
    match Renderer::new(command, arguments, names) {
        Ok(renderer) => {
            let renderer = with_variables(renderer, component, findings)?;
            let renderer = with_directory(renderer, section, overrides, findings)?;
            warn_unused(&renderer, section, findings);
            warn_shell_script(&renderer, from, component, findings);
            config_file::check(&renderer, section, findings);
            unsupported_values::check(section, &renderer, findings);
            shared_names::check(&renderer, section, component, findings);
            Some(renderer)
        }
        Err(errors) => {
            for error in errors {
                match from {
                    CommandFrom::File | CommandFrom::EarlierFile => report_in_file(&error, component, findings),
                    CommandFrom::CommandLine => report_on_command_line(&error, &argv, findings),
                }
            }
            None
        }
    }
}

/// Adds the variables of the container.
fn with_variables(renderer: Renderer, component: &Component, findings: &mut Findings) -> Option<Renderer> {
    if renderer.names().dialect == Dialect::Plain {
        if let Some(first) = component.variables.first() {
            let message = "the container's `env` is not set, because its command is not used";
            findings.in_source(&component.source, |findings| findings.warn(first.span.clone(), message, None));
        }
        return Some(renderer);
    }
    let variables = component.variables.iter().map(|variable| (variable.name.clone(), variable.value.clone()));
    let errors = match renderer.with_variables(variables.collect()) {
        Ok(renderer) => return Some(renderer),
        Err(errors) => errors,
    };
    for error in errors {
        let span = component.variables.get(error.element).map_or(0..0, |variable| variable.span.clone());
        report_at(&error, span, component, findings);
    }
    None
}

/// Adds the working directory of jobs.
fn with_directory(
    renderer: Renderer,
    section: &MatrixSection,
    overrides: &Overrides,
    findings: &mut Findings,
) -> Option<Renderer> {
    let in_file = section.workdir.as_ref().map(|(text, span)| (text, Some(span)));
    let given = overrides.workdir.as_ref().map(|text| (text, None));
    let Some((text, span)) = given.or(in_file) else { return Some(renderer) };
    let errors = match renderer.with_directory(text) {
        Ok(renderer) => return Some(renderer),
        Err(errors) => errors,
    };
    for error in errors {
        match span {
            Some(span) => findings.error_with(span.clone(), error.message.clone(), hint(&error)),
            None => {
                let text = format!("--workdir {text}");
                let (part, message) = (10..text.len(), error.message.clone());
                findings.push(command_line_diagnostic(Severity::Error, &text, part, message, hint(&error)));
            }
        }
    }
    None
}

/// How parameters are passed: as in the matrix, with the style of the command line.
fn arguments(section: &MatrixSection, overrides: &Overrides) -> Arguments {
    let own = section.params.iter().filter_map(|declared| Some((declared, declared.arg.clone()?)));
    let own = own.map(|(declared, settings)| (declared.param.name.to_string(), settings));
    let mut arguments = Arguments { general: section.arguments.clone(), params: own.collect() };
    arguments.general.style = overrides.style.or(arguments.general.style);
    arguments
}

/// Warns about settings that the style does not have.
fn warn_ignored(arguments: &Arguments, section: &MatrixSection, findings: &mut Findings) {
    let style = arguments.style();
    for field in style.ignored(&section.arguments.form) {
        let span = section.arguments_span.clone().unwrap_or_default();
        findings.warn(span, format!("`{field}` has no effect with the style `{}`", style.name()), None);
    }
    for declared in &section.params {
        let Some(own) = &declared.arg else { continue };
        let style = own.style.unwrap_or(style);
        for field in style.ignored(&own.form) {
            let name = quoted(&declared.param.name);
            let message = format!("`{field}` of {name} has no effect with the style `{}`", style.name());
            findings.warn(declared.span.clone(), message, None);
        }
    }
}

/// Warns once about all parameters and the resource that the templates leave out.
fn warn_unused(renderer: &Renderer, section: &MatrixSection, findings: &mut Findings) {
    let unused = renderer.unused();
    let Some(first) = unused.first() else { return };
    let declared = section.params.iter().find(|declared| &*declared.param.name == *first);
    let span = declared.map_or(&section.kind_span, |declared| &declared.span).clone();
    let names: Vec<String> = unused.iter().map(|name| quoted(name)).collect();
    let message = format!("the command does not use {}", names.join(", "));
    let template = expression_of(first);
    let hint =
        format!("add {{{{ {template} }}}}; nothing is appended to a command with a template that uses a parameter");
    findings.warn(span, message, Some(hint));
}

/// Warns about arguments that follow the script of `sh -c` and are not used in it.
fn warn_shell_script(renderer: &Renderer, from: CommandFrom, component: &Component, findings: &mut Findings) {
    let command = renderer.command();
    // A component may hand its inputs to the script in variables.
    let is_unused = renderer.names().params.iter().any(|(name, _)| !renderer.uses(name)) && renderer.adds_arguments();
    let Some(at) = script_without_arguments(command).filter(|_| is_unused) else { return };
    let message = "the parameters are arguments after the script of the shell, which does not use them".to_owned();
    let hint =
        Some("write \"$@\" in the script and a word for $0 after it: sh -c 'python3 train.py \"$@\"' sh; or --arg-style none if the program reads HYPERTUNE_PARAMS".to_owned());
    match from {
        CommandFrom::CommandLine => {
            let (text, part) = command_line_part(command, at);
            findings.push(command_line_diagnostic(Severity::Warning, &text, part, message, hint));
        }
        CommandFrom::File | CommandFrom::EarlierFile => {
            let span = component.command.iter().flatten().nth(at).map_or(0..0, |argument| argument.span.clone());
            findings.in_source(&component.source, |findings| findings.warn(span, message, hint));
        }
    }
}

/// The command as it is given on the command line, and the range of its element at `index`.
fn command_line_part(command: &[String], index: usize) -> (String, Span) {
    let start = 3 + command.iter().take(index).map(|word| word.len() + 1).sum::<usize>();
    (format!("-- {}", command.join(" ")), start..start + command.get(index).map_or(0, String::len))
}

/// The names that the command may use. Each parameter has one of its values.
fn template_names(section: &MatrixSection, component: &Component, dialect: Dialect) -> TemplateNames {
    let sample = |declared: &DeclaredParam| {
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
        partial: section.partial_names().into_iter().map(partial_name).collect(),
        dialect,
        config: None,
    }
}

fn partial_name((name, missing_row): (Arc<str>, usize)) -> PartialName {
    PartialName { name, missing_row }
}

fn hint(error: &TemplateError) -> Option<String> {
    if error.hint.is_some() {
        return error.hint.clone();
    }
    let name = error.name.as_deref()?;
    match error.candidates.iter().find(|candidate| is_part(name, candidate)) {
        Some(whole) => Some(format!("`{whole}` is not an identifier; write {}", expression_of(whole))),
        None => suggestion(name, error.candidates.iter().map(String::as_str)),
    }
}

/// Whether `name` is a part of `whole`: a template parses `learning-rate` as a difference.
fn is_part(name: &str, whole: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    whole != name && whole.split(|c| !is_word(c)).any(|part| part == name)
}

fn report_in_file(error: &TemplateError, component: &Component, findings: &mut Findings) {
    let argv = component.command.as_deref().unwrap_or_default();
    let Some(argument) = argv.get(error.element) else { return };
    report_at(error, argument.span.clone(), component, findings);
}

/// Reports an error in the template at `span`.
fn report_at(error: &TemplateError, span: Span, component: &Component, findings: &mut Findings) {
    findings.in_source(&component.source, |findings| {
        let text = findings.source().text.get(span.clone()).unwrap_or_default();
        let inner = error.name.as_deref().and_then(|name| position(text, name));
        let span = inner.map_or(span.clone(), |part| span.start + part.start..span.start + part.end);
        findings.error_with(span, error.message.clone(), hint(error));
    });
}

fn report_on_command_line(error: &TemplateError, command: &[String], findings: &mut Findings) {
    let (text, Span { start, .. }) = command_line_part(command, error.element);
    let word = command.get(error.element).map_or("", String::as_str);
    let part = error.name.as_deref().and_then(|name| position(word, name)).unwrap_or(0..word.len());
    findings.push(command_line_diagnostic(
        Severity::Error,
        &text,
        start + part.start..start + part.end,
        error.message.clone(),
        split_template(command, error.element).or_else(|| hint(error)),
    ));
}

/// The hint for a template that is split between the element at `index` and later ones, as a shell splits it without quotes.
fn split_template(command: &[String], index: usize) -> Option<String> {
    let rest = command.get(index..)?;
    let is_open = |text: &str| {
        let mut tags = [("{{", "}}"), ("{%", "%}")].into_iter();
        tags.any(|(start, end)| text.matches(start).count() > text.matches(end).count())
    };
    rest.first().filter(|first| is_open(first))?;
    let whole = (2..=rest.len()).map(|length| rest[..length].join(" ")).find(|joined| !is_open(joined))?;
    Some(format!("the shell splits a template at its blanks; quote it: {}", shlex::try_quote(&whole).ok()?))
}

/// The position of `name` as a whole word in a template of `text`.
fn position(text: &str, name: &str) -> Option<Span> {
    let from = tag_ranges(text).first()?.start;
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = text[from..].match_indices(name).map(|(at, _)| from + at..from + at + name.len());
    found.find(|at| !text[..at.start].ends_with(is_word) && !text[at.end..].starts_with(is_word))
}
