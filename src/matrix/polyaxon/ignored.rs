//! Fields that apply only on a cluster. They are accepted and ignored, with one warning for all of them.

use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::yaml::fields::Fields;
use crate::matrix::yaml::node::Span;

/// The ignored fields of an operation.
pub const OPERATION: [&str; 22] = [
    "queue",
    "presets",
    "namespace",
    "environment",
    "plugins",
    "connections",
    "hooks",
    "schedule",
    "events",
    "build",
    "joins",
    "dependencies",
    "trigger",
    "conditions",
    "skipOnUpstreamSkip",
    "cache",
    "isApproved",
    "isPreset",
    "patchStrategy",
    "runPatch",
    "image",
    "cost",
];

/// The ignored fields of `termination`.
pub const TERMINATION: [&str; 3] = ["ttl", "culling", "probe"];

/// The ignored fields of a component.
pub const COMPONENT: [&str; 18] = [
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
    "volumes",
];

/// The ignored fields of `run`.
pub const RUN: [&str; 8] =
    ["environment", "init", "sidecars", "connections", "volumes", "ports", "rewritePath", "isExternal"];

/// The ignored fields of a container.
pub const CONTAINER: [&str; 18] = [
    "image",
    "imagePullPolicy",
    "name",
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

/// The ignored fields of an input.
pub const INPUT: [&str; 7] = ["label", "tags", "delayValidation", "validation", "options", "connection", "toInit"];

/// The ignored fields of a value in an operation's `params`.
pub const PARAM: [&str; 2] = ["connection", "toInit"];

/// The ignored fields of a container's variable.
pub const VARIABLE: [&str; 1] = ["valueFrom"];

/// The ignored fields of `tuner`.
pub const TUNER: [&str; 3] = ["presets", "queue", "namespace"];

/// The ignored fields of a file so far.
#[derive(Debug, Default)]
pub struct IgnoredFields {
    names: Vec<&'static str>,
    first: Option<Span>,
}

impl IgnoredFields {
    /// Adds those of `names` that are in `fields`.
    pub fn take(&mut self, fields: &mut Fields<'_>, names: &[&'static str]) {
        for name in names {
            let Some(entry) = fields.hidden(name) else { continue };
            self.first.get_or_insert_with(|| entry.key_span.clone());
            if !self.names.contains(name) {
                self.names.push(name);
            }
        }
    }

    /// Records the warning at the first ignored field, if there is one.
    pub fn report(self, findings: &mut Findings) {
        let Some(first) = self.first else { return };
        findings.warn(first, message(&self.names), None);
    }
}

/// The warning for the ignored fields `names`, at least one.
pub fn message(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        [name] => format!("ignored field {name}; it applies only on a cluster"),
        names => format!("ignored fields {}; they apply only on a cluster", names.join(", ")),
    }
}
