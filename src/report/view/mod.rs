//! A study computed from its folder: every job with all its attempts. Works on a finished, a running and a crashed study.

mod builder;
pub(crate) mod curves;
pub(crate) mod cut_off;
pub(crate) mod incumbent_history;
mod job;
mod study;

pub use builder::{MissingHeaderError, ViewBuilder};
pub use job::{JobStatus, JobView};
pub use study::{StudyView, ViewDetail};

#[cfg(test)]
mod tests;
