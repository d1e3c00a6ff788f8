//! The collector of JSON objects, one on a line, as `print(json.dumps(…))` prints them.

use std::borrow::Cow;
use std::str;

use serde_json::{Map, Value};

use super::collector::{Collected, Collector, CollectorKind, LineKind, MetricValue, Wanted};
use super::json_object::{JsonEntry, JsonObject};
use super::lines::MAX_LINE;
use super::python_json::python_numbers_quoted;
use super::thinned_curve::ThinnedCurve;
use crate::types::objective::Score;
use crate::types::outcome::{CurvePoint, Reading, Readings};

/// Most names that a message lists, and most characters of each.
const MAX_NAMES: usize = 12;
const MAX_NAME_CHARS: usize = 60;
/// Bytes of the largest reading that is journalled whole; of a larger one the scalars are.
const MAX_JOURNALLED: usize = 64 << 10;
/// Deepest nesting that is journalled: far below what the journal's reader accepts.
const MAX_JOURNALLED_DEPTH: u32 = 32;
/// Most line starts at which a pretty-printed object is tried.
const MAX_TAIL_STARTS: usize = 64;

/// The catalogue's entry.
pub static KIND: CollectorKind = CollectorKind { name: "json", collector: |wanted| Box::new(JsonLines::new(wanted)) };

/// Collects lines that are JSON objects. If no line is one, an object that spans the last lines of stdout counts.
#[derive(Debug, Default)]
pub struct JsonLines {
    wanted: Wanted,
    readings: u64,
    first_step: Option<f64>,
    /// The last reading without the metric, and the last with it, as printed.
    without_metric: String,
    with_metric: String,
    latest: Latest,
    metric: Option<Printed>,
    curve: ThinnedCurve,
    /// Names seen in readings, for messages.
    names: Vec<String>,
    /// The last lines, as long as there is no reading.
    tail: Vec<u8>,
}

/// Which of the two stored readings is the more recent one.
#[derive(Clone, Copy, Debug, Default)]
enum Latest {
    #[default]
    WithoutMetric,
    WithMetric,
}

/// The metric as its last reading had it.
#[derive(Clone, PartialEq, Debug)]
enum Printed {
    Number(f64),
    Null,
    /// Something else, described.
    Other(String),
}

impl Printed {
    fn from(entry: JsonEntry<'_>) -> Printed {
        match entry.number() {
            Some(number) => Printed::Number(number),
            None if entry.is_null() => Printed::Null,
            None => Printed::Other(entry.describe()),
        }
    }
}

impl JsonLines {
    /// A collector of `wanted`.
    pub fn new(wanted: Wanted) -> JsonLines {
        JsonLines { wanted, ..JsonLines::default() }
    }

    /// Records `text` as a reading if it is an object.
    fn take(&mut self, text: &str) -> LineKind {
        let Some(object) = JsonObject::parse(text) else { return LineKind::Other };
        let entry = |name: &Option<String>| object.get(name.as_deref()?);
        let metric = entry(&self.wanted.metric).map(Printed::from);
        let step = entry(&self.wanted.step).and_then(JsonEntry::number).filter(|step| step.is_finite());
        self.note_names(&object);
        self.readings += 1;
        self.tail = Vec::new();
        if self.readings == 1 {
            self.first_step = step;
        }
        if let Some(Printed::Number(value)) = metric
            && value.is_finite()
        {
            self.curve.push(CurvePoint { step: step.unwrap_or(self.readings as f64), value });
        }
        let stored = if metric.is_some() {
            (self.metric, self.latest) = (metric, Latest::WithMetric);
            &mut self.with_metric
        } else {
            self.latest = Latest::WithoutMetric;
            &mut self.without_metric
        };
        stored.clear();
        stored.push_str(text);
        LineKind::Reading
    }

    fn note_names(&mut self, object: &JsonObject<'_>) {
        for name in object.names() {
            if self.names.len() >= MAX_NAMES {
                return;
            }
            let end = name.char_indices().nth(MAX_NAME_CHARS).map_or(name.len(), |(at, _)| at);
            if !self.names.iter().any(|known| *known == name[..end]) {
                self.names.push(name[..end].to_owned());
            }
        }
    }

    /// Stores the last lines of a stdout without a reading so far, because they may be one pretty-printed object.
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

    /// Records an object that spans the last lines of a stdout without a reading.
    fn take_from_tail(&mut self) -> LineKind {
        let tail = std::mem::take(&mut self.tail);
        let text = tail.trim_ascii_end();
        let is_line_start = |at: &usize| text[*at] == b'{' && (*at == 0 || text[at - 1] == b'\n');
        for at in (0..text.len()).rev().filter(is_line_start).take(MAX_TAIL_STARTS) {
            if with_object(&text[at..], |text| self.take(text)) == LineKind::Reading {
                return LineKind::Reading;
            }
        }
        LineKind::Other
    }

    fn value(&self) -> MetricValue {
        let Some(name) = &self.wanted.metric else { return MetricValue::NotAsked };
        match &self.metric {
            Some(Printed::Number(value)) => match Score::new(*value) {
                Some(score) => MetricValue::Finite(score),
                None => MetricValue::NotFinite(format!("`{name}` was {}", in_python(*value))),
            },
            Some(Printed::Null) => MetricValue::Missing(format!("`{name}` was null")),
            Some(Printed::Other(what)) => MetricValue::Missing(format!("`{name}` was {what}, not a number")),
            None if self.readings == 0 => {
                MetricValue::Missing(format!("no line of stdout was a JSON object with `{name}`"))
            }
            None => {
                let names: Vec<String> = self.names.iter().map(|name| format!("`{name}`")).collect();
                let names = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
                MetricValue::Missing(format!("`{name}` was never printed; the readings held {names}"))
            }
        }
    }

    fn latest_text(&self) -> &str {
        match self.latest {
            Latest::WithoutMetric => &self.without_metric,
            Latest::WithMetric => &self.with_metric,
        }
    }
}

impl Collector for JsonLines {
    fn line(&mut self, line: &[u8]) -> LineKind {
        let kind = with_object(line, |text| self.take(text));
        if kind == LineKind::Other {
            self.keep_tail(line);
        }
        kind
    }

    fn reading(&self) -> Reading {
        let numbers = JsonObject::parse(self.latest_text()).map(|object| object.numbers()).unwrap_or_default();
        let step = self.wanted.step.as_ref().and_then(|step| numbers.iter().find(|(name, _)| name == step));
        Reading { step: step.map(|(_, step)| *step).filter(|step| step.is_finite()), numbers }
    }

    fn end(&mut self) -> LineKind {
        if self.readings == 0 { self.take_from_tail() } else { LineKind::Other }
    }

    fn finish(self: Box<Self>) -> Collected {
        let value = self.value();
        let text = if self.with_metric.is_empty() { &self.without_metric } else { &self.with_metric };
        let metrics = journalled(text);
        let thinned_from = self.curve.thinned_from();
        let readings = Readings { metrics, curve: self.curve.points(), thinned_from };
        Collected { value, readings, first_step: self.first_step }
    }
}

/// Passes `text` to `take` if it may be a JSON object; if it is none, again with Python's `NaN` and infinities quoted.
fn with_object(text: &[u8], mut take: impl FnMut(&str) -> LineKind) -> LineKind {
    let text = text.trim_ascii();
    if text.first() != Some(&b'{') || text.last() != Some(&b'}') {
        return LineKind::Other;
    }
    let mut try_to_take = |text| str::from_utf8(text).map_or(LineKind::Other, &mut take);
    match try_to_take(text) {
        LineKind::Reading => LineKind::Reading,
        LineKind::Other => match python_numbers_quoted(text) {
            Cow::Borrowed(_) => LineKind::Other,
            Cow::Owned(quoted) => try_to_take(&quoted),
        },
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
fn journalled(text: &str) -> Map<String, Value> {
    let whole = Some(text).filter(|text| text.len() <= MAX_JOURNALLED).map(serde_json::from_str);
    let Some(Ok::<Map<String, Value>, _>(mut metrics)) = whole else {
        return JsonObject::parse(text).map(|object| object.scalars()).unwrap_or_default();
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
mod tests;
