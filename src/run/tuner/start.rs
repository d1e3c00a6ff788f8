//! Starting the tuner's process, protected as jobs are, its stderr going to a file.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::process::TunerProcess;
use super::{Conversation, TunerContext, TunerProgram};
use crate::command::program::locate;
use crate::journal::folder::files;
use crate::launch::orphans::mark::{JOB_VARIABLE, SESSION_VARIABLE, STUDY_VARIABLE};
use crate::launch::process::open_files;
use crate::launch::process::pidfd::pidfd;
use crate::launch::process::syscalls::{Pid, Signal, reap, signal_child, without_ctrl_z};

/// The version that the matrix asks for.
pub const VERSION_VARIABLE: &str = "HYPERTUNE_TUNER_VERSION";

/// Most of the log's end that a message shows.
const TAIL_BYTES: u64 = 4 << 10;
const TAIL_LINES: usize = 12;

/// Where stderr goes, and where in it this process began.
#[derive(Clone, Debug)]
pub struct Log {
    path: PathBuf,
    from: u64,
}

impl Log {
    /// The last lines that this process wrote, indented; none if it wrote nothing.
    pub fn tail(&self) -> String {
        let text = self.read().unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.trim_end().lines().collect();
        let shown: Vec<String> =
            lines[lines.len().saturating_sub(TAIL_LINES)..].iter().map(|line| format!("    {line}")).collect();
        shown.join("\n")
    }

    fn read(&self) -> io::Result<Vec<u8>> {
        let mut file = File::open(&self.path)?;
        let end = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(self.from.max(end.saturating_sub(TAIL_BYTES))))?;
        let mut text = Vec::new();
        file.take(TAIL_BYTES).read_to_end(&mut text)?;
        Ok(text)
    }
}

/// Starts `program`; errs with what follows its name in a message.
pub fn start(program: &TunerProgram, desk: &TunerContext<'_>) -> Result<Conversation, String> {
    let (name, args) = program.argv.split_first().ok_or("has no command")?;
    let path = locate(name).map_err(|error| format!("cannot be started: {error}"))?;
    let log_path = desk.folder.tuner_log();
    let opened = open_log(&log_path);
    let (log, from) = opened.map_err(|e| format!("cannot be started: {}: {e}", log_path.display()))?;
    let mut command = Command::new(path);
    command.arg0(name).args(args).process_group(0);
    command.env(STUDY_VARIABLE, desk.folder.root()).env("PYTHONUNBUFFERED", "1");
    command.env(SESSION_VARIABLE, desk.session.as_str()).env(JOB_VARIABLE, desk.session.tuner());
    if let Some(version) = &program.version {
        command.env(VERSION_VARIABLE, version);
    }
    let companion = spawn(command, log).map_err(|e| format!("cannot be started: {e}"))?;
    // A failing note leaves the guard with its search by environment.
    let _ = desk.guard.note(desk.slot, Some(companion.pid));
    Ok(Conversation { companion, log: Log { path: log_path, from } })
}

fn open_log(path: &Path) -> io::Result<(File, u64)> {
    let log = files::open(path, OpenOptions::new().create(true).append(true))?;
    let from = log.metadata()?.len();
    Ok((log, from))
}

fn spawn(mut command: Command, log: File) -> io::Result<TunerProcess> {
    open_files::give_back(&mut command);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
    let mut child = without_ctrl_z(|| command.spawn())?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::new);
    let pid = pid.ok_or_else(|| io::Error::other("the system gave the child an impossible number"))?;
    let ends = child.stdin.take().zip(child.stdout.take()).ok_or_else(|| io::Error::other("it has no pipes"));
    let companion = ends.and_then(|(stdin, stdout)| {
        let [stdin, stdout] = [OwnedFd::from(stdin), OwnedFd::from(stdout)].map(File::from);
        TunerProcess::new(pid, pidfd(pid)?, stdin, stdout)
    });
    if companion.is_err() {
        signal_child(pid, Signal::Kill);
        let _ = reap(pid);
    }
    companion
}
