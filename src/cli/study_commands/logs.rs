//! `hypertune logs STUDY TRIAL`.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use clap::Args;

use crate::cli::error::CliError;
use crate::cli::exit_codes::Exit;
use crate::cli::output;
use crate::cli::study::reading::choice;
use crate::cli::study::view;
use crate::journal::folder::files;
use crate::journal::folder::layout::{LogStream, StudyFolder};
use crate::progress;
use crate::report::view::{JobStatus, JobView, StudyView, ViewDetail};
use crate::types::ids::JobId;
use crate::types::printable::output_line;

/// Time between two reads of the log, and at least between two of the journal.
const LOG_INTERVAL: Duration = Duration::from_millis(200);
const JOURNAL_INTERVAL: Duration = Duration::from_secs(1);
/// Bytes that are read at once.
const CHUNK: usize = 64 << 10;
/// On a terminal, a line of at least this many bytes is printed in several parts.
const MAX_LINE: usize = 64 << 10;

/// Arguments of `logs`.
#[derive(Clone, Debug, Args)]
pub struct LogsArgs {
    /// Folder of the study
    pub study: PathBuf,
    /// The trial
    pub trial: u64,
    /// The rung of its job [default: that of its last job]
    #[arg(long, value_name = "N")]
    pub rung: Option<u32>,
    /// The attempt, from 1 [default: the last one]
    #[arg(long, value_name = "N")]
    pub attempt: Option<u32>,
    /// Print what the job prints until it ends
    #[arg(short, long)]
    pub follow: bool,
    /// Show stderr instead of stdout
    #[arg(long)]
    pub stderr: bool,
}

/// Prints the log of a job.
pub fn logs(args: &LogsArgs) -> Result<Exit, CliError> {
    let view = view::read(&args.study, ViewDetail::Values)?;
    let job = choice::job(&view, args.trial, args.rung, args.attempt)?;
    let stream = if args.stderr { LogStream::Stderr } else { LogStream::Stdout };
    let folder = StudyFolder::new(&args.study);
    let mut log = LogReader::new(folder.log(job.job, stream));
    let found = log.print()?;
    if args.follow && job.status == JobStatus::Running {
        follow(&mut log, &args.study, job.job)?;
    } else if !found {
        note_empty(&folder, job, stream);
    }
    log.finish()?;
    Ok(Exit::Done)
}

/// Prints new output until the job has ended.
fn follow(log: &mut LogReader, study: &Path, job: JobId) -> Result<(), CliError> {
    let (mut last_read, mut pause) = (Instant::now(), JOURNAL_INTERVAL);
    loop {
        sleep(LOG_INTERVAL);
        log.print()?;
        if output::is_closed() {
            return Ok(());
        }
        if last_read.elapsed() >= pause {
            let started = Instant::now();
            let is_running = runs(&view::read(study, ViewDetail::Values)?, job);
            // A large journal is read for at most a tenth of the time.
            (last_read, pause) = (Instant::now(), JOURNAL_INTERVAL.max(started.elapsed() * 9));
            if !is_running {
                log.print()?;
                return Ok(());
            }
        }
    }
}

fn runs(view: &StudyView, job: JobId) -> bool {
    view.jobs.iter().rfind(|other| other.job == job).is_some_and(|job| job.status == JobStatus::Running)
}

fn note_empty(folder: &StudyFolder, job: &JobView, stream: LogStream) {
    let other = match stream {
        LogStream::Stdout => (LogStream::Stderr, "; --stderr shows its stderr"),
        LogStream::Stderr => (LogStream::Stdout, "; without --stderr its stdout is shown"),
    };
    let has_other = folder.log(job.job, other.0).exists();
    let hint = if has_other { other.1 } else { "" };
    progress::print_message(&format!("note: {} has printed nothing on {}{hint}", job.job, stream.name()));
}

/// A log that may not exist yet and grows.
struct LogReader {
    path: PathBuf,
    file: Option<File>,
    /// On a terminal: the part of the last line that was not printed; less than [`MAX_LINE`] after each print.
    line: Vec<u8>,
    to_terminal: bool,
}

impl LogReader {
    fn new(path: PathBuf) -> LogReader {
        LogReader { path, file: None, line: Vec::new(), to_terminal: io::stdout().is_terminal() }
    }

    /// Prints what was added since the last call; false if the log does not exist.
    fn print(&mut self) -> Result<bool, CliError> {
        if self.file.is_none() {
            self.file = match files::open_to_read(&self.path) {
                Ok(file) => Some(file),
                Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
                Err(e) => return Err(self.error(e)),
            };
        }
        let mut chunk = vec![0; CHUNK];
        while let Some(file) = &mut self.file {
            match file.read(&mut chunk) {
                Ok(0) => break,
                Ok(read) => self.print_bytes(&chunk[..read])?,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(self.error(e)),
            }
            if output::is_closed() {
                break;
            }
        }
        Ok(true)
    }

    /// Off a terminal the bytes as they are; on a terminal whole lines without control characters.
    fn print_bytes(&mut self, bytes: &[u8]) -> Result<(), CliError> {
        if !self.to_terminal {
            return output::print(|out| out.write_all(bytes));
        }
        let printable = take_printable(&mut self.line, bytes);
        if printable.is_empty() { Ok(()) } else { print_lines(&printable) }
    }

    /// Prints a last line that does not end in a newline.
    fn finish(self) -> Result<(), CliError> {
        if self.line.is_empty() { Ok(()) } else { print_lines(&self.line) }
    }

    fn error(&self, error: io::Error) -> CliError {
        CliError::internal(anyhow::Error::new(error).context(format!("cannot read {}", self.path.display())))
    }
}

/// Appends `bytes` to `line` and removes what can be printed: whole lines, or the start of a line of at least [`MAX_LINE`] bytes.
fn take_printable(line: &mut Vec<u8>, bytes: &[u8]) -> Vec<u8> {
    line.extend_from_slice(bytes);
    let end = match memchr::memrchr(b'\n', line) {
        Some(newline) => newline + 1,
        None if line.len() >= MAX_LINE => whole_characters(line),
        None => 0,
    };
    let rest = line.split_off(end);
    std::mem::replace(line, rest)
}

/// The number of bytes before a character of UTF-8 at the end whose last bytes are missing.
fn whole_characters(bytes: &[u8]) -> usize {
    let tail = bytes.len().saturating_sub(3);
    let start = bytes[tail..].iter().rposition(|byte| *byte >= 0xc0).map(|at| tail + at);
    match start {
        Some(start) if std::str::from_utf8(&bytes[start..]).is_err_and(|e| e.error_len().is_none()) => start,
        _ => bytes.len(),
    }
}

fn print_lines(lines: &[u8]) -> Result<(), CliError> {
    let text = String::from_utf8_lossy(lines);
    output::print(|out| text.lines().try_for_each(|line| writeln!(out, "{}", output_line(line))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_lines_are_printed_and_the_rest_is_kept() {
        let mut line = Vec::new();
        assert_eq!(take_printable(&mut line, b"a\nb"), b"a\n");
        assert_eq!(take_printable(&mut line, b"c"), b"");
        assert_eq!(take_printable(&mut line, b"\n"), b"bc\n");
    }

    #[test]
    fn a_log_without_newlines_is_printed_in_parts_of_whole_characters() {
        let log = "\u{1f600}".repeat(200_000);
        let (mut line, mut printed) = (Vec::new(), Vec::new());
        for chunk in log.as_bytes().chunks(4_099) {
            let part = take_printable(&mut line, chunk);
            assert!(std::str::from_utf8(&part).is_ok() && line.len() < MAX_LINE, "{} bytes are kept", line.len());
            printed.extend(part);
        }
        printed.extend(line);
        assert_eq!(printed, log.as_bytes());
        let (mut line, not_text) = (Vec::new(), [0xff; 2 * MAX_LINE]);
        assert_eq!(take_printable(&mut line, &not_text).len(), not_text.len());
    }
}
