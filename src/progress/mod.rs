//! What a person sees while a study runs: lines that redraw themselves on a terminal, one plain line per finished rung
//! elsewhere. All of it goes to stderr.

pub mod job;
pub mod line;
pub mod plain;
pub mod tally;
pub mod terminal;

use std::io::{self, IsTerminal};
use std::sync::Arc;

use crate::run::watch::{Unwatched, Watcher};
use crate::schedule::Plan;

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

/// The watcher that suits stderr.
pub fn watcher(plan: &Plan, verbosity: Verbosity) -> Arc<dyn Watcher> {
    match verbosity {
        Verbosity::Quiet => Arc::new(Unwatched),
        _ if io::stderr().is_terminal() => Arc::new(terminal::Terminal::new(plan, verbosity)),
        _ => Arc::new(plain::Plain::new(plan, verbosity)),
    }
}
