//! Experiments of Ray Tune: the YAML of `tune run` and of RLlib's tuned examples, and `param_space` with `tune_config`:
//! <https://docs.ray.io/en/latest/tune/api/search_space.html>.

use std::path::Path;

use super::expressions::Language;
use super::space_reader::SpaceReader;
use crate::import::note::Note;
use crate::import::reader::Reader;
use crate::import::section::{IgnoredField, Section};
use crate::import::study::ImportedStudy;
use crate::matrix::foreign::{is_grid_search, is_ray_experiment, search_text};
use crate::matrix::yaml::node::{Entry, Node};

const IGNORED: [IgnoredField; 9] = [
    ("run", "Ray trains with it", "give a command after `--` that takes the parameters"),
    ("alg", "Ray trains with it", "give a command after `--` that takes the parameters"),
    ("resources", "jobs share this machine", "see `-j` and `--gpus`"),
    ("resources_per_trial", "jobs share this machine", "see `-j` and `--gpus`"),
    ("local_dir", "the study is in a folder", "see `--study`"),
    ("storage_path", "the study is in a folder", "see `--study`"),
    ("max_failures", "it is an option", "see `--retries`"),
    ("scheduler", "it is a kind here", "choose a `kind` or a rule of `earlyStopping`"),
    ("search_alg", "it is a kind here", "choose a `kind` or a `sampler`"),
];

/// The metric that RLlib reports.
const REWARD: &str = "episode_reward_mean";

/// Reads the experiment at the root, or the first one below it; each of the others is a note.
pub fn read(root: &Node, _folder: &Path, reader: &mut Reader) -> ImportedStudy {
    if is_ray_experiment(root) {
        return experiment(root, root.span.start, reader);
    }
    let experiments = root.map().unwrap_or_default().iter().filter(|entry| is_ray_experiment(&entry.value));
    let experiments: Vec<&Entry> = experiments.collect();
    let Some(chosen) = experiments.iter().find(|entry| varies(&entry.value)).or(experiments.first()) else {
        return ImportedStudy::default();
    };
    let mut study = experiment(&chosen.value, chosen.key_span.start, reader);
    for other in experiments.iter().filter(|other| other.key_span != chosen.key_span) {
        let message = format!("the experiment `{}` is not carried over: a study has one space", other.key);
        study.notes.push(reader.note(&other.key_span, message, "import a file that has only this one"));
    }
    study
}

/// Whether something in the node is searched.
fn varies(node: &Node) -> bool {
    let is_search = is_grid_search(node) || node.text().is_some_and(|text| search_text(text).is_some());
    is_search || node.map().unwrap_or_default().iter().any(|entry| varies(&entry.value))
}

fn experiment(node: &Node, start: usize, reader: &mut Reader) -> ImportedStudy {
    let mut study = ImportedStudy::default();
    let Some(mut fields) = Section::new(node, "the experiment", &(start..start + 1), reader) else { return study };
    study.set("kind", "random");
    let mut space = SpaceReader::new(Language::Ray);
    if let Some(env) = fields.entry(&["env"]) {
        space.entry(env, "", 0, reader);
    }
    let config = fields.value(&["config", "param_space"]).and_then(Node::map).unwrap_or_default();
    config.iter().for_each(|entry| space.entry(entry, "", 0, reader));
    let settings = node.get("tune_config");
    let mut setting = |names: &[&str]| -> Option<&Node> {
        fields.value(names).or_else(|| names.iter().find_map(|name| settings?.get(name)))
    };
    let samples = setting(&["num_samples", "num_trials", "repeat"]);
    let (metric, mode) = (setting(&["metric"]), setting(&["mode"]));
    let samples = samples.and_then(|node| reader.positive(node, "`num_samples`"));
    fields.skip(&["tune_config"]);
    study.params = std::mem::take(&mut space.params);
    space.set_runs(samples, &mut study);
    let stop = fields.entry(&["stop"]);
    set_metric(metric.and_then(Node::text), mode.and_then(Node::text), stop, &mut study);
    for condition in stop.and_then(|entry| entry.value.map()).unwrap_or_default() {
        let note = stop_note(condition, reader);
        study.notes.push(note);
    }
    study.notes.extend(fields.unread(&IGNORED, reader));
    study.notes.push(Note::without_line("the experiment has no command", "give it after `--`"));
    study
}

/// The given metric, or RLlib's; by default Ray has none.
fn set_metric(name: Option<&str>, mode: Option<&str>, stop: Option<&Entry>, study: &mut ImportedStudy) {
    let direction = if mode == Some("max") { "maximize" } else { "minimize" };
    let has_reward = stop.is_some_and(|entry| entry.value.get(REWARD).is_some());
    match name {
        Some(name) => drop(study.set_metric(name, direction)),
        None if has_reward => drop(study.set_metric(REWARD, "maximize")),
        None => study.require_metric(),
    }
}

fn stop_note(condition: &Entry, reader: &Reader) -> Note {
    let value = condition.value.to_json(&mut Vec::new());
    let (why, action) = match condition.key.as_str() {
        "time_total_s" => ("a limit of time is an option", format!("add --job-timeout {value}s")),
        "training_iteration" | "timesteps_total" => {
            ("the script decides how long it trains", "pass it to the script, or name it as `resource`".to_owned())
        }
        name => (
            "Ray ends the trial there and hypertune's rule the study",
            format!("if that is meant, add {{metric: {name}, value: {value}, optimization: …}} to `earlyStopping`"),
        ),
    };
    let message = format!("`stop.{}: {value}` is not carried over: {why}", condition.key);
    reader.note(&condition.key_span, message, action)
}
