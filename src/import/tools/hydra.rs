//! Configurations of Hydra's sweepers: `hydra.sweeper.params`, mostly for its Optuna plugin:
//! <https://hydra.cc/docs/plugins/optuna_sweeper/>.

use std::path::Path;

use serde_json::{Number, Value};

use super::expressions::Language;
use super::space_reader::SpaceReader;
use super::typed::typed;
use crate::import::domain::{ImportedDomain, number as number_of};
use crate::import::expression::{Expression, parse};
use crate::import::note::Note;
use crate::import::reader::{Reader, text_number, whole};
use crate::import::section::{IgnoredField, Section};
use crate::import::study::{ImportedParam, ImportedStudy};
use crate::matrix::foreign::search_text;
use crate::matrix::yaml::node::{Content, Entry, Node};

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
    let settings = settings(sweeper);
    let what = format!("`{}`", settings.key);
    let Some(mut fields) = Section::new(&settings.value, &what, &settings.key_span, reader) else { return study };
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
    let beside = Some(settings).filter(|entry| entry.value.get("optimizer").is_some());
    let sampler = fields.entry(&["sampler", "optim", "algorithm"]).or(beside);
    // Nevergrad has its settings in `optim`, Oríon in `worker` and `algorithm.config`
    let places = [sampler.map(|entry| &entry.value), fields.value(&["worker"]), fields.value(&["experiment"])];
    let mut setting = |names: &[&str]| -> Option<&Node> {
        let inside = |node: &&'_ Node| names.iter().any(|name| node.get(name).is_some());
        let elsewhere = places.into_iter().flatten().find(inside);
        fields.value(names).or_else(|| names.iter().find_map(|name| elsewhere?.get(name)))
    };
    let runs = setting(&["n_trials", "max_trials", "budget"]).and_then(|node| reader.positive(node, "`n_trials`"));
    let slots = setting(&["n_jobs", "num_workers"]).and_then(|node| reader.positive(node, "`n_jobs`"));
    if setting(&["maximize"]).is_some_and(|node| node.content == Content::Bool(true)) && direction == "minimize" {
        let name = study.get("metric").and_then(|metric| metric["name"].as_str()).unwrap_or("objective").to_owned();
        study.set_metric(&name, "maximize");
    }
    if study.get("kind").is_none_or(|kind| kind != "bayes") {
        set_sampler(sampler, runs, &mut study, reader);
    }
    if let Some(slots) = slots {
        study.set("concurrency", slots);
    }
    study.set("argStyle", "hydra");
    fields.skip(&["_target_", "study_name", "defaults", "orion"]);
    if beside.is_some() {
        fields.skip(&["optimizer", "noisy", "seed"]);
    }
    study.notes.extend(fields.unread(&IGNORED, reader));
    let action = "give it after `--`, without `-m`, for instance `-- python3 train.py`";
    study.notes.push(Note::without_line("the configuration has no command", action));
    study
}

/// The settings of the sweeper; those of Nevergrad's in version 1.0 of Hydra are in `params`, beside `parametrization`.
fn settings(sweeper: &Entry) -> &Entry {
    let inner = sweeper.value.map().unwrap_or_default().iter().find(|entry| entry.key == "params");
    let has_space = |entry: &&Entry| entry.value.get("parametrization").is_some_and(|space| space.map().is_some());
    inner.filter(has_space).unwrap_or(sweeper)
}

fn read_params(fields: &mut Section<'_>, study: &mut ImportedStudy, reader: &mut Reader) {
    let mut space = SpaceReader::new(Language::Hydra);
    let space_entry = fields.entry(&["search_space", "parametrization"]);
    let Some(params) = fields.entry(&["params"]).or(space_entry) else { return };
    for entry in params.value.map().unwrap_or_default() {
        match &entry.value {
            node if entry.key == "ax_config" => ax(node, &mut space, study, reader),
            node if node.get("type").is_some() => {
                let param = typed(&entry.key, node, entry, reader);
                space.params.extend(param);
            }
            node if node.text().is_some_and(|text| search_text(text).is_some()) => {
                space.search(&entry.key, node.text().unwrap_or_default(), node, entry, reader);
            }
            node if ["lower", "upper", "init"].iter().any(|name| node.get(name).is_some()) => {
                let param = scalar(entry, reader);
                space.params.extend(param);
            }
            // Nevergrad's `[a, b]`; of the other sweepers it is one value
            node if params.key == "parametrization" && node.list().is_some_and(|items| !items.is_empty()) => {
                let items = node.list().unwrap_or_default();
                let domain = ImportedDomain::choice(items.iter().map(|item| reader.json(item)).collect());
                space.params.push(ImportedParam::new(entry.key.clone(), entry.key_span.clone(), domain));
            }
            _ => space.params.extend(listed(entry, reader)),
        }
    }
    study.params = space.params;
    if study.params.is_empty() && reader.findings.error_count() == 0 {
        reader.error(&params.key_span, "the sweeper has no parameters", "");
    }
}

/// The configuration of the Ax sweeper before version 1.2 of Hydra: the parameters, the number of trials and the direction.
fn ax(node: &Node, space: &mut SpaceReader, study: &mut ImportedStudy, reader: &mut Reader) {
    for entry in node.get("params").and_then(Node::map).unwrap_or_default() {
        let param = typed(&entry.key, &entry.value, entry, reader);
        space.params.extend(param);
    }
    let runs = node.get("max_trials").and_then(|node| reader.positive(node, "`max_trials`"));
    study.set_bayes(runs, None);
    let experiment = node.get("experiment");
    if experiment
        .and_then(|experiment| experiment.get("minimize"))
        .is_some_and(|flag| flag.content == Content::Bool(false))
    {
        let name = experiment.and_then(|experiment| experiment.get("objective_name")).and_then(Node::text);
        study.set_metric(name.unwrap_or("objective"), "maximize");
    }
    if let Some(entry) = node.map().unwrap_or_default().iter().find(|entry| entry.key == "early_stop") {
        let note =
            reader.note(&entry.key_span, "`early_stop` is not carried over", "see `--time-limit` and `--max-jobs`");
        study.notes.push(note);
    }
}

/// `{lower, upper, init, step, integer, log}` of the Nevergrad sweeper:
/// <https://hydra.cc/docs/plugins/nevergrad_sweeper/>.
fn scalar(entry: &Entry, reader: &mut Reader) -> Option<ImportedParam> {
    let what = format!("the parameter `{}`", entry.key);
    let mut fields = Section::new(&entry.value, &what, &entry.key_span, reader)?;
    let is_set =
        |fields: &mut Section<'_>, name| fields.value(&[name]).is_some_and(|node| node.content == Content::Bool(true));
    let (is_log, is_whole) = (is_set(&mut fields, "log"), is_set(&mut fields, "integer"));
    let mut number = |name| fields.value(&[name]).and_then(|node| reader.number(node, &format!("`{name}`")));
    let (lower, upper, init, step) = (number("lower"), number("upper"), number("init"), number("step"));
    let float = |number: &Option<Number>| number.as_ref().and_then(Number::as_f64);
    let domain = match (&lower, &upper, float(&init)) {
        (Some(lower), Some(upper), _) => match (whole(lower), whole(upper)) {
            (Some(lower), Some(upper)) if is_whole && is_log => ImportedDomain::log_int(lower, upper),
            (Some(lower), Some(upper)) if is_whole => ImportedDomain::int(lower, upper),
            _ if is_log => ImportedDomain::log_uniform(lower.clone(), upper.clone()),
            _ => ImportedDomain::uniform(lower.clone(), upper.clone()),
        },
        // Nevergrad's Log without bounds: init · step^N(0, 1); Scalar: init + step · N(0, 1)
        (None, None, Some(init)) if is_log && init > 0.0 => {
            let scale = float(&step).filter(|step| *step > 1.0).unwrap_or(2.0);
            ImportedDomain::log_normal(number_of(libm::log(init))?, number_of(libm::log(scale))?, None)
        }
        (None, None, Some(init)) => {
            let scale = step.clone().unwrap_or_else(|| 1.into());
            ImportedDomain::normal(number_of(init)?, scale, is_whole.then(|| 1.into()))
        }
        _ => {
            reader.error(&entry.key_span, format!("{what} needs `lower` and `upper`, or `init`"), "");
            return None;
        }
    };
    let notes = fields.unread(&[], reader);
    let param = ImportedParam {
        notes,
        first: init.map(Value::Number),
        ..ImportedParam::new(entry.key.clone(), entry.key_span.clone(), domain)
    };
    reader.check_domain(&param).then_some(param)
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
    let kind = |name| entry.and_then(|entry| entry.value.get(name)).and_then(Node::text);
    let name = kind("type").or(kind("optimizer")).or(target.rsplit('.').next()).unwrap_or_default();
    let config = entry.and_then(|entry| entry.value.get("config")).or(entry.map(|entry| &entry.value));
    if let Some(seed) =
        config.and_then(|config| config.get("seed")).and_then(|node| node.to_json(&mut Vec::new()).as_u64())
    {
        study.set("seed", seed);
    }
    match name {
        "RandomSampler" | "QMCSampler" | "random" => study.set_runs(runs),
        "GridSampler" => study.set_grid(runs),
        "GPSampler" => study.set_bayes(runs, None),
        // of the basic sweeper: all combinations
        "" if runs.is_none() && entry.is_none() => study.set_grid(None),
        // Optuna's default
        "" | "TPESampler" | "tpe" => {
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
