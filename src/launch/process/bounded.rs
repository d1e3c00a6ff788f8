//! Runs a helper command with a time limit, out of reach of the terminal's Ctrl-C.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, Output};
use std::time::Duration;

use super::pidfd::{ends_within, pidfd};
use super::syscalls::{Pid, memory_file, without_ctrl_z};

/// Most bytes read of each stream.
const MAX_OUTPUT: u64 = 64 << 20;

/// Runs `command`, whose stdin is the caller's choice. Returns its status and output, or `None` if it was killed after `timeout`.
///
/// # Errors
/// It cannot be started or reaped.
pub fn output_within(command: &mut Command, timeout: Duration) -> io::Result<Option<Output>> {
    let (mut stdout, mut stderr) = (memory_file()?, memory_file()?);
    command.process_group(0);
    command.stdout(stdout.try_clone()?).stderr(stderr.try_clone()?);
    let mut child = without_ctrl_z(|| command.spawn())?;
    let number = i32::try_from(child.id()).ok().and_then(Pid::new);
    let has_ended = match number.map(pidfd) {
        Some(Ok(pidfd)) => ends_within(pidfd.as_fd(), timeout),
        _ => false,
    };
    if !has_ended {
        // It is reaped once it has ended, at the latest after SIGKILL.
        child.kill()?;
        child.wait()?;
        return Ok(None);
    }
    let status = child.wait()?;
    Ok(Some(Output { status, stdout: bytes(&mut stdout)?, stderr: bytes(&mut stderr)? }))
}

fn bytes(file: &mut File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.take(MAX_OUTPUT).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;

    use super::*;

    fn shell(script: &str, timeout: Duration) -> Option<Output> {
        output_within(Command::new("sh").args(["-c", script]).stdin(Stdio::null()), timeout).unwrap()
    }

    #[test]
    fn a_command_that_does_not_end_is_killed() {
        let output = shell("cat; echo out; echo err >&2; exit 3", Duration::from_secs(60)).unwrap();
        assert_eq!((output.status.code(), &*output.stdout, &*output.stderr), (Some(3), &b"out\n"[..], &b"err\n"[..]));
        assert!(shell("exec sleep 600", Duration::from_millis(50)).is_none());
    }
}
