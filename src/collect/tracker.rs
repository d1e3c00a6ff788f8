//! What all collectors record of the readings they find: the objective, its curve, and the readings that the journal keeps.

use serde_json::{Map, Value};

use super::collector::{MetricChoice, MetricValue, MissingMetric, Remark, Wanted};
use super::json_object::{JsonEntry, JsonObject};
use super::thinned_curve::ThinnedCurve;
use crate::types::objective::Score;
use crate::types::outcome::{CurvePoint, Readings};

/// Bytes of the largest reading that is journalled whole; of a larger one the scalars are.
const MAX_JOURNALLED: usize = 64 << 10;
/// Deepest nesting that is journalled: far below what the journal's reader accepts.
const MAX_JOURNALLED_DEPTH: u32 = 32;
/// How many of the latest steps are compared with a new one.
const COMPARED_STEPS: usize = 8;

/// The metric as a reading had it.
#[derive(Clone, PartialEq, Debug)]
pub enum PrintedMetric {
    /// A number, NaN and the infinities included.
    Number(f64),
    /// JSON's null.
    Null,
    /// Something else, described.
    Other(String),
}

impl PrintedMetric {
    /// What an entry is; `number` reads it.
    pub fn from(entry: JsonEntry<'_>, number: Option<f64>) -> PrintedMetric {
        match number {
            Some(number) => PrintedMetric::Number(number),
            None if entry.is_null() => PrintedMetric::Null,
            None => PrintedMetric::Other(entry.describe()),
        }
    }
}

/// Which of the stored readings is the most recent one.
#[derive(Clone, Copy, Debug, Default)]
enum Latest {
    #[default]
    WithoutMetric,
    WithMetric,
}

/// The readings of one job so far.
#[derive(Debug, Default)]
pub struct ReadingTracker {
    pub wanted: Wanted,
    readings: u64,
    first_step: Option<f64>,
    /// The last reading without the metric, the last with it, and the best, as JSON objects.
    without_metric: String,
    with_metric: String,
    with_best: String,
    latest: Latest,
    metric: Option<PrintedMetric>,
    best: Option<Score>,
    curve: ThinnedCurve,
    steps: StepValues,
    remarks: Vec<Remark>,
}

impl ReadingTracker {
    pub fn new(wanted: Wanted) -> ReadingTracker {
        ReadingTracker { wanted, ..ReadingTracker::default() }
    }

    /// How many readings there were.
    pub fn readings(&self) -> u64 {
        self.readings
    }

    /// Records the reading `json`, an object.
    pub fn push(&mut self, json: &str, metric: Option<PrintedMetric>, step: Option<f64>) {
        self.readings += 1;
        if self.readings == 1 {
            self.first_step = step;
        }
        if let Some(PrintedMetric::Number(value)) = metric {
            self.number(json, value, step);
        }
        let stored = if metric.is_some() {
            (self.metric, self.latest) = (metric, Latest::WithMetric);
            &mut self.with_metric
        } else {
            self.latest = Latest::WithoutMetric;
            &mut self.without_metric
        };
        stored.clear();
        stored.push_str(json);
    }

    fn number(&mut self, json: &str, value: f64, step: Option<f64>) {
        if let Some(step) = step {
            self.compare_steps(step, value);
        }
        let Some(score) = Score::new(value) else { return };
        self.curve.push(CurvePoint { step: step.unwrap_or(self.readings as f64), value });
        if let MetricChoice::Best(direction) = self.wanted.choice
            && self.best.is_none_or(|best| direction.better(score, best))
        {
            self.best = Some(score);
            self.with_best.clear();
            self.with_best.push_str(json);
        }
    }

    fn compare_steps(&mut self, step: f64, value: f64) {
        let Some(first) = self.steps.replace(step, value) else { return };
        let differs = first != value && !(first.is_nan() && value.is_nan());
        if differs && let Some(name) = &self.wanted.metric {
            self.remark(Remark::RepeatedStep { name: name.clone(), step, values: [first, value] });
        }
    }

    /// Adds `remark` unless there is one of its kind.
    pub fn remark(&mut self, remark: Remark) {
        let is_known = |known: &Remark| std::mem::discriminant(known) == std::mem::discriminant(&remark);
        if !self.remarks.iter().any(is_known) {
            self.remarks.push(remark);
        }
    }

    /// Forgets every reading: they came from a source that counts less than the next one.
    pub fn clear(&mut self) {
        let wanted = std::mem::take(&mut self.wanted);
        let remarks = self.remarks.drain(..).filter(|remark| !matches!(remark, Remark::RepeatedStep { .. })).collect();
        *self = ReadingTracker { remarks, ..ReadingTracker::new(wanted) };
    }

    /// The most recent reading, a JSON object or nothing.
    pub fn latest_json(&self) -> &str {
        match self.latest {
            Latest::WithoutMetric => &self.without_metric,
            Latest::WithMetric => &self.with_metric,
        }
    }

    /// The objective; `missing` says why there is none if no reading had the metric.
    pub fn value(&self, missing: impl FnOnce(&str) -> MissingMetric) -> MetricValue {
        let Some(name) = &self.wanted.metric else { return MetricValue::NoMetric };
        let missing_because = |reason, evidence| MetricValue::Missing(MissingMetric { reason, evidence });
        if let Some(best) = self.best {
            return MetricValue::Finite(best);
        }
        match &self.metric {
            Some(PrintedMetric::Number(value)) => match Score::new(*value) {
                Some(score) => MetricValue::Finite(score),
                None => MetricValue::NotFinite(format!("`{name}` was {}", in_python(*value))),
            },
            Some(PrintedMetric::Null) => missing_because(format!("`{name}` was null"), String::new()),
            Some(PrintedMetric::Other(what)) => {
                missing_because(format!("the last value of `{name}` is not a number"), format!("`{name}` was {what}"))
            }
            None => MetricValue::Missing(missing(name)),
        }
    }

    /// What the journal records, the first step and the remarks.
    pub fn finish(self) -> (Readings, Option<f64>, Vec<Remark>) {
        let kept = match () {
            () if !self.with_best.is_empty() => &self.with_best,
            () if !self.with_metric.is_empty() => &self.with_metric,
            () => &self.without_metric,
        };
        let metrics = journalled(kept);
        let thinned_from = self.curve.thinned_from();
        let readings = Readings { metrics, curve: self.curve.points(), thinned_from };
        (readings, self.first_step, self.remarks)
    }
}

/// The values at the latest steps.
#[derive(Debug, Default)]
struct StepValues {
    latest: [Option<(f64, f64)>; COMPARED_STEPS],
    next: usize,
}

impl StepValues {
    /// Stores `value` at `step` and returns the value that was stored there.
    fn replace(&mut self, step: f64, value: f64) -> Option<f64> {
        if let Some((_, stored)) = self.latest.iter_mut().flatten().find(|(found, _)| *found == step) {
            return Some(std::mem::replace(stored, value));
        }
        self.latest[self.next] = Some((step, value));
        self.next = (self.next + 1) % COMPARED_STEPS;
        None
    }
}

/// A number that JSON cannot express, as Python writes it.
fn in_python(value: f64) -> &'static str {
    match (value.is_nan(), value > 0.0) {
        (true, _) => "NaN",
        (_, true) => "Infinity",
        (_, false) => "-Infinity",
    }
}

/// What the journal records of a reading.
fn journalled(json: &str) -> Map<String, Value> {
    let whole = Some(json).filter(|json| json.len() <= MAX_JOURNALLED).map(serde_json::from_str);
    let Some(Ok::<Map<String, Value>, _>(mut metrics)) = whole else {
        return JsonObject::parse(json).map(|object| object.scalars()).unwrap_or_default();
    };
    metrics.retain(|_, value| is_shallow(value, MAX_JOURNALLED_DEPTH));
    metrics
}

fn is_shallow(value: &Value, depth: u32) -> bool {
    match value {
        Value::Array(items) => depth > 0 && items.iter().all(|item| is_shallow(item, depth - 1)),
        Value::Object(entries) => depth > 0 && entries.values().all(|item| is_shallow(item, depth - 1)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::objective::Direction;

    fn tracker(choice: MetricChoice) -> ReadingTracker {
        ReadingTracker::new(Wanted { metric: Some("loss".into()), choice, ..Wanted::default() })
    }

    fn push(tracker: &mut ReadingTracker, step: f64, value: f64) {
        tracker.push(&format!("{{\"loss\": {value}}}"), Some(PrintedMetric::Number(value)), Some(step));
    }

    #[test]
    fn the_last_or_the_best_reading_counts() {
        let values = [0.5, 0.25, 0.75];
        let chosen = |choice| {
            let mut tracker = tracker(choice);
            values.iter().enumerate().for_each(|(step, value)| push(&mut tracker, step as f64, *value));
            let value = tracker.value(|_| MissingMetric::default());
            (value, tracker.finish().0.metrics["loss"].as_f64())
        };
        let finite = |value| (MetricValue::Finite(Score::new(value).unwrap()), Some(value));
        assert_eq!(chosen(MetricChoice::Last), finite(0.75));
        assert_eq!(chosen(MetricChoice::Best(Direction::Minimize)), finite(0.25));
    }

    #[test]
    fn a_nan_does_not_hide_the_best() {
        let mut tracker = tracker(MetricChoice::Best(Direction::Minimize));
        push(&mut tracker, 1.0, 0.5);
        tracker.push("{}", Some(PrintedMetric::Number(f64::NAN)), None);
        assert_eq!(tracker.value(|_| MissingMetric::default()), MetricValue::Finite(Score::new(0.5).unwrap()));
    }

    #[test]
    fn two_values_at_one_step_are_noted_once() {
        let mut tracker = tracker(MetricChoice::Last);
        for (step, value) in [(1.0, 0.5), (2.0, 0.4), (1.0, 0.5), (2.0, 0.3), (2.0, 0.2)] {
            push(&mut tracker, step, value);
        }
        let remark = Remark::RepeatedStep { name: "loss".into(), step: 2.0, values: [0.4, 0.3] };
        assert_eq!(tracker.finish().2, [remark]);
    }
}
