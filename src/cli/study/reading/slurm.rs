//! Asks Slurm about a study whose jobs or whose driver it runs.

use std::collections::HashMap;
use std::time::Duration;

use crate::journal::record::SessionRecord;
use crate::launch::orphans::mark::SessionMark;
use crate::launch::slurm;
use crate::launch::slurm::batch::submitted::{self, SubmittedState};
use crate::launch::slurm::queue::reasons_of_session;
use crate::report::status::{BatchJobState, BatchJobStatus, SlurmFacts, StudyState};
use crate::report::view::{JobStatus, StudyView};
use crate::types::ids::JobId;

/// Longest time of a question.
const LIMIT: Duration = Duration::from_secs(2);

/// What Slurm says about the study in `view`. A study without Slurm asks nothing.
pub fn facts(view: &StudyView, state: StudyState) -> SlurmFacts {
    let Some(session) = view.last_session.as_ref().filter(|_| state != StudyState::Finished) else {
        return SlurmFacts::default();
    };
    let batch_job = session.batch_job.as_ref().map(|id| batch_job(id, state));
    SlurmFacts { batch_job, reasons: reasons(view, session) }
}

fn batch_job(id: &str, state: StudyState) -> BatchJobStatus {
    let (state, reason) = match submitted::state(id) {
        // It runs the driver that was found.
        Err(_) if state == StudyState::Running => (BatchJobState::Running, None),
        Err(_) => (BatchJobState::Unknown, None),
        Ok(None) => (BatchJobState::Ended, None),
        Ok(Some(SubmittedState::Running)) => (BatchJobState::Running, None),
        Ok(Some(SubmittedState::Ending)) => (BatchJobState::Ending, None),
        Ok(Some(SubmittedState::Queued(reason))) => (BatchJobState::Queued, Some(reason)),
    };
    BatchJobStatus { id: id.to_owned(), state, reason }
}

/// Why jobs wait, by job; empty if none waits in Slurm's queue, or without an answer.
fn reasons(view: &StudyView, session: &SessionRecord) -> HashMap<JobId, String> {
    let waits = |job: &&crate::report::view::JobView| job.status == JobStatus::Running && job.start.is_none();
    let waiting: Vec<JobId> = view.jobs.iter().filter(waits).map(|job| job.job).collect();
    let mark = SessionMark::parse(&session.mark).filter(|_| session.launcher == slurm::NAME && !waiting.is_empty());
    let Some(listed) = mark.and_then(|mark| reasons_of_session(&mark, LIMIT).ok()) else { return HashMap::new() };
    let of_job = |job: JobId| listed.job(job).map(|reason| (job, reason.to_owned()));
    waiting.into_iter().filter_map(of_job).collect()
}
