//! The collector of JSON objects, one on a line, as `print(json.dumps(…))` makes them.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::collector::{Collected, Collector, MetricValue, Seen};
use super::curve::ThinnedCurve;
use super::json_text::python_numbers_quoted;
use super::lines::MAX_LINE;
use crate::words::args::describe;
use crate::words::objective::Score;
use crate::words::outcome::{CurvePoint, Reading, Readings};

/// Most keys a message names.
const NAMED_KEYS: usize = 12;
/// Largest reading that goes whole into the journal, in bytes of JSON; of a larger one the scalars go.
const JOURNALLED_READING: usize = 64 << 10;
/// Most places in the tail from which a pretty-printed object is looked for.
const TAIL_STARTS: usize = 64;

/// Collects JSON objects. See [`crate::run::collector`] for what becomes of them.
#[derive(Debug, Default)]
pub struct JsonLines {
    metric: Option<String>,
    step: Option<String>,
    readings: u64,
    first_step: Option<f64>,
    /// The last reading without the metric, and the last with it.
    others: Map<String, Value>,
    with_metric: Map<String, Value>,
    latest: Latest,
    curve: ThinnedCurve,
    keys: Vec<String>,
    tail: Vec<u8>,
}

/// Which of the two kept readings came last.
#[derive(Clone, Copy, Debug, Default)]
enum Latest {
    #[default]
    Other,
    WithMetric,
}

impl JsonLines {
    /// A collector of the objective `metric` (`None`: the study ranks nothing) at steps named `step`.
    pub fn new(metric: Option<String>, step: Option<String>) -> JsonLines {
        JsonLines { metric, step, ..JsonLines::default() }
    }

    fn take(&mut self, object: Map<String, Value>) {
        self.readings += 1;
        self.tail = Vec::new();
        let step = self.step.as_ref().and_then(|name| object.get(name)).and_then(number).filter(|s| s.is_finite());
        if self.readings == 1 {
            self.first_step = step;
        }
        for key in object.keys() {
            if self.keys.len() < NAMED_KEYS && !self.keys.contains(key) {
                self.keys.push(key.chars().take(60).collect());
            }
        }
        let metric = self.metric.as_ref().and_then(|name| object.get(name));
        if let Some(value) = metric.and_then(number).filter(|v| v.is_finite()) {
            self.curve.push(CurvePoint { step: step.unwrap_or(self.readings as f64), value });
        }
        if metric.is_some() {
            (self.with_metric, self.latest) = (object, Latest::WithMetric);
        } else {
            (self.others, self.latest) = (object, Latest::Other);
        }
    }

    /// Keeps the end of a stdout that holds no reading so far.
    fn keep_tail(&mut self, line: &[u8]) {
        if self.readings > 0 || (self.tail.is_empty() && line.first() != Some(&b'{')) {
            return;
        }
        if self.tail.len() + line.len() >= MAX_LINE {
            let half = self.tail.len() / 2;
            let cut = self.tail[half..].iter().position(|b| *b == b'\n').map_or(self.tail.len(), |at| half + at + 1);
            self.tail.drain(..cut);
        }
        self.tail.extend_from_slice(line);
        self.tail.push(b'\n');
    }

    /// An object that spans the last lines of a stdout with no reading in it.
    fn object_in_tail(&self) -> Option<Map<String, Value>> {
        let text = self.tail.trim_ascii_end();
        let begins = |at: &usize| text[*at] == b'{' && (*at == 0 || text[at - 1] == b'\n');
        (0..text.len()).rev().filter(begins).take(TAIL_STARTS).find_map(|at| object(&text[at..]))
    }

    fn value(&self) -> MetricValue {
        let Some(metric) = &self.metric else { return MetricValue::NotAsked };
        match self.with_metric.get(metric) {
            Some(found) => match number(found) {
                Some(value) => match Score::new(value) {
                    Some(score) => MetricValue::Finite(score),
                    None => {
                        MetricValue::NotFinite(format!("`{metric}` was {}", found.as_str().unwrap_or("not finite")))
                    }
                },
                None if found.is_null() => MetricValue::Missing(format!("`{metric}` was null")),
                None => MetricValue::Missing(format!("`{metric}` was {}, not a number", describe(found))),
            },
            None if self.readings == 0 => {
                MetricValue::Missing(format!("no line of stdout was a JSON object with `{metric}`"))
            }
            None => {
                let keys: Vec<String> = self.keys.iter().map(|k| format!("`{k}`")).collect();
                let keys = if keys.is_empty() { "nothing".to_owned() } else { keys.join(", ") };
                MetricValue::Missing(format!("`{metric}` was never printed; the readings held {keys}"))
            }
        }
    }
}

impl Collector for JsonLines {
    fn line(&mut self, line: &[u8]) -> Seen {
        match object(line) {
            Some(object) => {
                self.take(object);
                Seen::Reading
            }
            None => {
                self.keep_tail(line);
                Seen::Log
            }
        }
    }

    fn reading(&self) -> Reading {
        let latest = match self.latest {
            Latest::Other => &self.others,
            Latest::WithMetric => &self.with_metric,
        };
        let step = self.step.as_ref().and_then(|name| latest.get(name)).and_then(number);
        let numbers = latest.iter().filter_map(|(name, value)| Some((name.clone(), number(value)?))).collect();
        Reading { step: step.filter(|s| s.is_finite()), numbers }
    }

    fn finish(mut self: Box<Self>) -> Collected {
        if self.readings == 0
            && let Some(object) = self.object_in_tail()
        {
            self.take(object);
        }
        let value = self.value();
        let metrics = if self.with_metric.is_empty() { self.others } else { self.with_metric };
        let readings = Readings { metrics: journalled(metrics), curve: self.curve.points() };
        Collected { value, readings, first_step: self.first_step }
    }
}

/// `text` as a JSON object, Python's `NaN` and infinities in it as strings.
fn object(text: &[u8]) -> Option<Map<String, Value>> {
    let text = text.trim_ascii();
    if text.first() != Some(&b'{') || text.last() != Some(&b'}') {
        return None;
    }
    if let Ok(object) = serde_json::from_slice(text) {
        return Some(object);
    }
    match python_numbers_quoted(text) {
        Cow::Borrowed(_) => None,
        Cow::Owned(quoted) => serde_json::from_slice(&quoted).ok(),
    }
}

/// A JSON number, or one of the three that JSON lacks.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(n) => n.as_f64(),
        Value::String(s) => match s.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}

fn journalled(metrics: Map<String, Value>) -> Map<String, Value> {
    let size = |value: &Value| serde_json::to_string(value).map_or(usize::MAX, |text| text.len());
    let large =
        metrics.iter().map(|(name, value)| name.len().saturating_add(size(value))).fold(0, usize::saturating_add);
    if large <= JOURNALLED_READING {
        return metrics;
    }
    let small = |(name, value): &(String, Value)| name.len() <= 200 && size(value) <= 200;
    metrics.into_iter().filter(small).take(200).collect()
}

#[cfg(test)]
mod tests;
