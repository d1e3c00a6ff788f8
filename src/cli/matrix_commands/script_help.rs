//! Runs a script with `--help`, with bounds on time and output.

use std::io::{Read, Seek};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

use crate::cli::error::CliError;
use crate::launch::process::pidfd::{ends_within, pidfd};
use crate::launch::process::syscalls::{Pid, Signal, memory_file, signal_group, without_ctrl_z};
use crate::report::text;

/// How long the script may take: one that imports a large library needs several seconds.
const TIMEOUT: Duration = Duration::from_secs(60);

/// How often the size of the output is checked.
const INTERVAL: Duration = Duration::from_millis(50);

/// Most bytes of output.
const MAX_BYTES: u64 = 1 << 20;

/// What `command --help` prints on stdout and stderr, whatever its exit code.
pub fn script_help(command: &[String]) -> Result<String, CliError> {
    let (program, args) = command.split_first().ok_or_else(|| {
        CliError::usage(anyhow!("--from-help needs the command")).hint("add it after `--`, as in -- python3 train.py")
    })?;
    let shown = text::command_line(command.iter().map(String::as_str).chain(["--help"]));
    let mut output = memory_file()?;
    let (stdout, stderr) = (output.try_clone()?, output.try_clone()?);
    let mut script = Command::new(program);
    script.args(args).arg("--help").process_group(0).stdin(Stdio::null()).stdout(stdout).stderr(stderr);
    // wide, so that lines are not wrapped, and without colours or a pager
    script
        .env("COLUMNS", "200")
        .env("TERMINAL_WIDTH", "200")
        .env("TERM", "dumb")
        .env("NO_COLOR", "1")
        .env("PAGER", "cat");
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGHUP, SIGINT, SIGTERM] {
        flag::register(signal, Arc::clone(&interrupted))?;
    }
    let mut child =
        without_ctrl_z(|| script.spawn()).with_context(|| format!("cannot run `{shown}`")).map_err(CliError::usage)?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::new);
    let ended = match pid.map(|pid| (pid, pidfd(pid))) {
        Some((_, Ok(pidfd))) => {
            let size = || output.metadata().map_or(0, |m| m.len());
            wait(|| ends_within(pidfd.as_fd(), INTERVAL), size, &interrupted)
        }
        Some((_, Err(error))) => Err(format!("cannot be watched: {error}")),
        None => Err("has an invalid process number".to_owned()),
    };
    // Also after its end: processes that it left in the background.
    if let Some(pid) = pid {
        signal_group(pid, Signal::Kill);
    }
    child.wait()?;
    ended.map_err(|reason| CliError::usage(anyhow!("`{shown}` {reason}")).hint("give the parameters with -s"))?;
    let mut bytes = Vec::new();
    output.rewind()?;
    output.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Waits until `has_ended`; the error continues a sentence that begins with the command.
fn wait(mut has_ended: impl FnMut() -> bool, size: impl Fn() -> u64, interrupted: &AtomicBool) -> Result<(), String> {
    let start = Instant::now();
    while !has_ended() {
        if interrupted.load(Ordering::Relaxed) {
            return Err("was interrupted".to_owned());
        }
        if size() > MAX_BYTES {
            return Err(format!("printed more than {} MiB", MAX_BYTES >> 20));
        }
        if start.elapsed() >= TIMEOUT {
            return Err(format!("has not ended after {} s", TIMEOUT.as_secs()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn help(script: &str) -> Result<String, String> {
        let command = ["sh", "-c", script, "sh"].map(str::to_owned);
        script_help(&command).map_err(|error| error.text())
    }

    #[test]
    fn both_outputs_count_whatever_the_exit_code() {
        assert_eq!(help("echo out $1; echo err >&2; exit 3").unwrap(), "out --help\nerr\n");
    }

    #[test]
    fn output_is_bounded_and_a_missing_program_is_named() {
        assert!(help("yes").unwrap_err().contains("printed more than 1 MiB"));
        let error = script_help(&["/nowhere/at/all".to_owned()]).unwrap_err().text();
        assert!(error.contains("cannot run `/nowhere/at/all --help`"), "{error}");
        assert!(script_help(&[]).is_err());
    }
}
