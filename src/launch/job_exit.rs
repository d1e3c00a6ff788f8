//! Interprets the exit of a job's process.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use signal_hook::consts::SIGKILL;

use super::error_lines::failure_of_exit;
use super::oom::{OomMonitor, out_of_memory_line};
use crate::types::ids::JobId;
use crate::types::outcome::Failure;
use crate::types::placement::Placement;

/// The exit of a job's process, with what is needed to interpret it.
#[derive(Clone, Copy, Debug)]
pub struct JobExit<'a> {
    pub status: ExitStatus,
    /// The last lines of its stderr.
    pub stderr_tail: &'a str,
    /// What its client printed before it started; empty for launchers without clients.
    pub client_messages: &'a str,
    /// Detects kills by the kernel for lack of memory.
    pub oom: &'a OomMonitor,
    /// Trial, rung and attempt.
    pub job: JobId,
    /// Where a scheduler ran it; `None` if it never started, and for launchers without a scheduler.
    pub placement: Option<&'a Placement>,
}

/// The meaning of an exit. Whether the job has a usable metric is checked separately.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ExitMeaning {
    Succeeded,
    Failed(Failure),
    /// With the evidence: an error line, or the kill by the kernel.
    OutOfMemory(String),
    /// The cluster lost the job or could not start it, for this reason. It is tried again elsewhere.
    Infrastructure(String),
    /// No job can be started, for this reason; the session ends, and the job runs again when the study is resumed.
    Unusable(String),
}

impl JobExit<'_> {
    /// Interprets the exit of a local process.
    pub fn meaning(&self) -> ExitMeaning {
        if let Some(signal) = self.status.signal() {
            let kill = if signal == SIGKILL { self.oom.recent_kill() } else { None };
            let evidence = kill.or_else(|| out_of_memory_line(self.stderr_tail));
            return evidence.map_or(ExitMeaning::Failed(Failure::Signal(signal)), ExitMeaning::OutOfMemory);
        }
        match self.status.code() {
            Some(0) => ExitMeaning::Succeeded,
            code => match out_of_memory_line(self.stderr_tail) {
                Some(evidence) => ExitMeaning::OutOfMemory(evidence),
                None => ExitMeaning::Failed(failure_of_exit(code.unwrap_or(-1), self.stderr_tail)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::ids::{Attempt, JobKey, Rung, TrialId};

    fn meaning(raw_status: i32, stderr_tail: &str) -> ExitMeaning {
        let oom = OomMonitor::start();
        let job = JobId { key: JobKey { trial: TrialId(0), rung: Rung(0) }, attempt: Attempt(1) };
        let status = ExitStatus::from_raw(raw_status);
        JobExit { status, stderr_tail, client_messages: "", oom: &oom, job, placement: None }.meaning()
    }

    #[test]
    fn only_exit_code_zero_is_a_success() {
        assert_eq!(meaning(0, "MemoryError\n"), ExitMeaning::Succeeded);
        assert_eq!(meaning(3 << 8, ""), ExitMeaning::Failed(Failure::Exit(3)));
        assert_eq!(meaning(11, ""), ExitMeaning::Failed(Failure::Signal(11)));
        assert_eq!(meaning(9, ""), ExitMeaning::Failed(Failure::Signal(9)));
    }

    #[test]
    fn out_of_memory_lines_count_with_an_exit_code_and_with_a_signal() {
        for raw_status in [1 << 8, 6, 9] {
            let memory = ExitMeaning::OutOfMemory("MemoryError".into());
            assert_eq!(meaning(raw_status, "MemoryError\n"), memory, "{raw_status}");
        }
    }
}
