//! What a job runs: templates, argument styles, declared inputs, environment.

pub mod context;
pub(crate) mod environment;
pub(crate) mod hub;
pub(crate) mod input;
pub(crate) mod plain;
pub(crate) mod program;
pub(crate) mod split;
pub mod style;
pub mod template;

use std::path::Path;

use crate::engine::event::Launch;

/// All that one launch's command line and environment are made from.
#[derive(Clone, Copy, Debug)]
pub struct JobContext<'a> {
    /// Which job, with which configuration and resource.
    pub launch: &'a Launch,
    /// The trial's own seed, the same for all its jobs.
    pub seed: u32,
    /// The study's directory.
    pub study_dir: &'a Path,
    /// The trial's directory.
    pub trial_dir: &'a Path,
    /// Where this job may keep checkpoints.
    pub checkpoint_dir: &'a Path,
}
