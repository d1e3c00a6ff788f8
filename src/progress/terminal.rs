//! Progress on a terminal: one line for the study and one for each bracket's current rung, redrawn in place.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::line_queue::{Importance, LineQueue};
use super::tally::Tally;
use super::verbosity::Verbosity;
use super::{job, line, stderr};
use crate::journal::record::Record;
use crate::run::observer::Observer;
use crate::types::printable::printable_lines;

/// A study that is over before this shows no progress at all.
const SILENCE: Duration = Duration::from_millis(250);
/// Time between two drawings.
const REDRAW: Duration = Duration::from_millis(100);
/// Columns and lines where the terminal does not say.
const USUAL: (usize, usize) = (80, 24);

/// What the driver's threads and the painting thread share.
#[derive(Debug)]
struct Painter {
    state: Mutex<PainterState>,
    changed: Condvar,
}

#[derive(Debug)]
struct PainterState {
    tally: Tally,
    /// Lines to print above the frame.
    lines: LineQueue,
    /// When the last record came, so that the time on screen goes on between records.
    heard: Instant,
    /// When the drawing under way began.
    drawing_since: Option<Instant>,
    stage: PainterStage,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum PainterStage {
    Running,
    /// The session is over, the frame is to be cleared.
    Closing,
    /// Nothing is drawn any more.
    Closed,
}

impl Painter {
    fn lock(&self) -> MutexGuard<'_, PainterState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Draws to stderr from a thread of its own until it is dropped. Only that thread touches the terminal: one that takes no output
/// (Ctrl-S, a window that hangs) stops it and nothing else.
#[derive(Debug)]
pub struct TerminalProgress {
    shared: Arc<Painter>,
    verbosity: Verbosity,
}

impl TerminalProgress {
    /// For a study counted by `tally`.
    pub fn new(tally: Tally, verbosity: Verbosity) -> TerminalProgress {
        let (lines, heard) = (LineQueue::new(), Instant::now());
        let state = PainterState { tally, lines, heard, drawing_since: None, stage: PainterStage::Running };
        let shared = Arc::new(Painter { state: Mutex::new(state), changed: Condvar::new() });
        let painter = thread::Builder::new().name("progress".into()).spawn({
            let shared = shared.clone();
            move || paint(&shared)
        });
        if painter.is_err() {
            // Nothing is drawn then; the study itself does not depend on it.
            shared.lock().stage = PainterStage::Closed;
        }
        TerminalProgress { shared, verbosity }
    }

    fn print(&self, mut state: MutexGuard<'_, PainterState>, line: &str, importance: Importance) {
        if state.stage == PainterStage::Closed {
            return stderr::print_message(line);
        }
        state.lines.push(&printable_lines(line), importance);
        self.shared.changed.notify_all();
    }
}

impl Observer for TerminalProgress {
    fn record(&self, record: &Record) {
        let mut state = self.shared.lock();
        state.tally.record(record);
        state.heard = Instant::now();
        if self.verbosity == Verbosity::Verbose
            && state.tally.is_live()
            && let Record::End(end) = record
        {
            let line = job::ended(&state.tally, end);
            self.print(state, &line, Importance::Progress);
        }
    }

    fn note(&self, text: &str) {
        self.print(self.shared.lock(), &format!("note: {text}"), Importance::Message);
    }
}

impl Drop for TerminalProgress {
    /// Waits for the terminal to be cleared, with a bound.
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        if state.stage == PainterStage::Closed {
            return;
        }
        state.stage = PainterStage::Closing;
        self.shared.changed.notify_all();
        let begun = state.drawing_since.unwrap_or_else(Instant::now);
        let left = stderr::FLUSH_TIMEOUT.saturating_sub(begun.elapsed());
        drop(self.shared.changed.wait_timeout_while(state, left, |state| state.stage != PainterStage::Closed));
    }
}

/// Whether stderr is a terminal that takes more than plain lines (`TERM=dumb` is one that does not).
pub fn can_redraw() -> bool {
    !target().is_hidden()
}

fn target() -> ProgressDrawTarget {
    ProgressDrawTarget::stderr_with_hz(20)
}

/// One bar whose message is every line: a frame is one drawing, never half of one.
fn screen() -> ProgressBar {
    let style = ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(None, target()).with_style(style)
}

fn paint(shared: &Painter) {
    let screen = screen();
    let (mut drawn, mut pause) = (false, SILENCE);
    loop {
        let idle = |state: &mut PainterState| state.stage == PainterStage::Running && state.lines.is_empty();
        let waited = shared.changed.wait_timeout_while(shared.lock(), pause, idle);
        let (mut state, wait) = waited.unwrap_or_else(PoisonError::into_inner);
        let lines = state.lines.take_batch();
        let closing = state.stage == PainterStage::Closing && state.lines.is_empty();
        let frame = line::frame(&state.tally, state.tally.now.after(state.heard.elapsed()), size());
        state.drawing_since = Some(Instant::now());
        drop(state);
        match lines {
            Some(lines) if drawn => screen.suspend(|| stderr::write(&lines)),
            Some(lines) => stderr::write(&lines),
            None => {}
        }
        if closing {
            screen.finish_and_clear();
        } else if drawn || wait.timed_out() {
            screen.set_message(frame);
            (drawn, pause) = (true, REDRAW);
        }
        let mut state = shared.lock();
        state.drawing_since = None;
        if closing {
            state.stage = PainterStage::Closed;
            return shared.changed.notify_all();
        }
    }
}

/// What to draw in; the last column and the last line stay free, so that no terminal wraps or scrolls.
fn size() -> line::Screen {
    let size = terminal_size::terminal_size_of(std::io::stderr());
    let (columns, lines) = size.map_or(USUAL, |(width, height)| (usize::from(width.0), usize::from(height.0)));
    line::Screen { columns: columns.saturating_sub(1), lines: lines.saturating_sub(1) }
}
