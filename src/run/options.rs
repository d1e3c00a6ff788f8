//! How a study is driven. None of this changes its configurations, promotions or best trial.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::checkpoints::retention::Keep;
use super::output::log_file::LogLimit;
use super::process::gpus::SlotEnvironment;
use crate::launch::catalogue;
use crate::launch::launcher::Launcher;

/// What becomes of a study that is there already.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Existing {
    /// It goes on.
    #[default]
    GoOn,
    /// It is removed, and a new one begun (`--overwrite`).
    Overwrite,
}

/// Options of the driver.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// One for each job that may run at once; at least one.
    pub slots: Vec<SlotEnvironment>,
    /// Between a polite signal to a job and the next one (`--grace`).
    pub grace: Duration,
    /// How long a job that the system refuses to start is tried again before the study stops (`--launch-timeout`).
    pub launch_timeout: Duration,
    /// Of each stream of each job (`--log-limit`).
    pub log_limit: LogLimit,
    /// `--keep-checkpoints`.
    pub keep: Keep,
    /// A study that is there already.
    pub existing: Existing,
    /// Starts, signals and judges jobs.
    pub launcher: Arc<dyn Launcher>,
    /// The hypertune binary, started once more as the session's guard; `None` where jobs are no processes.
    pub guard: Option<PathBuf>,
}

impl RunOptions {
    /// How many jobs run at once.
    pub fn slot_count(&self) -> u32 {
        u32::try_from(self.slots.len()).unwrap_or(u32::MAX)
    }
}

impl Default for RunOptions {
    fn default() -> Self {
        RunOptions {
            slots: vec![SlotEnvironment::default()],
            grace: Duration::from_secs(10),
            launch_timeout: Duration::from_secs(60),
            log_limit: LogLimit::default(),
            keep: Keep::default(),
            existing: Existing::default(),
            launcher: catalogue::default(),
            // Right even where the file was replaced since we started.
            guard: Some(PathBuf::from("/proc/self/exe")),
        }
    }
}
