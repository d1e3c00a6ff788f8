//! The collector of one file with metrics: JSON, JSON lines, or CSV with a header.

use std::sync::Arc;

use super::rows::{Rows, rows};
use crate::collect::collector::{
    Collected, Collector, CollectorConfig, CollectorKind, ConfigResult, FileState, FoundFile, LineKind, MetricSource,
    OutputStream, Remark, Wanted,
};
use crate::collect::json_object::JsonObject;
use crate::collect::json_paths::{all_numbers, metric_and_step, reading};
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
    /// What the file held when it was last looked at.
    known: Rows,
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
        let mut readings = Vec::new();
        for json in rows {
            let Some(object) = JsonObject::parse(json) else { continue };
            let (metric, step) = metric_and_step(&object, &self.tracker.wanted);
            self.seen.add(all_numbers(&object).into_iter().rev());
            self.tracker.push(json, metric, step);
            readings.push(reading(json, &self.tracker.wanted));
        }
        readings
    }

    /// The rows of `found` that were not there before. All of them, if the file was written anew.
    fn new_rows(&self, found: &Rows) -> Vec<String> {
        match (&self.known, found) {
            (Rows::Whole(known), Rows::Whole(found)) if known == found => Vec::new(),
            (_, Rows::Whole(found)) => vec![found.clone()],
            (Rows::Listed(known), Rows::Listed(found)) if found.starts_with(known) => found[known.len()..].to_vec(),
            (_, Rows::Listed(found)) => found.clone(),
        }
    }
}

impl Collector for MetricsFile {
    fn line(&mut self, stream: OutputStream, line: &[u8]) -> LineKind {
        self.seen.line(stream, clean(line, &mut Vec::new()).trim_ascii());
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
            self.known = found;
            return Vec::new();
        }
        self.state = FileContent::Read;
        let mut new = self.new_rows(&found);
        if new.is_empty() && state == FileState::Complete && self.tracker.readings() == 0 {
            // The job has written the same again.
            new = match &found {
                Rows::Whole(row) => vec![row.clone()],
                Rows::Listed(rows) => rows.clone(),
            };
        }
        self.known = found;
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
        Collected { value, readings, first_step, remarks, names: self.seen.into_names() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::collector::MetricValue;
    use crate::types::objective::Score;

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
