//! Interprets the exit of `srun`, whose exit code alone is ambiguous: for a lost node it is 0, and 1 to 255 may come from the job.

use super::arguments::SLURM_ERROR_CODE;
use super::messages::{self, StartMessage, cluster_ended, is_of_slurm, start_message};
use crate::launch::client::NO_DIRECTORY;
use crate::launch::error_lines::failure_of_exit;
use crate::launch::job_exit::{ExitMeaning, JobExit};
use crate::launch::oom::out_of_memory_line;
use crate::types::outcome::Failure;

/// srun exits with 128 + N if signal N ended the job.
const SIGNAL_CODE: i32 = 128;

/// How a job ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ClientEnd {
    /// By itself.
    Job(ExitMeaning),
    /// By a time limit that hypertune did not set.
    TimeLimit,
    /// By `scancel`, which was not called by hypertune.
    Cancelled,
    /// Its node was lost.
    LostNode { node: String, reason: String },
    /// Its node or Slurm failed.
    Infrastructure(String),
    /// It was not started, because the controller did not answer.
    Unreachable(String),
    /// It was not started, for a reason that may pass.
    NotStarted(String),
    /// It was not started, because its allocation has ended.
    Over(String),
    /// It was not started, because no node can run it.
    NotPlaced(String),
    /// No job like it can be started.
    Rejected(String),
}

/// The end of a job that hypertune did not end.
pub fn client_end(exit: &JobExit<'_>) -> ClientEnd {
    let (mut slurm, own): (Vec<&str>, Vec<&str>) =
        messages::lines(exit.stderr_tail).partition(|line| is_of_slurm(line));
    slurm.extend(exit.client_messages.lines().filter(|line| is_of_slurm(line)));
    // A line about the failure of another node was printed by the job.
    let is_its_node = |node: &str| exit.placement.is_none_or(|placement| placement.node == node);
    slurm.retain(|line| failed_node(line).is_none_or(is_its_node));
    if let Some((node, line)) = lost_node(&slurm) {
        return ClientEnd::LostNode { node, reason: messages::text(line) };
    }
    let Some(code) = exit.status.code() else {
        // srun itself was killed, and Slurm has ended its job.
        return ClientEnd::Infrastructure("srun was killed".to_owned());
    };
    // The output of a job that is killed soon after its start may be lost.
    let has_started = exit.placement.is_some() || slurm.iter().any(|line| line.contains(": task 0: "));
    if !has_started {
        return not_started(code, &slurm, &own);
    }
    if let Some(line) = cluster_ended(&slurm) {
        return ClientEnd::Infrastructure(messages::text(line));
    }
    if own.contains(&NO_DIRECTORY) && code == SLURM_ERROR_CODE {
        return ClientEnd::Infrastructure("cannot enter the working directory on the node".to_owned());
    }
    started(code, &slurm, &own.join("\n"))
}

/// The lost node, and the line that names it.
fn lost_node<'a>(slurm: &[&'a str]) -> Option<(String, &'a str)> {
    slurm.iter().find_map(|line| Some((failed_node(line)?.to_owned(), *line)))
}

/// The node in a message that it has failed.
fn failed_node(line: &str) -> Option<&str> {
    let node = line.split_once("Node failure on ")?.1.split_whitespace().next()?;
    Some(node.trim_end_matches([',', '.']))
}

fn not_started(code: i32, slurm: &[&str], own: &[&str]) -> ClientEnd {
    let errors: Vec<&str> = slurm.iter().copied().filter(|line| !line.contains("retrying")).collect();
    let known = start_message(&errors);
    let last = errors.last().or(own.last()).map(|line| messages::text(line));
    match known {
        Some((StartMessage::Unreachable, line)) => ClientEnd::Unreachable(messages::text(line)),
        Some((StartMessage::Cancelled, _)) => ClientEnd::Cancelled,
        Some((StartMessage::Over, line)) => {
            ClientEnd::Over(format!("the allocation has ended: {}", messages::text(line)))
        }
        Some((StartMessage::NotPlaced, line)) => ClientEnd::NotPlaced(messages::text(line)),
        Some((StartMessage::Rejected, line)) => ClientEnd::Rejected(messages::text(line)),
        None => ClientEnd::NotStarted(last.unwrap_or_else(|| format!("srun exited with {code} and printed nothing"))),
    }
}

fn started(code: i32, slurm: &[&str], own: &str) -> ClientEnd {
    let says = |part: &str| slurm.iter().find(|line| line.contains(part));
    if let Some(line) = says("oom_kill").or_else(|| says("oom-kill")).or_else(|| says("Out Of Memory")) {
        return ClientEnd::Job(ExitMeaning::OutOfMemory(messages::text(line)));
    }
    if says("DUE TO TIME LIMIT").is_some() {
        return ClientEnd::TimeLimit;
    }
    let has_exited = says("Exited with exit code").is_some();
    let memory = (code != 0).then(|| out_of_memory_line(own)).flatten();
    match (code, memory) {
        (0, _) => ClientEnd::Job(ExitMeaning::Succeeded),
        (_, Some(line)) => ClientEnd::Job(ExitMeaning::OutOfMemory(line)),
        // Whatever the job did about the signal.
        (_, None) if says("CANCELLED AT").is_some() => ClientEnd::Cancelled,
        (SLURM_ERROR_CODE, _) if !has_exited => {
            let line = slurm.last().map(|line| messages::text(line));
            ClientEnd::Infrastructure(line.unwrap_or_else(|| "srun failed and printed nothing".to_owned()))
        }
        (code, _) if code > SIGNAL_CODE && !has_exited => {
            ClientEnd::Job(ExitMeaning::Failed(Failure::Signal(code - SIGNAL_CODE)))
        }
        (code, _) => ClientEnd::Job(ExitMeaning::Failed(failure_of_exit(code, own))),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::*;
    use crate::launch::oom::OomMonitor;
    use crate::types::ids::{Attempt, JobId, JobKey, Rung, TrialId};
    use crate::types::placement::Placement;

    fn end(code: i32, stderr_tail: &str, has_started: bool) -> ClientEnd {
        let placement = Placement { node: "n1".into(), scheduler_id: "3.1".into() };
        client_end(&JobExit {
            status: ExitStatus::from_raw(code << 8),
            stderr_tail,
            client_messages: "",
            oom: &OomMonitor::start(),
            job: JobId { key: JobKey { trial: TrialId(0), rung: Rung(0) }, attempt: Attempt(1) },
            placement: has_started.then_some(&placement),
        })
    }

    fn job(failure: Failure) -> ClientEnd {
        ClientEnd::Job(ExitMeaning::Failed(failure))
    }

    #[test]
    fn exit_codes_and_signals_are_those_of_the_job() {
        assert_eq!(end(0, "warning\n", true), ClientEnd::Job(ExitMeaning::Succeeded));
        let exited = |code| end(code, &format!("oops\nsrun: error: n1: task 0: Exited with exit code {code}\n"), true);
        assert_eq!([3, 143, 211].map(exited), [3, 143, 211].map(|code| job(Failure::Exit(code))));
        assert_eq!(end(139, "srun: error: n1: task 0: Segmentation fault\n", true), job(Failure::Signal(11)));
        assert_eq!(
            end(143, "srun: error: n1: task 0: Terminated\n", false),
            job(Failure::Signal(15)),
            "its output was lost"
        );
        let bad = "sh: 1: exec: nope: not found\nsrun: error: n1: task 0: Exited with exit code 127\n";
        assert_eq!(end(127, bad, true), job(Failure::BadCommand("exit code 127: sh: 1: exec: nope: not found".into())));
    }

    #[test]
    fn a_step_cancelled_from_outside_is_no_failure_of_its_program() {
        let text = "srun: Job step aborted: Waiting up to 7 seconds for job step to finish.\n\
            slurmstepd-n1: error: *** STEP 3.9 ON n1 CANCELLED AT 2026-11-26T22:09:39 ***\nsrun: error: n1: task 0: Killed\n";
        assert_eq!(end(137, text, true), ClientEnd::Cancelled);
        // It caught the signal, and exited with a code of its own or as if it had run to its end.
        let (caught, _) = text.split_once("srun: error").unwrap();
        assert_eq!(
            end(3, &format!("{caught}srun: error: n1: task 0: Exited with exit code 3\n"), true),
            ClientEnd::Cancelled
        );
        assert_eq!(end(0, caught, true), ClientEnd::Job(ExitMeaning::Succeeded));
        let limit = text.replace(" ***\n", " DUE TO TIME LIMIT ***\n");
        assert_eq!(end(137, &limit, true), ClientEnd::TimeLimit);
        let preempted = text.replace(" ***\n", " DUE TO PREEMPTION ***\n");
        assert!(matches!(end(137, &preempted, true), ClientEnd::Infrastructure(_)));
    }

    #[test]
    fn a_progress_bar_hides_no_message() {
        let bar = "loss: 0.3\n\r 10%|#   |";
        let step = |reason: &str| {
            format!(
                "{bar}slurmstepd-n1: error: *** STEP 205.3 ON n1 CANCELLED AT 2026-11-27T01:00:00{reason} ***\nsrun: error: n1: task 0: Terminated\n"
            )
        };
        assert_eq!(end(143, &step(""), true), ClientEnd::Cancelled);
        assert_eq!(end(143, &step(" DUE TO TIME LIMIT"), true), ClientEnd::TimeLimit);
        for reason in [" DUE TO PREEMPTION", " DUE TO JOB REQUEUE", " DUE TO NODE FAILURE"] {
            assert!(matches!(end(143, &step(reason), true), ClientEnd::Infrastructure(_)), "{reason}");
        }
        let exited = format!("{bar}srun: error: n1: task 0: Exited with exit code 211\n");
        assert_eq!(end(211, &exited, true), job(Failure::Exit(211)));
        let killed = format!("{bar}slurmstepd: error: Detected 1 oom_kill event in StepId=3.1.\n");
        assert!(matches!(end(137, &killed, true), ClientEnd::Job(ExitMeaning::OutOfMemory(_))));
    }

    #[test]
    fn memory_that_ran_out_is_found_in_messages_of_slurm_and_of_the_job() {
        let killed = "slurmstepd: error: Detected 1 oom_kill event in StepId=3.1. Some of the step tasks have been OOM Killed.\n\
            srun: error: n1: task 0: Out Of Memory\n";
        assert!(matches!(end(137, killed, true), ClientEnd::Job(ExitMeaning::OutOfMemory(_))));
        let own = "MemoryError\nsrun: error: n1: task 0: Exited with exit code 1\n";
        assert_eq!(end(1, own, true), ClientEnd::Job(ExitMeaning::OutOfMemory("MemoryError".into())));
        assert!(matches!(end(0, "MemoryError\n", true), ClientEnd::Job(ExitMeaning::Succeeded)));
    }

    #[test]
    fn a_lost_node_is_no_success_although_srun_exits_with_0() {
        let lost = ClientEnd::LostNode { node: "n1".into(), reason: "Node failure on n1".into() };
        assert_eq!(end(0, "srun: error: Node failure on n1\n", true), lost);
        assert_eq!(end(1, " 10%|#  |srun: error: Node failure on n1\nsrun: Job step aborted\n", true), lost);
        let printed =
            ["Node failure on n1\n", "srun: error: Node failure on n2\n", "srun: error: Node failure on n1x, n1\n"];
        for printed in printed {
            assert_eq!(end(0, printed, true), ClientEnd::Job(ExitMeaning::Succeeded), "printed by the job: {printed}");
        }
    }

    #[test]
    fn jobs_that_did_not_start_are_told_apart() {
        let unreachable = "srun: error: Unable to confirm allocation for job 5: Unable to contact slurm controller (connect failure)\n\
            srun: Check SLURM_JOB_ID environment variable. Expired or invalid job 5\n";
        assert!(matches!(end(211, unreachable, false), ClientEnd::Unreachable(_)));
        let account =
            "srun: error: Unable to allocate resources: Invalid account or account/partition combination specified\n";
        let reason = "Unable to allocate resources: Invalid account or account/partition combination specified";
        assert_eq!(end(211, account, false), ClientEnd::Rejected(reason.into()));
        let over = "srun: error: Unable to create step for job 3: Job/step already completing or completed\n";
        assert!(matches!(end(211, over, false), ClientEnd::Over(why) if why.starts_with("the allocation has ended")));
        let cancelled = "srun: job 10 queued and waiting for resources\nsrun: Job has been cancelled\n\
            srun: error: Unable to allocate resources: Job/step already completing or completed\n";
        assert_eq!(end(211, cancelled, false), ClientEnd::Cancelled);
        let gone = "srun: error: Unable to create step for job 5: Requested node configuration is not available\n";
        assert!(matches!(end(211, gone, false), ClientEnd::NotPlaced(_)));
        assert!(matches!(end(1, "srun: error: something new\n", false), ClientEnd::NotStarted(_)));
        assert!(matches!(end(0, "", false), ClientEnd::NotStarted(_)), "it printed no start");
    }
}
