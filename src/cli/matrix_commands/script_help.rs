//! Runs a script with `--help`, with bounds on time and output. None of its processes remains, also if hypertune is killed.

use std::fs::File;
use std::io::{Read, Seek};
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::low_level::signal_name;

use crate::cli::error::CliError;
use crate::launch::orphans::guard::Guard;
use crate::launch::orphans::mark::{Mark, SESSION_VARIABLE, SessionMark};
use crate::launch::orphans::marked_processes::{MarkedProcesses, SearchScope};
use crate::launch::orphans::process_groups::ProcessGroups;
use crate::launch::process::pidfd::{ends_within, pidfd};
use crate::launch::process::syscalls::{Pid, Signal, memory_file, signal_group, without_ctrl_z};
use crate::report::text;
use crate::types::ids::Slot;

/// How long the script may take: one that imports a large library needs several seconds.
const TIMEOUT: Duration = Duration::from_secs(60);

/// How often the size of the output is checked.
const INTERVAL: Duration = Duration::from_millis(50);

/// Most bytes of output.
const MAX_BYTES: u64 = 1 << 20;

/// The slot of the script in the guard's list.
const SLOT: Slot = Slot(0);

/// What a script prints for `--help`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScriptHelp {
    /// Its stdout and stderr.
    pub text: String,
    /// The name of the signal that ended it, if one did.
    pub signal: Option<String>,
}

/// Why the wait for a script ended before its exit.
enum WaitError {
    /// By this signal.
    Interrupted(i32),
    /// Continues a sentence that begins with the command.
    Failed(String),
}

/// What `command --help` prints on stdout and stderr, whatever its exit code. `guard` is the program of the guard, this binary.
pub fn script_help(command: &[String], guard: Option<&Path>) -> Result<ScriptHelp, CliError> {
    let (program, args) = command.split_first().ok_or_else(|| {
        CliError::usage(anyhow!("--from-help needs the command")).hint("add it after `--`, as in -- python3 train.py")
    })?;
    let shown = text::command_line(command.iter().map(String::as_str).chain(["--help"]));
    let mut output = memory_file()?;
    let (mark, groups) = (SessionMark::new(), ProcessGroups::new()?);
    let mut script = script(program, args, &mark, &output)?;
    let interrupted = Arc::new(AtomicUsize::new(0));
    for signal in [SIGHUP, SIGINT, SIGTERM] {
        flag::register_usize(signal, Arc::clone(&interrupted), usize::try_from(signal).unwrap_or(0))?;
    }
    let guard = guard.map(|program| Guard::start(program, &mark, &groups)).transpose();
    let guard = guard.context("cannot start the guard process").map_err(CliError::internal)?;
    let spawned = without_ctrl_z(|| script.spawn());
    let ended = spawned.map(|child| run(child, mark, &groups, &output, &interrupted));
    if let Some(guard) = guard {
        // it exits with this process at the latest
        let _ = guard.dismiss();
    }
    let (waited, status) = ended.with_context(|| format!("cannot run `{shown}`")).map_err(CliError::usage)?;
    waited.map_err(|error| match error {
        WaitError::Interrupted(signal) => CliError::interrupted(anyhow!("`{shown}` was interrupted"), signal),
        WaitError::Failed(reason) => CliError::usage(anyhow!("`{shown}` {reason}")).hint("give the parameters with -s"),
    })?;
    let mut bytes = Vec::new();
    output.rewind()?;
    output.take(MAX_BYTES).read_to_end(&mut bytes)?;
    let name = |signal: i32| signal_name(signal).map_or_else(|| format!("signal {signal}"), str::to_owned);
    Ok(ScriptHelp { text: String::from_utf8_lossy(&bytes).into_owned(), signal: status?.signal().map(name) })
}

/// The command of the script, which writes into `output`.
fn script(program: &str, args: &[String], mark: &SessionMark, output: &File) -> std::io::Result<Command> {
    let mut script = Command::new(program);
    script.args(args).arg("--help").process_group(0).stdin(Stdio::null());
    script.stdout(output.try_clone()?).stderr(output.try_clone()?).env(SESSION_VARIABLE, mark.as_str());
    // wide, so that lines are not wrapped, and without colours or a pager
    script
        .env("COLUMNS", "200")
        .env("TERMINAL_WIDTH", "200")
        .env("TERM", "dumb")
        .env("NO_COLOR", "1")
        .env("PAGER", "cat");
    Ok(script)
}

/// Waits for the script, then ends all its processes, also those that it left in the background.
fn run(
    mut child: Child,
    mark: SessionMark,
    groups: &ProcessGroups,
    output: &File,
    interrupted: &AtomicUsize,
) -> (Result<(), WaitError>, std::io::Result<ExitStatus>) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::new);
    // if it fails, the guard finds the script by its mark
    let _ = groups.set(SLOT, pid);
    let waited = match pid.map(|pid| (pid, pidfd(pid))) {
        Some((_, Ok(pidfd))) => {
            let size = || output.metadata().map_or(0, |m| m.len());
            wait(|| ends_within(pidfd.as_fd(), INTERVAL), size, interrupted)
        }
        Some((_, Err(error))) => Err(WaitError::Failed(format!("cannot be watched: {error}"))),
        None => Err(WaitError::Failed("has an invalid process number".to_owned())),
    };
    if let Some(pid) = pid {
        signal_group(pid, Signal::Kill);
    }
    let _ = groups.set(SLOT, None);
    let status = child.wait();
    MarkedProcesses::new(vec![Mark::Session(mark)], SearchScope::CurrentSession).end();
    (waited, status)
}

fn wait(
    mut has_ended: impl FnMut() -> bool,
    size: impl Fn() -> u64,
    interrupted: &AtomicUsize,
) -> Result<(), WaitError> {
    let start = Instant::now();
    while !has_ended() {
        let signal = interrupted.load(Ordering::Relaxed);
        if signal != 0 {
            return Err(WaitError::Interrupted(i32::try_from(signal).unwrap_or(SIGINT)));
        }
        if size() > MAX_BYTES {
            return Err(WaitError::Failed(format!("printed more than {} MiB", MAX_BYTES >> 20)));
        }
        if start.elapsed() >= TIMEOUT {
            return Err(WaitError::Failed(format!("has not ended after {} s", TIMEOUT.as_secs())));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn help(script: &str) -> Result<String, String> {
        let command = ["sh", "-c", script, "sh"].map(str::to_owned);
        script_help(&command, None).map(|help| help.text).map_err(|error| error.text())
    }

    #[test]
    fn both_outputs_count_whatever_the_exit_code() {
        assert_eq!(help("echo out $1; echo err >&2; exit 3").unwrap(), "out --help\nerr\n");
    }

    #[test]
    fn output_is_bounded_and_a_missing_program_is_named() {
        assert!(help("yes").unwrap_err().contains("printed more than 1 MiB"));
        let error = script_help(&["/nowhere/at/all".to_owned()], None).unwrap_err().text();
        assert!(error.contains("cannot run `/nowhere/at/all --help`"), "{error}");
        assert!(script_help(&[], None).is_err());
    }
}
