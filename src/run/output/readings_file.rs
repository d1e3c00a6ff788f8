//! Records the readings of one job in the study's `readings.jsonl`.

use crate::collect::collector::Collector;
use crate::journal::readings::{ReadingSampler, ReadingsFile, write_line};
use crate::types::ids::JobId;

/// The readings of one job, on their way to the file that all jobs share.
pub struct JobReadings<'a> {
    file: &'a ReadingsFile,
    job: JobId,
    sampler: ReadingSampler,
    /// Ordinal of the last reading if it is not recorded yet.
    skipped: Option<u64>,
    /// Lines that are not written yet.
    lines: Vec<u8>,
}

impl<'a> JobReadings<'a> {
    /// No readings yet.
    pub fn new(file: &'a ReadingsFile, job: JobId) -> JobReadings<'a> {
        JobReadings { file, job, sampler: ReadingSampler::default(), skipped: None, lines: Vec::new() }
    }

    /// The collector has just found another reading.
    pub fn push(&mut self, collector: &dyn Collector) {
        let (ordinal, recorded) = self.sampler.count();
        self.skipped = (!recorded).then_some(ordinal);
        if recorded {
            self.record(ordinal, collector);
        }
    }

    /// Writes what was recorded since the last call.
    pub fn flush(&mut self) {
        self.file.append(&self.lines);
        self.lines.clear();
    }

    /// The job has ended: its last reading is recorded in any case.
    pub fn finish(mut self, collector: &dyn Collector) {
        if let Some(ordinal) = self.skipped.take() {
            self.record(ordinal, collector);
        }
        self.flush();
    }

    fn record(&mut self, ordinal: u64, collector: &dyn Collector) {
        // Numbers and names: nothing that JSON could not hold.
        let _ = write_line(&mut self.lines, self.job, ordinal, collector.reading());
    }
}
