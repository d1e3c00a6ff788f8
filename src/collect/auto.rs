//! The default collector: reads metrics as people and libraries print them, on stdout and stderr.
//!
//! Of each line, in this order: an object that ends it (JSON, or a dict literal of Python), whatever comes before; then a name that
//! is wanted with a number after it (`src/collect/text/name_match.rs`); then a row of a table whose header has that name
//! (`src/collect/text/table.rs`). JSON counts more than a dict literal, that more than text, and that more than a table; where both streams have the same form, stdout counts more. Once the metric was read from a source, sources that count less
//! are ignored, and their readings are forgotten.

use std::sync::Arc;

use super::collector::{
    Collected, Collector, CollectorConfig, CollectorKind, LineKind, MissingMetric, OutputStream, Remark, Wanted,
};
use super::json_object::JsonObject;
use super::json_paths::{all_numbers, entry_at, metric_and_step, number_of, reading};
use super::json_text::push_entry;
use super::object_tail::ObjectTail;
use super::seen::SeenOutput;
use super::text::clean::clean;
use super::text::ending_object::{Notation, ending_object, object};
use super::text::name_match::NameMatcher;
use super::text::pairs::pairs;
use super::tracker::{PrintedMetric, ReadingTracker};
use crate::types::outcome::Reading;

mod printed_tables;

use printed_tables::PrintedTables;

/// The catalogue's entry.
pub static KIND: CollectorKind =
    CollectorKind { name: "auto", required: &[], optional: &[], configure: |_| Ok(Arc::new(AutoConfig)) };

/// It has no options.
#[derive(Debug)]
pub(super) struct AutoConfig;

impl CollectorConfig for AutoConfig {
    fn collector(&self, wanted: Wanted) -> Box<dyn Collector> {
        Box::new(Auto::new(wanted))
    }
}

/// In what form a value was printed; what counts most comes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Form {
    Object(Notation),
    Text,
    Table,
}

/// Where a value came from; what counts most comes first.
type Origin = (Form, OutputStream);

/// Collects readings of every form.
#[derive(Debug)]
struct Auto {
    tracker: ReadingTracker,
    names: WantedNames,
    /// Where the metric was read as a number so far.
    origin: Option<Origin>,
    seen: SeenOutput,
    tables: PrintedTables,
    /// As long as no object on stdout had the metric.
    tail: ObjectTail,
    /// Reused for each line.
    cleaned: Vec<u8>,
    json: String,
}

/// Names that are found in lines of text.
#[derive(Debug)]
struct WantedNames {
    metric: Option<NameMatcher>,
    step: Option<NameMatcher>,
    others: Vec<(String, NameMatcher)>,
}

/// What a line of text has under the names that are wanted.
#[derive(Debug)]
struct FoundNumbers {
    metric: Option<f64>,
    others: bool,
}

impl WantedNames {
    fn new(wanted: &Wanted) -> WantedNames {
        let matcher = |name: &Option<String>| name.as_deref().map(NameMatcher::new);
        let others = wanted.others.iter().filter(|name| Some(*name) != wanted.metric.as_ref());
        let others = others.map(|name| (name.clone(), NameMatcher::new(name))).collect();
        WantedNames { metric: matcher(&wanted.metric), step: matcher(&wanted.step), others }
    }

    /// `None` if `line` has no name that is wanted, the step's aside.
    fn find(&self, line: &[u8]) -> Option<FoundNumbers> {
        let metric = self.metric.as_ref().and_then(|name| name.last_number(line));
        let others = self.others.iter().any(|(_, name)| name.last_number(line).is_some());
        (metric.is_some() || others).then_some(FoundNumbers { metric, others })
    }
}

impl Auto {
    fn new(wanted: Wanted) -> Auto {
        Auto {
            names: WantedNames::new(&wanted),
            tracker: ReadingTracker::new(wanted),
            origin: None,
            seen: SeenOutput::default(),
            tables: PrintedTables::default(),
            tail: ObjectTail::default(),
            cleaned: Vec::new(),
            json: String::new(),
        }
    }

    fn shown_line(&mut self, stream: OutputStream, line: &[u8]) -> LineKind {
        let Some(found) = ending_object(line) else {
            let kind = self.text(stream, line);
            if kind == LineKind::Other && self.is_searching() {
                self.seen.line(stream, line);
            }
            return kind;
        };
        let before = &line[..found.start];
        match self.object(found.notation, stream, &found.json) {
            Taken::Ignored => LineKind::Other,
            Taken::WithWanted => LineKind::Reading,
            Taken::Without => {
                if self.is_searching() {
                    self.seen.last_line(stream, line);
                }
                self.text(stream, before);
                LineKind::Reading
            }
            Taken::No => self.text(stream, before),
        }
    }

    /// Whether names are collected for a message.
    fn is_searching(&self) -> bool {
        self.origin.is_none() && self.tracker.wanted.metric.is_some()
    }

    /// Takes an object, given as JSON.
    fn object(&mut self, notation: Notation, stream: OutputStream, json: &str) -> Taken {
        let Some(object) = JsonObject::parse(json) else { return Taken::No };
        let wanted = &self.tracker.wanted;
        let (metric, step) = metric_and_step(&object, wanted);
        let has_others =
            wanted.others.iter().any(|name| entry_at(&object, name).is_some_and(|e| number_of(e).is_some()));
        if metric.is_none() && !has_others && stream == OutputStream::Stderr {
            return Taken::No;
        }
        let is_number = matches!(metric, Some(PrintedMetric::Number(_)));
        if !is_number && self.is_searching() {
            all_numbers(&object).iter().rev().for_each(|(name, number)| self.seen.number(name, *number));
        }
        match self.accepts(metric.as_ref(), (Form::Object(notation), stream)) {
            Accepted::No => return Taken::Ignored,
            Accepted::WithoutMetric => self.tracker.push(json, None, step),
            Accepted::Yes => self.tracker.push(json, metric, step),
        }
        if is_number || has_others { Taken::WithWanted } else { Taken::Without }
    }

    /// Takes a line of text if it has a name that is wanted.
    fn text(&mut self, stream: OutputStream, line: &[u8]) -> LineKind {
        let Some(found) = self.names.find(line) else { return LineKind::Other };
        let metric = found.metric.map(PrintedMetric::Number);
        let accepted = self.accepts(metric.as_ref(), (Form::Text, stream));
        if accepted == Accepted::No || (accepted == Accepted::WithoutMetric && !found.others) {
            return LineKind::Other;
        }
        let step = self.names.step.as_ref().and_then(|name| name.last_number(line)).filter(|step| step.is_finite());
        let metric = metric.filter(|_| accepted == Accepted::Yes);
        let mut json = std::mem::take(&mut self.json);
        self.text_as_json(line, found.metric.filter(|_| metric.is_some()), step, &mut json);
        self.tracker.push(&json, metric, step);
        self.json = json;
        LineKind::Reading
    }

    /// Writes the pairs of a line as an object, those that are wanted under the names by which they are wanted.
    fn text_as_json(&self, line: &[u8], metric: Option<f64>, step: Option<f64>, json: &mut String) {
        let wanted = &self.tracker.wanted;
        json.clear();
        json.push('{');
        for (name, number) in pairs(line).filter(|(name, _)| wanted.spelling(name).is_none()) {
            push_entry(json, name, number);
        }
        let found = [(&wanted.metric, metric), (&wanted.step, step)];
        for (name, number) in found.into_iter().filter_map(|(name, number)| name.as_ref().zip(number)) {
            push_entry(json, name, number);
        }
        for (name, matcher) in &self.names.others {
            if let Some(number) = matcher.last_number(line) {
                push_entry(json, name, number);
            }
        }
        json.push('}');
    }

    /// Takes a line if it is a row of a table with a name that is wanted.
    fn table_row(&mut self, stream: OutputStream, line: &[u8]) -> LineKind {
        let origin = (Form::Table, stream);
        if self.origin.is_some_and(|known| known < origin) {
            return LineKind::Other;
        }
        let is_searching = self.is_searching();
        let wanted = &self.tracker.wanted;
        let Some(row) = self.tables.row(stream, line, |name| wanted.is_metric(name)) else {
            return LineKind::Other;
        };
        if is_searching {
            row.iter().for_each(|(name, number)| self.seen.number(name, *number));
        }
        let number = |wanted: &Option<String>| {
            let wanted = wanted.as_deref()?;
            row.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, number)| *number)
        };
        let (metric, step) = (number(&wanted.metric), number(&wanted.step).filter(|step| step.is_finite()));
        let has_others = wanted.others.iter().any(|other| number(&Some(other.clone())).is_some());
        if metric.is_none() && !has_others {
            return LineKind::Other;
        }
        let mut json = String::from("{");
        row.iter().for_each(|(name, number)| push_entry(&mut json, wanted.spelling(name).unwrap_or(name), *number));
        json.push('}');
        self.accepts(metric.map(PrintedMetric::Number).as_ref(), origin);
        self.tracker.push(&json, metric.map(PrintedMetric::Number), step);
        LineKind::Reading
    }

    /// Whether a reading from `origin` counts. A number from an origin that counts more than the one so far replaces what was read
    /// there.
    fn accepts(&mut self, metric: Option<&PrintedMetric>, origin: Origin) -> Accepted {
        let is_number = matches!(metric, Some(PrintedMetric::Number(_)));
        match self.origin {
            _ if metric.is_none() => Accepted::WithoutMetric,
            Some(known) if known < origin => Accepted::No,
            Some(known) if known > origin && !is_number => Accepted::WithoutMetric,
            Some(known) if known > origin => {
                self.tracker.clear();
                self.origin = Some(origin);
                Accepted::Yes
            }
            None if is_number => {
                self.origin = Some(origin);
                Accepted::Yes
            }
            _ => Accepted::Yes,
        }
    }

    fn has_object_on_stdout(&self) -> bool {
        matches!(self.origin, Some((Form::Object(_), OutputStream::Stdout)))
    }

    /// `text` as an object of several lines that has the metric, or that is the only reading.
    fn printed_over_lines(&self, text: &[u8]) -> Option<(Notation, String)> {
        memchr::memchr(b'\n', text)?;
        let (notation, json) = object(text)?;
        let object = JsonObject::parse(&json)?;
        let has_metric = self.tracker.wanted.metric.as_ref().is_some_and(|name| entry_at(&object, name).is_some());
        (has_metric || self.tracker.readings() == 0).then(|| (notation, json.into_owned()))
    }

    fn missing(&self, name: &str) -> MissingMetric {
        self.seen.missing(name, &format!("`{name}` was never printed with a number"))
    }
}

/// How a reading counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Accepted {
    No,
    WithoutMetric,
    Yes,
}

/// What became of an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Taken {
    /// It is no reading.
    No,
    /// It has the metric, from an origin that counts less than the one so far.
    Ignored,
    /// It is a reading without a number that is wanted.
    Without,
    /// It is a reading with one.
    WithWanted,
}

impl Collector for Auto {
    fn line(&mut self, stream: OutputStream, line: &[u8]) -> LineKind {
        let mut buffer = std::mem::take(&mut self.cleaned);
        let shown = clean(line, &mut buffer).trim_ascii_end();
        let mut kind = LineKind::Other;
        if !shown.is_empty() {
            kind = self.shown_line(stream, shown.trim_ascii_start());
        }
        if !shown.is_empty() && kind == LineKind::Other {
            kind = self.table_row(stream, shown);
        }
        if stream == OutputStream::Stdout && !self.has_object_on_stdout() {
            self.tail.push(shown);
        }
        self.cleaned = buffer;
        kind
    }

    fn line_too_long(&mut self, stream: OutputStream, bytes: u64) {
        self.tracker.remark(Remark::LineTooLong { stream, bytes });
    }

    fn end(&mut self) -> LineKind {
        let tail = std::mem::take(&mut self.tail);
        if self.has_object_on_stdout() {
            return LineKind::Other;
        }
        let Some((notation, json)) = tail.find(|text| self.printed_over_lines(text)) else { return LineKind::Other };
        match self.object(notation, OutputStream::Stdout, &json) {
            Taken::No | Taken::Ignored => LineKind::Other,
            Taken::Without | Taken::WithWanted => LineKind::Reading,
        }
    }

    fn reading(&self) -> Reading {
        reading(self.tracker.latest_json(), &self.tracker.wanted)
    }

    fn finish(mut self: Box<Self>) -> Collected {
        if let Some(object) = JsonObject::parse(self.tracker.latest_json()) {
            self.seen.add(all_numbers(&object).into_iter().rev());
        }
        let value = self.tracker.value(|name| self.missing(name));
        let (readings, first_step, remarks) = self.tracker.finish();
        Collected { value, readings, first_step, remarks, names: self.seen.into_names() }
    }
}

#[cfg(test)]
mod tests;
