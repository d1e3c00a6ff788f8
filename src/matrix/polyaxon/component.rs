//! A component: the command to run and the inputs it declares.

use std::sync::Arc;

use super::argv::{self, SpannedArgument};
use super::command_from::CommandFrom;
use super::ignored::{self, IgnoredFields};
use super::inputs::{self, DeclaredInput};
use super::termination::{self, TerminationSection};
use super::variables::{self, SpannedVariable};
use crate::command::input::Input;
use crate::matrix::diagnostics::diagnostic::Source;
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::diagnostics::suggest::quoted;
use crate::matrix::yaml::fields::Fields;
use crate::matrix::yaml::node::{Entry, Node, Span};

/// A component.
#[derive(Debug)]
pub struct Component {
    /// Its file.
    pub source: Arc<Source>,
    /// The command, program first; `None` if there is none or it cannot run locally.
    pub command: Option<Vec<SpannedArgument>>,
    /// The environment variables of the container.
    pub variables: Vec<SpannedVariable>,
    /// Declared inputs.
    pub inputs: Vec<DeclaredInput>,
    /// Its `termination`.
    pub termination: TerminationSection,
    /// Values in the operation's `params` for names that the component does not declare.
    pub undeclared: Vec<Input>,
}

impl Component {
    /// A component without command and inputs.
    pub fn empty(source: Arc<Source>) -> Component {
        Component {
            source,
            command: None,
            variables: Vec::new(),
            inputs: Vec::new(),
            termination: TerminationSection::default(),
            undeclared: Vec::new(),
        }
    }
}

/// Reads the component at `node`. Errors about the whole component are shown at `span`.
pub fn read(
    node: &Node,
    span: Span,
    from: CommandFrom,
    ignored_fields: &mut IgnoredFields,
    findings: &mut Findings,
) -> Component {
    let mut component = Component::empty(findings.source().clone());
    let Some(mut fields) = Fields::new(node, "the component", span, findings) else { return component };
    for descriptive in ["version", "name", "description", "tags"] {
        fields.value(descriptive);
    }
    if let Some((kind, span)) = fields.text("kind", findings)
        && kind != "component"
    {
        findings.error(span, format!("`kind` of a component must be `component`, found {}", quoted(kind)));
    }
    if let Some(entry) = fields.value("inputs") {
        component.inputs = inputs::read(entry, ignored_fields, findings);
    }
    let container = fields.value("container");
    let run = fields.value("run");
    let in_run = run.and_then(|entry| read_run(entry, from, ignored_fields, findings));
    let used = container.or(in_run);
    if used.is_none() && run.is_none() && from.is_file() {
        findings.error_with(
            fields.span(),
            "the component has no `container`",
            Some("write its `command`, or give it after `--`".into()),
        );
    }
    if let Some(entry) = used {
        read_container(entry, from, &mut component, ignored_fields, findings);
    }
    if let Some(entry) = fields.value("termination") {
        component.termination = termination::read(entry, ignored_fields, findings);
    }
    ignored_fields.take(&mut fields, &ignored::COMPONENT);
    fields.finish(findings);
    component
}

/// Reads `run: {kind: job, container}`. No other kind can run locally.
fn read_run<'n>(
    entry: &'n Entry,
    from: CommandFrom,
    ignored_fields: &mut IgnoredFields,
    findings: &mut Findings,
) -> Option<&'n Entry> {
    let mut fields = Fields::new(&entry.value, "`run`", entry.key_span.clone(), findings)?;
    if let Some((kind, span)) = fields.text("kind", findings)
        && kind != "job"
    {
        let what = format!("`run` of kind {} cannot run locally", quoted(kind));
        from.refuse(span, &what, "write `kind: job` with a `container`", findings);
        return None;
    }
    let container = match from {
        CommandFrom::File | CommandFrom::EarlierFile => fields.required("container", findings),
        CommandFrom::CommandLine => fields.value("container"),
    };
    ignored_fields.take(&mut fields, &ignored::RUN);
    fields.finish(findings);
    container
}

/// Reads `container: {command, args, env}`.
fn read_container(
    entry: &Entry,
    from: CommandFrom,
    component: &mut Component,
    ignored_fields: &mut IgnoredFields,
    findings: &mut Findings,
) {
    let fields = Fields::new(&entry.value, "the container", entry.key_span.clone(), findings);
    let Some(mut fields) = fields else { return };
    let (command, args) = (fields.value("command"), fields.value("args"));
    let argv = argv::read(command.map(|entry| &entry.value), args.map(|entry| &entry.value), from, findings);
    if let Some(variables) = fields.value("env") {
        component.variables = variables::read(variables, ignored_fields, findings);
    }
    ignored_fields.take(&mut fields, &ignored::CONTAINER);
    fields.finish(findings);
    // errors in either were reported
    let Some(argv) = argv else { return };
    if argv.is_empty() && from.is_file() {
        let hint = "write its `command`, or give it after `--`".to_owned();
        findings.error_with(entry.key_span.clone(), "the container has neither `command` nor `args`", Some(hint));
    }
    component.command = (!argv.is_empty()).then_some(argv);
}
