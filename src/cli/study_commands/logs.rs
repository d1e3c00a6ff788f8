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

/// Time between two looks at the log, and at least between two at the journal.
const LOOK: Duration = Duration::from_millis(200);
const JOURNAL_LOOK: Duration = Duration::from_secs(1);
/// Bytes that are read at once.
const CHUNK: usize = 64 << 10;

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
    let (mut looked, mut pause) = (Instant::now(), JOURNAL_LOOK);
    loop {
        sleep(LOOK);
        log.print()?;
        if output::is_closed() {
            return Ok(());
        }
        if looked.elapsed() >= pause {
            let started = Instant::now();
            let is_running = runs(&view::read(study, ViewDetail::Values)?, job);
            // A large journal is read for at most a tenth of the time.
            (looked, pause) = (Instant::now(), JOURNAL_LOOK.max(started.elapsed() * 9));
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
    /// On a terminal: the part of the last line that was read.
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
        self.line.extend_from_slice(bytes);
        let Some(end) = memchr::memrchr(b'\n', &self.line) else { return Ok(()) };
        let rest = self.line.split_off(end + 1);
        let lines = std::mem::replace(&mut self.line, rest);
        print_lines(&lines)
    }

    /// Prints a last line that does not end in a newline.
    fn finish(self) -> Result<(), CliError> {
        if self.line.is_empty() { Ok(()) } else { print_lines(&self.line) }
    }

    fn error(&self, error: io::Error) -> CliError {
        CliError::internal(anyhow::Error::new(error).context(format!("cannot read {}", self.path.display())))
    }
}

fn print_lines(lines: &[u8]) -> Result<(), CliError> {
    let text = String::from_utf8_lossy(lines);
    output::print(|out| text.lines().try_for_each(|line| writeln!(out, "{}", output_line(line))))
}
