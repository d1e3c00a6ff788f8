//! The default collector: reads metrics as people and libraries print them, on stdout and stderr.
//!
//! Of each line, in this order: an object that ends it (JSON, or a dict literal of Python), whatever comes before; then a name that
//! is wanted with a number after it (`src/collect/text/name_match.rs`); then a row of a table whose header has that name
//! (`src/collect/text/table.rs`). An object may be printed over several lines. Source code (`source_lines.rs`) and settings
//! (`blocks.rs`) are not read. JSON counts most; then stdout counts more than stderr, and of one stream a dict literal more than text,
//! that more than a table, and that more than a name with other words before it (`src/collect/text/qualifier.rs`); `origin.rs` has
//! the order. Once the metric was read from a source, sources that count less are ignored, and their readings are forgotten.

use std::sync::Arc;

use super::collector::{Collected, Collector, CollectorConfig, CollectorKind, LineKind, OutputStream, Remark, Wanted};
use super::counted_origin::{Accepted, CountedOrigin};
use super::json_object::JsonObject;
use super::json_paths::{all_numbers, entry_at, metric_and_step, number_of, reading};
use super::json_text::push_entry;
use super::seen::SeenOutput;
use super::text::clean::clean;
use super::text::ending_object::{EndingObject, Notation, ending_object, object};
use super::text::name_match::unseparated::Unseparated;
use super::text::qualifier::{self, Qualification, Qualifier};
use super::tracker::{PrintedMetric, ReadingTracker};
use crate::types::outcome::Reading;

mod blocks;
mod commas;
mod context;
mod messages;
mod origin;
mod printed_objects;
mod printed_tables;
mod printed_text;
mod source_lines;
mod wanted_names;

use blocks::BlockKind;
use context::{Commas, Contexts, LastValues, LineContext};
use origin::{Origin, PrintedForm, Taken};
use printed_objects::{ObjectLine, PrintedObject, PrintedObjects};
use printed_tables::{Interruption, PrintedTables};
use wanted_names::WantedNames;

/// Most objects of one line.
const MAX_OBJECTS: usize = 8;

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

/// Collects readings of every form.
#[derive(Debug)]
struct Auto {
    tracker: ReadingTracker,
    names: WantedNames,
    /// Where the metric was read as a number so far.
    origin: CountedOrigin<Origin>,
    seen: SeenOutput,
    contexts: Contexts,
    /// What the block of the current line holds.
    block: BlockKind,
    commas: Commas,
    values: LastValues,
    tables: PrintedTables,
    objects: PrintedObjects,
    /// The name that was read for the metric if other words were before it, and what was printed for it and could not be read.
    read_as: Option<String>,
    unread: Option<String>,
    /// The number of the metric that nothing separates from its name.
    unseparated: Option<Unseparated>,
    /// Reused for each line.
    cleaned: Vec<u8>,
    json: String,
}

impl Auto {
    fn new(wanted: Wanted) -> Auto {
        Auto {
            names: WantedNames::new(&wanted),
            tracker: ReadingTracker::new(wanted),
            origin: CountedOrigin::default(),
            seen: SeenOutput::default(),
            contexts: Contexts::default(),
            block: BlockKind::Measured,
            commas: Commas::default(),
            values: LastValues::default(),
            tables: PrintedTables::default(),
            objects: PrintedObjects::default(),
            read_as: None,
            unread: None,
            unseparated: None,
            cleaned: Vec::new(),
            json: String::new(),
        }
    }

    fn shown_line(&mut self, stream: OutputStream, line: &[u8]) -> LineKind {
        let Some(found) = ending_object(line) else {
            let kind = self.text(stream, line, None);
            if kind == LineKind::Other && self.is_searching() {
                self.seen.add_line(stream, line);
                self.search_unseparated(line);
            }
            return kind;
        };
        let found = self.counted_object(line, found);
        let before = &line[..found.start];
        let words = qualifier::before_object(before);
        match self.object((found.notation, &found.json), stream, words, before) {
            Taken::LowerOrigin => LineKind::Other,
            Taken::WantedNumber => LineKind::Reading,
            Taken::NoWantedNumber => {
                if self.is_searching() {
                    self.seen.add_last_line(stream, line);
                }
                LineKind::Reading
            }
            Taken::NotAReading => self.text(stream, before, None),
        }
    }

    /// Of the objects that stand one behind the other at the end of `line` the one that counts: the last of those whose words count
    /// most. `last` is the last one.
    fn counted_object<'l>(&self, line: &'l [u8], last: EndingObject<'l>) -> EndingObject<'l> {
        let rank =
            |object: &EndingObject<'_>| qualifier::before_object(&line[..object.start]).map(|words| words.qualifier);
        let has_metric = |json: &str| {
            let metric = JsonObject::parse(json).and_then(|object| metric_and_step(&object, &self.tracker.wanted).0);
            matches!(metric, Some(PrintedMetric::Number(_)))
        };
        let (mut counted, mut end) = (last, None);
        for _ in 0..MAX_OBJECTS {
            let before = &line[..end.unwrap_or(counted.start)];
            let Some(brace) = memchr::memrchr(b'}', before).filter(|_| rank(&counted).is_some()) else { break };
            let Some(object) = ending_object(&line[..=brace]) else { break };
            end = Some(object.start);
            if rank(&object) < rank(&counted) && has_metric(&object.json) {
                counted = object;
            }
        }
        counted
    }

    /// Whether names are collected for a message.
    fn is_searching(&self) -> bool {
        self.origin.get().is_none() && self.tracker.wanted.metric.is_some()
    }

    /// Takes an object, given as JSON. Words before it count less only if they name training data or another moment. If it has no
    /// number of the metric, and the text `before` it on its line has one, both are one reading.
    fn object(
        &mut self,
        (notation, json): (Notation, &str),
        stream: OutputStream,
        words: Option<Qualification>,
        before: &[u8],
    ) -> Taken {
        let form = match words.map(|words| words.qualifier) {
            None | Some(Qualifier::Validation | Qualifier::Test) => PrintedForm::Object(notation),
            Some(Qualifier::Setting) => return Taken::NotAReading,
            Some(qualifier) => PrintedForm::Qualified(qualifier),
        };
        let Some(form) = self.block.form(form) else { return Taken::NotAReading };
        let Some(object) = JsonObject::parse(json) else { return Taken::NotAReading };
        let (metric, step) = metric_and_step(&object, &self.tracker.wanted);
        let metric = metric.map(|metric| self.with_clear_comma(metric, &object));
        let wanted = &self.tracker.wanted;
        let has_others =
            wanted.others.iter().any(|name| entry_at(&object, name).is_some_and(|e| number_of(e).is_some()));
        if metric.is_none() && !has_others && stream == OutputStream::Stderr {
            return Taken::NotAReading;
        }
        let is_number = matches!(metric, Some(PrintedMetric::Number(_)));
        if let Some(PrintedMetric::Number(number)) = metric {
            self.values.add(form, number);
        }
        if !is_number && self.is_searching() {
            all_numbers(&object).iter().rev().for_each(|(name, number)| self.seen.add_number(name, *number));
        }
        if !is_number && self.text(stream, before, Some((&object, step))) == LineKind::Reading {
            return Taken::WantedNumber;
        }
        match self.accept(metric.as_ref(), Origin { form, stream }) {
            Accepted::No => return Taken::LowerOrigin,
            Accepted::WithoutMetric => self.tracker.push(json, None, step),
            Accepted::Yes | Accepted::Replacing => self.tracker.push(json, metric, step),
        }
        if is_number || has_others { Taken::WantedNumber } else { Taken::NoWantedNumber }
    }

    /// Takes a line if it is a row of a table with a name that is wanted.
    fn table_row(&mut self, stream: OutputStream, line: &[u8]) -> LineKind {
        let Some(form) = self.block.form(PrintedForm::Table) else { return LineKind::Other };
        let origin = Origin { form, stream };
        let counts_less = self.origin.get().is_some_and(|known| known < origin);
        if counts_less && self.tracker.wanted.others.is_empty() {
            return LineKind::Other;
        }
        let is_searching = self.is_searching();
        let wanted = &self.tracker.wanted;
        let Some(row) = self.tables.row(stream, line, |name| wanted.is_metric(name)) else {
            return LineKind::Other;
        };
        if is_searching {
            row.iter().for_each(|cell| self.seen.add_number(cell.name, cell.number));
        }
        let number = |wanted: &Option<String>| {
            let wanted = wanted.as_deref()?;
            row.iter().find(|cell| cell.name.eq_ignore_ascii_case(wanted)).map(|cell| cell.number)
        };
        let (metric, step) = (number(&wanted.metric), number(&wanted.step).filter(|step| step.is_finite()));
        let has_others = wanted.others.iter().any(|other| number(&Some(other.clone())).is_some());
        if metric.is_none() && !has_others {
            return LineKind::Other;
        }
        let mut json = String::from("{");
        let spelling = |name| wanted.spelling(name).unwrap_or(name);
        row.iter().for_each(|cell| push_entry(&mut json, spelling(cell.name), cell.number));
        json.push('}');
        let accepted = self.accept(metric.map(PrintedMetric::Number).as_ref(), origin);
        if accepted == Accepted::No {
            return LineKind::Other;
        }
        self.tracker.push(&json, metric.map(PrintedMetric::Number), step);
        LineKind::Reading
    }

    /// Decides on a reading from `origin`, and forgets what it replaces.
    fn accept(&mut self, metric: Option<&PrintedMetric>, origin: Origin) -> Accepted {
        let accepted = self.origin.accept(metric, origin);
        if accepted == Accepted::Replacing {
            self.tracker.clear();
            self.read_as = None;
        }
        accepted
    }

    /// Takes an object that was printed over several lines.
    fn object_of_lines(&mut self, stream: OutputStream, printed: &PrintedObject) -> LineKind {
        let Some((notation, json)) = printed.text().and_then(object) else { return LineKind::Other };
        match self.object((notation, &json), stream, printed.qualification(), b"") {
            Taken::NotAReading | Taken::LowerOrigin => LineKind::Other,
            Taken::NoWantedNumber | Taken::WantedNumber => LineKind::Reading,
        }
    }

    /// Takes a line without white space at its end.
    fn printed_line(&mut self, stream: OutputStream, line: &[u8]) -> LineKind {
        match self.contexts.line(stream, line) {
            LineContext::Block(block) => self.block = block,
            LineContext::Source => {
                self.seen.add_last_line(stream, line);
                self.tables.interrupt(stream, Interruption::Text);
                return LineKind::Other;
            }
        }
        if line.is_empty() {
            self.tables.interrupt(stream, Interruption::Blank);
            return LineKind::Other;
        }
        let kind = match self.objects.line(stream, line) {
            ObjectLine::None => self.shown_line(stream, line.trim_ascii_start()),
            ObjectLine::Begins(at) => {
                self.seen.add_last_line(stream, line);
                self.tables.interrupt(stream, Interruption::Text);
                return self.text(stream, &line[..at], None);
            }
            ObjectLine::Inside => {
                self.seen.add_last_line(stream, line);
                return LineKind::Other;
            }
            ObjectLine::Ends(object) => {
                self.seen.add_last_line(stream, line);
                return self.object_of_lines(stream, &object);
            }
        };
        if kind == LineKind::Other {
            return self.table_row(stream, line);
        }
        self.tables.interrupt(stream, Interruption::Text);
        kind
    }
}

impl Collector for Auto {
    fn line(&mut self, stream: OutputStream, line: &[u8]) -> LineKind {
        let mut buffer = std::mem::take(&mut self.cleaned);
        let kind = self.printed_line(stream, clean(line, &mut buffer).trim_ascii_end());
        self.cleaned = buffer;
        kind
    }

    fn line_too_long(&mut self, stream: OutputStream, bytes: u64) {
        self.tracker.remark(Remark::LineTooLong { stream, bytes });
    }

    fn reading(&self) -> Reading {
        reading(self.tracker.latest_json(), &self.tracker.wanted)
    }

    fn finish(mut self: Box<Self>) -> Collected {
        if let Some(object) = JsonObject::parse(self.tracker.latest_json()) {
            self.seen.add_names(all_numbers(&object).into_iter().rev());
        }
        self.add_remarks();
        let value = self.tracker.value(|name| self.missing(name));
        let source = self.origin.get().map(|origin| origin.to_string());
        let (readings, first_step, remarks) = self.tracker.finish();
        Collected { value, readings, first_step, remarks, source, names: self.seen.into_names() }
    }
}

#[cfg(test)]
mod printed_cases;
#[cfg(test)]
mod tests;
