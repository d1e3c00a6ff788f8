//! The collector of JSON objects, one on a line of stdout, as `print(json.dumps(…))` prints them.

use std::borrow::Cow;
use std::str;
use std::sync::Arc;

use super::collector::{
    Collected, Collector, CollectorConfig, CollectorKind, LineKind, MetricSource, MissingMetric, OutputStream, Remark,
    Wanted,
};
use super::json_object::{JsonEntry, JsonObject};
use super::lines::LineEnds;
use super::object_tail::ObjectTail;
use super::python_json::python_numbers_quoted;
use super::seen::SeenOutput;
use super::tracker::{PrintedMetric, ReadingTracker};
use crate::types::outcome::Reading;

/// Most names that a message lists, and most characters of each.
const MAX_NAMES: usize = 12;
const MAX_NAME_CHARS: usize = 60;

/// The catalogue's entry.
pub static KIND: CollectorKind =
    CollectorKind { name: "json", required: &[], optional: &[], configure: |_| Ok(Arc::new(JsonLinesConfig)) };

/// It has no options.
#[derive(Debug)]
pub(super) struct JsonLinesConfig;

impl CollectorConfig for JsonLinesConfig {
    fn collector(&self, wanted: Wanted) -> Box<dyn Collector> {
        Box::new(JsonLines::new(wanted))
    }

    fn source(&self) -> MetricSource {
        MetricSource::Output(LineEnds::Newline)
    }
}

/// Collects lines that are JSON objects. If no line is one, an object that spans the last lines of stdout counts.
#[derive(Debug, Default)]
struct JsonLines {
    tracker: ReadingTracker,
    /// Names in readings, for messages.
    names: Vec<String>,
    /// As long as there is no reading.
    tail: ObjectTail,
    seen: SeenOutput,
}

impl JsonLines {
    fn new(wanted: Wanted) -> JsonLines {
        JsonLines { tracker: ReadingTracker::new(wanted), ..JsonLines::default() }
    }

    /// Records `text` as a reading if it is an object.
    fn take(&mut self, text: &str) -> LineKind {
        let Some(object) = JsonObject::parse(text) else { return LineKind::Other };
        let entry = |name: &Option<String>| object.get(name.as_deref()?);
        let metric = entry(&self.tracker.wanted.metric).map(|entry| PrintedMetric::from(entry, entry.number()));
        let step = entry(&self.tracker.wanted.step).and_then(JsonEntry::number).filter(|step| step.is_finite());
        self.note_names(&object);
        if self.tracker.readings() == 0 {
            self.tail.clear();
        }
        self.tracker.push(text, metric, step);
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

    fn missing(&self, name: &str) -> MissingMetric {
        if self.tracker.readings() == 0 {
            return self.seen.missing(name, &format!("no line of stdout was a JSON object with `{name}`"));
        }
        let names: Vec<String> = self.names.iter().map(|name| format!("`{name}`")).collect();
        let names = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
        self.seen.missing_listed(name, &format!("`{name}` was never printed; the readings held {names}"))
    }
}

impl Collector for JsonLines {
    fn line(&mut self, stream: OutputStream, line: &[u8]) -> LineKind {
        let is_stdout = stream == OutputStream::Stdout;
        let kind = if is_stdout { with_object(line, |text| self.take(text)) } else { LineKind::Other };
        if kind == LineKind::Other && self.tracker.readings() == 0 {
            self.seen.add_line(stream, line);
            if is_stdout {
                self.tail.push(line);
            }
        }
        kind
    }

    fn line_too_long(&mut self, stream: OutputStream, bytes: u64) {
        if stream == OutputStream::Stdout {
            self.tracker.remark(Remark::LineTooLong { stream, bytes });
        }
    }

    fn reading(&self) -> Reading {
        let object = JsonObject::parse(self.tracker.latest_json());
        let numbers = object.map(|object| object.numbers()).unwrap_or_default();
        let step = self.tracker.wanted.step.as_ref();
        let step = step.and_then(|step| numbers.iter().find(|(name, _)| name == step));
        Reading { step: step.map(|(_, step)| *step).filter(|step| step.is_finite()), numbers }
    }

    fn end(&mut self) -> LineKind {
        if self.tracker.readings() > 0 {
            return LineKind::Other;
        }
        let tail = std::mem::take(&mut self.tail);
        let taken = tail.find(|text| (with_object(text, |text| self.take(text)) == LineKind::Reading).then_some(()));
        if taken.is_some() { LineKind::Reading } else { LineKind::Other }
    }

    fn finish(mut self: Box<Self>) -> Collected {
        if let Some(object) = JsonObject::parse(self.tracker.latest_json()) {
            object.numbers().iter().rev().for_each(|(name, number)| self.seen.add_number(name, *number));
        }
        let value = self.tracker.value(|name| self.missing(name));
        let (readings, first_step, remarks) = self.tracker.finish();
        Collected { value, readings, first_step, remarks, source: None, names: self.seen.into_names() }
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

#[cfg(test)]
mod tests;
