//! What a person sees while a study runs: lines that redraw themselves on a terminal, one plain line per finished rung
//! elsewhere. All of it goes to stderr.

pub mod goal;
pub mod job;
pub mod line;
pub mod line_queue;
pub mod plain;
pub mod stderr;
pub mod tally;
pub mod terminal;
pub mod verbosity;

use std::sync::Arc;

use crate::engine::experiment::Experiment;
use crate::run::watch::{Unwatched, Watcher};
use goal::Goal;
pub use stderr::say;
use tally::Tally;
pub use verbosity::Verbosity;

/// The watcher that suits stderr.
pub fn watcher(experiment: &Experiment, verbosity: Verbosity) -> Arc<dyn Watcher> {
    let tally = Tally::new(&experiment.plan(), Goal::of(experiment));
    match verbosity {
        Verbosity::Quiet => Arc::new(Unwatched),
        _ if terminal::can_redraw() => Arc::new(terminal::Terminal::new(tally, verbosity)),
        _ => Arc::new(plain::Plain::new(tally, verbosity)),
    }
}
