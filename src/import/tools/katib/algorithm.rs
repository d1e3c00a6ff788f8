//! `algorithm` and `earlyStopping` of an experiment: <https://www.kubeflow.org/docs/components/katib/user-guides/hp-tuning/configure-algorithm/>.

use serde_json::{Value, json};

use crate::import::domain::number;
use crate::import::reader::{Reader, text_number, whole};
use crate::import::resource;
use crate::import::section::Section;
use crate::import::study::ImportedStudy;
use crate::matrix::yaml::node::{Entry, Node};

/// Default of `n_initial_points` of skopt.
const INITIAL_POINTS: u64 = 10;
/// Default of `eta`.
const ETA: i64 = 3;
/// Largest resource where the experiment names none.
const MAX_RESOURCE: u64 = 27;

/// `algorithmSettings` or `earlyStopping` settings: names and values, which are text.
struct Settings<'n> {
    unread: Vec<(&'n str, &'n Node)>,
}

impl<'n> Settings<'n> {
    fn new(fields: &mut Section<'n>, reader: &mut Reader) -> Settings<'n> {
        let Some(node) = fields.value(&["algorithmSettings"]) else { return Settings { unread: Vec::new() } };
        let items = node.list().unwrap_or_else(|| {
            reader.error(&node.span, "`algorithmSettings` must be a list of names and values", "");
            &[]
        });
        let pair = |item: &'n Node| Some((item.get("name")?.text()?, item.get("value")?));
        Settings { unread: items.iter().filter_map(pair).collect() }
    }

    fn take(&mut self, names: &[&str]) -> Option<&'n Node> {
        let index = self.unread.iter().position(|(name, _)| names.contains(name))?;
        Some(self.unread.remove(index).1)
    }

    fn count(&mut self, names: &[&str], reader: &mut Reader) -> Option<u64> {
        let node = self.take(names)?;
        reader.positive(node, &format!("`{}`", names[0]))
    }

    /// Notes settings that were not read.
    fn finish(self, study: &mut ImportedStudy, reader: &Reader) {
        for (name, node) in self.unread {
            let note = reader.note(&node.span, format!("the setting `{name}` is not carried over"), "");
            study.set("kind", study.get("kind").cloned().unwrap_or_default()).notes.push(note);
        }
    }
}

/// Sets the kind and its fields.
pub fn read(entry: Option<&Entry>, runs: Option<u64>, study: &mut ImportedStudy, reader: &mut Reader) {
    let Some(entry) = entry else {
        study.set_runs(runs);
        return;
    };
    let Some(mut fields) = Section::new(&entry.value, "`algorithm`", &entry.key_span, reader) else { return };
    let Some(name) = fields.required(&["algorithmName"], reader) else { return };
    let mut settings = Settings::new(&mut fields, reader);
    if let Some(seed) = settings.take(&["random_state", "seed"]).and_then(|node| reader.whole(node, "`random_state`")) {
        study.set("seed", u64::try_from(seed).unwrap_or(0));
    }
    match name.value.text().unwrap_or_default() {
        "random" => study.set_runs(runs),
        "grid" => study.set_grid(runs),
        "tpe" | "multivariate-tpe" => set_hyperopt("tpe", runs, study),
        "anneal" | "hyperopt-anneal" => set_hyperopt("anneal", runs, study),
        "bayesianoptimization" | "skopt-bayesian-optimization" => set_bayes(&mut settings, runs, study, reader),
        "hyperband" => set_hyperband(&mut settings, runs, name, study, reader),
        "enas" | "darts" => reader.error(&name.value.span, "hypertune does not search architectures", ""),
        other => {
            let (action, nearest) = match other {
                "sobol" => ("", "random"),
                "cmaes" => ("", "hyperopt"),
                _ => ("choose a `kind` or a `sampler`", "random"),
            };
            let message = format!("hypertune has no `{other}`; `{nearest}` is the nearest kind");
            match nearest {
                "hyperopt" => set_hyperopt("tpe", runs, study),
                _ => study.set_runs(runs),
            }
            let note = reader.note(&name.key_span, message, action);
            study.set("kind", nearest).notes.push(note);
        }
    }
    settings.finish(study, reader);
    study.notes.extend(fields.unread(&[], reader));
}

fn set_hyperopt(algorithm: &str, runs: Option<u64>, study: &mut ImportedStudy) {
    study.set("kind", "hyperopt");
    study.set("algorithm", algorithm);
    study.set_runs(runs);
    study.require_metric();
}

fn set_bayes(settings: &mut Settings<'_>, runs: Option<u64>, study: &mut ImportedStudy, reader: &mut Reader) {
    let initial = settings.count(&["n_initial_points"], reader).unwrap_or(INITIAL_POINTS);
    study.set_bayes(runs, Some(initial));
    // Gaussian processes and their optimization are skopt's only choices that hypertune has
    settings.take(&["base_estimator"]);
    settings.take(&["acq_optimizer"]);
    let acquisition = settings.take(&["acq_func"]).and_then(Node::text);
    let function = match acquisition {
        Some("EI" | "EIps") => Some("ei"),
        Some("PI" | "PIps") => Some("poi"),
        Some("LCB") => Some("ucb"),
        // gp_hedge, the default, is a mixture of the three
        _ => None,
    };
    if let Some(function) = function {
        study.set("utilityFunction", json!({ "acquisitionFunction": function }));
    }
}

fn set_hyperband(
    settings: &mut Settings<'_>,
    runs: Option<u64>,
    name: &Entry,
    study: &mut ImportedStudy,
    reader: &mut Reader,
) {
    let resource = settings.take(&["resource_name", "resourceName"]).and_then(Node::text);
    let limit = settings.take(&["r_l"]).and_then(|node| reader.number(node, "`r_l`"));
    let eta = settings.take(&["eta"]).and_then(|node| reader.number(node, "`eta`"));
    // the state of a running experiment, which Katib writes into the settings
    for state in ["b_l", "sMax", "s_max", "n", "r", "i", "current_s", "current_i", "evaluating_trials"] {
        settings.take(&[state]);
    }
    let max = limit.as_ref().and_then(whole).and_then(|max| u64::try_from(max).ok()).filter(|max| *max > 0);
    study.set("kind", "hyperband");
    let field = study.set("maxIterations", max.unwrap_or(MAX_RESOURCE));
    if max.is_none() {
        field.notes.push(reader.note(
            &name.key_span,
            "there is no setting `r_l` that is a whole number",
            "set the largest resource",
        ));
    }
    let eta = eta.and_then(|eta| eta.as_f64()).filter(|eta| *eta > 1.0).and_then(number).unwrap_or_else(|| ETA.into());
    study.set("eta", Value::Number(eta));
    let resource = resource.map_or_else(|| resource::unused_name(&study.params), str::to_owned);
    study.set_resource(&resource, "int");
    study.require_metric();
    if let Some(runs) = runs {
        let message = format!("`maxTrialCount: {runs}` is not carried over: the brackets decide the number of trials");
        let action = "`kind: asha` has `numRuns` instead, and `--max-jobs` stops any study";
        study.set("kind", "hyperband").notes.push(reader.note(&name.key_span, message, action));
    }
}

/// Reads `earlyStopping: {algorithmName: medianstop, algorithmSettings}`.
pub fn read_stopping(entry: &Entry, study: &mut ImportedStudy, reader: &mut Reader) {
    let Some(mut fields) = Section::new(&entry.value, "`earlyStopping`", &entry.key_span, reader) else { return };
    let Some(name) = fields.required(&["algorithmName"], reader) else { return };
    if name.value.text() != Some("medianstop") {
        let message = format!("early stopping by {} is not carried over", name.value.describe());
        let note = reader.note(&name.key_span, message, "see the policies of `earlyStopping`");
        study.notes.push(note);
        return;
    }
    let mut settings = Settings::new(&mut fields, reader);
    // Katib's defaults
    let mut count = |name: &str, default: u64| {
        let found = settings.take(&[name]).and_then(Node::text).and_then(text_number);
        found.as_ref().and_then(whole).and_then(|n| u64::try_from(n).ok()).filter(|n| *n > 0).unwrap_or(default)
    };
    let (samples, start) = (count("min_trials_required", 3), count("start_step", 4));
    let Some(metric) = study.get("metric").cloned() else { return };
    study.add_stopping(json!({
        "metric": metric["name"],
        "optimization": metric["optimization"],
        "policy": { "kind": "median", "evaluationInterval": 1, "minInterval": start, "minSamples": samples },
    }));
}
