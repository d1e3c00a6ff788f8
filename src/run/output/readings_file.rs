//! Records the readings of one job in the study's `readings.jsonl`.

use crate::collect::collector::Collector;
use crate::journal::readings::{ReadingSampler, ReadingsFile, write_line};
use crate::types::ids::JobId;
use crate::types::outcome::Reading;

/// Samples and buffers the readings of one job.
pub struct JobReadings<'a> {
    file: &'a ReadingsFile,
    job: JobId,
    sampler: ReadingSampler,
    /// Ordinal of the latest reading if the sampler skipped it.
    skipped: Option<u64>,
    /// Recorded, but not yet written to the file.
    lines: Vec<u8>,
}

impl<'a> JobReadings<'a> {
    pub fn new(file: &'a ReadingsFile, job: JobId) -> JobReadings<'a> {
        JobReadings { file, job, sampler: ReadingSampler::default(), skipped: None, lines: Vec::new() }
    }

    /// Counts the collector's latest reading, and records it if it is in the sample.
    pub fn push(&mut self, collector: &dyn Collector) {
        let (ordinal, recorded) = self.sampler.count();
        self.skipped = (!recorded).then_some(ordinal);
        if recorded {
            self.record(ordinal, collector);
        }
    }

    /// Counts a reading of a file, and records it if it is in the sample.
    pub fn push_found(&mut self, reading: Reading) {
        let (ordinal, recorded) = self.sampler.count();
        self.skipped = (!recorded).then_some(ordinal);
        if recorded {
            // Cannot fail, as in `record`.
            let _ = write_line(&mut self.lines, self.job, ordinal, reading);
        }
    }

    /// Writes the readings recorded since the last call.
    pub fn flush(&mut self) {
        self.file.append(&self.lines);
        self.lines.clear();
    }

    /// Writes the rest; the last reading of a job is always recorded.
    pub fn finish(mut self, collector: &dyn Collector) {
        if let Some(ordinal) = self.skipped.take() {
            self.record(ordinal, collector);
        }
        self.flush();
    }

    fn record(&mut self, ordinal: u64, collector: &dyn Collector) {
        // Cannot fail: names and numbers are valid JSON, and the buffer grows.
        let _ = write_line(&mut self.lines, self.job, ordinal, collector.reading());
    }
}
