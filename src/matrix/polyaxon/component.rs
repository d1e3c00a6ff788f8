//! A component: the command to run and the inputs it declares.

use std::sync::Arc;

use super::argv::{SpannedArgument, read_argv};
use super::ignored::{self, IgnoredFields};
use super::inputs::{self, DeclaredInput};
use crate::command::input::Input;
use crate::matrix::diagnostics::diagnostic::Source;
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::diagnostics::suggest::quoted;
use crate::matrix::yaml::fields::Fields;
use crate::matrix::yaml::node::{Entry, Node, Span};

/// Where the command comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CommandFrom {
    /// The file.
    File,
    /// The command line, after `--`. The command in the file is not used.
    CommandLine,
}

impl CommandFrom {
    /// Records that a part of the file cannot run locally: as an error with the hint `instead`, or as a warning if it is not used.
    pub fn refuse(self, span: Span, what: &str, instead: &str, findings: &mut Findings) {
        match self {
            CommandFrom::File => {
                findings.error_with(span, what, Some(format!("{instead}, or give the command after `--`")))
            }
            CommandFrom::CommandLine => {
                findings.warn(span, format!("{what}; ignored because a command follows `--`"), None)
            }
        }
    }
}

/// A component.
#[derive(Debug)]
pub struct Component {
    /// Its file.
    pub source: Arc<Source>,
    /// The command, program first; `None` if there is none or it cannot run locally.
    pub command: Option<Vec<SpannedArgument>>,
    /// Declared inputs.
    pub inputs: Vec<DeclaredInput>,
    /// Values in the operation's `params` for names that the component does not declare.
    pub undeclared: Vec<Input>,
}

impl Component {
    /// A component without command and inputs.
    pub fn empty(source: Arc<Source>) -> Component {
        Component { source, command: None, inputs: Vec::new(), undeclared: Vec::new() }
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
    if let (None, None, CommandFrom::File) = (used, run, from) {
        findings.error_with(
            fields.span(),
            "the component has no `container`",
            Some("write its `command`, or give it after `--`".into()),
        );
    }
    component.command = used.and_then(|entry| read_command(entry, from, ignored_fields, findings));
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
        CommandFrom::File => fields.required("container", findings),
        CommandFrom::CommandLine => fields.value("container"),
    };
    ignored_fields.take(&mut fields, &ignored::RUN);
    fields.finish(findings);
    container
}

/// Reads `container: {command, args}`.
fn read_command(
    entry: &Entry,
    from: CommandFrom,
    ignored_fields: &mut IgnoredFields,
    findings: &mut Findings,
) -> Option<Vec<SpannedArgument>> {
    let mut fields = Fields::new(&entry.value, "the container", entry.key_span.clone(), findings)?;
    let command = fields.value("command").map(|e| read_argv(&e.value, findings));
    let args = fields.value("args").map(|e| read_argv(&e.value, findings));
    ignored_fields.take(&mut fields, &ignored::CONTAINER);
    fields.finish(findings);
    // errors in either were reported
    let read = |part: Option<Option<Vec<SpannedArgument>>>| part.unwrap_or_else(|| Some(Vec::new()));
    let argv = [read(command)?, read(args)?].concat();
    if argv.is_empty() && from == CommandFrom::File {
        let hint = "write its `command`, or give it after `--`".to_owned();
        findings.error_with(entry.key_span.clone(), "the container has neither `command` nor `args`", Some(hint));
    }
    (!argv.is_empty()).then_some(argv)
}
