//! `tuner`: an outside program that proposes.

use serde_json::{Map, Value};

use super::argv::words;
use super::fields::{Fields, json, named};
use super::findings::Findings;
use super::node::Entry;

/// Which program proposes, and what it is told.
#[derive(Clone, PartialEq, Debug)]
pub struct TunerSpec {
    /// The program.
    pub source: TunerSource,
    /// The user's settings for it.
    pub params: Map<String, Value>,
}

/// Where the program comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TunerSource {
    /// This argument list.
    Command(Vec<String>),
    /// `org/name:version`: the executable `org/name` in a folder of tuners.
    Hub(String),
}

/// `{command | hubRef, params}`.
pub fn tuner(entry: &Entry, findings: &mut Findings) -> Option<TunerSpec> {
    let mut fields = Fields::new(&entry.value, "the tuner", entry.key_span.clone(), findings)?;
    let command = fields.value("command");
    let hub = fields.text("hubRef", findings);
    let params = fields.value("params").map(|params| settings(params, findings)).unwrap_or_default();
    for cluster_only in ["presets", "queue", "namespace"] {
        if let Some(entry) = fields.value(cluster_only) {
            findings.warn(
                entry.key_span.clone(),
                format!("`{cluster_only}` means something only on a cluster and is ignored"),
                None,
            );
        }
    }
    fields.finish(findings);
    let source = match (command, hub) {
        (Some(entry), None) => {
            TunerSource::Command(words(&entry.value, findings)?.into_iter().map(|w| w.text).collect())
        }
        (None, Some((name, _))) => TunerSource::Hub(name.to_owned()),
        _ => {
            findings.error(entry.key_span.clone(), "the tuner needs either `command` or `hubRef`");
            return None;
        }
    };
    if source == TunerSource::Command(Vec::new()) {
        findings.error(entry.key_span.clone(), "the tuner's command is empty");
        return None;
    }
    Some(TunerSpec { source, params })
}

/// `{name: value}` or, as Polyaxon writes it, `{name: {value: …}}`.
fn settings(entry: &Entry, findings: &mut Findings) -> Map<String, Value> {
    let mut read = Map::new();
    for setting in named(&entry.value, "the tuner's `params`", entry.key_span.clone(), findings) {
        let inner = setting.value.map().filter(|entries| entries.len() == 1).and_then(|_| setting.value.get("value"));
        read.insert(setting.key.clone(), json(inner.unwrap_or(&setting.value), findings));
    }
    read
}
