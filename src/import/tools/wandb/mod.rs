//! W&B sweeps: <https://docs.wandb.ai/models/sweeps/sweep-config-keys>.

mod command;
mod early_terminate;
mod params;

use std::path::Path;

use crate::import::reader::Reader;
use crate::import::section::{IgnoredField, Section};
use crate::import::study::ImportedStudy;
use crate::matrix::yaml::node::{Entry, Node};

/// Fields that mean something to the service only.
const SERVICE: [&str; 8] = ["name", "project", "entity", "description", "apiVersion", "kind", "controller", "version"];

const IGNORED: [IgnoredField; 4] = [
    ("job", "W&B Launch starts it", "give the command after `--`"),
    ("image_uri", "jobs run on this machine, not in a container", "give the command after `--`"),
    ("scheduler", "W&B Launch runs it", ""),
    ("metrics", "a study has one metric", "name one in `metric`; all metrics are recorded"),
];

const PRINTED: &str = "W&B reads what `wandb.log` is given, hypertune what the script prints";

/// Reads a sweep.
pub fn read(root: &Node, _folder: &Path, reader: &mut Reader) -> ImportedStudy {
    let mut study = ImportedStudy::default();
    let Some(mut fields) = Section::new(root, "the sweep", &root.span, reader) else { return study };
    study.set("kind", "random");
    if let Some(entry) = fields.required(&["parameters"], reader) {
        params::read(&entry.value, &entry.key_span, "", &mut study.params, reader);
    }
    let method = fields.entry(&["method"]);
    let metric = fields.entry(&["metric"]);
    let runs = fields.entry(&["run_cap"]);
    let early = fields.entry(&["early_terminate"]);
    let count = runs.and_then(|entry| reader.positive(&entry.value, "`run_cap`"));
    set_method(method, count, &mut study, reader);
    let target = metric.and_then(|entry| set_metric(entry, &mut study, reader));
    if let Some(entry) = early {
        early_terminate::read(entry, runs, &mut study, reader);
    }
    if let Some(target) = target {
        study.stop_at(target);
    }
    command::read(&mut fields, &mut study, reader);
    fields.skip(&SERVICE);
    study.notes.extend(fields.unread(&IGNORED, reader));
    study
}

fn set_method(method: Option<&Entry>, runs: Option<u64>, study: &mut ImportedStudy, reader: &mut Reader) {
    match method.and_then(|entry| entry.value.text()) {
        Some("grid") => study.set_grid(runs),
        Some("bayes") => study.set_bayes(runs, None),
        Some("random") => study.set_runs(runs),
        _ => {
            let note = method.map(|entry| {
                let message = format!("`method` is {}; random draws instead", entry.value.describe());
                reader.note(&entry.key_span, message, "choose a `kind` or a `sampler`")
            });
            study.set("kind", "random").notes.extend(note);
            study.set_runs(runs);
        }
    }
}

/// Sets the metric and returns its target.
fn set_metric(entry: &Entry, study: &mut ImportedStudy, reader: &mut Reader) -> Option<serde_json::Value> {
    let mut fields = Section::new(&entry.value, "`metric`", &entry.key_span, reader)?;
    let name = fields.required(&["name"], reader)?;
    let name = reader.text(&name.value, "`name`")?;
    let goal = match fields.value(&["goal"]).map(|node| (node, node.text())) {
        None | Some((_, Some("minimize"))) => "minimize",
        Some((_, Some("maximize"))) => "maximize",
        Some((node, _)) => {
            let message = format!("`goal` must be minimize or maximize, found {}", node.describe());
            reader.error(&node.span, message, "");
            "minimize"
        }
    };
    let note = reader.note(&entry.key_span, PRINTED, format!("print it, for instance as the text `{name}: 0.5`"));
    let target = fields.value(&["target"]).and_then(|node| reader.number(node, "`target`"));
    fields.skip(&["impute", "impute_while_running"]);
    let notes = fields.unread(&[], reader);
    let field = study.set_metric(name, goal);
    // of a metric that was required and not named
    field.notes.clear();
    field.notes.push(note);
    field.notes.extend(notes);
    target.map(serde_json::Value::Number)
}
