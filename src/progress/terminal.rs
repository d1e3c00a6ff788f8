//! Progress on a terminal: one line for the study and one for each bracket's current rung, redrawn in place.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::tally::Tally;
use super::{Verbosity, job, line, say};
use crate::journal::record::Record;
use crate::run::watch::Watcher;

/// A study that is over before this shows no progress at all.
const SILENCE: Duration = Duration::from_millis(250);
/// Time between two drawings.
const REDRAW: Duration = Duration::from_millis(100);
/// Columns and lines where the terminal does not say.
const USUAL: (usize, usize) = (80, 24);

/// What the driver's threads and the painting thread share.
#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Debug)]
struct State {
    tally: Tally,
    over: bool,
    /// When the last record came, so that the time on screen goes on between records.
    heard: Instant,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Draws to stderr from a thread of its own until it is dropped.
#[derive(Debug)]
pub struct Terminal {
    shared: Arc<Shared>,
    screen: ProgressBar,
    verbosity: Verbosity,
    painter: Option<JoinHandle<()>>,
}

impl Terminal {
    /// For a study counted by `tally`.
    pub fn new(tally: Tally, verbosity: Verbosity) -> Terminal {
        let state = State { tally, over: false, heard: Instant::now() };
        let shared = Arc::new(Shared { state: Mutex::new(state), wake: Condvar::new() });
        let screen = screen();
        let painter = std::thread::Builder::new().name("progress".into()).spawn({
            let (shared, screen) = (shared.clone(), screen.clone());
            move || paint(&shared, &screen)
        });
        // without the thread nothing is drawn; the study itself does not depend on it
        Terminal { shared, screen, verbosity, painter: painter.ok() }
    }

    fn say(&self, line: &str) {
        self.screen.suspend(|| say(line));
    }
}

impl Watcher for Terminal {
    fn record(&self, record: &Record) {
        let mut state = self.shared.lock();
        state.tally.record(record);
        state.heard = Instant::now();
        if self.verbosity == Verbosity::Verbose
            && state.tally.is_live()
            && let Record::End(end) = record
        {
            let line = job::ended(&state.tally, end);
            drop(state);
            self.say(&line);
        }
    }

    fn note(&self, text: &str) {
        self.say(&format!("note: {text}"));
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.shared.lock().over = true;
        self.shared.wake.notify_all();
        if let Some(painter) = self.painter.take() {
            // a painter that panicked has nothing left to clear
            let _ = painter.join();
        }
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

fn paint(shared: &Shared, screen: &ProgressBar) {
    let mut pause = SILENCE;
    loop {
        let waited = shared.wake.wait_timeout_while(shared.lock(), pause, |state| !state.over);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if state.over {
            return screen.finish_and_clear();
        }
        let frame = line::frame(&state.tally, state.tally.now.after(state.heard.elapsed()), size());
        drop(state);
        screen.set_message(frame);
        pause = REDRAW;
    }
}

/// What to draw in; the last column and the last line stay free, so that no terminal wraps or scrolls.
fn size() -> line::Screen {
    let size = terminal_size::terminal_size_of(std::io::stderr());
    let (columns, lines) = size.map_or(USUAL, |(width, height)| (usize::from(width.0), usize::from(height.0)));
    line::Screen { columns: columns.saturating_sub(1), lines: lines.saturating_sub(1) }
}
