//! Passes a job's output and files to its collector.

use std::path::PathBuf;
use std::time::Duration;

use super::metric_files::MetricFiles;
use super::readings_file::JobReadings;
use crate::collect::catalogue::ConfiguredCollector;
use crate::collect::collector::{Collected, Collector, LineKind, MetricSource, OutputStream, Wanted};
use crate::collect::lines::{Line, LineEnds, LineSplitter};
use crate::types::outcome::Reading;

/// Called with new readings.
type Listener<'a> = Option<&'a dyn Fn(Vec<Reading>)>;

/// A collector and what it reads.
pub struct MetricInput {
    collector: Box<dyn Collector>,
    stdout: LineSplitter,
    /// `None` for a collector that ignores stderr.
    stderr: Option<LineSplitter>,
    files: Option<MetricFiles>,
    /// Metrics of early-stopping rules that no reading has had. Known only if there is a listener.
    absent: Vec<String>,
}

impl MetricInput {
    /// The input of a job that is about to start; `path` is its file or folder.
    pub fn before_start(configured: &ConfiguredCollector, wanted: Wanted, path: Option<PathBuf>) -> MetricInput {
        let absent = wanted.others.clone();
        let mut collector = configured.collector(wanted);
        let source = configured.source();
        if let Some(path) = &path {
            collector.rendered_path(&path.display().to_string());
        }
        let files = path.and_then(|path| MetricFiles::before_start(&source, path, &mut *collector));
        let ends = match source {
            MetricSource::Output(ends) => ends,
            MetricSource::File(_) | MetricSource::EventFiles(_) => LineEnds::NewlineOrReturn,
        };
        let stderr = (ends == LineEnds::NewlineOrReturn).then(|| LineSplitter::new(ends));
        MetricInput { collector, stdout: LineSplitter::new(ends), stderr, files, absent }
    }

    /// Takes some bytes of `stream`.
    pub fn bytes(
        &mut self,
        stream: OutputStream,
        bytes: &[u8],
        readings: &mut JobReadings<'_>,
        listener: Listener<'_>,
    ) {
        let splitter = match (stream, &mut self.stderr) {
            (OutputStream::Stdout, _) => &mut self.stdout,
            (OutputStream::Stderr, Some(stderr)) => stderr,
            (OutputStream::Stderr, None) => return,
        };
        let mut lines = std::mem::take(splitter);
        let mut found = Vec::new();
        lines.push(bytes, |line| self.line(stream, line, readings, listener.map(|_| &mut found)));
        match (stream, &mut self.stderr) {
            (OutputStream::Stderr, Some(stderr)) => *stderr = lines,
            _ => self.stdout = lines,
        }
        readings.flush();
        self.send(found, listener);
    }

    fn line(
        &mut self,
        stream: OutputStream,
        line: Line<'_>,
        readings: &mut JobReadings<'_>,
        found: Option<&mut Vec<Reading>>,
    ) {
        match line {
            Line::Whole(line) => {
                if self.collector.line(stream, line) == LineKind::Reading {
                    readings.push(&*self.collector);
                    found.into_iter().for_each(|found| found.push(self.collector.reading()));
                }
            }
            Line::TooLong(bytes) => self.collector.line_too_long(stream, bytes),
        }
    }

    /// How often [`MetricInput::look`] is to be called; `None` for never.
    pub fn interval(&self, listener: Listener<'_>) -> Option<Duration> {
        self.files.as_ref().zip(listener).map(|(files, _)| files.interval())
    }

    /// Looks for new readings in files.
    pub fn look(&mut self, readings: &mut JobReadings<'_>, listener: Listener<'_>) {
        let Some(files) = &mut self.files else { return };
        let found = files.look(&mut *self.collector);
        self.found_in_files(found, readings, listener);
    }

    /// The job has ended. Returns what was collected, and the metrics of early-stopping rules that no reading had.
    pub fn finish(mut self, mut readings: JobReadings<'_>, listener: Listener<'_>) -> (Collected, Vec<String>) {
        let mut found = Vec::new();
        let splitters = [
            (OutputStream::Stdout, Some(std::mem::take(&mut self.stdout))),
            (OutputStream::Stderr, self.stderr.take()),
        ];
        for (stream, mut lines) in splitters.into_iter().filter_map(|(stream, lines)| Some((stream, lines?))) {
            lines.finish(|line| self.line(stream, line, &mut readings, listener.map(|_| &mut found)));
        }
        if self.collector.end() == LineKind::Reading {
            readings.push(&*self.collector);
            found.extend(listener.map(|_| self.collector.reading()));
        }
        self.send(found, listener);
        if let Some(files) = &mut self.files {
            let found = files.end(&mut *self.collector);
            self.found_in_files(found, &mut readings, listener);
        }
        readings.finish(&*self.collector);
        (self.collector.finish(), self.absent)
    }

    fn found_in_files(&mut self, found: Vec<Reading>, readings: &mut JobReadings<'_>, listener: Listener<'_>) {
        found.iter().for_each(|reading| readings.push_found(reading.clone()));
        readings.flush();
        self.send(found, listener);
    }

    fn send(&mut self, found: Vec<Reading>, listener: Listener<'_>) {
        let Some(listener) = listener.filter(|_| !found.is_empty()) else { return };
        self.absent.retain(|name| !found.iter().any(|reading| reading.number(name).is_some()));
        listener(found);
    }
}
