//! The collector of TensorBoard's event files.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::event_file::{EventFileError, Scalar, scalars};
use crate::collect::collector::{
    Collected, Collector, CollectorConfig, CollectorKind, ConfigResult, FileState, FoundFile, LineKind, MetricSource,
    MissingMetric, OutputStream, Remark, Wanted,
};
use crate::collect::json_paths::reading;
use crate::collect::json_text::push_entry;
use crate::collect::seen::SeenOutput;
use crate::collect::text::clean::clean;
use crate::collect::tracker::{PrintedMetric, ReadingTracker};
use crate::types::args::Args;
use crate::types::outcome::Reading;

/// Where event files are looked for if the study does not say: anywhere in the trial's folder.
const DEFAULT_PATH: &str = "{{ trial_dir }}";

/// Most series that are kept for a message, and that it lists.
const MAX_SERIES: usize = 24;
const LISTED: usize = 12;

/// The catalogue's entry.
pub static KIND: CollectorKind = CollectorKind { name: "tensorboard", required: &[], optional: &["path"], configure };

fn configure(args: &Args) -> ConfigResult {
    let mut reader = args.reader();
    let path = reader.optional_text("path").unwrap_or_else(|| DEFAULT_PATH.to_owned());
    reader.finish(|| Some(Arc::new(TensorboardConfig { path }) as Arc<dyn CollectorConfig>))
}

#[derive(Debug)]
struct TensorboardConfig {
    path: String,
}

impl CollectorConfig for TensorboardConfig {
    fn collector(&self, wanted: Wanted) -> Box<dyn Collector> {
        Box::new(Tensorboard {
            path: self.path.clone(),
            rendered_path: self.path.clone(),
            tracker: ReadingTracker::new(wanted),
            seen: SeenOutput::default(),
            taken: BTreeMap::new(),
            metric_series: Vec::new(),
            is_named_whole: false,
            has_files: false,
        })
    }

    fn source(&self) -> MetricSource {
        MetricSource::EventFiles(self.path.clone())
    }
}

/// Collects scalars. A series is wanted by its tag, or by the end of its folder's path and its tag (`validation/epoch_loss`).
#[derive(Debug)]
struct Tensorboard {
    path: String,
    /// The same in this job.
    rendered_path: String,
    tracker: ReadingTracker,
    seen: SeenOutput,
    /// How many scalars of each file were taken.
    taken: BTreeMap<String, u64>,
    /// The series that the metric's name fits, at most [`MAX_SERIES`].
    metric_series: Vec<String>,
    /// Whether the metric's name is the whole name of a series.
    is_named_whole: bool,
    has_files: bool,
}

impl Tensorboard {
    fn file(&mut self, file: &FoundFile<'_>, readings: &mut Vec<Reading>) -> Result<(), EventFileError> {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let taken = self.taken.get(file.path).copied().unwrap_or_default();
        let mut count = 0;
        let result = scalars(file.bytes, |scalar| {
            count += 1;
            if count > taken {
                readings.extend(self.scalar(folder, &scalar));
            }
        });
        self.taken.insert(file.path.to_owned(), count.max(taken));
        result
    }

    fn scalar(&mut self, folder: &str, scalar: &Scalar<'_>) -> Option<Reading> {
        let series = if folder.is_empty() { scalar.tag.to_owned() } else { format!("{folder}/{}", scalar.tag) };
        let fits = |name: &str| {
            name == scalar.tag || name == series || series.strip_suffix(name).is_some_and(|rest| rest.ends_with('/'))
        };
        let wanted = &self.tracker.wanted;
        let metric = wanted.metric.as_deref().filter(|name| fits(name));
        let name = metric.or_else(|| wanted.others.iter().map(String::as_str).find(|name| fits(name)));
        self.seen.add_number(name.unwrap_or(&series), scalar.value);
        let mut json = "{".to_owned();
        push_entry(&mut json, name?, scalar.value);
        if let Some(step) = &wanted.step {
            push_entry(&mut json, step, scalar.step as f64);
        }
        json.push('}');
        let metric = metric.map(|_| PrintedMetric::Number(scalar.value));
        if let Some(name) = metric.as_ref().and(self.tracker.wanted.metric.as_deref()) {
            self.is_named_whole |= series == name;
            if self.metric_series.len() < MAX_SERIES && !self.metric_series.contains(&series) {
                self.metric_series.push(series);
            }
        }
        self.tracker.push(&json, metric, wanted_step(&self.tracker.wanted, scalar.step));
        Some(reading(&json, &self.tracker.wanted))
    }

    /// Why the metric's name does not say which series is meant.
    fn ambiguous(&self) -> Option<MissingMetric> {
        let name = self.tracker.wanted.metric.as_deref()?;
        let (last, others) = self.metric_series.split_last()?;
        if others.is_empty() || self.is_named_whole {
            return None;
        }
        let listed: Vec<String> = self.metric_series.iter().take(LISTED).map(|series| format!("`{series}`")).collect();
        let more = if self.metric_series.len() > LISTED { " and more" } else { "" };
        let reason =
            format!("`{name}` is the name of several series: {}{more}; set `metric.name: {last}`", listed.join(", "));
        Some(MissingMetric { reason, evidence: String::new() })
    }
}

fn wanted_step(wanted: &Wanted, step: i64) -> Option<f64> {
    wanted.step.as_ref().map(|_| step as f64)
}

impl Collector for Tensorboard {
    fn line(&mut self, stream: OutputStream, line: &[u8]) -> LineKind {
        self.seen.add_line(stream, clean(line, &mut Vec::new()).trim_ascii());
        LineKind::Other
    }

    fn line_too_long(&mut self, _: OutputStream, _: u64) {}

    fn files(&mut self, files: &[FoundFile<'_>], state: FileState) -> Vec<Reading> {
        if state == FileState::Before {
            return Vec::new();
        }
        let mut readings = Vec::new();
        for file in files {
            self.has_files = true;
            let why = match self.file(file, &mut readings) {
                Ok(()) | Err(EventFileError::Incomplete) => continue,
                Err(EventFileError::Checksum(at)) => format!("{} is damaged at byte {at}: wrong checksum", file.path),
            };
            self.unread_file(why);
        }
        readings
    }

    fn rendered_path(&mut self, path: &str) {
        path.clone_into(&mut self.rendered_path);
    }

    fn unread_file(&mut self, sentence: String) {
        self.tracker.remark(Remark::UnreadFile(sentence));
    }

    fn reading(&self) -> Reading {
        reading(self.tracker.latest_json(), &self.tracker.wanted)
    }

    fn finish(self: Box<Self>) -> Collected {
        let ambiguous = self.ambiguous().map(crate::collect::collector::MetricValue::Missing);
        let value = ambiguous.unwrap_or_else(|| {
            self.tracker.value(|name| {
                let what = match self.has_files {
                    true => format!("no scalar in the event files below {} has the name `{name}`", self.path),
                    false => format!("the job wrote no event file below {}, from which `{name}` is read", self.path),
                };
                self.seen.missing(name, &what).at_path(&self.rendered_path, &self.path)
            })
        });
        let (readings, first_step, remarks) = self.tracker.finish();
        Collected { value, readings, first_step, remarks, source: None, names: self.seen.into_names() }
    }
}
