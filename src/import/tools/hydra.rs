//! Configurations of Hydra's sweepers: `hydra.sweeper.params`, mostly for its Optuna plugin:
//! <https://hydra.cc/docs/plugins/optuna_sweeper/>.

use std::path::Path;

use serde_json::Value;

use super::dictionary::{SpaceReader, typed};
use super::expressions::Language;
use crate::import::domain::ImportedDomain;
use crate::import::expression::{Expression, parse};
use crate::import::note::Note;
use crate::import::reader::{Reader, text_number};
use crate::import::section::{IgnoredField, Section};
use crate::import::study::{ImportedParam, ImportedStudy};
use crate::matrix::foreign::search_text;
use crate::matrix::yaml::node::{Entry, Node};

const IGNORED: [IgnoredField; 4] = [
    ("storage", "the study is in a folder", "see `--study`"),
    ("custom_search_space", "it is code", "write conditions as `when`"),
    ("max_failure_rate", "it is a share of failed jobs", "write `{kind: failure_early_stopping, percent: …}`"),
    ("max_batch_size", "jobs do not wait for a batch", ""),
];

/// Reads a configuration.
pub fn read(root: &Node, _folder: &Path, reader: &mut Reader) -> ImportedStudy {
    let mut study = ImportedStudy::default();
    let sweeper = root.get("hydra").and_then(Node::map).unwrap_or_default().iter().find(|entry| entry.key == "sweeper");
    let Some(sweeper) = sweeper else { return study };
    let Some(mut fields) = Section::new(&sweeper.value, "`hydra.sweeper`", &sweeper.key_span, reader) else {
        return study;
    };
    study.set("kind", "random");
    let metric = root.get("optimized_metric").and_then(Node::text);
    let direction = fields.value(&["direction"]).and_then(Node::text).unwrap_or("minimize");
    if let Some(name) = metric {
        study.set_metric(name, if direction == "maximize" { "maximize" } else { "minimize" });
    } else {
        let note = Note::without_line(
            "Hydra takes the value that the script returns, which has no name",
            "print it and set its name",
        );
        study.set_metric("objective", if direction == "maximize" { "maximize" } else { "minimize" }).notes.push(note);
    }
    read_params(&mut fields, &mut study, reader);
    let runs = fields.value(&["n_trials", "max_trials", "budget"]).and_then(|node| reader.positive(node, "`n_trials`"));
    let sampler = fields.entry(&["sampler", "optim"]);
    set_sampler(sampler, runs, &mut study, reader);
    if let Some(slots) = fields.value(&["n_jobs", "num_workers"]).and_then(|node| reader.positive(node, "`n_jobs`")) {
        study.set("concurrency", slots);
    }
    study.set("argStyle", "hydra");
    fields.skip(&["_target_", "study_name", "defaults"]);
    study.notes.extend(fields.unread(&IGNORED, reader));
    let action = "give it after `--`, without `-m`, for instance `-- python3 train.py`";
    study.notes.push(Note::without_line("the configuration has no command", action));
    study
}

fn read_params(fields: &mut Section<'_>, study: &mut ImportedStudy, reader: &mut Reader) {
    let mut space = SpaceReader { language: Language::Hydra, params: Vec::new(), fidelity: None };
    let space_entry = fields.entry(&["search_space"]);
    let Some(params) = fields.entry(&["params"]).or(space_entry) else { return };
    for entry in params.value.map().unwrap_or_default() {
        match &entry.value {
            node if node.get("type").is_some() => {
                let param = typed(&entry.key, node, entry, reader);
                space.params.extend(param);
            }
            node if node.text().is_some_and(|text| search_text(text).is_some()) => {
                space.search(&entry.key, node.text().unwrap_or_default(), node, entry, reader);
            }
            _ => space.params.extend(listed(entry, reader)),
        }
    }
    study.params = space.params;
    if study.params.is_empty() && reader.findings.error_count() == 0 {
        reader.error(&params.key_span, "the sweeper has no parameters", "");
    }
}

/// `a, b, c` of a simple sweep is a choice; anything else is a constant. The basic sweeper runs all combinations.
fn listed(entry: &Entry, reader: &mut Reader) -> Option<ImportedParam> {
    let domain = match entry.value.text() {
        Some(text) if text.contains(',') && !text.trim_start().starts_with(['[', '{', '\'', '"']) => {
            match parse(&format!("choice({text})")) {
                Ok(Expression::Call(call)) => call.values().map(ImportedDomain::choice),
                _ => None,
            }
        }
        Some(text) => {
            let value = text_number(text).map_or_else(|| Value::from(text), Value::Number);
            Some(ImportedDomain::constant(value))
        }
        None => None,
    };
    let domain = domain.unwrap_or_else(|| ImportedDomain::constant(reader.json(&entry.value)));
    let param = ImportedParam::new(entry.key.clone(), entry.key_span.clone(), domain);
    reader.check_domain(&param).then_some(param)
}

fn set_sampler(entry: Option<&Entry>, runs: Option<u64>, study: &mut ImportedStudy, reader: &mut Reader) {
    let target = entry.and_then(|entry| entry.value.get("_target_")).and_then(Node::text).unwrap_or_default();
    let name = target.rsplit('.').next().unwrap_or_default();
    if let Some(seed) =
        entry.and_then(|entry| entry.value.get("seed")).and_then(|node| node.to_json(&mut Vec::new()).as_u64())
    {
        study.set("seed", seed);
    }
    match name {
        "RandomSampler" | "QMCSampler" => study.set_runs(runs),
        "GridSampler" => study.set_grid(runs),
        "GPSampler" => study.set_bayes(runs, None),
        // of the basic sweeper: all combinations
        "" if runs.is_none() && entry.is_none() => study.set_grid(None),
        // Optuna's default
        "" | "TPESampler" => {
            study.set("kind", "hyperopt");
            study.set("algorithm", "tpe");
            study.set_runs(runs);
        }
        _ => {
            study.set("kind", "hyperopt");
            study.set("algorithm", "tpe");
            study.set_runs(runs);
            let message = format!("hypertune has no `{name}`; TPE is the nearest algorithm");
            let note = entry.map(|entry| reader.note(&entry.key_span, message, "choose a `kind` or a `sampler`"));
            study.set("kind", "hyperopt").notes.extend(note);
        }
    }
}
