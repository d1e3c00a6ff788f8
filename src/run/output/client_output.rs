//! The output of a client whose job runs elsewhere: what it prints before the job starts is not the job's.

use std::cell::OnceCell;
use std::time::{Duration, Instant};

use super::job_output::{CapturedOutput, JobOutput};
use crate::launch::client::StartLine;
use crate::launch::process::child::OutputSink;
use crate::run::error::RunError;
use crate::types::placement::Placement;

/// When and where a job started.
#[derive(Clone, PartialEq, Debug)]
pub struct ObservedStart {
    pub at: Instant,
    pub placement: Placement,
}

/// Passes the output of a job on, from its start.
pub struct ClientOutput<'a> {
    output: JobOutput<'a>,
    line: Option<StartLine>,
    messages: Vec<u8>,
    on_start: &'a dyn Fn(&Placement),
    start: &'a OnceCell<ObservedStart>,
}

impl<'a> ClientOutput<'a> {
    /// The output of a job that prints its start if `prints_start`; `on_start` is then called and `start` set.
    pub fn new(
        output: JobOutput<'a>,
        prints_start: bool,
        on_start: &'a dyn Fn(&Placement),
        start: &'a OnceCell<ObservedStart>,
    ) -> ClientOutput<'a> {
        ClientOutput { output, line: prints_start.then(StartLine::default), messages: Vec::new(), on_start, start }
    }

    /// Completes the output, as [`JobOutput::finish`], and returns the client's messages from before the start. If the job never
    /// started, they count as its output.
    pub fn finish(mut self) -> (CapturedOutput, Result<(), RunError>, String) {
        let before = self.line.take().map(StartLine::into_bytes).unwrap_or_default();
        let written = if before.is_empty() { Ok(()) } else { self.output.stderr(&before) };
        let (captured, logs) = self.output.finish();
        (captured, written.and(logs), String::from_utf8_lossy(&self.messages).into_owned())
    }
}

impl OutputSink for ClientOutput<'_> {
    type Error = RunError;

    fn stdout(&mut self, bytes: &[u8]) -> Result<(), RunError> {
        self.output.stdout(bytes)
    }

    fn stderr(&mut self, bytes: &[u8]) -> Result<(), RunError> {
        let Some(line) = &mut self.line else { return self.output.stderr(bytes) };
        let Some(started) = line.bytes(bytes) else { return Ok(()) };
        (self.line, self.messages) = (None, started.before);
        (self.on_start)(&started.placement);
        let _ = self.start.set(ObservedStart { at: Instant::now(), placement: started.placement });
        if started.rest.is_empty() { Ok(()) } else { self.output.stderr(&started.rest) }
    }

    fn interval(&self) -> Option<Duration> {
        self.output.interval()
    }

    fn look(&mut self) {
        self.output.look();
    }
}
