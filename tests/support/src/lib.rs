//! Runs the hypertune binary in a temporary folder, with an environment that does not depend on the caller's.

mod driver;
mod environment;
mod journal;
mod lab;
mod output;
mod processes;
mod programs;

pub use driver::Driver;
pub use environment::reset_environment;
pub use journal::StudyOutcome;
pub use lab::{HYPERBAND, HYPERBAND_JOBS, Lab, memory_folder};
pub use output::RunOutput;
pub use processes::{can_change_user, is_root, processes_with_variable, send_signal, try_send_signal};
pub use programs::{hypertune, program_folder, trainer, tuner};

/// How many times as often tests that kill a driver or cut a journal do so: `HYPERTUNE_ROUNDS`, 1 by default.
pub fn rounds() -> usize {
    std::env::var("HYPERTUNE_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(1)
}
