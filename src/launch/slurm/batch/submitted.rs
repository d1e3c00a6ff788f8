//! Batch jobs of studies that were submitted: which one a driver runs in, which ones a study has, and what they wait for.

use std::env;
use std::thread::sleep;
use std::time::Duration;

use super::BatchJob;
use crate::launch::orphans::mark::SESSION_VARIABLE;
use crate::launch::slurm::JOB_VARIABLE;
use crate::launch::slurm::query::{QueryError, query, query_within};

/// Set by the batch script to the id of its job.
pub const BATCH_VARIABLE: &str = "HYPERTUNE_BATCH_JOB";
/// How long a job that is ending is waited for: one that was queued again ends first.
const ENDING_CHECKS: u32 = 8;
/// How often a job without a reason is asked for one: Slurm decides about it a moment after its submission.
const REASON_CHECKS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(500);
/// Longest time of a question whose answer is only shown.
const SHORT: Duration = Duration::from_secs(2);

/// A batch job that has not ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SubmittedJob {
    pub id: String,
    pub state: SubmittedState,
}

/// Its state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SubmittedState {
    /// It waits in the queue for this reason, in Slurm's word.
    Queued(String),
    Running,
    /// It ends, and may then be queued again.
    Ending,
}

/// The id of the batch job whose script runs this driver, and that queues itself again; `None` in a job of a study.
pub fn own_job() -> Option<String> {
    let value = |name| env::var(name).ok().filter(|value| !value.is_empty());
    let is_of_study = env::var_os(SESSION_VARIABLE).is_some();
    value(BATCH_VARIABLE).filter(|id| !is_of_study && value(JOB_VARIABLE).as_ref() == Some(id))
}

/// The state of the batch job `id`; `None` if it has ended or is not known any more.
///
/// # Errors
/// Slurm does not answer within two seconds, or not on this machine.
pub fn state(id: &str) -> Result<Option<SubmittedState>, QueryError> {
    match query_within("squeue", &["--noheader", "--jobs", id, "--format=%i|%T|%r"], SHORT) {
        Ok(rows) => Ok(rows.lines().find_map(parse).map(|job| job.state)),
        Err(QueryError::Failed { message, .. }) if message.contains("nvalid job id") => Ok(None),
        Err(error) => Err(error),
    }
}

/// What the batch job `id`, which was just submitted, waits for, in Slurm's word; `None` if it runs or if that is not known.
pub fn wait_reason(id: &str) -> Option<String> {
    for _ in 0..REASON_CHECKS {
        match state(id).ok()?? {
            SubmittedState::Queued(reason) if reason == "None" => sleep(PAUSE),
            SubmittedState::Queued(reason) => return Some(reason),
            SubmittedState::Running | SubmittedState::Ending => return None,
        }
    }
    None
}

impl BatchJob<'_> {
    /// The job of the same study that runs or is in the queue, the first one without `own`. Without an answer of Slurm there is none.
    pub fn submitted(&self, own: Option<&str>) -> Option<SubmittedJob> {
        let mut checks = 0;
        loop {
            let jobs = self.all_submitted().unwrap_or_default();
            let others = || jobs.iter().filter(|job| own.is_none_or(|own| job.id != own));
            match others().find(|job| job.state != SubmittedState::Ending).or_else(|| others().next()) {
                Some(job) if job.state == SubmittedState::Ending && checks < ENDING_CHECKS => {
                    checks += 1;
                    sleep(PAUSE);
                }
                found => return found.cloned(),
            }
        }
    }

    /// The jobs of this user with the same name whose script has the same journal.
    fn all_submitted(&self) -> Result<Vec<SubmittedJob>, QueryError> {
        let name = self.job_name();
        let rows = query("squeue", &["--noheader", "--me", "--name", &name, "--format=%i|%T|%r"])?;
        let journal = self.journal_line();
        let is_of_study = |job: &SubmittedJob| {
            let script = query("scontrol", &["write", "batch_script", &job.id, "-"]);
            script.is_ok_and(|script| script.lines().any(|line| line == journal))
        };
        Ok(rows.lines().filter_map(parse).filter(is_of_study).collect())
    }

    /// Cancels the job `id`, which was submitted at the same time as another one of the study.
    ///
    /// # Errors
    /// Slurm does not answer.
    pub fn cancel(id: &str) -> Result<(), QueryError> {
        query("scancel", &["--quiet", id]).map(|_| ())
    }
}

/// A row of id, state and reason; `None` for a job that has ended.
fn parse(row: &str) -> Option<SubmittedJob> {
    let mut fields = row.trim().splitn(3, '|');
    let (id, state, reason) = (fields.next()?, fields.next()?, fields.next().unwrap_or_default());
    let state = match state {
        "PENDING" | "CONFIGURING" | "REQUEUED" | "REQUEUE_HOLD" | "REQUEUE_FED" | "SPECIAL_EXIT" => {
            SubmittedState::Queued(reason.to_owned())
        }
        "RUNNING" | "SUSPENDED" | "STOPPED" | "RESIZING" | "SIGNALING" | "STAGE_OUT" => SubmittedState::Running,
        "COMPLETING" => SubmittedState::Ending,
        _ => return None,
    };
    Some(SubmittedJob { id: id.to_owned(), state })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_that_have_ended_are_no_submitted_ones() {
        let state = |row: &str| parse(row).map(|job| job.state);
        assert_eq!(state("7|PENDING|BeginTime"), Some(SubmittedState::Queued("BeginTime".into())));
        let nodes = "ReqNodeNotAvail, UnavailableNodes:n2";
        assert_eq!(state(&format!("7|PENDING|{nodes}")), Some(SubmittedState::Queued(nodes.into())));
        assert_eq!(state("7|RUNNING|None"), Some(SubmittedState::Running));
        assert_eq!(state("7|COMPLETING|None"), Some(SubmittedState::Ending));
        for row in ["7|CANCELLED|None", "7|TIMEOUT|TimeLimit", "", "slurm_load_jobs error"] {
            assert_eq!(parse(row), None, "{row}");
        }
    }
}
