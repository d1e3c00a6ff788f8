//! Progress on stderr while a study runs: lines redrawn in place on a terminal, plain lines for jobs and rungs elsewhere.

pub(crate) mod first_job;
pub(crate) mod job;
pub(crate) mod line;
pub(crate) mod line_limit;
pub(crate) mod line_queue;
pub(crate) mod plain;
pub(crate) mod quiet;
pub(crate) mod stderr;
pub(crate) mod terminal;
pub(crate) mod verbosity;

use std::sync::Arc;

use crate::engine::experiment::Experiment;
use crate::journal::folder::layout::StudyFolder;
use crate::report::study_progress::StudyProgress;
use crate::run::observer::Observer;
pub use stderr::print_message;
pub use verbosity::Verbosity;

/// The observer for stderr: redrawn lines on a terminal, plain lines elsewhere.
pub fn observer(experiment: &Experiment, folder: &StudyFolder, verbosity: Verbosity) -> Arc<dyn Observer> {
    let progress = StudyProgress::of(experiment);
    match verbosity {
        Verbosity::Quiet => Arc::new(quiet::QuietProgress),
        _ if terminal::can_redraw() => Arc::new(terminal::TerminalProgress::new(progress, folder.clone(), verbosity)),
        _ => Arc::new(plain::PlainProgress::new(progress, folder.clone(), verbosity)),
    }
}

#[cfg(test)]
mod tests;
