//! Command lines of jobs: templates, argument styles, declared inputs, environment.

pub mod config;
pub mod context;
mod conversion;
pub mod dialect;
pub(crate) mod environment;
pub(crate) mod files;
pub(crate) mod hub;
pub(crate) mod input;
pub(crate) mod plain;
pub(crate) mod program;
mod python;
pub(crate) mod rendered;
pub(crate) mod shell_script;
pub(crate) mod split;
pub mod style;
pub mod template;
pub(crate) mod workdir;

use std::path::Path;

use crate::engine::event::Launch;

/// The data for one launch's command line and environment.
#[derive(Clone, Copy, Debug)]
pub struct JobContext<'a> {
    /// The job with its configuration and resource.
    pub launch: &'a Launch,
    /// The trial's own seed, the same for all its jobs.
    pub seed: u32,
    /// Value of `HYPERTUNE_STUDY_DIR`.
    pub study_dir: &'a Path,
    /// Value of `HYPERTUNE_TRIAL_DIR`, kept for all jobs of a trial.
    pub trial_dir: &'a Path,
    /// The directory for this job's checkpoints.
    pub checkpoint_dir: &'a Path,
    /// A TCP port for the job; 0 if none is free.
    pub port: u16,
}
