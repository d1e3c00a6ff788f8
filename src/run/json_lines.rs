//! The collector of JSON objects, one on a line, as `print(json.dumps(…))` makes them.

use std::borrow::Cow;
use std::str;

use serde_json::{Map, Value};

use super::collector::{Collected, Collector, MetricValue, Seen};
use super::curve::ThinnedCurve;
use super::json_glance::{Glimpse, glance, numbers, scalars};
use super::json_text::python_numbers_quoted;
use super::lines::MAX_LINE;
use crate::words::objective::Score;
use crate::words::outcome::{CurvePoint, Reading, Readings};

/// Most keys a message names.
const NAMED_KEYS: usize = 12;
/// Largest reading that goes whole into the journal, in bytes of JSON; of a larger one the scalars go.
const JOURNALLED_READING: usize = 64 << 10;
/// How deep what goes into the journal may be nested: far less than the journal's reader takes.
const JOURNALLED_DEPTH: u32 = 32;
/// Most places in the tail from which a pretty-printed object is looked for.
const TAIL_STARTS: usize = 64;

/// Collects JSON objects. See [`crate::run::collector`] for what becomes of them.
#[derive(Debug, Default)]
pub struct JsonLines {
    metric: Option<String>,
    step: Option<String>,
    readings: u64,
    first_step: Option<f64>,
    /// Texts of the last reading without the metric, and of the last with it.
    other: String,
    with_metric: String,
    latest: Latest,
    /// The metric in its last reading.
    found: Option<Glimpse>,
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

    /// Takes `text` if it is an object.
    fn take(&mut self, text: &str) -> Seen {
        let Some((metric, step)) = self.look_at(text) else { return Seen::Log };
        self.readings += 1;
        self.tail = Vec::new();
        if self.readings == 1 {
            self.first_step = step;
        }
        if let Some(value) = metric.as_ref().and_then(Glimpse::number).filter(|v| v.is_finite()) {
            self.curve.push(CurvePoint { step: step.unwrap_or(self.readings as f64), value });
        }
        let kept = match metric {
            Some(metric) => {
                (self.found, self.latest) = (Some(metric), Latest::WithMetric);
                &mut self.with_metric
            }
            None => {
                self.latest = Latest::Other;
                &mut self.other
            }
        };
        kept.clear();
        kept.push_str(text);
        Seen::Reading
    }

    /// The metric and the step of a reading; `None` if `text` is none.
    fn look_at(&mut self, text: &str) -> Option<(Option<Glimpse>, Option<f64>)> {
        let (metric_name, step_name) = (self.metric.as_deref(), self.step.as_deref());
        let (mut metric, mut step, mut keys) = (None, None, Vec::new());
        let known = &self.keys;
        let is_object = glance(
            text,
            |name| {
                if known.len() + keys.len() < NAMED_KEYS && !known.iter().any(|key| key == name) {
                    keys.push(name.chars().take(60).collect());
                }
                Some(name) == metric_name || Some(name) == step_name
            },
            |name, value| {
                if Some(name) == step_name {
                    step = value.number().filter(|step| step.is_finite());
                }
                if Some(name) == metric_name {
                    metric = Some(value);
                }
            },
        );
        if is_object {
            self.keys.append(&mut keys);
        }
        is_object.then_some((metric, step))
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

    /// Takes an object that spans the last lines of a stdout with no reading in it.
    fn take_from_tail(&mut self) {
        let tail = std::mem::take(&mut self.tail);
        let text = tail.trim_ascii_end();
        let begins = |at: &usize| text[*at] == b'{' && (*at == 0 || text[at - 1] == b'\n');
        for at in (0..text.len()).rev().filter(begins).take(TAIL_STARTS) {
            if with_object(&text[at..], |text| self.take(text)) == Seen::Reading {
                break;
            }
        }
    }

    fn value(&self) -> MetricValue {
        let Some(metric) = &self.metric else { return MetricValue::NotAsked };
        match &self.found {
            Some(found) => match found.number() {
                Some(value) => match Score::new(value) {
                    Some(score) => MetricValue::Finite(score),
                    None => MetricValue::NotFinite(format!("`{metric}` was {}", in_python(value))),
                },
                None if *found == Glimpse::Scalar(Value::Null) => MetricValue::Missing(format!("`{metric}` was null")),
                None => MetricValue::Missing(format!("`{metric}` was {}, not a number", found.describe())),
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
        let seen = with_object(line, |text| self.take(text));
        if seen == Seen::Log {
            self.keep_tail(line);
        }
        seen
    }

    fn reading(&self) -> Reading {
        let latest = match self.latest {
            Latest::Other => &self.other,
            Latest::WithMetric => &self.with_metric,
        };
        let numbers = numbers(latest);
        let step = self.step.as_ref().and_then(|step| numbers.iter().rfind(|(name, _)| name == step));
        Reading { step: step.map(|(_, step)| *step).filter(|s| s.is_finite()), numbers }
    }

    fn finish(mut self: Box<Self>) -> Collected {
        if self.readings == 0 {
            self.take_from_tail();
        }
        let value = self.value();
        let text = if self.with_metric.is_empty() { &self.other } else { &self.with_metric };
        let metrics = journalled(text);
        let thinned_from = self.curve.thinned_from();
        let readings = Readings { metrics, curve: self.curve.points(), thinned_from };
        Collected { value, readings, first_step: self.first_step }
    }
}

/// Hands `text` to `take` if it may be a JSON object; where it is none, once more with Python's `NaN` and infinities as strings.
fn with_object(text: &[u8], mut take: impl FnMut(&str) -> Seen) -> Seen {
    let text = text.trim_ascii();
    if text.first() != Some(&b'{') || text.last() != Some(&b'}') {
        return Seen::Log;
    }
    let mut try_to_take = |text| str::from_utf8(text).map_or(Seen::Log, &mut take);
    match try_to_take(text) {
        Seen::Reading => Seen::Reading,
        Seen::Log => match python_numbers_quoted(text) {
            Cow::Borrowed(_) => Seen::Log,
            Cow::Owned(quoted) => try_to_take(&quoted),
        },
    }
}

/// A number that JSON lacks, as Python writes it.
fn in_python(value: f64) -> &'static str {
    match (value.is_nan(), value > 0.0) {
        (true, _) => "NaN",
        (_, true) => "Infinity",
        (_, false) => "-Infinity",
    }
}

/// What goes into the journal of a reading's text.
fn journalled(text: &str) -> Map<String, Value> {
    let whole = Some(text).filter(|text| text.len() <= JOURNALLED_READING).map(serde_json::from_str);
    let Some(Ok::<Map<String, Value>, _>(mut metrics)) = whole else { return scalars(text) };
    metrics.retain(|_, value| is_shallow(value, JOURNALLED_DEPTH));
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
mod tests;
