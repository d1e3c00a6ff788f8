//! What a person sees while a study runs: lines that redraw themselves on a terminal, one plain line per finished rung
//! elsewhere. All of it goes to stderr.

pub(crate) mod goal;
pub(crate) mod job;
pub(crate) mod line;
pub(crate) mod line_queue;
pub(crate) mod plain;
pub(crate) mod stderr;
pub(crate) mod tally;
pub(crate) mod terminal;
pub(crate) mod verbosity;

use std::sync::Arc;

use crate::engine::experiment::Experiment;
use crate::run::observer::{NoObserver, Observer};
use goal::Goal;
pub use stderr::print_message;
use tally::Tally;
pub use verbosity::Verbosity;

/// The observer that suits stderr.
pub fn observer(experiment: &Experiment, verbosity: Verbosity) -> Arc<dyn Observer> {
    let tally = Tally::new(&experiment.plan(), Goal::of(experiment));
    match verbosity {
        Verbosity::Quiet => Arc::new(NoObserver),
        _ if terminal::can_redraw() => Arc::new(terminal::TerminalProgress::new(tally, verbosity)),
        _ => Arc::new(plain::PlainProgress::new(tally, verbosity)),
    }
}
