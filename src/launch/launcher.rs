//! The interface between the driver and the launchers.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::Path;

use serde_json::{Map, Value};

use super::error::{LaunchError, SpawnError};
use super::job_exit::{ExitMeaning, JobExit};
use super::orphans::mark::{Mark, SessionMark};
use super::orphans::marked_processes::{MarkedProcesses, SearchScope};
use super::process::child::Child;
use super::process::signals::Signals;
use super::process::spawn::JobCommand;
use super::process::spawning_child::SpawningChild;
use super::process::syscalls::{Pid, Reaped, Signal, signal_child};
use crate::types::ids::{JobId, Slot};
use crate::types::placement::Placement;
use crate::types::units::Resource;

/// A command whose program has not been located.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CommandLine {
    /// The program, as a path or a name to look up in `PATH`, and its arguments; not empty.
    pub argv: Vec<String>,
    /// Added to the driver's environment; includes the marks of session and job.
    pub env: Vec<(Cow<'static, str>, OsString)>,
    /// Names of variables that are not inherited from the driver.
    pub unset: Vec<String>,
}

/// A job that is about to be started.
#[derive(Clone, Copy, Debug)]
pub struct JobIdentity<'a> {
    /// Its slot.
    pub slot: Slot,
    /// Trial, rung and attempt.
    pub job: JobId,
    /// The resource that it runs to.
    pub resource: Resource,
    /// Its mark, the value of `HYPERTUNE_JOB`; unique among all jobs of the user.
    pub mark: &'a str,
    /// The absolute path of its working directory.
    pub directory: &'a Path,
}

/// When a job starts to run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StartReport {
    /// When its process is spawned.
    AtSpawn,
    /// When it prints the first line of [`client`](super::client) on stderr; until then its client waits for a place to run it.
    Printed,
}

/// The jobs that a launcher can run at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Capacity {
    /// As many as this machine has processors or devices for.
    Machine,
    /// As many as this machine has processors, if no number is given; devices are not assigned.
    Processors,
    /// So many.
    Jobs(u32),
    /// Any number; the rest waits in the queue of a cluster.
    Queue,
}

/// What a job finds where it runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JobHost {
    /// The programs of this machine, and its processors or those of [`Launcher::processors_per_job`].
    Machine,
    /// Programs of its own, on the processors of this machine.
    Container,
    /// Programs and processors that hypertune does not know.
    Elsewhere,
}

/// A job or a session that may still run because it could not be ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unstopped {
    pub mark: Mark,
    /// Its name in the system that runs it.
    pub name: String,
    /// Why it could not be ended.
    pub reason: String,
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

    /// Its options, as the journal records them.
    fn options(&self) -> Map<String, Value> {
        Map::new()
    }

    /// The number of jobs that it can run at once. May ask a scheduler.
    ///
    /// # Errors
    /// The scheduler does not answer, or has no place for one job.
    fn capacity(&self) -> Result<Capacity, LaunchError> {
        Ok(Capacity::Machine)
    }

    /// Processors of each job; `None` where jobs share those of this machine.
    fn processors_per_job(&self) -> Option<u32> {
        None
    }

    /// What its jobs find where they run.
    fn job_host(&self) -> JobHost {
        JobHost::Machine
    }

    /// How its jobs get GPUs, where hypertune does not assign them.
    fn gpu_hint(&self) -> &'static str {
        "say how many GPUs a job gets with its option `gpus`"
    }

    /// When its jobs start to run.
    fn start_report(&self) -> StartReport {
        StartReport::AtSpawn
    }

    /// Checks before each start whether jobs can be started now. The caller waits and tries again after an error.
    ///
    /// # Errors
    /// What the start waits for, as a sentence without a full stop.
    fn ready(&self) -> Result<(), String> {
        Ok(())
    }

    /// The command to start for `job` with `command`.
    fn wrap(&self, command: CommandLine, _job: &JobIdentity<'_>) -> CommandLine {
        command
    }

    /// Starts `command` in its directory, as the leader of a process group, with an empty stdin and pipes for stdout and
    /// stderr. While this blocks, other threads may signal the child through `spawning`.
    fn start(&self, command: &JobCommand, spawning: &SpawningChild) -> Result<Child, SpawnError>;

    /// The job of `child` has started. Called only for [`StartReport::Printed`], while the child has not been reaped.
    fn started(&self, _child: Pid, _placement: &Placement) {}

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

    /// Interprets the exit of a job that hypertune did not end. May take as long as [`Launcher::end_leftovers`], to end what a failed client
    /// left.
    fn interpret(&self, exit: &JobExit<'_>) -> ExitMeaning {
        exit.meaning()
    }

    /// Ends all processes with one of `marks`, within about thirty seconds. Returns their number. What cannot be ended because a scheduler
    /// does not answer is ended later; until then [`Launcher::ready`] is an error.
    fn end_leftovers(&self, marks: Vec<Mark>, scope: SearchScope) -> usize {
        MarkedProcesses::new(marks, scope).end()
    }

    /// How the names of the jobs of `session` begin, if each can only be ended by its own name.
    fn names_of_session(&self, _session: &SessionMark) -> Option<String> {
        None
    }

    /// What could not be ended so far.
    fn unstopped(&self) -> Vec<Unstopped> {
        Vec::new()
    }

    /// Warnings for the user that have not been returned yet.
    fn take_warnings(&self) -> Vec<String> {
        Vec::new()
    }

    /// Notes for the user that have not been returned yet.
    fn take_notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// Closes what the jobs of the session shared. Called when none runs and none will start.
    fn close(&self) {}
}
