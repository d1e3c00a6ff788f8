//! The launcher `local`: jobs are processes of this machine, spawned with `clone` and shared memory.

use std::io;
use std::os::fd::AsFd;
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

    /// As [`Launcher::start`], with `stdin`.
    pub(super) fn start_with_stdin(
        &self,
        command: &JobCommand,
        stdin: impl AsFd,
        spawning: &SpawningChild,
    ) -> Result<Child, SpawnError> {
        self.spawner()?.spawn_with_stdin(command, stdin.as_fd(), spawning)
    }

    fn spawner(&self) -> Result<&Spawner, SpawnError> {
        let spawner = self.spawner.get();
        spawner.ok_or_else(|| SpawnError::Process(io::Error::other("the launcher was not prepared")))
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
        self.spawner()?.spawn(command, spawning)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::launch::process::child::tests::{TextOutput, UNLIMITED};
    use crate::launch::std_process::StdProcess;

    #[test]
    fn a_variable_that_is_unset_is_not_inherited() {
        assert!(std::env::var_os("PATH").is_some());
        let command = JobCommand {
            program: "/usr/bin/env".into(),
            name: "env".into(),
            args: vec![],
            env: vec![("KEPT".into(), "1".into())],
            unset: vec!["PATH".into(), "KEPT".into(), "MISSING".into()],
            directory: None,
        };
        let launchers: [Box<dyn Launcher>; 2] = [Box::<Local>::default(), Box::<StdProcess>::default()];
        for launcher in launchers {
            launcher.prepare(&Signals::catch().unwrap()).unwrap();
            let mut child = launcher.start(&command, &SpawningChild::default()).unwrap();
            let mut output = TextOutput::default();
            let Ok(()) = child.follow(&mut output, &mut [0; 4096], UNLIMITED);
            child.reap().unwrap();
            let has = |start: &str| output.stdout.lines().any(|line| line.starts_with(start));
            assert!(!has("PATH=") && has("KEPT=1"), "{}: {}", launcher.name(), output.stdout);
        }
    }
}
