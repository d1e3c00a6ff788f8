//! Distributes the output of a job to logs, collector, `readings.jsonl`, listener and the tail of stderr.

use std::time::Duration;

use super::job_logs::JobLogs;
use super::metric_input::MetricInput;
use super::readings_file::JobReadings;
use super::traceback;
use crate::collect::collector::{Collected, OutputStream};
use crate::journal::folder::layout::LogStream;
use crate::launch::process::child::OutputSink;
use crate::run::error::RunError;
use crate::types::outcome::Reading;

/// Maximum length of the tail of stderr.
const TAIL_BYTES: usize = 8 << 10;
/// Maximum number of lines of it in the journal.
const TAIL_LINES: usize = 20;

/// Receives the output of one job. `listener` is called with new readings.
pub struct JobOutput<'a> {
    logs: JobLogs<'a>,
    metrics: MetricInput,
    readings: JobReadings<'a>,
    tail: Vec<u8>,
    stdout_tail: Vec<u8>,
    listener: Option<&'a dyn Fn(Vec<Reading>)>,
}

/// What the journal needs of a job's output.
#[derive(Debug)]
pub struct CapturedOutput {
    /// From stdout, stderr or files.
    pub collected: Collected,
    /// Metrics of early-stopping rules that no reading had.
    pub absent_metrics: Vec<String>,
    /// The last lines of stderr, at most 20 and 8 KiB.
    pub stderr_tail: String,
    /// The exception of a Python traceback that ends stdout or stderr.
    pub exception: Option<String>,
}

impl<'a> JobOutput<'a> {
    pub fn new(
        logs: JobLogs<'a>,
        metrics: MetricInput,
        readings: JobReadings<'a>,
        listener: Option<&'a dyn Fn(Vec<Reading>)>,
    ) -> JobOutput<'a> {
        JobOutput { logs, metrics, readings, tail: Vec::new(), stdout_tail: Vec::new(), listener }
    }

    /// Completes the output of a job that has ended. The captured output is valid even if a log could not be written.
    pub fn finish(self) -> (CapturedOutput, Result<(), RunError>) {
        let (collected, absent_metrics) = self.metrics.finish(self.readings, self.listener);
        let tails = [&self.tail, &self.stdout_tail].map(|tail| String::from_utf8_lossy(tail));
        let exception = tails.iter().find_map(|tail| traceback::at_end(tail)).map(str::to_owned);
        let captured = CapturedOutput { collected, absent_metrics, stderr_tail: last_lines(&self.tail), exception };
        (captured, self.logs.finish())
    }
}

impl OutputSink for JobOutput<'_> {
    type Error = RunError;

    fn stdout(&mut self, bytes: &[u8]) -> Result<(), RunError> {
        push_tail(&mut self.stdout_tail, bytes);
        self.metrics.bytes(OutputStream::Stdout, bytes, &mut self.readings, self.listener);
        self.logs.write(LogStream::Stdout, bytes)
    }

    fn stderr(&mut self, bytes: &[u8]) -> Result<(), RunError> {
        push_tail(&mut self.tail, bytes);
        self.metrics.bytes(OutputStream::Stderr, bytes, &mut self.readings, self.listener);
        self.logs.write(LogStream::Stderr, bytes)
    }

    fn interval(&self) -> Option<Duration> {
        self.metrics.interval(self.listener)
    }

    fn look(&mut self) {
        self.metrics.look(&mut self.readings, self.listener);
    }
}

/// Discards the output of a job that is being ended after an error of the driver.
#[derive(Clone, Copy, Debug)]
pub struct DiscardOutput;

impl OutputSink for DiscardOutput {
    type Error = std::convert::Infallible;

    fn stdout(&mut self, _: &[u8]) -> Result<(), Self::Error> {
        Ok(())
    }

    fn stderr(&mut self, _: &[u8]) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// Adds `bytes` to `tail`, which keeps the last [`TAIL_BYTES`].
fn push_tail(tail: &mut Vec<u8>, bytes: &[u8]) {
    let kept = &bytes[bytes.len().saturating_sub(TAIL_BYTES)..];
    let excess = (tail.len() + kept.len()).saturating_sub(TAIL_BYTES);
    tail.drain(..excess);
    tail.extend_from_slice(kept);
}

fn last_lines(tail: &[u8]) -> String {
    let text = String::from_utf8_lossy(tail);
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;
    use std::sync::Mutex;

    use super::*;
    use crate::collect::catalogue::ConfiguredCollector;
    use crate::collect::collector::Wanted;
    use crate::journal::folder::files;
    use crate::journal::folder::layout::StudyFolder;
    use crate::journal::readings::{self, ReadingsFile};
    use crate::run::output::log_file::LogLimit;
    use crate::types::ids::{Attempt, JobId, JobKey, Rung, TrialId};

    #[test]
    fn output_reaches_logs_readings_listener_and_tail() {
        let dir = tempfile::tempdir().unwrap();
        let folder = StudyFolder::new(dir.path());
        let job = JobId { key: JobKey { trial: TrialId(0), rung: Rung(0) }, attempt: Attempt(1) };
        std::fs::create_dir_all(folder.trial(TrialId(0))).unwrap();
        let received = Mutex::new(Vec::new());
        let listener = |readings: Vec<Reading>| received.lock().unwrap().extend(readings);
        let wanted = Wanted { metric: Some("loss".into()), ..Wanted::default() };
        let metrics = MetricInput::before_start(&ConfiguredCollector::default(), wanted, None);
        let file = ReadingsFile::open(&folder);
        let readings = JobReadings::new(&file, job);
        let on_abandoned = |path: &Path, error: &io::Error| panic!("{}: {error}", path.display());
        let logs = JobLogs::new(&folder, job, LogLimit::default(), &files::create, &on_abandoned);
        let mut output = JobOutput::new(logs, metrics, readings, Some(&listener));
        output.stdout(b"{\"loss\": 2}\n{\"lo").unwrap();
        output.stdout(b"ss\": 1}").unwrap();
        (0..5000).for_each(|i| output.stderr(format!("line {i}\n").as_bytes()).unwrap());
        let (captured, logs) = output.finish();
        logs.unwrap();
        assert_eq!(received.lock().unwrap().iter().map(|r| r.number("loss").unwrap()).collect::<Vec<_>>(), [2.0, 1.0]);
        assert_eq!(captured.collected.readings.curve.len(), 2);
        assert_eq!(captured.stderr_tail.lines().next(), Some("line 4980"));
        assert!(std::fs::read_to_string(folder.log(job, LogStream::Stdout)).unwrap().ends_with("{\"loss\": 1}"));
        assert!(folder.log(job, LogStream::Stderr).exists());
        let recorded: Vec<f64> = readings::read(&folder).unwrap().filter_map(|record| record.number("loss")).collect();
        assert_eq!(recorded, [2.0, 1.0]);
    }
}
