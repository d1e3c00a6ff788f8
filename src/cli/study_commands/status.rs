//! `hypertune status [STUDY]`.

use std::io::{self, IsTerminal};
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use clap::Args;

use crate::cli::args::values::{FORMATS, FormatArg, one_of};
use crate::cli::error::CliError;
use crate::cli::exit_codes::Exit;
use crate::cli::output;
use crate::cli::study::reading::choice;
use crate::cli::study::reading::snapshot::StudySnapshot;
use crate::progress::line;
use crate::report::status::{StudyState, StudyStatus, render};
use crate::types::printable::printable;

/// Time between two updates. Reading a large study takes longer; then it is read for at most a tenth of the time.
const PAUSE: Duration = Duration::from_secs(1);
/// Moves the cursor to the first column of the first line (ECMA-48, CUP).
const HOME: &str = "\u{1b}[H";
/// Clears the rest of the line (EL) and the rest of the screen (ED).
const CLEAR_LINE: &str = "\u{1b}[K";
const CLEAR_BELOW: &str = "\u{1b}[J";

/// Arguments of `status`.
#[derive(Clone, Debug, Args)]
pub struct StatusArgs {
    /// Folder of the study [default: the newest one in the current folder]
    pub study: Option<PathBuf>,
    /// Show it again each second until the study ends
    #[arg(long)]
    pub watch: bool,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = one_of(FORMATS))]
    pub format: FormatArg,
}

/// Prints the state of a study.
pub fn status(args: &StatusArgs) -> Result<Exit, CliError> {
    let study = choice::given_or_newest(args.study.as_deref())?;
    if args.watch {
        return watch(&study, args.format);
    }
    // Not dropped, because freeing each job of a large study takes a tenth of the time, and the program ends next.
    print(&ManuallyDrop::new(read(&study)?), args.format)
}

fn read(study: &Path) -> Result<StudySnapshot, CliError> {
    let mut snapshot = StudySnapshot::read(study)?;
    snapshot.ask_slurm();
    Ok(snapshot)
}

fn print(snapshot: &StudySnapshot, format: FormatArg) -> Result<Exit, CliError> {
    let status = StudyStatus::new(&snapshot.input());
    match format {
        FormatArg::Json => output::json(&status)?,
        FormatArg::Text => output::styled(&render(&status, output::columns()))?,
    }
    Ok(Exit::Done)
}

/// Prints the state until the study ends: redrawn on a terminal, elsewhere a line for each change.
fn watch(study: &Path, format: FormatArg) -> Result<Exit, CliError> {
    let redraws = format == FormatArg::Text && io::stdout().is_terminal();
    let mut last = String::new();
    loop {
        let started = Instant::now();
        let snapshot = read(study)?;
        let status = StudyStatus::new(&snapshot.input());
        let is_running = status.state == StudyState::Running;
        if redraws {
            redraw(&render(&status, output::columns()))?;
        } else if !is_running {
            return if format == FormatArg::Json {
                line_of_json(&status).map(|_| Exit::Done)
            } else {
                print(&snapshot, format)
            };
        } else if format == FormatArg::Json {
            line_of_json(&status)?;
        } else {
            last = changed_line(&snapshot, last)?;
        }
        if !is_running || output::is_closed() {
            return Ok(Exit::Done);
        }
        sleep(PAUSE.max(started.elapsed() * 9).saturating_sub(started.elapsed()));
    }
}

fn line_of_json(status: &StudyStatus<'_>) -> Result<(), CliError> {
    let json = serde_json::to_string(status).map_err(CliError::internal)?;
    output::json_line(&json)
}

/// Prints the counts of the study if they are not those in `last`; returns them.
fn changed_line(snapshot: &StudySnapshot, last: String) -> Result<String, CliError> {
    let progress = &snapshot.progress;
    let best = progress.best().map(|best| best.job);
    let counts = format!("{} {} {} {best:?}", progress.done, progress.running, progress.failed);
    if counts != last {
        let folder = snapshot.view.study.to_string_lossy();
        output::text(&format!("{}: {}\n", printable(&folder), line::study(progress, snapshot.now, usize::MAX)))?;
    }
    Ok(counts)
}

/// Draws over the previous text, so that nothing flickers. Lines that do not fit on the screen are left out.
fn redraw(text: &str) -> Result<(), CliError> {
    let rows = terminal_size::terminal_size_of(io::stdout()).map_or(usize::MAX, |(_, height)| usize::from(height.0));
    let mut frame = HOME.to_owned();
    for line in text.lines().take(rows.saturating_sub(1)) {
        frame += &format!("{line}{CLEAR_LINE}\n");
    }
    output::frame(&(frame + CLEAR_BELOW))
}
