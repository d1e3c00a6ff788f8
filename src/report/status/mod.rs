//! The state of a study at one moment, computed from its folder: what `status` shows and prints as JSON.

mod input;
mod rank;
mod rungs;
mod running;
mod slurm;
mod sparkline;
mod state;
mod study_status;
mod text;

pub use input::StatusInput;
pub use rungs::BracketStatus;
pub use slurm::{BatchJobState, BatchJobStatus, SlurmFacts};
pub use state::StudyState;
pub use study_status::StudyStatus;
pub use text::render;

#[cfg(test)]
mod tests;
