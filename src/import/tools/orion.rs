//! Configurations of Oríon: <https://orion.readthedocs.io/en/stable/user/config.html>, with the search space in the same file.

use std::path::Path;

use serde_json::Value;

use super::expressions::Language;
use super::space_reader::{SpaceReader, set_fidelity};
use crate::import::note::Note;
use crate::import::reader::{Reader, whole};
use crate::import::section::Section;
use crate::import::study::ImportedStudy;
use crate::matrix::yaml::node::{Entry, Node};

/// Sections of the configuration that are no parameters.
const SECTIONS: [&str; 13] = [
    "experiment",
    "worker",
    "storage",
    "database",
    "evc",
    "ray_config",
    "executor",
    "name",
    "version",
    "debug",
    "producer",
    "pool_size",
    "max_broken",
];

/// The metric of `report_objective`, which has no name.
const METRIC: &str = "objective";

/// Reads a configuration.
pub fn read(root: &Node, _folder: &Path, reader: &mut Reader) -> ImportedStudy {
    let mut study = ImportedStudy::default();
    let Some(mut fields) = Section::new(root, "the configuration", &root.span, reader) else { return study };
    study.set("kind", "random");
    let experiment = fields.entry(&["experiment"]);
    let worker = fields.entry(&["worker"]);
    fields.skip(&SECTIONS);
    let own = |entry: &&Entry| {
        !["max_trials", "algorithms", "algorithm", "n_workers", "max_broken"].contains(&entry.key.as_str())
    };
    let rest = fields.rest();
    let mut space = SpaceReader::new(Language::Orion);
    // the configuration of a script may be below a key of its own
    rest.iter().filter(|entry| own(entry)).for_each(|entry| space.entry(entry, "", 0, reader));
    if let Some(entry) = experiment.filter(|entry| entry.value.get("space").is_some()) {
        let inner = entry.value.get("space").and_then(Node::map).unwrap_or_default();
        inner.iter().for_each(|entry| space.entry(entry, "", 0, reader));
    }
    study.params = space.params;
    if study.params.is_empty() && space.fidelity.is_none() && reader.findings.error_count() == 0 {
        let hint = "Oríon has them in its command line, as --lr~'loguniform(1e-5, 1)'; write hypertune run -s 'lr=loguniform(1e-5, 1)' \
                    without a file";
        reader.error(&root.span.clone(), "the configuration has no parameters", hint);
    }
    let top = |names: &[&str]| names.iter().find_map(|name| root.get(name));
    let inside = |entry: Option<&'_ Entry>, names: &[&str]| -> Option<Node> {
        names.iter().find_map(|name| entry?.value.get(name)).cloned()
    };
    let runs = inside(experiment, &["max_trials", "pool_size"]).or_else(|| top(&["max_trials"]).cloned());
    let runs = runs.and_then(|node| reader.positive(&node, "`max_trials`"));
    let algorithm =
        inside(experiment, &["algorithms", "algorithm"]).or_else(|| top(&["algorithms", "algorithm"]).cloned());
    study.set_metric(METRIC, "minimize");
    set_algorithm(algorithm.as_ref(), runs, &mut study, reader);
    if let Some(slots) = inside(worker, &["n_workers"]).and_then(|node| reader.positive(&node, "`n_workers`")) {
        study.set("concurrency", slots);
    }
    if let Some(fidelity) = space.fidelity {
        let is_multi_fidelity = study.get("kind").is_some_and(|kind| kind == "hyperband" || kind == "asha");
        let runs = study.get("numRuns").cloned().filter(|_| study.get("kind").is_some_and(|kind| kind == "asha"));
        set_fidelity(fidelity, &mut study);
        if let Some(runs) = runs {
            study.set("kind", "asha");
            study.set("numRuns", runs);
        }
        if !is_multi_fidelity {
            let message = "the algorithm does not use the fidelity; Hyperband does";
            study.set("kind", "hyperband").notes.push(Note::without_line(message, ""));
        }
    }
    study.set_initial();
    finish(&mut study, root, reader);
    study
}

fn finish(study: &mut ImportedStudy, root: &Node, reader: &mut Reader) {
    if study.params.is_empty() && reader.findings.error_count() == 0 {
        let hint = "Oríon reads it from the command line or from the script's configuration: import that file instead";
        reader.error(&root.span, "the configuration has no search space", hint);
    }
    let message = "Oríon takes the command from its command line, and the value of `report_objective`; hypertune reads what is printed";
    let action = format!("give the command after `--` and print the metric, for instance as the text `{METRIC}: 0.5`");
    study.notes.push(Note::without_line(message, action));
}

/// Reads the name of an algorithm, or a mapping from it to its settings.
fn set_algorithm(node: Option<&Node>, runs: Option<u64>, study: &mut ImportedStudy, reader: &mut Reader) {
    let Some(node) = node else { return study.set_runs(runs) };
    let entry = node.map().and_then(<[Entry]>::first);
    let given = entry.map(|entry| entry.key.as_str()).or(node.text()).unwrap_or_default();
    let settings = entry.map(|entry| &entry.value).filter(|value| value.map().is_some()).unwrap_or(node);
    let setting = |name: &str| settings.get(name);
    match given.to_ascii_lowercase().as_str() {
        "random" => study.set_runs(runs),
        "gridsearch" | "grid_search" => study.set_grid(runs),
        "tpe" => {
            study.set("kind", "hyperopt");
            study.set("algorithm", "tpe");
            study.set_runs(runs);
        }
        "bayesianoptimizer" | "robo_gp" | "gp" => {
            let initial = setting("n_initial_points").and_then(|node| reader.positive(node, "`n_initial_points`"));
            study.set_bayes(runs, initial);
        }
        "asha" => {
            study.set("kind", "asha");
            study.set_runs(runs);
        }
        "hyperband" => drop(study.set("kind", "hyperband")),
        "bohb" => {
            study.set("kind", "hyperband");
            study.set("sampler", "tpe");
        }
        _ => {
            study.set_runs(runs);
            let message = format!("hypertune has no `{given}`; `random` is the nearest kind");
            let note = reader.note(&node.span, message, "choose a `kind` or a `sampler`");
            study.set("kind", "random").notes.push(note);
        }
    }
    if study.get("kind").is_some_and(|kind| kind == "hyperband" || kind == "asha")
        && let Some(count) = setting("repetitions").and_then(|node| node.to_json(&mut Vec::new()).as_u64())
    {
        note_repetitions(count, node, study, reader);
    }
    if let Some(seed) = setting("seed").and_then(|node| node.to_json(&mut Vec::new()).as_number().and_then(whole)) {
        study.set("seed", Value::from(u64::try_from(seed).unwrap_or(0)));
    }
}

fn note_repetitions(count: u64, node: &Node, study: &mut ImportedStudy, reader: &Reader) {
    if study.get("kind").is_some_and(|kind| kind == "hyperband") && count > 0 {
        study.set("rounds", count);
        return;
    }
    let note = reader.note(&node.span, "`repetitions` is not carried over", "");
    study.set("kind", study.get("kind").cloned().unwrap_or_default()).notes.push(note);
}
