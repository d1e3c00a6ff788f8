//! Progress on a terminal: one line for the study and one for each bracket's current rung, redrawn in place.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::tally::{FullRung, Tally};
use super::{Verbosity, job, line};
use crate::journal::record::Record;
use crate::run::watch::Watcher;
use crate::schedule::Plan;
use crate::words::units::Moment;

/// A study that is over before this shows no progress at all.
const SILENCE: Duration = Duration::from_millis(250);
/// Time between two drawings.
const REDRAW: Duration = Duration::from_millis(100);

/// What the driver's thread and the painting thread share.
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
    screen: MultiProgress,
    verbosity: Verbosity,
    painter: Option<JoinHandle<()>>,
}

impl Terminal {
    /// For a study that follows `plan`.
    pub fn new(plan: &Plan, verbosity: Verbosity) -> Terminal {
        let state = State { tally: Tally::new(plan), over: false, heard: Instant::now() };
        let shared = Arc::new(Shared { state: Mutex::new(state), wake: Condvar::new() });
        let screen = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(20));
        let painter = std::thread::Builder::new().name("progress".into()).spawn({
            let (shared, screen) = (shared.clone(), screen.clone());
            move || paint(&shared, screen)
        });
        // without the thread nothing is drawn; the study itself does not depend on it
        Terminal { shared, screen, verbosity, painter: painter.ok() }
    }

    fn say(&self, line: &str) {
        self.screen.suspend(|| eprintln!("{line}"));
    }
}

impl Watcher for Terminal {
    fn record(&self, record: &Record) {
        let mut state = self.shared.lock();
        state.tally.record(record);
        state.heard = Instant::now();
        if self.verbosity == Verbosity::Verbose
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

fn paint(shared: &Shared, screen: MultiProgress) {
    let mut lines = Lines::new(screen);
    let mut pause = SILENCE;
    loop {
        let waited = shared.wake.wait_timeout_while(shared.lock(), pause, |state| !state.over);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if state.over {
            return lines.clear();
        }
        let frame = Frame::of(&state.tally, state.tally.now.after(state.heard.elapsed()));
        drop(state);
        lines.draw(frame);
        pause = REDRAW;
    }
}

/// One drawing, as text and numbers.
#[derive(Debug)]
struct Frame {
    study: String,
    rungs: Vec<(FullRung, String)>,
}

impl Frame {
    fn of(tally: &Tally, now: Moment) -> Frame {
        let rungs = tally.current_rungs().map(|rung| (rung, line::resource(tally, &rung.tally)));
        Frame { study: line::study(tally, now), rungs: rungs.collect() }
    }
}

/// The lines on screen.
struct Lines {
    screen: MultiProgress,
    study: ProgressBar,
    rungs: Vec<ProgressBar>,
}

impl Lines {
    fn new(screen: MultiProgress) -> Lines {
        let study = screen.add(ProgressBar::no_length().with_style(style("{wide_msg}")));
        Lines { screen, study, rungs: Vec::new() }
    }

    fn draw(&mut self, frame: Frame) {
        self.study.set_message(frame.study);
        while self.rungs.len() > frame.rungs.len() {
            if let Some(bar) = self.rungs.pop() {
                self.screen.remove(&bar);
            }
        }
        while self.rungs.len() < frame.rungs.len() {
            let style = style("  {prefix} {bar:20} {pos:>4}/{len} {wide_msg}");
            self.rungs.push(self.screen.add(ProgressBar::new(1).with_style(style)));
        }
        let width = frame.rungs.iter().map(|(rung, _)| line::place(rung).len()).max().unwrap_or(0);
        for (bar, (rung, at)) in self.rungs.iter().zip(frame.rungs) {
            bar.set_prefix(format!("{:width$}", line::place(&rung)));
            bar.set_length(rung.tally.configs);
            bar.set_position(rung.tally.ended);
            bar.set_message(at);
        }
    }

    fn clear(self) {
        // a terminal that cannot be written to any more needs no clearing
        let _ = self.screen.clear();
    }
}

/// Templates are constants of this file; a wrong one shows the default style.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━━╌")
}
