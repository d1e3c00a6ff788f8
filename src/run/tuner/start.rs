//! Starts the tuner's process.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::process::TunerProcess;
use super::program::{TunerContext, TunerProgram};
use super::stderr_log::StderrLog;
use crate::command::program::{LocateError, locate};
use crate::launch::orphans::mark::{JOB_VARIABLE, SESSION_VARIABLE, STUDY_VARIABLE};
use crate::launch::process::open_files;
use crate::launch::process::pidfd::pidfd;
use crate::launch::process::syscalls::{Pid, Signal, reap, signal_child, without_ctrl_z};

/// Variable with the version that the matrix names.
const VERSION_VARIABLE: &str = "HYPERTUNE_TUNER_VERSION";

/// Why the tuner cannot be started. The message continues a sentence that starts with the tuner's name.
#[derive(Debug, thiserror::Error)]
pub enum TunerStartError {
    /// The argument list is empty.
    #[error("has no command")]
    NoCommand,
    /// The program cannot be located.
    #[error("cannot be started: {0}")]
    NotFound(#[from] LocateError),
    /// Its log cannot be opened.
    #[error("cannot be started: {}: {source}", path.display())]
    Log {
        /// The log.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The process cannot be spawned.
    #[error("cannot be started: {0}")]
    Spawn(#[source] io::Error),
}

/// A running tuner with its log.
#[derive(Debug)]
pub struct RunningTuner {
    /// Its process.
    pub process: TunerProcess,
    /// Where its stderr goes.
    pub log: StderrLog,
}

/// Starts `program` in a new process group and reports it to the guard.
pub fn start(program: &TunerProgram, context: &TunerContext<'_>) -> Result<RunningTuner, TunerStartError> {
    let (name, args) = program.argv.split_first().ok_or(TunerStartError::NoCommand)?;
    let path = locate(name)?;
    let log_path = context.folder.tuner_log();
    let (log, stderr) =
        StderrLog::open(log_path.clone()).map_err(|source| TunerStartError::Log { path: log_path, source })?;
    let mut command = Command::new(path);
    command.arg0(name).args(args).process_group(0);
    command.env(STUDY_VARIABLE, context.folder.root()).env("PYTHONUNBUFFERED", "1");
    command.env(SESSION_VARIABLE, context.session.as_str()).env(JOB_VARIABLE, context.session.tuner());
    if let Some(version) = &program.version {
        command.env(VERSION_VARIABLE, version);
    }
    let process = spawn(command, stderr).map_err(TunerStartError::Spawn)?;
    // If this fails, the guard still finds the process by its environment.
    let _ = context.groups.set(context.slot, Some(process.pid));
    Ok(RunningTuner { process, log })
}

fn spawn(mut command: Command, stderr: File) -> io::Result<TunerProcess> {
    open_files::restore_in_child(&mut command);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr);
    let mut child = without_ctrl_z(|| command.spawn())?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::new);
    let pid = pid.ok_or_else(|| io::Error::other("invalid process ID of the child"))?;
    let pipes = child.stdin.take().zip(child.stdout.take()).ok_or_else(|| io::Error::other("the child has no pipes"));
    let process = pipes.and_then(|(stdin, stdout)| {
        let [stdin, stdout] = [OwnedFd::from(stdin), OwnedFd::from(stdout)].map(File::from);
        TunerProcess::new(pid, pidfd(pid)?, stdin, stdout)
    });
    if process.is_err() {
        signal_child(pid, Signal::Kill);
        let _ = reap(pid);
    }
    process
}
