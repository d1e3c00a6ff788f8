//! What a person sees while a study runs: lines that redraw themselves on a terminal, one plain line per finished rung
//! elsewhere. All of it goes to stderr.

pub mod goal;
pub mod job;
pub mod line;
pub mod plain;
pub mod tally;
pub mod terminal;

use std::io::Write;
use std::sync::Arc;

use crate::engine::experiment::Experiment;
use crate::run::watch::{Unwatched, Watcher};
use goal::Goal;
use tally::Tally;

/// How much a person wants to see.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Verbosity {
    /// Errors only.
    Quiet,
    /// Progress and notes.
    #[default]
    Normal,
    /// A line for every job as well.
    Verbose,
}

/// Prints `text` and a newline to stderr, without colours where they are not wanted. A terminal that was closed and a full disk
/// behind a redirection are no reason to end a study, so it does not fail, as `eprintln!` would with a panic.
pub fn say(text: &str) {
    let _ = anstream::stderr().write_all(format!("{text}\n").as_bytes());
}

/// The watcher that suits stderr.
pub fn watcher(experiment: &Experiment, verbosity: Verbosity) -> Arc<dyn Watcher> {
    let tally = Tally::new(&experiment.plan(), Goal::of(experiment));
    match verbosity {
        Verbosity::Quiet => Arc::new(Unwatched),
        _ if terminal::can_redraw() => Arc::new(terminal::Terminal::new(tally, verbosity)),
        _ => Arc::new(plain::Plain::new(tally, verbosity)),
    }
}
