//! The configuration of an experiment, versions 2 and 1: <https://nni.readthedocs.io/en/stable/reference/experiment_config.html>.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use super::api::passed_by_api;
use super::space;
use crate::import::command::{command_line, literal};
use crate::import::file::parse;
use crate::import::note::Note;
use crate::import::reader::Reader;
use crate::import::section::{IgnoredField, Section};
use crate::import::study::{ImportedCommand, ImportedStudy};
use crate::matrix::diagnostics::diagnostic::Source;
use crate::matrix::yaml::fields::duplicate_keys;
use crate::matrix::yaml::file::read_file;
use crate::matrix::yaml::node::{Entry, Node};

/// The metric of NNI, which has no name.
const METRIC: &str = "default";

/// The parameter that NNI's Hyperband and BOHB add.
const RESOURCE: &str = "TRIAL_BUDGET";

/// Fields that mean something to NNI's manager or a cluster only.
const SERVICE: [&str; 19] = [
    "authorName",
    "experimentName",
    "experimentType",
    "experimentWorkingDirectory",
    "trainingServicePlatform",
    "trainingService",
    "useAnnotation",
    "logDir",
    "logLevel",
    "logCollection",
    "debug",
    "nniManagerIp",
    "multiPhase",
    "multiThread",
    "versionCheck",
    "localConfig",
    "tunerGpuIndices",
    "sharedStorage",
    "machineList",
];

const IGNORED: [IgnoredField; 5] = [
    ("trialGpuNumber", "the command line chooses devices", "use `--gpus` and `--gpus-per-job`"),
    ("maxExecDuration", "limits are given on the command line", "use `--time-limit`"),
    ("maxExperimentDuration", "limits are given on the command line", "use `--time-limit`"),
    ("maxTrialDuration", "limits are given on the command line", "use `--job-timeout`"),
    ("assessor", "hypertune has no such rule", "see the policies of `earlyStopping`"),
];

/// Reads an experiment. `folder` is the one from which its search space is read.
pub fn read(root: &Node, folder: &Path, reader: &mut Reader) -> ImportedStudy {
    let mut study = ImportedStudy::default();
    let Some(mut fields) = Section::new(root, "the experiment", &root.span, reader) else { return study };
    study.set("kind", "random");
    read_space(&mut fields, folder, &mut study, reader);
    let runs = fields.value(&["maxTrialNumber", "maxTrialNum"]);
    let runs = runs.and_then(|node| reader.positive(node, "the number of trials"));
    let tuner = fields.entry(&["tuner", "advisor"]);
    let mut algorithm = Algorithm::new(tuner, reader);
    study.set_metric(METRIC, algorithm.direction);
    algorithm.set_kind(runs, &mut study, reader);
    if let Some(slots) = fields.value(&["trialConcurrency"]).and_then(|n| reader.positive(n, "`trialConcurrency`")) {
        study.set("concurrency", slots);
    }
    if let Some(entry) = fields.entry(&["assessor"]) {
        read_assessor(entry, &mut study, reader);
    }
    read_command(&mut fields, &mut study, reader);
    fields.skip(&SERVICE);
    study.notes.extend(fields.unread(&IGNORED, reader));
    study.notes.push(passed_by_api());
    study
}

/// Reads the search space from the configuration or from its file.
fn read_space(fields: &mut Section<'_>, folder: &Path, study: &mut ImportedStudy, reader: &mut Reader) {
    if let Some(entry) = fields.entry(&["searchSpace"]) {
        return space::read(&entry.value, &entry.key_span, &mut study.params, reader);
    }
    let Some(entry) = fields.entry(&["searchSpaceFile", "searchSpacePath"]) else {
        let hint = "a search space in annotations of the script cannot be imported";
        return reader.error(&fields.span().clone(), "the experiment has no search space", hint);
    };
    let Some(name) = reader.text(&entry.value, "the file of the search space") else { return };
    let path = folder.join(name);
    let bytes = match read_file(&path) {
        Ok(bytes) => bytes,
        Err(error) => {
            let message = format!("the search space {} cannot be read: {error}", path.display());
            return reader.error(&entry.value.span, message, "");
        }
    };
    let (text, root) = parse(&bytes);
    let source = Arc::new(Source { name: path.display().to_string(), text });
    reader.in_source(&source, name, |reader| match root {
        Ok(root) => {
            duplicate_keys(&root, &mut reader.findings);
            space::read(&root, &root.span, &mut study.params, reader);
        }
        Err(error) => reader.findings.read_error(error),
    });
}

/// The tuner or advisor.
struct Algorithm<'n> {
    entry: Option<&'n Entry>,
    name: String,
    args: Option<&'n Node>,
    direction: &'static str,
}

impl<'n> Algorithm<'n> {
    fn new(entry: Option<&'n Entry>, reader: &mut Reader) -> Algorithm<'n> {
        let get = |names: &[&str]| names.iter().find_map(|name| entry?.value.get(name));
        let args = get(&["classArgs"]);
        let name = get(&["name", "builtinTunerName", "builtinAdvisorName", "className"]).and_then(Node::text);
        let mode = args.and_then(|args| args.get("optimize_mode"));
        let direction = match mode.and_then(Node::text) {
            Some("minimize") => "minimize",
            // NNI's default
            None | Some("maximize") => "maximize",
            Some(other) => {
                let span = mode.map_or(0..0, |mode| mode.span.clone());
                reader.error(&span, format!("`optimize_mode` must be minimize or maximize, found `{other}`"), "");
                "maximize"
            }
        };
        Algorithm { entry, name: name.unwrap_or_default().to_owned(), args, direction }
    }

    fn set_kind(&mut self, runs: Option<u64>, study: &mut ImportedStudy, reader: &mut Reader) {
        match self.name.to_ascii_lowercase().as_str() {
            "random" | "" => study.set_runs(runs),
            "gridsearch" => study.set_grid(runs),
            "tpe" => set_hyperopt("tpe", runs, study),
            "anneal" => set_hyperopt("anneal", runs, study),
            "gptuner" | "gp" | "metis" | "metistuner" | "dngo" | "dngotuner" => study.set_bayes(runs, None),
            "hyperband" => self.set_hyperband(runs, study, reader),
            "bohb" => {
                self.set_hyperband(runs, study, reader);
                study.set("sampler", "tpe");
            }
            "smac" => {
                study.set_bayes(runs, None);
                self.note_nearest("bayes", study, reader);
            }
            _ => {
                study.set_runs(runs);
                self.note_nearest("random", study, reader);
            }
        }
        if let Some(seed) = self.args.and_then(|args| args.get("seed")).and_then(|node| reader.whole(node, "`seed`")) {
            study.set("seed", u64::try_from(seed).unwrap_or(0));
        }
    }

    fn note_nearest(&self, kind: &'static str, study: &mut ImportedStudy, reader: &Reader) {
        let Some(entry) = self.entry else { return };
        let message = format!("hypertune has no `{}`; `{kind}` is the nearest kind", self.name);
        let note = reader.note(&entry.key_span, message, "choose a `kind` or a `sampler`");
        study.set("kind", kind).notes.push(note);
    }

    /// `{R, eta, exec_mode}` or `{min_budget, max_budget, eta}`.
    fn set_hyperband(&self, runs: Option<u64>, study: &mut ImportedStudy, reader: &mut Reader) {
        let Some(entry) = self.entry else { return };
        let mut count = |names: &[&str]| {
            let node = names.iter().find_map(|name| self.args?.get(name))?;
            reader.positive(node, &format!("`{}`", names[0]))
        };
        // the defaults of NNI's Hyperband and BOHB
        let max = count(&["R", "max_budget"]).unwrap_or(if self.name == "BOHB" { 3 } else { 60 });
        let (min, eta) = (count(&["min_budget"]), count(&["eta"]).unwrap_or(3));
        study.set("kind", "hyperband");
        study.set("maxIterations", max);
        if let Some(min) = min.filter(|min| *min > 1) {
            study.set("minIterations", min);
        }
        study.set("eta", eta);
        study.set_resource(RESOURCE, "int");
        if let Some(runs) = runs {
            let message =
                format!("the limit of {runs} trials is not carried over: the brackets decide the number of trials");
            let action = "`kind: asha` has `numRuns` instead, and `--max-jobs` stops any study";
            study.set("kind", "hyperband").notes.push(reader.note(&entry.key_span, message, action));
        }
    }
}

fn set_hyperopt(algorithm: &str, runs: Option<u64>, study: &mut ImportedStudy) {
    study.set("kind", "hyperopt");
    study.set("algorithm", algorithm);
    study.set_runs(runs);
}

/// Medianstop becomes a policy.
fn read_assessor(entry: &Entry, study: &mut ImportedStudy, reader: &mut Reader) {
    let name = ["name", "builtinAssessorName", "className"].iter().find_map(|name| entry.value.get(name)?.text());
    let start = entry.value.get("classArgs").and_then(|args| args.get("start_step"));
    let start = start.and_then(|node| reader.whole(node, "`start_step`")).and_then(|n| u64::try_from(n).ok());
    let Some(metric) = study.get("metric").cloned() else { return };
    if name.is_none_or(|name| !name.eq_ignore_ascii_case("medianstop")) {
        let message = format!("the assessor {} is not carried over", name.unwrap_or("without a name"));
        study.notes.push(reader.note(&entry.key_span, message, "see the policies of `earlyStopping`"));
        return;
    }
    study.add_stopping(json!({
        "metric": metric["name"],
        "optimization": metric["optimization"],
        "policy": { "kind": "median", "evaluationInterval": 1, "minInterval": start.unwrap_or(0).max(1) },
    }));
}

fn read_command(fields: &mut Section<'_>, study: &mut ImportedStudy, reader: &mut Reader) {
    let trial = fields.entry(&["trial"]);
    let in_trial = |name: &str| trial.and_then(|entry| entry.value.get(name));
    let command = fields.value(&["trialCommand"]).or(in_trial("command"));
    let folder = fields.value(&["trialCodeDirectory"]).or(in_trial("codeDir"));
    let Some(text) = command.and_then(|node| reader.text(node, "the command")) else {
        study.notes.push(Note::without_line("the experiment has no command", "give it after `--`"));
        return;
    };
    let mut out = ImportedCommand { words: command_line(&literal(text)), ..ImportedCommand::default() };
    let folder = folder.and_then(|node| Some((node, node.text()?))).filter(|(_, path)| !matches!(*path, "." | "./"));
    if let Some((node, path)) = folder {
        let message = format!("NNI runs the command in `{path}`; hypertune runs it where `hypertune` is started");
        out.notes.push(reader.note(&node.span, message, "start hypertune there, or change the paths"));
    }
    if let Some(count) = in_trial("gpuNum").filter(|node| node.to_json(&mut Vec::new()) != 0) {
        let message = format!("`gpuNum` is not carried over ({})", count.describe());
        out.notes.push(reader.note(&count.span, message, "use `--gpus` and `--gpus-per-job`"));
    }
    study.command = Some(out);
}
