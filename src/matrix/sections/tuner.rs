//! Reads `tuner`: an external program that proposes configurations.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::command::dialect::Dialect;
use crate::command::hub::HubRef;
use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::diagnostics::suggest::quoted;
use crate::matrix::polyaxon::argv::read_argv;
use crate::matrix::polyaxon::ignored;
use crate::matrix::yaml::fields::{Fields, json, named};
use crate::matrix::yaml::node::Entry;
use crate::run::tuner::ProtocolVersion;

/// The external tuner and its settings.
#[derive(Clone, PartialEq, Debug)]
pub struct TunerSpec {
    /// The program.
    pub source: TunerSource,
    /// The program's settings.
    pub params: Map<String, Value>,
    /// Longest wait for a response.
    pub timeout: Duration,
    /// The newest version of the protocol that the program reads.
    pub protocol: ProtocolVersion,
}

/// Default of `timeout`.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// Where the program comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TunerSource {
    /// This argument list.
    Command(Vec<String>),
    /// `org/name:version`: the executable `org/name` in a folder of tuners.
    Hub(HubRef),
}

/// Reads `{command | hubRef, params, timeout, protocol}`.
pub fn read(entry: &Entry, findings: &mut Findings) -> Option<TunerSpec> {
    let mut fields = Fields::new(&entry.value, "the tuner", entry.key_span.clone(), findings)?;
    let command = fields.value("command");
    let hub = fields.text("hubRef", findings);
    let params = fields.value("params").map(|params| read_settings(params, findings)).unwrap_or_default();
    let timeout = read_timeout(&mut fields, findings);
    let protocol = read_protocol(&mut fields, findings);
    for name in ignored::TUNER {
        if let Some(entry) = fields.value(name) {
            findings.warn(entry.key_span.clone(), ignored::message(&[name]), None);
        }
    }
    fields.finish(findings);
    let source = match (command, hub) {
        (Some(entry), None) => TunerSource::Command(
            read_argv(&entry.value, Dialect::Plain, findings)?.into_iter().map(|arg| arg.text).collect(),
        ),
        (None, Some((name, span))) => match HubRef::parse(name) {
            Some(reference) => TunerSource::Hub(reference),
            None => {
                let hint = Some("expected org/name:version, the executable org/name in a folder of tuners".to_owned());
                findings.error_with(span, format!("invalid tuner reference {}", quoted(name)), hint);
                return None;
            }
        },
        _ => {
            findings.error(entry.key_span.clone(), "the tuner needs either `command` or `hubRef`");
            return None;
        }
    };
    if source == TunerSource::Command(Vec::new()) {
        findings.error(entry.key_span.clone(), "the tuner's command is empty");
        return None;
    }
    Some(TunerSpec { source, params, timeout, protocol })
}

/// Reads `timeout`, in seconds.
fn read_timeout(fields: &mut Fields<'_>, findings: &mut Findings) -> Duration {
    let Some((seconds, span)) = fields.number("timeout", findings) else { return DEFAULT_TIMEOUT };
    let timeout = Duration::try_from_secs_f64(seconds).ok().filter(|timeout| !timeout.is_zero() && seconds < 1e9);
    timeout.unwrap_or_else(|| {
        findings.error(span, format!("`timeout` must be a number of seconds above 0, found {seconds}"));
        DEFAULT_TIMEOUT
    })
}

/// Reads `protocol`, a version.
fn read_protocol(fields: &mut Fields<'_>, findings: &mut Findings) -> ProtocolVersion {
    match fields.count("protocol", findings) {
        Some((1, _)) => ProtocolVersion::One,
        Some((2, _)) | None => ProtocolVersion::Two,
        Some((other, span)) => {
            findings.error_with(
                span,
                format!("unknown version {other} of the protocol"),
                Some("known are 1 and 2; without the field, 2 is used where the space has rules".to_owned()),
            );
            ProtocolVersion::Two
        }
    }
}

/// Reads `{name: value}` or Polyaxon's form `{name: {value: …}}`.
fn read_settings(entry: &Entry, findings: &mut Findings) -> Map<String, Value> {
    let mut read = Map::new();
    for setting in named(&entry.value, "the tuner's `params`", entry.key_span.clone(), findings) {
        let inner = setting.value.map().filter(|entries| entries.len() == 1).and_then(|_| setting.value.get("value"));
        read.insert(setting.key.clone(), json(inner.unwrap_or(&setting.value), findings));
    }
    read
}
