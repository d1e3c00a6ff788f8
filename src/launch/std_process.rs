//! The launcher `std`: jobs are processes of this machine, spawned by the standard library.
//!
//! Slower than `local`, but needs neither `clone` with its own stack nor `CLONE_PIDFD`. A job cannot be ended while its program is
//! being loaded.

use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{self, Command, Stdio};
use std::sync::OnceLock;

use super::error::SpawnError;
use super::launcher::Launcher;
use super::process::child::Child;
use super::process::open_files;
use super::process::pidfd::pidfd;
use super::process::signals::Signals;
use super::process::spawn::JobCommand;
use super::process::spawning_child::SpawningChild;
use super::process::syscalls::{
    Pid, Signal, ignored_signals, reap, reset_signals_in_child, signal_child, without_ctrl_z,
};

/// Spawns jobs with [`std::process::Command`].
#[derive(Debug, Default)]
pub struct StdProcess {
    /// The signals that jobs would ignore as the driver does. Set by [`Launcher::prepare`].
    ignored: OnceLock<Vec<i32>>,
}

impl Launcher for StdProcess {
    fn name(&self) -> &'static str {
        "std"
    }

    fn prepare(&self, _signals: &Signals) -> io::Result<()> {
        // Fails if an earlier session of this process has set it; it is the same.
        let _ = self.ignored.set(ignored_signals());
        Ok(())
    }

    fn start(&self, command: &JobCommand, _spawning: &SpawningChild) -> Result<Child, SpawnError> {
        let JobCommand { program, name, args, env, unset, directory } = command;
        let mut command = Command::new(program);
        command.arg0(name).args(args).process_group(0);
        for name in unset {
            command.env_remove(name);
        }
        command.envs(env.iter().map(|(name, value)| (&**name, value)));
        if let Some(directory) = directory {
            command.current_dir(directory);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        open_files::restore_in_child(&mut command);
        reset_signals_in_child(&mut command, self.ignored.get().cloned().unwrap_or_default());
        // Only the error code tells whether pipes, a process or the program failed.
        let spawned = without_ctrl_z(|| command.spawn()).map_err(|error| match directory.as_deref().map(enter) {
            Some(Err(error)) => SpawnError::Directory(error),
            _ => SpawnError::Program(error),
        })?;
        with_pidfd(spawned).map_err(SpawnError::Process)
    }
}

/// The error of entering `directory`, if there is one: looking up `.` in it needs the same permission.
fn enter(directory: &Path) -> io::Result<()> {
    fs::metadata(directory.join(".")).map(drop)
}

/// Opens a pidfd of `spawned`, which has not been reaped. If that fails, kills and reaps it.
fn with_pidfd(mut spawned: process::Child) -> io::Result<Child> {
    let pid = i32::try_from(spawned.id()).ok().and_then(Pid::new);
    let pid = pid.ok_or_else(|| io::Error::other("the child has no valid number"))?;
    let pipes =
        spawned.stdout.take().zip(spawned.stderr.take()).ok_or_else(|| io::Error::other("the child has no pipes"));
    let child = pipes.and_then(|(stdout, stderr)| {
        let [stdout, stderr] = [OwnedFd::from(stdout), OwnedFd::from(stderr)].map(File::from);
        Ok(Child::new(pid, pidfd(pid)?, stdout, stderr))
    });
    if child.is_err() {
        signal_child(pid, Signal::Kill);
        let _ = reap(pid);
    }
    child
}
