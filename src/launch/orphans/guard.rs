//! One small process per session that ends the session's jobs when the driver has ended without doing so, however it died.
//!
//! It waits for the driver's end, or for a message over a pipe that nothing is left to do. If the driver ended without one, the guard
//! ends the process groups in a file that both have open, and every process that has the session's mark in its environment: so a job
//! whose group was not recorded yet, and a grandchild in a session of its own, are found. Per job the driver writes sixteen bytes
//! into memory, and nothing else. The guard's own environment has no mark, so that neither another guard nor a later session takes it
//! for a job.

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

/// The hidden subcommand under which the binary is the guard; its one argument is the session's mark.
pub const SUBCOMMAND: &str = "guard";

/// What the driver writes before it ends in order.
const DISMISSED: &[u8] = b"goodbye";
/// How long a dismissed guard may take to end, and again after SIGKILL.
const DISMISSAL: Duration = Duration::from_secs(5);

/// The driver's handle of its guard.
#[derive(Debug)]
pub struct Guard(Child);

impl Guard {
    /// Starts a guard of `groups`: `program` is this binary, called as `program guard SESSION`.
    pub fn start(program: &Path, session: &SessionMark, groups: &ProcessGroups) -> io::Result<Guard> {
        let mut command = Command::new(program);
        command
            .arg0("hypertune-guard")
            .args([SUBCOMMAND, session.as_str()])
            .current_dir("/")
            // Out of reach of the terminal's Ctrl-C from its start.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(groups.file()?)
            .stderr(Stdio::null());
        for (name, _) in env::vars_os().filter(|(name, _)| name.as_bytes().starts_with(b"HYPERTUNE_")) {
            command.env_remove(name);
        }
        without_ctrl_z(|| command.spawn()).map(Guard)
    }

    /// Ends the guard: no job runs any more.
    pub fn dismiss(self) -> io::Result<()> {
        self.dismiss_within(DISMISSAL)
    }

    fn dismiss_within(mut self, timeout: Duration) -> io::Result<()> {
        if let Some(mut pipe) = self.0.stdin.take() {
            // A guard that is gone already needs no message.
            let _ = pipe.write_all(DISMISSED);
        }
        let number = i32::try_from(self.0.id()).ok().and_then(Pid::new);
        let ended = number.map(pidfd).transpose()?;
        let ends = || ended.as_ref().is_some_and(|ended| ends_within(ended.as_fd(), timeout));
        if !ends() {
            self.0.kill()?;
            ends();
        }
        self.0.try_wait().map(drop)
    }
}

/// The guard process itself. Returns when the driver has dismissed it, or when the jobs have been ended.
pub fn main(session: &str) -> io::Result<()> {
    let (own_session, parent) = session_and_parent();
    detach();
    let driver = parent.and_then(|driver| pidfd(driver).ok());
    if is_dismissed(driver.as_ref()) {
        return Ok(());
    }
    let session = SessionMark::parse(session).ok_or_else(|| io::Error::other("invalid mark of a session"))?;
    let file = io::stdout().as_fd().try_clone_to_owned().map(File::from);
    let (leaders, members) = match file {
        Ok(file) => ProcessGroups::from(file).hold(own_session, &ProcessTable::default()),
        Err(_) => Default::default(),
    };
    MarkedProcesses::new(vec![Mark::Session(session)], SearchScope::CurrentSession).end_with(leaders, members);
    Ok(())
}

/// Waits for the driver's message or its end. End-of-file alone is not enough: a child that the driver is spawning has the pipe open.
fn is_dismissed(driver: Option<&OwnedFd>) -> bool {
    let stdin = io::stdin();
    let mut received = Vec::new();
    loop {
        let waited = wait_readable([Some(stdin.as_fd()), driver.map(AsFd::as_fd)], None);
        let Ok([message, ended]) = waited else {
            // For example without memory for a poll. The driver may still run.
            sleep(DISMISSAL);
            continue;
        };
        if message {
            let mut bytes = [0; 64];
            match stdin.lock().read(&mut bytes) {
                Ok(length @ 1..) => received.extend_from_slice(&bytes[..length]),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                // An unreadable pipe counts as a closed one.
                Ok(_) | Err(_) => return false,
            }
            if received.starts_with(DISMISSED) {
                return true;
            }
        } else if ended {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guard_that_does_not_end_is_killed() {
        let process = Command::new("/bin/sleep").arg("600").stdin(Stdio::piped()).spawn().unwrap();
        let pid = Pid::new(i32::try_from(process.id()).unwrap()).unwrap();
        // The end of a killed process takes less.
        Guard(process).dismiss_within(Duration::from_millis(200)).unwrap();
        assert_eq!(ProcessTable::default().stat(pid), None);
    }
}
