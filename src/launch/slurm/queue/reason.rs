//! Why a Slurm job is in the queue, by the reason that `squeue` shows, and what to do about it. The words are those of squeue(1), "JOB
//! REASON CODES", and of `slurm_protocol_defs.c`, 22.05 to 24.11.

/// Reasons that pass as other jobs end or time goes by.
const ORDINARY: [&str; 11] = [
    "None",
    "Priority",
    "Resources",
    "BeginTime",
    "Dependency",
    "Licenses",
    "Reservation",
    "Prolog",
    "Cleaning",
    "JobArrayTaskLimit",
    "Reboot",
];

const TOO_LARGE: &str = "the partition has no node for it, or a limit below what it asks for: ask for less with cpus, gpus, mem, time or \
    nodes, or name another partition; `scontrol show partition` shows the limits";
const CLOSED: &str =
    "the partition starts no jobs now: name another one, which sinfo lists, or wait until it is up again";
const NODES_MISSING: &str = "the nodes that it needs are down, drained or reserved, and `sinfo -R` says why: it starts once they are back, \
    or ask for others with partition, constraint or mem";
const HELD: &str = "it is held until somebody releases it, with `scontrol release` and the number of the job";
const NOT_ALLOWED: &str =
    "name another account, qos or partition; `sacctmgr show associations where user=$USER` lists what you may use";
const LIMIT: &str = "a limit of the user, the account or the QOS is reached: it starts when other jobs have ended or the limit is renewed, \
    and never if it exceeds the limit alone; ask for less, or name another account or qos";
const NEVER: &str = "what it depends on has failed, so it never starts: cancel it, and correct --dependency";
const UNKNOWN: &str = "squeue(1) explains the reason under JOB REASON CODES";

/// How reasons begin that do not pass by themselves, or not soon, with what to do. An earlier entry wins.
const STUCK: [(&str, &str); 23] = [
    ("PartitionConfig", TOO_LARGE),
    ("PartitionNodeLimit", TOO_LARGE),
    ("PartitionTimeLimit", TOO_LARGE),
    ("BadConstraints", TOO_LARGE),
    ("PartitionDown", CLOSED),
    ("PartitionInactive", CLOSED),
    ("ReqNodeNotAvail", NODES_MISSING),
    ("Nodes required for job are DOWN", NODES_MISSING),
    ("NodeDown", NODES_MISSING),
    ("FrontEndDown", NODES_MISSING),
    ("JobHeld", HELD),
    ("JobHoldMaxRequeue", HELD),
    ("launch failed requeued held", HELD),
    ("job requeued in held state", HELD),
    ("InvalidAccount", NOT_ALLOWED),
    ("InvalidQOS", NOT_ALLOWED),
    ("AccountNotAllowed", NOT_ALLOWED),
    ("QOSNotAllowed", NOT_ALLOWED),
    ("Assoc", LIMIT),
    ("QOS", LIMIT),
    ("Max", LIMIT),
    ("AccountingPolicy", LIMIT),
    ("DependencyNeverSatisfied", NEVER),
];

/// What to do about a job that waits for `reason`; `None` if the reason passes by itself.
pub fn advice(reason: &str) -> Option<&'static str> {
    match STUCK.iter().find(|(start, _)| reason.starts_with(start)) {
        Some((_, advice)) => Some(advice),
        None if reason.is_empty() || ORDINARY.contains(&word(reason)) => None,
        None => Some(UNKNOWN),
    }
}

/// `reason` without its details, as in `ReqNodeNotAvail, UnavailableNodes:n2`.
pub fn word(reason: &str) -> &str {
    reason.split(',').next().unwrap_or(reason).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_that_do_not_pass_have_an_advice() {
        for (reason, expected) in [
            ("PartitionConfig", TOO_LARGE),
            ("PartitionTimeLimit", TOO_LARGE),
            ("PartitionDown", CLOSED),
            ("ReqNodeNotAvail, UnavailableNodes:n2", NODES_MISSING),
            (
                "Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions",
                NODES_MISSING,
            ),
            ("JobHeldUser", HELD),
            ("QOSNotAllowed", NOT_ALLOWED),
            ("AssocGrpCpuLimit", LIMIT),
            ("AssocGrpCPUMinutesLimit", LIMIT),
            ("QOSMaxJobsPerUserLimit", LIMIT),
            ("MaxGRESPerAccount", LIMIT),
            ("DependencyNeverSatisfied", NEVER),
            ("SomethingNew", UNKNOWN),
        ] {
            assert_eq!(advice(reason), Some(expected), "{reason}");
        }
        for reason in ["", "None", "Priority", "Resources", "BeginTime", "Dependency", "Licenses"] {
            assert_eq!(advice(reason), None, "{reason}");
        }
    }
}
