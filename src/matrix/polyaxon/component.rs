//! A component: the command to run and the inputs it declares.

use std::sync::Arc;

use super::argv::{Word, words};
use super::ignored::Ignored;
use super::inputs::{self, DeclaredInput};
use crate::command::input::Input;
use crate::matrix::diagnostics::diagnostic::Source;
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::diagnostics::suggest::quoted;
use crate::matrix::yaml::fields::Fields;
use crate::matrix::yaml::node::{Entry, Node, Span};

/// Where the command that runs is taken from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CommandFrom {
    /// The file.
    File,
    /// Behind `--`; what the file says about running is not used.
    CommandLine,
}

impl CommandFrom {
    /// Notes something that cannot run here: an error, or a warning where it need not run.
    pub fn refuse(self, span: Span, what: &str, instead: &str, findings: &mut Findings) {
        match self {
            CommandFrom::File => {
                findings.error_with(span, what, Some(format!("{instead}, or give the command after `--`")))
            }
            CommandFrom::CommandLine => {
                findings.warn(span, format!("{what}: it is not used, the command after `--` runs"), None)
            }
        }
    }
}

/// What was read of a component.
#[derive(Debug)]
pub struct Component {
    /// The file it stands in.
    pub source: Arc<Source>,
    /// The command, program first; `None` if there is none or it cannot run here.
    pub command: Option<Vec<Word>>,
    /// Declared inputs.
    pub inputs: Vec<DeclaredInput>,
    /// Values the operation gives to names that no component declares.
    pub undeclared: Vec<Input>,
}

impl Component {
    /// None at all.
    pub fn none(source: Arc<Source>) -> Component {
        Component { source, command: None, inputs: Vec::new(), undeclared: Vec::new() }
    }
}

const CLUSTER_ONLY: [&str; 19] = [
    "outputs",
    "queue",
    "presets",
    "namespace",
    "environment",
    "plugins",
    "connections",
    "hooks",
    "schedule",
    "cache",
    "template",
    "build",
    "isApproved",
    "cost",
    "contexts",
    "init",
    "sidecars",
    "termination",
    "volumes",
];

const CONTAINER_ONLY: [&str; 19] = [
    "image",
    "imagePullPolicy",
    "name",
    "env",
    "envFrom",
    "resources",
    "ports",
    "volumeMounts",
    "volumeDevices",
    "workingDir",
    "lifecycle",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "securityContext",
    "stdin",
    "tty",
    "terminationMessagePath",
    "terminationMessagePolicy",
];

const RUN_ONLY: [&str; 8] =
    ["environment", "init", "sidecars", "connections", "volumes", "ports", "rewritePath", "isExternal"];

/// Reads the component at `node`; `place` is where faults about the whole are shown.
pub fn read(node: &Node, place: Span, from: CommandFrom, ignored: &mut Ignored, findings: &mut Findings) -> Component {
    let mut component = Component::none(findings.source().clone());
    let Some(mut fields) = Fields::new(node, "the component", place, findings) else { return component };
    for descriptive in ["version", "name", "description", "tags"] {
        fields.value(descriptive);
    }
    if let Some((kind, span)) = fields.text("kind", findings)
        && kind != "component"
    {
        findings.error(span, format!("a component's kind is `component`, not {}", quoted(kind)));
    }
    if let Some(entry) = fields.value("inputs") {
        component.inputs = inputs::read(entry, ignored, findings);
    }
    let container = fields.value("container");
    let run = fields.value("run");
    let in_run = run.and_then(|entry| run_container(entry, from, ignored, findings));
    let chosen = container.or(in_run);
    if let (None, None, CommandFrom::File) = (chosen, run, from) {
        findings.error_with(
            fields.span(),
            "the component has no `container`",
            Some("write its `command`, or give it after `--`".into()),
        );
    }
    component.command = chosen.and_then(|entry| command(entry, from, ignored, findings));
    ignored.take(&mut fields, &CLUSTER_ONLY);
    fields.finish(findings);
    component
}

/// `run: {kind: job, container}`; every other kind needs a cluster.
fn run_container<'n>(
    entry: &'n Entry,
    from: CommandFrom,
    ignored: &mut Ignored,
    findings: &mut Findings,
) -> Option<&'n Entry> {
    let mut fields = Fields::new(&entry.value, "`run`", entry.key_span.clone(), findings)?;
    if let Some((kind, span)) = fields.text("kind", findings)
        && kind != "job"
    {
        let what = format!("`run` of kind {} needs a cluster", quoted(kind));
        from.refuse(span, &what, "write `kind: job` with a `container`", findings);
        return None;
    }
    let container = match from {
        CommandFrom::File => fields.required("container", findings),
        CommandFrom::CommandLine => fields.value("container"),
    };
    ignored.take(&mut fields, &RUN_ONLY);
    fields.finish(findings);
    container
}

/// `container: {command, args}`.
fn command(entry: &Entry, from: CommandFrom, ignored: &mut Ignored, findings: &mut Findings) -> Option<Vec<Word>> {
    let mut fields = Fields::new(&entry.value, "the container", entry.key_span.clone(), findings)?;
    let command = fields.value("command").map(|e| words(&e.value, findings));
    let args = fields.value("args").map(|e| words(&e.value, findings));
    ignored.take(&mut fields, &CONTAINER_ONLY);
    fields.finish(findings);
    // One that is there and faulty was reported.
    let read = |part: Option<Option<Vec<Word>>>| part.unwrap_or_else(|| Some(Vec::new()));
    let line = [read(command)?, read(args)?].concat();
    if line.is_empty() && from == CommandFrom::File {
        let hint = "write its `command`, or give it after `--`".to_owned();
        findings.error_with(entry.key_span.clone(), "the container has neither `command` nor `args`", Some(hint));
    }
    (!line.is_empty()).then_some(line)
}
