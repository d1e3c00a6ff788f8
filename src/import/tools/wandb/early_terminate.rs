//! `early_terminate` of a sweep: a stopping rule, for which Hyperband's brackets are the nearest schedule.

use serde_json::Value;

use crate::import::domain::number;
use crate::import::reader::Reader;
use crate::import::resource;
use crate::import::section::{IgnoredField, Section};
use crate::import::study::ImportedStudy;
use crate::matrix::yaml::node::Entry;

/// Default of `eta`, as in W&B.
const ETA: f64 = 3.0;

/// Factor between `min_iter` and the largest resource, as a power of eta, where the file has no largest resource.
const LEVELS: i32 = 3;

const IGNORED: [IgnoredField; 1] =
    [("strict", "Hyperband always promotes by rank, which is what `strict: true` means", "")];

/// Reads `{type: hyperband, min_iter, max_iter, s, eta}`; the kind of the study becomes `hyperband`.
pub fn read(entry: &Entry, run_cap: Option<&Entry>, study: &mut ImportedStudy, reader: &mut Reader) {
    let Some(mut fields) = Section::new(&entry.value, "`early_terminate`", &entry.key_span, reader) else { return };
    let Some(kind) = fields.required(&["type"], reader) else { return };
    if kind.value.text() != Some("hyperband") {
        let message = format!("`early_terminate` of type {} is not carried over", kind.value.describe());
        let note = reader.note(&entry.key_span, message, "see the rules of `earlyStopping`");
        study.notes.push(note);
        return;
    }
    let mut count = |name: &str, fields: &mut Section<'_>| {
        let node = fields.value(&[name])?;
        reader.positive(node, &format!("`{name}`"))
    };
    let [min, max, s] = ["min_iter", "max_iter", "s"].map(|name| count(name, &mut fields));
    let eta = fields.value(&["eta"]).and_then(|node| reader.number(node, "`eta`")).and_then(|eta| eta.as_f64());
    let eta = eta.unwrap_or(ETA);
    if eta <= 1.0 {
        reader.error(&entry.key_span, format!("`eta` must be above 1, found {eta}"), "");
        return;
    }
    if min.is_none() && max.is_none() {
        reader.error(&entry.key_span, "`early_terminate` has neither `min_iter` nor `max_iter`", "");
        return;
    }
    let notes = fields.unread(&IGNORED, reader);
    set_hyperband(Bounds { min, max, s, eta }, entry, study, reader);
    study.set("kind", "hyperband").notes.extend(notes);
    note_run_cap(run_cap, study, reader);
}

/// The fields of `early_terminate`.
struct Bounds {
    min: Option<u64>,
    max: Option<u64>,
    s: Option<u64>,
    eta: f64,
}

fn set_hyperband(bounds: Bounds, entry: &Entry, study: &mut ImportedStudy, reader: &mut Reader) {
    let eta = bounds.eta;
    let constant = resource::constant(&study.params);
    let power = |base: u64, exponent: i32| (base as f64 * eta.powi(exponent)).floor().clamp(1.0, 1e12) as u64;
    let levels = bounds.s.map(|s| i32::try_from(s.min(40)).unwrap_or(40));
    // with `max_iter`, runs are stopped at max_iter/eta, … max_iter/eta^s
    let min = bounds.min.or_else(|| Some(power(bounds.max?, -levels.unwrap_or(LEVELS))));
    let min = min.unwrap_or(1);
    let known = bounds.max.or(constant.as_ref().map(|constant| constant.amount).filter(|amount| *amount >= min));
    let max = known.unwrap_or_else(|| power(min, LEVELS)).max(min);
    let sampler = study.get("kind").and_then(Value::as_str).and_then(|kind| (kind == "bayes").then_some("gp"));
    let was_grid = study.get("kind").and_then(Value::as_str) == Some("grid");
    for name in ["numRuns", "numInitialRuns", "maxIterations"] {
        study.remove(name);
    }
    let field = study.set("maxIterations", max);
    if known.is_none() {
        let message = "the sweep does not say how long a run is";
        field.notes.push(reader.note(&entry.key_span, message, "set the number of epochs of a whole run"));
    }
    if min > 1 {
        study.set("minIterations", min);
    }
    if let Some(eta) = number(eta) {
        study.set("eta", Value::Number(eta));
    }
    if let Some(sampler) = sampler {
        study.set("sampler", sampler);
    }
    if was_grid {
        let message = "brackets of random draws instead of a grid";
        study.set("kind", "hyperband").notes.push(reader.note(&entry.key_span, message, ""));
    }
    set_resource(constant, entry, study, reader);
    study.require_metric();
}

fn set_resource(
    constant: Option<resource::ConstantResource>,
    entry: &Entry,
    study: &mut ImportedStudy,
    reader: &mut Reader,
) {
    let name = constant.map_or_else(|| resource::unused_name(&study.params), |constant| constant.name);
    study.set_resource(&name, "int");
    let message = format!(
        "W&B stops running jobs after so many values of the metric; hypertune starts jobs with `--{name}=N` and promotes the best"
    );
    let action = "name the option that says how long to train; `resume: true` continues from checkpoints";
    let note = reader.note(&entry.key_span, message, action);
    study.set("resource", study.get("resource").cloned().unwrap_or_default()).notes.push(note);
}

fn note_run_cap(run_cap: Option<&Entry>, study: &mut ImportedStudy, reader: &Reader) {
    let Some(entry) = run_cap else { return };
    let message = format!(
        "`run_cap: {}` is not carried over: the brackets decide the number of trials",
        entry.value.describe().replace("the number ", "")
    );
    let action = "`kind: asha` has `numRuns` instead, and `--max-jobs` stops any study";
    study.set("kind", "hyperband").notes.push(reader.note(&entry.key_span, message, action));
}
