//! The state of a study at one moment, computed from its folder: what `status` shows and prints as JSON.

mod incumbents;
mod input;
mod rank;
mod rungs;
mod running;
mod spark;
mod state;
mod study_status;
mod text;

pub use incumbents::IncumbentTrace;
pub use input::StatusInput;
pub use state::StudyState;
pub use study_status::StudyStatus;
pub use text::render;

#[cfg(test)]
mod tests;
