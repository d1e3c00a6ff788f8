//! The interface between the driver and what runs its jobs.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt;
use std::io;

use super::error::SpawnError;
use super::job_exit::{ExitVerdict, JobExit};
use super::orphans::mark::Mark;
use super::orphans::marked_processes::{MarkedProcesses, SearchScope};
use super::process::child::Child;
use super::process::signals::Signals;
use super::process::spawn::JobCommand;
use super::process::spawning_child::SpawningChild;
use super::process::syscalls::{Pid, Reaped, Signal, signal_child};
use crate::types::ids::Slot;

/// A command before its program is looked up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CommandLine {
    /// The program, as a path or a name that is looked up in `PATH`, and its arguments; not empty.
    pub argv: Vec<String>,
    /// Added to the driver's own environment. Among them are the marks of the session and of the job.
    pub env: Vec<(Cow<'static, str>, OsString)>,
}

/// Decides how the commands of jobs are started, signalled and judged.
///
/// For each job there is one child process of the driver: the job itself, or a client that waits for a job elsewhere. The default
/// methods are right where the child is the job.
pub trait Launcher: fmt::Debug + Send + Sync {
    /// Its name in the catalogue, in the environment and in the journal.
    fn name(&self) -> &'static str;

    /// Opens what all jobs of a session share; called before the first start, when `signals` are caught.
    ///
    /// # Errors
    /// The system refuses it; the session cannot start.
    fn prepare(&self, _signals: &Signals) -> io::Result<()> {
        Ok(())
    }

    /// The command that is started for a job's own `command` in `slot`.
    fn wrap(&self, command: CommandLine, _slot: Slot) -> CommandLine {
        command
    }

    /// Starts `command` in the current directory, as the leader of a process group, with an empty stdin and pipes for stdout and
    /// stderr. While this is blocked, the child may be signalled through `spawning`.
    fn start(&self, command: &JobCommand, spawning: &SpawningChild) -> Result<Child, SpawnError>;

    /// Signals a job whose child has not been reaped. Called with a lock held: must not block.
    fn signal(&self, child: Pid, signal: Signal) {
        signal_child(child, signal);
    }

    /// Kills what is left of the job, and frees the child's number.
    ///
    /// # Errors
    /// The child does not end.
    fn reap(&self, child: Child) -> io::Result<Reaped> {
        child.reap()
    }

    /// Judges the end of a job that hypertune did not end.
    fn interpret(&self, exit: &JobExit<'_>) -> ExitVerdict {
        exit.verdict()
    }

    /// Ends all processes with one of `marks`, within ten seconds. Returns how many there were.
    fn end_leftovers(&self, marks: Vec<Mark>, scope: SearchScope) -> usize {
        MarkedProcesses::new(marks, scope).end()
    }
}
