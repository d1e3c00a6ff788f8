//! Progress on a terminal: a line for the study and one for each bracket's current rung, redrawn in place.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::first_job::{self, FirstJob};
use super::line_queue::{Importance, LineQueue};
use super::verbosity::Verbosity;
use super::{job, line, stderr};
use crate::journal::folder::layout::StudyFolder;
use crate::journal::record::Record;
use crate::report::study_progress::StudyProgress;
use crate::report::text;
use crate::run::observer::Observer;
use crate::types::printable::printable_lines;

/// A study that ends within this time shows no progress.
const FIRST_DRAW: Duration = Duration::from_millis(250);
/// Time between frames.
const REDRAW: Duration = Duration::from_millis(100);
/// Time between two looks at the output of the first job.
const FIRST_JOB_PAUSE: Duration = Duration::from_secs(1);
/// Columns and lines if the terminal does not report its size.
const DEFAULT_SIZE: (usize, usize) = (80, 24);

/// State shared by the driver's threads and the drawing thread.
#[derive(Debug)]
struct Display {
    state: Mutex<DisplayState>,
    changed: Condvar,
}

#[derive(Debug)]
struct DisplayState {
    progress: StudyProgress,
    first_job: FirstJob,
    /// Lines to print above the frame.
    lines: LineQueue,
    /// Time of the last record; the displayed time advances between records.
    last_record: Instant,
    /// Start of the current drawing.
    drawing_since: Option<Instant>,
    phase: DisplayPhase,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum DisplayPhase {
    Running,
    /// The session has ended; the frame must be cleared.
    Closing,
    /// The thread has ended or was never started.
    Closed,
}

impl Display {
    fn lock(&self) -> MutexGuard<'_, DisplayState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Draws to stderr from a dedicated thread until it is dropped. Only that thread writes to the terminal: one that accepts no output
/// (Ctrl-S, a window that hangs) blocks nothing else.
#[derive(Debug)]
pub struct TerminalProgress {
    display: Arc<Display>,
    verbosity: Verbosity,
}

impl TerminalProgress {
    /// For a study in `folder` that is counted by `progress`.
    pub fn new(progress: StudyProgress, folder: StudyFolder, verbosity: Verbosity) -> TerminalProgress {
        let (lines, last_record) = (LineQueue::new(), Instant::now());
        let (first_job, drawing_since, phase) = (FirstJob::default(), None, DisplayPhase::Running);
        let state = DisplayState { progress, first_job, lines, last_record, drawing_since, phase };
        let display = Arc::new(Display { state: Mutex::new(state), changed: Condvar::new() });
        let thread = thread::Builder::new().name("progress".into()).spawn({
            let display = display.clone();
            move || draw(&display, &folder)
        });
        if thread.is_err() {
            // The study runs without progress.
            display.lock().phase = DisplayPhase::Closed;
        }
        TerminalProgress { display, verbosity }
    }

    fn print(&self, mut state: MutexGuard<'_, DisplayState>, line: &str, importance: Importance) {
        if state.phase == DisplayPhase::Closed {
            return stderr::print_message(line);
        }
        state.lines.push(&printable_lines(line), importance);
        self.display.changed.notify_all();
    }
}

impl Observer for TerminalProgress {
    fn record(&self, record: &Record) {
        let mut state = self.display.lock();
        state.progress.record(record);
        state.last_record = Instant::now();
        if state.progress.is_live() {
            let now = state.last_record;
            state.first_job.record(record, now);
        }
        if self.verbosity == Verbosity::Verbose
            && state.progress.is_live()
            && let Record::End(end) = record
        {
            let line = job::finished_line(&state.progress, end);
            self.print(state, &line, Importance::Progress);
        }
    }

    fn note(&self, text: &str) {
        self.print(self.display.lock(), &format!("note: {text}"), Importance::Message);
    }

    fn warn(&self, text: &str) {
        self.print(self.display.lock(), &format!("warning: {text}"), Importance::Message);
    }
}

impl Drop for TerminalProgress {
    /// Waits for the terminal to be cleared, at most [`stderr::FLUSH_TIMEOUT`].
    fn drop(&mut self) {
        let mut state = self.display.lock();
        if state.phase == DisplayPhase::Closed {
            return;
        }
        state.phase = DisplayPhase::Closing;
        self.display.changed.notify_all();
        let started = state.drawing_since.unwrap_or_else(Instant::now);
        let remaining = stderr::FLUSH_TIMEOUT.saturating_sub(started.elapsed());
        drop(self.display.changed.wait_timeout_while(state, remaining, |state| state.phase != DisplayPhase::Closed));
    }
}

/// Whether stderr is a terminal that supports redrawing; `TERM=dumb` does not.
pub fn can_redraw() -> bool {
    !target().is_hidden()
}

fn target() -> ProgressDrawTarget {
    ProgressDrawTarget::stderr_with_hz(20)
}

/// One bar whose message is all lines, so that each frame is drawn at once.
fn screen() -> ProgressBar {
    let style = ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(None, target()).with_style(style)
}

fn draw(display: &Display, folder: &StudyFolder) {
    let screen = screen();
    let mut first = FirstJobLine::default();
    let (mut drawn, mut pause) = (false, FIRST_DRAW);
    loop {
        let idle = |state: &mut DisplayState| state.phase == DisplayPhase::Running && state.lines.is_empty();
        let waited = display.changed.wait_timeout_while(display.lock(), pause, idle);
        let (mut state, wait) = waited.unwrap_or_else(PoisonError::into_inner);
        let lines = state.lines.take_batch();
        let closing = state.phase == DisplayPhase::Closing && state.lines.is_empty();
        let frame = line::frame(&state.progress, state.progress.now.after(state.last_record.elapsed()), size());
        let (first_job, names) = (state.first_job, state.progress.names());
        state.drawing_since = Some(Instant::now());
        drop(state);
        // Reads files, so no lock is held.
        let frame = frame + &first.update(folder, first_job, names);
        match lines {
            Some(lines) if drawn => screen.suspend(|| stderr::write(&lines)),
            Some(lines) => stderr::write(&lines),
            None => {}
        }
        if closing {
            screen.finish_and_clear();
        } else if drawn || wait.timed_out() {
            screen.set_message(coloured(&frame));
            (drawn, pause) = (true, REDRAW);
        }
        let mut state = display.lock();
        state.drawing_since = None;
        if closing {
            state.phase = DisplayPhase::Closed;
            return display.changed.notify_all();
        }
    }
}

/// The line about the first job, renewed each [`FIRST_JOB_PAUSE`].
#[derive(Debug, Default)]
struct FirstJobLine {
    text: String,
    renewed: Option<Instant>,
}

impl FirstJobLine {
    /// The line with a line break before it; empty unless the output of the first job is to be shown.
    fn update(&mut self, folder: &StudyFolder, first: FirstJob, names: (Option<String>, Option<String>)) -> String {
        let now = Instant::now();
        let Some((job, elapsed)) = first.shown(now) else { return String::new() };
        if self.renewed.is_none_or(|renewed| now - renewed >= FIRST_JOB_PAUSE) {
            let line = first_job::line(folder, job, elapsed, names.0.as_deref(), names.1.as_deref());
            (self.text, self.renewed) = (line, Some(now));
        }
        format!("\n  {}", text::cut(&self.text, size().columns.saturating_sub(2)))
    }
}

/// `frame` with the done part of its bars in green, unless colours are disabled.
fn coloured(frame: &str) -> String {
    if anstream::AutoStream::choice(&std::io::stderr()) == anstream::ColorChoice::Never {
        return frame.to_owned();
    }
    frame.replace('━', "\u{1b}[32m━\u{1b}[0m").replace("\u{1b}[0m\u{1b}[32m", "")
}

/// The area to draw in, without the last column and the last line: no terminal wraps or scrolls then.
fn size() -> line::Screen {
    let size = terminal_size::terminal_size_of(std::io::stderr());
    let (columns, lines) = size.map_or(DEFAULT_SIZE, |(width, height)| (usize::from(width.0), usize::from(height.0)));
    line::Screen { columns: columns.saturating_sub(1), lines: lines.saturating_sub(1) }
}
