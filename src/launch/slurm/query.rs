//! Runs Slurm's commands, with a time limit.

use std::env;
use std::ffi::OsString;
use std::io::{self, Seek, Write};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::launch::process::bounded::output_within;
use crate::launch::process::syscalls::memory_file;

/// Longest time for one command; Slurm's own timeout for a message is 10 s by default (slurm.conf(5), MessageTimeout).
pub const TIMEOUT: Duration = Duration::from_secs(30);
/// Time between two checks of a controller that did not answer.
const CHECK_INTERVAL: Duration = Duration::from_secs(2);

/// The commands that are needed.
const COMMANDS: [&str; 4] = ["srun", "scancel", "squeue", "scontrol"];

/// Why a command gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// It could not be run.
    #[error("cannot run {program}: {source}")]
    Run { program: &'static str, source: io::Error },
    /// It did not end in time.
    #[error("{program} did not end within {} s", limit.as_secs())]
    Timeout { program: &'static str, limit: Duration },
    /// It failed with this message.
    #[error("{program}: {message}")]
    Failed { program: &'static str, message: String },
}

/// Runs `program` with `args` and returns its stdout.
pub fn query(program: &'static str, args: &[&str]) -> Result<String, QueryError> {
    query_within(program, args, TIMEOUT)
}

/// The same with another time limit.
pub fn query_within(program: &'static str, args: &[&str], limit: Duration) -> Result<String, QueryError> {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null());
    run(program, command, limit)
}

/// Runs `program` with `args` and `input` as its stdin, as if outside of an allocation.
pub fn query_with_input(program: &'static str, args: &[&str], input: &str) -> Result<String, QueryError> {
    let failed = |source| QueryError::Run { program, source };
    let mut file = memory_file().map_err(failed)?;
    file.write_all(input.as_bytes()).and_then(|()| file.rewind()).map_err(failed)?;
    let mut command = Command::new(program);
    command.args(args).stdin(file);
    if env::var_os("SLURM_JOB_ID").is_some() {
        let of_allocation = |name: &OsString| name.to_string_lossy().starts_with("SLURM_") && name != "SLURM_CONF";
        env::vars_os().map(|(name, _)| name).filter(of_allocation).for_each(|name| {
            command.env_remove(name);
        });
    }
    run(program, command, TIMEOUT)
}

fn run(program: &'static str, mut command: Command, limit: Duration) -> Result<String, QueryError> {
    let output = output_within(&mut command, limit);
    let Output { status, stdout, stderr } =
        output.map_err(|source| QueryError::Run { program, source })?.ok_or(QueryError::Timeout { program, limit })?;
    if !status.success() {
        let text = String::from_utf8_lossy(&stderr);
        let message = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ");
        return Err(QueryError::Failed { program, message });
    }
    Ok(String::from_utf8_lossy(&stdout).into_owned())
}

/// Checks that Slurm's commands exist.
pub fn check_installed() -> Result<(), String> {
    let is_missing = |name: &'static str| matches!(query(name, &["--version"]), Err(QueryError::Run { .. }));
    match COMMANDS.into_iter().find(|name| is_missing(name)) {
        Some(missing) => Err(format!("`{missing}` cannot be run; run hypertune where Slurm's commands are in PATH")),
        None => Ok(()),
    }
}

/// Whether Slurm's controller answers. It is asked only after a job was not started because it did not.
#[derive(Debug, Default)]
pub struct Controller {
    is_suspect: AtomicBool,
    last_check: Mutex<Option<Instant>>,
}

impl Controller {
    /// The controller did not answer.
    pub fn suspect(&self) {
        self.is_suspect.store(true, Ordering::Relaxed);
    }

    /// Whether it answers again. `on_return` is called once if it did not answer before.
    pub fn check(&self, on_return: impl FnOnce()) -> Result<(), String> {
        if !self.is_suspect.load(Ordering::Relaxed) {
            return Ok(());
        }
        // Held during the query, so that one thread asks for all.
        let mut last = self.last_check.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = last.is_none_or(|last| last.elapsed() >= CHECK_INTERVAL);
        if is_due && self.is_suspect.load(Ordering::Relaxed) {
            let answers = query("scontrol", &["ping"]).is_ok();
            *last = Some(Instant::now());
            if answers {
                on_return();
                self.is_suspect.store(false, Ordering::Relaxed);
            }
        }
        if self.is_suspect.load(Ordering::Relaxed) { Err("slurmctld does not answer".to_owned()) } else { Ok(()) }
    }
}
