//! A small process per session that ends the session's jobs if the driver is killed.
//!
//! It waits for the driver's exit, or for a message over a pipe that all jobs have ended. If the driver exits without the message, the
//! guard ends the process groups recorded in a shared file, and every process with the session's mark in its environment: this includes
//! jobs whose group was not recorded yet and grandchildren in other sessions. Per job the driver writes only sixteen bytes into memory.
//! The guard's own environment has no mark, so that it is not mistaken for a job.

use std::env;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use super::mark::{Mark, SessionMark};
use super::marked_processes::{MarkedProcesses, SearchScope};
use super::process_groups::ProcessGroups;
use super::process_table::ProcessTable;
use crate::launch::process::pidfd::{ends_within, pidfd};
use crate::launch::process::syscalls::{Pid, detach, session_and_parent, wait_readable, without_ctrl_z};

/// The hidden subcommand that runs the guard; its argument is the session's mark.
pub const SUBCOMMAND: &str = "guard";

/// The message of a driver that exits normally.
const DISMISS_MESSAGE: &[u8] = b"goodbye";
/// Longest wait for the exit of a dismissed guard, and again after SIGKILL.
const DISMISS_TIMEOUT: Duration = Duration::from_secs(5);

/// Pause after a failed poll.
const POLL_RETRY: Duration = Duration::from_secs(5);

/// The driver's handle of its guard.
#[derive(Debug)]
pub struct Guard(Child);

impl Guard {
    /// Starts `program guard SESSION`, which guards `groups`; `program` is this binary.
    pub fn start(program: &Path, session: &SessionMark, groups: &ProcessGroups) -> io::Result<Guard> {
        let mut command = Command::new(program);
        command
            .arg0("hypertune-guard")
            .args([SUBCOMMAND, session.as_str()])
            .current_dir("/")
            // The terminal's Ctrl-C must not reach it.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(groups.file()?)
            .stderr(Stdio::null());
        for (name, _) in env::vars_os().filter(|(name, _)| name.as_bytes().starts_with(b"HYPERTUNE_")) {
            command.env_remove(name);
        }
        without_ctrl_z(|| command.spawn()).map(Guard)
    }

    /// Ends the guard when no job is running.
    pub fn dismiss(self) -> io::Result<()> {
        self.dismiss_within(DISMISS_TIMEOUT)
    }

    fn dismiss_within(mut self, timeout: Duration) -> io::Result<()> {
        if let Some(mut pipe) = self.0.stdin.take() {
            // Fails if the guard has already exited.
            let _ = pipe.write_all(DISMISS_MESSAGE);
        }
        let number = i32::try_from(self.0.id()).ok().and_then(Pid::new);
        let pidfd = number.map(pidfd).transpose()?;
        let exits = || pidfd.as_ref().is_some_and(|pidfd| ends_within(pidfd.as_fd(), timeout));
        if !exits() {
            self.0.kill()?;
            exits();
        }
        self.0.try_wait().map(drop)
    }
}

/// The main function of the guard. Returns when the driver has dismissed it, or when it has ended the jobs.
pub fn main(session: &str) -> io::Result<()> {
    let (own_session, parent) = session_and_parent();
    detach();
    let driver = parent.and_then(|driver| pidfd(driver).ok());
    if is_dismissed(driver.as_ref()) {
        return Ok(());
    }
    let session = SessionMark::parse(session).ok_or_else(|| io::Error::other("invalid session mark"))?;
    let file = io::stdout().as_fd().try_clone_to_owned().map(File::from);
    let (leaders, members) = match file {
        Ok(file) => ProcessGroups::from(file).open_processes(own_session, &ProcessTable::default()),
        Err(_) => Default::default(),
    };
    MarkedProcesses::new(vec![Mark::Session(session)], SearchScope::CurrentSession).end_with(leaders, members);
    Ok(())
}

/// Waits for the driver's message or its exit. End-of-file is not enough: a child that the driver is spawning has the pipe open.
fn is_dismissed(driver: Option<&OwnedFd>) -> bool {
    let stdin = io::stdin();
    let mut received = Vec::new();
    loop {
        let waited = wait_readable([Some(stdin.as_fd()), driver.map(AsFd::as_fd)], None);
        let Ok([message, exited]) = waited else {
            // Poll fails without memory, for example. The driver may still run.
            sleep(POLL_RETRY);
            continue;
        };
        if message {
            let mut bytes = [0; 64];
            match stdin.lock().read(&mut bytes) {
                Ok(length @ 1..) => received.extend_from_slice(&bytes[..length]),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                // A read error counts as end-of-file.
                Ok(_) | Err(_) => return false,
            }
            if received.starts_with(DISMISS_MESSAGE) {
                return true;
            }
        } else if exited {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guard_that_does_not_exit_is_killed() {
        let process = Command::new("/bin/sleep").arg("600").stdin(Stdio::piped()).spawn().unwrap();
        let pid = Pid::new(i32::try_from(process.id()).unwrap()).unwrap();
        // Long enough for the exit of a killed process.
        Guard(process).dismiss_within(Duration::from_millis(200)).unwrap();
        assert_eq!(ProcessTable::default().stat(pid), None);
    }
}
