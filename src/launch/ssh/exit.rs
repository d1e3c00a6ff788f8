//! Interprets the exit of ssh: that of its job, or 255 for a failure of its own.

use super::script::{ENDED_BY_SIGNAL, EXITED_WITH_255, NO_DIRECTORY_CODE};
use crate::launch::client::NO_DIRECTORY;
use crate::launch::error_lines::failure_of_exit;
use crate::launch::job_exit::{ExitMeaning, JobExit};
use crate::launch::oom::out_of_memory_line;
use crate::types::outcome::Failure;

/// Exit code of ssh for its own errors (ssh(1), "EXIT STATUS").
const SSH_ERROR: i32 = 255;
const SIGNAL_CODE: i32 = 128;

/// How a job ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RemoteEnd {
    /// By itself.
    Job(ExitMeaning),
    /// The host could not run it, for this reason.
    NotRun(String),
    /// It was lost for this reason, and may still run.
    Lost(String),
}

/// The end of a job that hypertune did not end.
pub fn client_end(exit: &JobExit<'_>) -> RemoteEnd {
    let last = exit.stderr_tail.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    let Some(code) = exit.status.code() else { return RemoteEnd::Lost("ssh was killed".to_owned()) };
    if code == SSH_ERROR && last != EXITED_WITH_255 {
        let last = if last.is_empty() || exit.placement.is_some() && !is_of_ssh(last) {
            "the connection was lost"
        } else {
            last
        };
        return RemoteEnd::Lost(last.to_owned());
    }
    if code == NO_DIRECTORY_CODE && last == NO_DIRECTORY {
        return RemoteEnd::NotRun("cannot enter the working directory".to_owned());
    }
    if exit.placement.is_none() && last.contains("setsid") {
        return RemoteEnd::NotRun(last.to_owned());
    }
    if exit.placement.is_none() && code != 0 && !exit.stderr_tail.contains(ENDED_BY_SIGNAL) {
        let reason = if last.is_empty() { format!("the login shell exited with {code}") } else { last.to_owned() };
        return RemoteEnd::NotRun(reason);
    }
    if code == 0 {
        return RemoteEnd::Job(ExitMeaning::Succeeded);
    }
    let signal = last.strip_prefix(ENDED_BY_SIGNAL).and_then(|number| number.parse().ok());
    let meaning = match (out_of_memory_line(exit.stderr_tail), signal) {
        (Some(line), _) => ExitMeaning::OutOfMemory(line),
        (None, Some(signal)) if code == SIGNAL_CODE + signal => ExitMeaning::Failed(Failure::Signal(signal)),
        (None, _) => ExitMeaning::Failed(failure_of_exit(code, exit.stderr_tail)),
    };
    RemoteEnd::Job(meaning)
}

/// Whether `line` is a message of ssh about its connection.
fn is_of_ssh(line: &str) -> bool {
    ["mux_client_", "client_loop: ", "Connection to ", "Connection closed", "Timeout, server ", "ssh: "]
        .iter()
        .any(|start| line.starts_with(start))
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::*;
    use crate::launch::oom::OomMonitor;
    use crate::types::ids::{Attempt, JobId, JobKey, Rung, TrialId};
    use crate::types::placement::Placement;

    fn end(raw_status: i32, stderr_tail: &str, has_started: bool) -> RemoteEnd {
        let placement = Placement { node: "a".into(), scheduler_id: "7".into() };
        client_end(&JobExit {
            status: ExitStatus::from_raw(raw_status),
            stderr_tail,
            client_messages: "",
            oom: &OomMonitor::start(),
            job: JobId { key: JobKey { trial: TrialId(0), rung: Rung(0) }, attempt: Attempt(1) },
            placement: has_started.then_some(&placement),
        })
    }

    #[test]
    fn codes_and_signals_are_those_of_the_job() {
        let failed = |failure| RemoteEnd::Job(ExitMeaning::Failed(failure));
        assert_eq!(end(0, "", true), RemoteEnd::Job(ExitMeaning::Succeeded));
        assert_eq!(end(143 << 8, "x\n", true), failed(Failure::Exit(143)));
        assert_eq!(end(143 << 8, "x\nhypertune: ended by signal 15\n", true), failed(Failure::Signal(15)));
        assert_eq!(
            end(3 << 8, "hypertune: ended by signal 15\n", true),
            failed(Failure::Exit(3)),
            "printed by the job"
        );
        assert_eq!(end(255 << 8, "x\nhypertune: exited with 255\n", true), failed(Failure::Exit(255)));
        let memory = ExitMeaning::OutOfMemory("MemoryError".into());
        assert_eq!(end(1 << 8, "MemoryError\n", true), RemoteEnd::Job(memory));
    }

    #[test]
    fn failures_of_ssh_and_of_the_host_are_not_those_of_the_job() {
        let lost = |reason: &str| RemoteEnd::Lost(reason.into());
        assert_eq!(end(255 << 8, "epoch 3\n", true), lost("the connection was lost"));
        let refused = "ssh: connect to host a port 22: Connection refused";
        assert_eq!(end(255 << 8, &format!("{refused}\r\n"), false), lost(refused));
        assert_eq!(end(9, "", true), lost("ssh was killed"));
        let directory = RemoteEnd::NotRun("cannot enter the working directory".into());
        assert_eq!(end(211 << 8, "hypertune: cannot enter the working directory\n", true), directory);
        assert!(matches!(end(127 << 8, "sh: 1: setsid: not found\n", false), RemoteEnd::NotRun(_)));
        assert!(matches!(end(1 << 8, "This account is not available.\n", false), RemoteEnd::NotRun(_)));
    }
}
