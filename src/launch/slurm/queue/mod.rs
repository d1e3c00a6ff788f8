//! Jobs and allocations that wait in the queue of Slurm: what for, and what to do about it.

pub mod reason;
pub mod reports;
pub mod watch;

use std::time::Duration;

use super::leftovers::step_name;
use super::query::{QueryError, query_within};
use crate::launch::orphans::mark::SessionMark;
use crate::types::ids::JobId;

/// Options of `squeue` that list this user's queued jobs as lines of id, name and reason.
const LIST: [&str; 4] = ["--noheader", "--me", "--states=PENDING", "--format=%i|%j|%r"];

/// A queued job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct QueuedJob<'a> {
    id: &'a str,
    name: &'a str,
    reason: &'a str,
}

/// The jobs in the output of `squeue` with [`LIST`].
fn parse(listed: &str) -> impl Iterator<Item = QueuedJob<'_>> {
    listed.lines().filter_map(|line| {
        let mut fields = line.trim().splitn(3, '|');
        Some(QueuedJob { id: fields.next()?, name: fields.next()?, reason: fields.next()? })
    })
}

/// Why the jobs of a session wait.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionReasons {
    mark: SessionMark,
    listed: String,
}

/// Asks why the jobs of the session `mark` wait, or the allocations that the driver keeps for them.
///
/// # Errors
/// Slurm does not answer within `limit`, or not on this machine.
pub fn reasons_of_session(mark: &SessionMark, limit: Duration) -> Result<SessionReasons, QueryError> {
    Ok(SessionReasons { mark: mark.clone(), listed: query_within("squeue", &LIST, limit)? })
}

impl SessionReasons {
    /// Why `job` waits, in Slurm's word; `None` if it does not wait in the queue.
    pub fn job(&self, job: JobId) -> Option<&str> {
        let (own, allocation) = (step_name(&self.mark.job(job)), step_name(&allocation_mark(self.mark.as_str())));
        let of = |name: &str| parse(&self.listed).find(|queued| queued.name == name).map(|queued| queued.reason);
        of(&own).or_else(|| of(&allocation))
    }
}

/// The mark of all allocations that the driver keeps in the session `session`.
pub fn allocation_mark(session: &str) -> String {
    format!("{session}/allocation")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::ids::{Attempt, JobKey, Rung, TrialId};

    #[test]
    fn a_job_waits_for_its_own_reason_or_for_that_of_an_allocation() {
        let mark = SessionMark::parse("1-2-3").unwrap();
        let job = |trial| JobId { key: JobKey { trial: TrialId(trial), rung: Rung(0) }, attempt: Attempt(1) };
        let of = |listed: &str, trial| {
            let reasons = SessionReasons { mark: mark.clone(), listed: listed.to_owned() };
            reasons.job(job(trial)).map(str::to_owned)
        };
        let own = "7|ht:1-2-3/0-0-1|PartitionConfig\n8|ht:1-2-4/1-0-1|Priority\n";
        assert_eq!([0, 1].map(|trial| of(own, trial)), [Some("PartitionConfig".into()), None]);
        let allocation = "9|ht:1-2-3/allocation|ReqNodeNotAvail, UnavailableNodes:n1\n";
        assert_eq!(of(allocation, 5).as_deref(), Some("ReqNodeNotAvail, UnavailableNodes:n1"));
    }
}
