//! The interface between the driver and the launchers.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt;
use std::io;

use super::error::SpawnError;
use super::job_exit::{ExitMeaning, JobExit};
use super::orphans::mark::Mark;
use super::orphans::marked_processes::{MarkedProcesses, SearchScope};
use super::process::child::Child;
use super::process::signals::Signals;
use super::process::spawn::JobCommand;
use super::process::spawning_child::SpawningChild;
use super::process::syscalls::{Pid, Reaped, Signal, signal_child};
use crate::types::ids::Slot;

/// A command whose program has not been located.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CommandLine {
    /// The program, as a path or a name to look up in `PATH`, and its arguments; not empty.
    pub argv: Vec<String>,
    /// Added to the driver's environment; includes the marks of session and job.
    pub env: Vec<(Cow<'static, str>, OsString)>,
}

/// Starts and signals the processes of jobs, and interprets their exit.
///
/// Each job has one child process of the driver: the job itself, or a client that waits for a job elsewhere. The default methods suit
/// launchers whose child is the job.
pub trait Launcher: fmt::Debug + Send + Sync {
    /// The name in the environment variable and in the journal.
    fn name(&self) -> &'static str;

    /// Opens the resources that all jobs of a session share. Called before the first start, after the handlers of `signals` are installed.
    ///
    /// # Errors
    /// A failed system call; the session cannot start.
    fn prepare(&self, _signals: &Signals) -> io::Result<()> {
        Ok(())
    }

    /// The command to start for a job with `command` in `slot`.
    fn wrap(&self, command: CommandLine, _slot: Slot) -> CommandLine {
        command
    }

    /// Starts `command` in its directory, as the leader of a process group, with an empty stdin and pipes for stdout and
    /// stderr. While this blocks, other threads may signal the child through `spawning`.
    fn start(&self, command: &JobCommand, spawning: &SpawningChild) -> Result<Child, SpawnError>;

    /// Signals a job whose child has not been reaped. Must not block: the caller holds a lock.
    fn signal(&self, child: Pid, signal: Signal) {
        signal_child(child, signal);
    }

    /// Kills the remaining processes of the job and reaps the child.
    ///
    /// # Errors
    /// The child does not exit.
    fn reap(&self, child: Child) -> io::Result<Reaped> {
        child.reap()
    }

    /// Interprets the exit of a job that hypertune did not end.
    fn interpret(&self, exit: &JobExit<'_>) -> ExitMeaning {
        exit.meaning()
    }

    /// Ends all processes with one of `marks`, within ten seconds. Returns their number.
    fn end_leftovers(&self, marks: Vec<Mark>, scope: SearchScope) -> usize {
        MarkedProcesses::new(marks, scope).end()
    }
}
