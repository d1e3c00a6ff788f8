//! The collector of one file with metrics: JSON, JSON lines, or CSV with a header.

use std::sync::Arc;

use super::rows::{Rows, rows};
use crate::collect::collector::{
    Collected, Collector, CollectorConfig, CollectorKind, ConfigResult, FileState, FoundFile, LineKind, MetricSource,
    OutputStream, Remark, Wanted,
};
use crate::collect::json_object::JsonObject;
use crate::collect::json_paths::{all_numbers, entry_at, metric_and_step, reading};
use crate::collect::json_text::push_entry;
use crate::collect::seen::SeenOutput;
use crate::collect::text::clean::clean;
use crate::collect::tracker::ReadingTracker;
use crate::types::args::Args;
use crate::types::outcome::Reading;

/// The catalogue's entry.
pub static KIND: CollectorKind = CollectorKind { name: "file", required: &["path"], optional: &[], configure };

fn configure(args: &Args) -> ConfigResult {
    let mut reader = args.reader();
    let path = reader.optional_text("path");
    reader.check(path.as_deref() != Some(""), "path", "`path` must not be empty");
    reader.finish(|| path.map(|path| Arc::new(MetricsFileConfig { path }) as Arc<dyn CollectorConfig>))
}

#[derive(Debug)]
struct MetricsFileConfig {
    path: String,
}

impl CollectorConfig for MetricsFileConfig {
    fn collector(&self, wanted: Wanted) -> Box<dyn Collector> {
        Box::new(MetricsFile {
            path: self.path.clone(),
            rendered_path: self.path.clone(),
            tracker: ReadingTracker::new(wanted),
            seen: SeenOutput::default(),
            known: Rows::Listed(Vec::new()),
            known_bytes: 0,
            history_length: 0,
            state: FileContent::Absent,
        })
    }

    fn source(&self) -> MetricSource {
        MetricSource::File(self.path.clone())
    }
}

/// Collects the rows of a file. Rows of an earlier job that are still there do not count, unless nothing else is.
#[derive(Debug)]
struct MetricsFile {
    path: String,
    /// The same in this job.
    rendered_path: String,
    tracker: ReadingTracker,
    seen: SeenOutput,
    /// What the file held when it was last looked at, and its length then.
    known: Rows,
    known_bytes: usize,
    /// How many numbers the list under the metric's name had.
    history_length: usize,
    state: FileContent,
}

/// What is known of the file.
#[derive(Debug)]
enum FileContent {
    Absent,
    Read,
    Unreadable(String),
}

impl MetricsFile {
    /// Records rows and returns them as readings.
    fn take(&mut self, rows: &[String]) -> Vec<Reading> {
        rows.iter().flat_map(|row| self.take_row(row)).collect()
    }

    /// Records a row, or each entry of the lists of numbers in it.
    fn take_row(&mut self, row: &str) -> Vec<Reading> {
        let Some(object) = JsonObject::parse(row) else { return Vec::new() };
        let history = self.tracker.wanted.metric.as_deref().and_then(|name| history_rows(&object, name));
        let rows = match history {
            None => vec![row.to_owned()],
            Some(history) => {
                let is_longer = history.len() > self.history_length;
                let known = if is_longer { self.history_length } else { 0 };
                self.history_length = history.len();
                history[known..].to_vec()
            }
        };
        let mut readings = Vec::new();
        for json in &rows {
            let Some(object) = JsonObject::parse(json) else { continue };
            let (metric, step) = metric_and_step(&object, &self.tracker.wanted);
            self.seen.add_names(all_numbers(&object).into_iter().rev());
            self.tracker.push(json, metric, step);
            readings.push(reading(json, &self.tracker.wanted));
        }
        readings
    }

    /// The rows of `found` that were not there before. All of them, if the file was rewritten.
    fn new_rows(&self, found: &Rows) -> Vec<String> {
        match (&self.known, found) {
            (Rows::Whole(known), Rows::Whole(found)) if known == found => Vec::new(),
            (_, Rows::Whole(found)) => vec![found.clone()],
            (Rows::Listed(known), Rows::Listed(found)) if found.starts_with(known) => found[known.len()..].to_vec(),
            (_, Rows::Listed(found)) => found.clone(),
        }
    }
}

/// The rows of an object of lists, one per epoch, as Keras' `History` has them; `None` unless the entry `metric` is a list of numbers.
/// The other lists of the object count if they are as long.
fn history_rows(object: &JsonObject<'_>, metric: &str) -> Option<Vec<String>> {
    let values = entry_at(object, metric)?.numbers()?;
    let others: Vec<(&str, Vec<f64>)> = object
        .entries()
        .filter(|(name, _)| *name != metric)
        .filter_map(|(name, entry)| Some((name, entry.numbers().filter(|numbers| numbers.len() == values.len())?)))
        .collect();
    let row = |(index, value): (usize, &f64)| {
        let mut json = "{".to_owned();
        others.iter().for_each(|(name, numbers)| push_entry(&mut json, name, numbers[index]));
        push_entry(&mut json, metric, *value);
        json.push('}');
        json
    };
    Some(values.iter().enumerate().map(row).collect())
}

impl Collector for MetricsFile {
    fn line(&mut self, stream: OutputStream, line: &[u8]) -> LineKind {
        self.seen.add_line(stream, clean(line, &mut Vec::new()).trim_ascii());
        LineKind::Other
    }

    fn line_too_long(&mut self, _: OutputStream, _: u64) {}

    fn files(&mut self, files: &[FoundFile<'_>], state: FileState) -> Vec<Reading> {
        let Some(file) = files.first() else { return Vec::new() };
        let found = match rows(file.bytes, state != FileState::Growing) {
            Ok(found) => found,
            Err(why) => {
                if state == FileState::Complete {
                    self.unread_file(format!("{}: {why}", file.path));
                }
                return Vec::new();
            }
        };
        if state == FileState::Before {
            (self.known, self.known_bytes) = (found, file.bytes.len());
            return Vec::new();
        }
        self.state = FileContent::Read;
        let mut new = self.new_rows(&found);
        let is_as_long = file.bytes.len() == self.known_bytes;
        if new.is_empty() && is_as_long && state == FileState::Complete && self.tracker.readings() == 0 {
            // The job has written the same again. Of a file that has grown without a row nothing is of this job.
            new = match &found {
                Rows::Whole(row) => vec![row.clone()],
                Rows::Listed(rows) => rows.clone(),
            };
        }
        (self.known, self.known_bytes) = (found, file.bytes.len());
        self.take(&new)
    }

    fn rendered_path(&mut self, path: &str) {
        path.clone_into(&mut self.rendered_path);
    }

    fn unread_file(&mut self, sentence: String) {
        self.tracker.remark(Remark::UnreadFile(sentence.clone()));
        self.state = FileContent::Unreadable(sentence);
    }

    fn reading(&self) -> Reading {
        reading(self.tracker.latest_json(), &self.tracker.wanted)
    }

    fn finish(self: Box<Self>) -> Collected {
        let value = self.tracker.value(|name| {
            let what = match &self.state {
                FileContent::Absent => format!("the job did not write {}, from which `{name}` is read", self.path),
                FileContent::Unreadable(sentence) => sentence.clone(),
                FileContent::Read => format!("{} has no number under `{name}`", self.path),
            };
            self.seen.missing(name, &what).at_path(&self.rendered_path, &self.path)
        });
        let (readings, first_step, remarks) = self.tracker.finish();
        Collected { value, readings, first_step, remarks, source: None, names: self.seen.into_names() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::collector::{MetricChoice, MetricValue};
    use crate::types::objective::{Direction, Score};

    fn collector() -> Box<dyn Collector> {
        let wanted = Wanted { metric: Some("val_loss".into()), step: Some("epoch".into()), ..Wanted::default() };
        MetricsFileConfig { path: "metrics.csv".into() }.collector(wanted)
    }

    fn file(bytes: &[u8]) -> [FoundFile<'_>; 1] {
        [FoundFile { path: "metrics.csv", bytes }]
    }

    fn finite(value: f64) -> MetricValue {
        MetricValue::Finite(Score::new(value).unwrap())
    }

    fn reason(collector: Box<dyn Collector>) -> String {
        match collector.finish().value {
            MetricValue::Missing(missing) => missing.reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn readings_are_taken_as_the_file_grows() {
        let mut collector = collector();
        let text = b"epoch,val_loss\n1,0.5\n2,\n2,0.25\n3,0.1";
        let steps = |readings: Vec<Reading>| readings.iter().map(|r| r.step.unwrap()).collect::<Vec<_>>();
        assert_eq!(steps(collector.files(&file(&text[..23]), FileState::Growing)), [1.0]);
        assert_eq!(steps(collector.files(&file(text), FileState::Growing)), [2.0, 2.0]);
        assert_eq!(steps(collector.files(&file(text), FileState::Complete)), [3.0]);
        let collected = collector.finish();
        assert_eq!((collected.value, collected.first_step), (finite(0.1), Some(1.0)));
    }

    #[test]
    fn rows_of_an_earlier_job_do_not_count_unless_they_are_written_again() {
        let (old, new) = ("epoch,val_loss\n1,0.5\n", "epoch,val_loss\n1,0.5\n2,0.25\n");
        let mut appended = collector();
        appended.files(&file(old.as_bytes()), FileState::Before);
        assert_eq!(appended.files(&file(new.as_bytes()), FileState::Complete).len(), 1);
        assert_eq!(appended.finish().first_step, Some(2.0));
        let mut again = collector();
        again.files(&file(old.as_bytes()), FileState::Before);
        assert_eq!(again.files(&file(old.as_bytes()), FileState::Complete).len(), 1);
        let mut anew = collector();
        anew.files(&file(new.as_bytes()), FileState::Before);
        assert_eq!(anew.files(&file(b"epoch,val_loss\n7,0.5\n"), FileState::Complete).len(), 1);
    }

    #[test]
    fn of_a_file_that_grew_only_new_rows_count() {
        let mut collector = collector();
        collector.files(&file(b"epoch,val_loss\n1,0.5\n"), FileState::Before);
        let again = b"epoch,val_loss\n1,0.5\nepoch,val_loss\n";
        assert!(collector.files(&file(again), FileState::Complete).is_empty());
        assert!(matches!(collector.finish().value, MetricValue::Missing(_)));
    }

    #[test]
    fn lists_have_a_reading_per_number() {
        let keras = br#"{"loss": [0.9, 0.8, 0.7], "val_loss": [0.5, 0.25, 0.75], "params": {"epochs": 3}, "lr": [1]}"#;
        let finish = |metric: &str, choice, text: &[u8]| {
            let wanted = Wanted { metric: Some(metric.into()), choice, ..Wanted::default() };
            let mut collector = MetricsFileConfig { path: "metrics.csv".into() }.collector(wanted);
            collector.files(&file(text), FileState::Complete);
            collector.finish()
        };
        let last = finish("val_loss", MetricChoice::Last, keras);
        assert_eq!((last.value, last.readings.curve.len()), (finite(0.75), 3));
        assert_eq!(serde_json::to_string(&last.readings.metrics).unwrap(), r#"{"loss":0.7,"val_loss":0.75}"#);
        assert_eq!(finish("val_loss", MetricChoice::Best(Direction::Minimize), keras).value, finite(0.25));
        let nested = br#"{"history": {"val_loss": [0.5, 0.25]}}"#;
        assert_eq!(finish("history.val_loss", MetricChoice::Last, nested).value, finite(0.25));
        for text in [&br#"{"val_loss": []}"#[..], br#"{"val_loss": ["a"]}"#, br#"{"val_loss": [[1]]}"#] {
            assert!(matches!(finish("val_loss", MetricChoice::Last, text).value, MetricValue::Missing(_)));
        }
    }

    #[test]
    fn a_list_that_grows_is_read_as_it_grows() {
        let mut collector = collector();
        assert_eq!(collector.files(&file(br#"{"val_loss": [0.5]}"#), FileState::Growing).len(), 1);
        assert_eq!(collector.files(&file(br#"{"val_loss": [0.5, 0.25]}"#), FileState::Growing).len(), 1);
        assert_eq!(collector.files(&file(br#"{"val_loss": [0.5, 0.25]}"#), FileState::Complete).len(), 0);
        assert_eq!(collector.finish().value, finite(0.25));
    }

    #[test]
    fn an_object_over_several_lines_is_one_reading() {
        let mut collector = collector();
        collector.files(&file(b"{\n\"val_loss\": 0.5\n}"), FileState::Growing);
        assert!(collector.files(&file(b"{\n\"val_loss\": 0.5\n}"), FileState::Growing).is_empty());
        collector.files(&file(b"{\n\"val_loss\": 0.25\n}"), FileState::Complete);
        assert_eq!(collector.finish().value, finite(0.25));
    }

    #[test]
    fn the_path_of_the_job_is_evidence_and_not_part_of_the_reason() {
        let mut collector = collector();
        collector.rendered_path("trials/3/metrics.csv");
        let MetricValue::Missing(missing) = collector.finish().value else { panic!("a value") };
        assert_eq!(missing.reason, "the job did not write metrics.csv, from which `val_loss` is read");
        assert_eq!(missing.evidence, "the path in this job: trials/3/metrics.csv");
    }

    #[test]
    fn what_is_missing_is_named() {
        insta::assert_snapshot!(reason(collector()), @"the job did not write metrics.csv, from which `val_loss` is read");
        let mut other = collector();
        other.files(&file(b"epoch,loss\n1,0.5\n"), FileState::Complete);
        insta::assert_snapshot!(reason(other), @"metrics.csv has no number under `val_loss`; names with numbers in the output: `epoch`, `loss`");
        let mut broken = collector();
        broken.files(&file(b"{\"a\": 1}\nx\ny\n"), FileState::Complete);
        insta::assert_snapshot!(reason(broken), @"metrics.csv: line 2 is not a JSON object");
    }
}
