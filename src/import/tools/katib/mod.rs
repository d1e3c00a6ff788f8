//! Experiments of Katib, v1beta1 and v1alpha3: <https://www.kubeflow.org/docs/components/katib/reference/experiment-cr/>.

mod algorithm;
mod metrics;
mod params;
mod template;
mod trial;

use std::path::Path;

use serde_json::json;

use crate::import::reader::Reader;
use crate::import::section::{IgnoredField, Section};
use crate::import::study::ImportedStudy;
use crate::matrix::yaml::node::{Entry, Node};

/// Fields that mean something on a cluster only.
const CLUSTER: [&str; 1] = ["resumePolicy"];

const IGNORED: [IgnoredField; 1] = [("nasConfig", "hypertune does not search architectures", "")];

/// Reads an experiment.
pub fn read(root: &Node, _folder: &Path, reader: &mut Reader) -> ImportedStudy {
    let mut study = ImportedStudy::default();
    let Some(mut fields) = Section::new(root, "the experiment", &root.span, reader) else { return study };
    let Some(entry) = fields.required(&["spec"], reader) else { return study };
    let Some(mut spec) = Section::new(&entry.value, "`spec`", &entry.key_span, reader) else { return study };
    study.set("kind", "random");
    if let Some(entry) = spec.entry(&["parameters"]) {
        study.params = params::read(entry, reader);
    } else if spec.entry(&["nasConfig"]).is_some() {
        reader.error(&entry.key_span, "the experiment searches an architecture, which hypertune cannot do", "");
        return study;
    } else {
        reader.error(&entry.key_span, "missing field `parameters` in `spec`", "");
    }
    if let Some(entry) = spec.required(&["objective"], reader) {
        read_objective(entry, &mut study, reader);
    }
    let runs = spec.value(&["maxTrialCount"]).and_then(|node| reader.positive(node, "`maxTrialCount`"));
    let failed = spec.entry(&["maxFailedTrialCount"]);
    algorithm::read(spec.entry(&["algorithm"]), runs, &mut study, reader);
    if let Some(slots) = spec.value(&["parallelTrialCount"]).and_then(|n| reader.positive(n, "`parallelTrialCount`")) {
        study.set("concurrency", slots);
    }
    if let Some(entry) = failed {
        read_failures(entry, runs, &mut study, reader);
    }
    if let Some(entry) = spec.entry(&["earlyStopping"]) {
        algorithm::read_stopping(entry, &mut study, reader);
    }
    let collector = spec.entry(&["metricsCollectorSpec"]);
    trial::read(&mut spec, &mut study, reader);
    if let Some(entry) = collector {
        metrics::read(entry, &mut study, reader);
    }
    spec.skip(&CLUSTER);
    study.notes.extend(spec.unread(&IGNORED, reader));
    study
}

/// Sets the metric and its goal. Katib takes the best value of a trial, unless a strategy says otherwise.
fn read_objective(entry: &Entry, study: &mut ImportedStudy, reader: &mut Reader) -> Option<()> {
    let mut fields = Section::new(&entry.value, "`objective`", &entry.key_span, reader)?;
    let name = fields.required(&["objectiveMetricName"], reader)?;
    let name = reader.text(&name.value, "`objectiveMetricName`")?;
    let direction = fields.required(&["type"], reader)?;
    let optimization = match direction.value.text() {
        Some(word @ ("minimize" | "maximize")) => word,
        _ => {
            let message = format!("`type` must be minimize or maximize, found {}", direction.value.describe());
            reader.error(&direction.value.span, message, "");
            return None;
        }
    };
    let value = strategy(&mut fields, name).unwrap_or("best");
    let goal = fields.value(&["goal"]).and_then(|node| reader.number(node, "`goal`"));
    // all metrics of a job are recorded
    fields.skip(&["additionalMetricNames"]);
    study.set("metric", json!({ "name": name, "optimization": optimization, "value": value }));
    if let Some(goal) = goal {
        study.stop_at(serde_json::Value::Number(goal));
    }
    study.notes.extend(fields.unread(&[], reader));
    Some(())
}

/// The reading that counts according to `metricStrategies`.
fn strategy(fields: &mut Section<'_>, metric: &str) -> Option<&'static str> {
    let items = fields.value(&["metricStrategies"])?.list()?;
    let own = items.iter().find(|item| item.get("name").and_then(Node::text) == Some(metric))?;
    match own.get("value").and_then(Node::text)? {
        "latest" => Some("last"),
        _ => Some("best"),
    }
}

/// A number of failed trials becomes a share.
fn read_failures(entry: &Entry, runs: Option<u64>, study: &mut ImportedStudy, reader: &mut Reader) {
    let Some(failed) = reader.whole(&entry.value, "`maxFailedTrialCount`") else { return };
    let Some(runs) = runs else { return };
    let percent = (100.0 * failed as f64 / runs as f64).round().clamp(1.0, 99.0) as u64;
    if failed < 1 || failed as u64 >= runs {
        // it never ends the experiment before its last trial
        return;
    }
    let message = format!(
        "{failed} failed trials of {runs} are {percent} percent; hypertune counts them once 5 trials have ended"
    );
    let note = reader.note(&entry.key_span, message, "");
    study.add_stopping(json!({ "kind": "failure_early_stopping", "percent": percent })).notes.push(note);
}
