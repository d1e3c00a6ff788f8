//! The messages of srun and slurmstepd on stderr, by what they mean. Texts of Slurm 22.05 to 24.11, from `slurm_errno.c` and `srun`.

/// What a message before the start of a job means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StartMessage {
    /// The controller does not answer.
    Unreachable,
    /// Somebody cancelled the Slurm job before it started.
    Cancelled,
    /// The allocation has ended.
    Over,
    /// No node of the allocation can run the job.
    NotPlaced,
    /// Slurm refuses every job with these options.
    Rejected,
}

/// Parts of messages. An earlier entry wins: srun also says "Expired or invalid job" if the controller does not answer.
const START_MESSAGES: [(&str, StartMessage); 37] = [
    ("Unable to contact slurm controller", StartMessage::Unreachable),
    ("Socket timed out", StartMessage::Unreachable),
    ("Zero Bytes were transmitted", StartMessage::Unreachable),
    ("Connection refused", StartMessage::Unreachable),
    ("Communication connection failure", StartMessage::Unreachable),
    ("Job has been cancelled", StartMessage::Cancelled),
    ("Job/step already completing or completed", StartMessage::Over),
    ("Invalid job id specified", StartMessage::Over),
    ("Expired or invalid job", StartMessage::Over),
    ("has expired", StartMessage::Over),
    ("Requested node configuration is not available", StartMessage::NotPlaced),
    ("Required node not available", StartMessage::NotPlaced),
    ("Hostlist is empty", StartMessage::NotPlaced),
    ("Invalid account", StartMessage::Rejected),
    ("nvalid partition", StartMessage::Rejected),
    ("Invalid qos", StartMessage::Rejected),
    ("Invalid feature specification", StartMessage::Rejected),
    ("Invalid generic resource", StartMessage::Rejected),
    ("Invalid Trackable RESource", StartMessage::Rejected),
    ("Invalid license", StartMessage::Rejected),
    ("nvalid reservation", StartMessage::Rejected),
    ("More processors requested than permitted", StartMessage::Rejected),
    ("Node count specification invalid", StartMessage::Rejected),
    ("Memory specification can not be satisfied", StartMessage::Rejected),
    ("Memory required by task is not available", StartMessage::Rejected),
    ("equested time limit is invalid", StartMessage::Rejected),
    ("Invalid time limit specification", StartMessage::Rejected),
    ("nvalid memory constraint", StartMessage::Rejected),
    ("nvalid --", StartMessage::Rejected),
    ("violates accounting/QOS policy", StartMessage::Rejected),
    ("User's group not permitted", StartMessage::Rejected),
    ("Access/permission denied", StartMessage::Rejected),
    ("User not permitted", StartMessage::Rejected),
    ("Invalid user id", StartMessage::Rejected),
    ("unrecognized option", StartMessage::Rejected),
    ("invalid option", StartMessage::Rejected),
    ("Protocol authentication error", StartMessage::Rejected),
];

/// Messages of a job that had started and that Slurm ended for a reason of its own.
const CLUSTER_ENDED: [&str; 8] = [
    "DUE TO NODE FAILURE",
    "DUE TO PREEMPTION",
    "DUE TO JOB REQUEUE",
    "DUE TO JOB NOT ENDING WITH SIGNALS",
    "Node failure on",
    "Timed out waiting for job step to complete",
    "launch failed",
    "Unable to confirm allocation",
];

/// The first known meaning of `lines`, with its line.
pub fn start_message<'a>(lines: &[&'a str]) -> Option<(StartMessage, &'a str)> {
    START_MESSAGES.iter().find_map(|(part, meaning)| {
        let line = lines.iter().find(|line| line.contains(part))?;
        Some((*meaning, *line))
    })
}

/// The line with which Slurm ended a job for a reason of its own.
pub fn cluster_ended<'a>(lines: &[&'a str]) -> Option<&'a str> {
    lines.iter().find(|line| CLUSTER_ENDED.iter().any(|part| line.contains(part))).copied()
}

/// How Slurm's messages begin that may follow a line of the job without an end, such as a progress bar.
const AFTER_OUTPUT: [&str; 5] =
    ["slurmstepd: error: ", "slurmstepd-", "srun: error: ", "srun: Job step aborted", "srun: Force Terminated "];

/// The lines of `stderr`, in which a message of Slurm begins a line of its own, also after output of a job without an end of line.
pub fn lines(stderr: &str) -> impl Iterator<Item = &str> {
    stderr.lines().flat_map(|line| {
        let at = (1..line.len()).find(|at| line.is_char_boundary(*at) && begins_message(&line[*at..]));
        let (before, message) = line.split_at(at.unwrap_or(line.len()));
        [before, message].into_iter().enumerate().filter(|(i, part)| *i == 0 || !part.is_empty()).map(|(_, part)| part)
    })
}

/// Whether `text` begins with one of [`AFTER_OUTPUT`]; behind `slurmstepd-` follows the name of a node.
fn begins_message(text: &str) -> bool {
    let Some(start) = AFTER_OUTPUT.iter().find(|start| text.starts_with(**start)) else { return false };
    let has_node = |rest: &str| {
        rest.split_once(": ").is_some_and(|(node, rest)| {
            !node.is_empty() && !node.contains(char::is_whitespace) && rest.starts_with("error: ")
        })
    };
    *start != "slurmstepd-" || has_node(&text[start.len()..])
}

/// Whether `line` was printed by Slurm and not by a job.
pub fn is_of_slurm(line: &str) -> bool {
    line.starts_with("srun: ") || line.starts_with("slurmstepd: ") || line.starts_with("slurmstepd-")
}

/// `line` without the name of the program.
pub fn text(line: &str) -> String {
    let text = line.split_once(": ").map_or(line, |(_, text)| text);
    text.strip_prefix("error: ").unwrap_or(text).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_begins_a_line_of_its_own_also_after_a_progress_bar() {
        let step = "slurmstepd-n1: error: *** STEP 205.3 ON n1 CANCELLED AT 2026-11-27T01:00:00 DUE TO TIME LIMIT ***";
        let exit = "srun: error: n1: task 0: Exited with exit code 211";
        let text = format!("first\n\r 10%|█#   |{step}\n\n 20%|{exit}\n{exit}\nmy-srun: error-free\n");
        let expected = ["first", "\r 10%|█#   |", step, "", " 20%|", exit, exit, "my-srun: error-free"];
        assert_eq!(lines(&text).collect::<Vec<_>>(), expected);
        assert_eq!(lines("see slurmstepd-n1 in the log").count(), 1, "no message");
    }
}
