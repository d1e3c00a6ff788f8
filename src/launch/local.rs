//! The launcher `local`: jobs are processes of this machine, spawned with `clone` and shared memory.

use std::io;
use std::sync::OnceLock;

use super::error::SpawnError;
use super::launcher::Launcher;
use super::process::child::Child;
use super::process::signals::Signals;
use super::process::spawn::{JobCommand, Spawner};
use super::process::spawning_child::SpawningChild;

/// Spawns jobs with `clone`.
#[derive(Debug, Default)]
pub struct Local {
    /// Set by [`Launcher::prepare`].
    spawner: OnceLock<Spawner>,
}

impl Local {
    /// As [`Launcher::prepare`], for jobs that do not inherit the variables `names`.
    pub(super) fn prepare_without(&self, signals: &Signals, names: &[&str]) -> io::Result<()> {
        let spawner = Spawner::new(signals)?.without_variables(names);
        // Fails if an earlier session of this process has set it; environment and signals are the same.
        let _ = self.spawner.set(spawner);
        Ok(())
    }
}

impl Launcher for Local {
    fn name(&self) -> &'static str {
        "local"
    }

    fn prepare(&self, signals: &Signals) -> io::Result<()> {
        self.prepare_without(signals, &[])
    }

    fn start(&self, command: &JobCommand, spawning: &SpawningChild) -> Result<Child, SpawnError> {
        let spawner = self.spawner.get();
        let spawner = spawner.ok_or_else(|| SpawnError::Process(io::Error::other("the launcher was not prepared")))?;
        spawner.spawn(command, spawning)
    }
}
