//! How the process of a job ended, and what that means.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use signal_hook::consts::SIGKILL;

use super::error_lines::failure_of_exit;
use super::oom::{OomMonitor, complaint};
use crate::types::outcome::Failure;

/// How a job's process ended, and what that is judged by.
#[derive(Clone, Copy, Debug)]
pub struct JobExit<'a> {
    /// Exit code or signal.
    pub status: ExitStatus,
    /// The last lines of its stderr.
    pub stderr_tail: &'a str,
    /// Finds out whether the system killed processes because memory ran out.
    pub oom: &'a OomMonitor,
}

/// What the end of a job's process means. Whether a job that succeeded has a usable metric is decided elsewhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ExitVerdict {
    /// The command ran to its end.
    Succeeded,
    /// It failed.
    Failed(Failure),
    /// Memory ran out; the evidence.
    OutOfMemory(String),
}

impl JobExit<'_> {
    /// Judges a process of this machine.
    pub fn verdict(&self) -> ExitVerdict {
        if let Some(signal) = self.status.signal() {
            let killed = if signal == SIGKILL { self.oom.killed_since() } else { None };
            let memory = killed.or_else(|| complaint(self.stderr_tail));
            return memory.map_or(ExitVerdict::Failed(Failure::Signal(signal)), ExitVerdict::OutOfMemory);
        }
        match self.status.code() {
            Some(0) => ExitVerdict::Succeeded,
            code => match complaint(self.stderr_tail) {
                Some(evidence) => ExitVerdict::OutOfMemory(evidence),
                None => ExitVerdict::Failed(failure_of_exit(code.unwrap_or(-1), self.stderr_tail)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(raw_status: i32, stderr_tail: &str) -> ExitVerdict {
        let oom = OomMonitor::begin();
        JobExit { status: ExitStatus::from_raw(raw_status), stderr_tail, oom: &oom }.verdict()
    }

    #[test]
    fn only_exit_code_zero_is_a_success() {
        assert_eq!(verdict(0, "MemoryError\n"), ExitVerdict::Succeeded);
        assert_eq!(verdict(3 << 8, ""), ExitVerdict::Failed(Failure::Exit(3)));
        assert_eq!(verdict(11, ""), ExitVerdict::Failed(Failure::Signal(11)));
        assert_eq!(verdict(9, ""), ExitVerdict::Failed(Failure::Signal(9)));
    }

    #[test]
    fn error_lines_about_memory_are_evidence_with_an_exit_code_and_with_a_signal() {
        for raw_status in [1 << 8, 6, 9] {
            let memory = ExitVerdict::OutOfMemory("MemoryError".into());
            assert_eq!(verdict(raw_status, "MemoryError\n"), memory, "{raw_status}");
        }
    }
}
