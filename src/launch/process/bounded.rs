//! Runs a helper command with a time limit, out of reach of the terminal's Ctrl-C.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use super::pidfd::{ends_within, pidfd, signal_group_of};
use super::syscalls::{Pid, Signal, memory_file, without_ctrl_z};

/// Most bytes that a command may print to each stream.
const MAX_OUTPUT: u64 = 64 << 20;
/// Time between two checks of the length of the output.
const CHECK_INTERVAL: Duration = Duration::from_millis(250);
/// How long a killed command is waited for; one that is stuck in the kernel may never end.
const KILL_TIMEOUT: Duration = Duration::from_secs(1);

/// Runs `command`, whose stdin is the caller's choice, as the leader of a process group. Returns its status and output, or `None` if its
/// group was killed after `timeout`.
///
/// # Errors
/// It cannot be started or followed, or it prints more than 64 MiB; then its group is killed.
pub fn output_within(command: &mut Command, timeout: Duration) -> io::Result<Option<Output>> {
    let (mut stdout, mut stderr) = (memory_file()?, memory_file()?);
    command.process_group(0);
    command.stdout(stdout.try_clone()?).stderr(stderr.try_clone()?);
    let child = without_ctrl_z(|| command.spawn())?;
    let mut helper = Helper::new(child)?;
    let start = Instant::now();
    loop {
        let left = timeout.saturating_sub(start.elapsed());
        if ends_within(helper.pidfd.as_fd(), left.min(CHECK_INTERVAL)) {
            let status = helper.child.wait()?;
            return Ok(Some(Output { status, stdout: bytes(&mut stdout)?, stderr: bytes(&mut stderr)? }));
        }
        if stdout.metadata()?.len().max(stderr.metadata()?.len()) > MAX_OUTPUT {
            helper.kill();
            return Err(io::Error::other(format!("it prints more than {} MiB", MAX_OUTPUT >> 20)));
        }
        if left.is_zero() {
            helper.kill();
            return Ok(None);
        }
    }
}

/// A command that runs.
struct Helper {
    child: Child,
    pid: Pid,
    pidfd: OwnedFd,
}

impl Helper {
    fn new(mut child: Child) -> io::Result<Helper> {
        let pid = i32::try_from(child.id()).ok().and_then(Pid::new);
        match pid.ok_or_else(|| io::Error::other("invalid process number")).and_then(|pid| Ok((pid, pidfd(pid)?))) {
            Ok((pid, pidfd)) => Ok(Helper { child, pid, pidfd }),
            Err(error) => {
                child.kill()?;
                child.wait()?;
                Err(error)
            }
        }
    }

    /// Kills its process group and reaps it.
    fn kill(mut self) {
        signal_group_of(self.pidfd.as_fd(), self.pid, Signal::Kill);
        if ends_within(self.pidfd.as_fd(), KILL_TIMEOUT) {
            let _ = self.child.wait();
        } else {
            // Without a thread it remains a zombie.
            let _ = thread::Builder::new().name("reaper".into()).spawn(move || self.child.wait());
        }
    }
}

fn bytes(file: &mut File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.take(MAX_OUTPUT).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Stdio;

    use super::*;

    fn shell(script: &str, timeout: Duration) -> io::Result<Option<Output>> {
        output_within(Command::new("sh").args(["-c", script]).stdin(Stdio::null()), timeout)
    }

    #[test]
    fn a_command_that_does_not_end_is_killed_with_its_children() {
        let minute = Duration::from_secs(60);
        let output = shell("cat; echo out; echo err >&2; exit 3", minute).unwrap().unwrap();
        assert_eq!((output.status.code(), &*output.stdout, &*output.stderr), (Some(3), &b"out\n"[..], &b"err\n"[..]));
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("pid");
        let script = format!("sleep 600 & echo $! > '{}'; wait; true", file.display());
        assert!(shell(&script, Duration::from_secs(1)).unwrap().is_none());
        let number: i32 = fs::read_to_string(&file).unwrap().trim().parse().unwrap();
        // Without a reaper it stays a zombie, which has ended.
        let ended = pidfd(Pid::new(number).unwrap()).map_or(true, |pidfd| ends_within(pidfd.as_fd(), minute));
        assert!(ended, "the shell's child still runs");
    }

    #[test]
    fn a_command_that_prints_without_end_is_killed_long_before_its_timeout() {
        let error = shell("exec cat /dev/zero", Duration::from_secs(600)).unwrap_err().to_string();
        assert_eq!(error, "it prints more than 64 MiB");
    }
}
