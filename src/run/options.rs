//! Options of the driver. None of them changes the study's configurations, promotions or best trial.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::checkpoints::retention::Keep;
use super::output::log_file::LogLimit;
use super::process::gpus::SlotEnvironment;
use crate::launch::catalogue;
use crate::launch::devices::DEVICE_VARIABLES;
use crate::launch::launcher::Launcher;

/// What to do with an existing study.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Existing {
    /// Continue it.
    #[default]
    Continue,
    /// Remove it and start a new one (`--overwrite`).
    Overwrite,
}

/// Options of the driver.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Environment of each slot; at least one.
    pub slots: Vec<SlotEnvironment>,
    /// Variables of all jobs, where nothing else sets them.
    pub defaults: SlotEnvironment,
    /// Time between SIGINT or SIGTERM to a job and the next signal (`--grace`).
    pub grace: Duration,
    /// How long starting a job is retried after an error of the machine before the study stops (`--launch-timeout`).
    pub launch_timeout: Duration,
    /// Limit for each stream of each job (`--log-limit`).
    pub log_limit: LogLimit,
    /// `--keep-checkpoints`.
    pub keep: Keep,
    /// What to do with an existing study.
    pub existing: Existing,
    /// Starts, signals and judges jobs.
    pub launcher: Arc<dyn Launcher>,
    /// The id of the Slurm job whose batch script runs the driver.
    pub batch_job: Option<String>,
    /// The hypertune binary, started once more as the session's guard; `None` where jobs are no processes.
    pub guard: Option<PathBuf>,
}

impl RunOptions {
    /// The devices of each slot, as in `CUDA_VISIBLE_DEVICES`; empty if no slot has any.
    pub fn devices(&self) -> Vec<String> {
        let of_slot = self.slots.iter().map(|slot| {
            let (_, value) = slot.iter().find(|(name, _)| *name == DEVICE_VARIABLES[0])?;
            Some(value.to_string_lossy().into_owned())
        });
        of_slot.collect::<Option<_>>().unwrap_or_default()
    }

    /// Number of jobs that run at the same time.
    pub fn slot_count(&self) -> u32 {
        u32::try_from(self.slots.len()).unwrap_or(u32::MAX)
    }
}

impl Default for RunOptions {
    fn default() -> Self {
        RunOptions {
            slots: vec![SlotEnvironment::default()],
            defaults: SlotEnvironment::default(),
            grace: Duration::from_secs(10),
            launch_timeout: Duration::from_secs(60),
            log_limit: LogLimit::default(),
            keep: Keep::default(),
            existing: Existing::default(),
            launcher: catalogue::default(),
            batch_job: None,
            // Right even where the file was replaced since we started.
            guard: Some(PathBuf::from("/proc/self/exe")),
        }
    }
}
