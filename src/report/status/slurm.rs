//! What Slurm says about a study.

use std::collections::HashMap;

use serde::Serialize;

use crate::launch::slurm::queue::reason::advice;
use crate::types::ids::JobId;

/// What Slurm says about a study at one moment.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SlurmFacts {
    /// The batch job that runs its driver and queues itself again; `None` if the last session had none.
    pub batch_job: Option<BatchJobStatus>,
    /// Why jobs wait in the queue, in Slurm's words.
    pub reasons: HashMap<JobId, String>,
}

/// The batch job of a study.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct BatchJobStatus {
    /// Slurm's id.
    pub id: String,
    pub state: BatchJobState,
    /// Why it waits, in Slurm's word; null unless it is queued.
    pub reason: Option<String>,
}

/// The state of a batch job.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BatchJobState {
    Queued,
    Running,
    /// It may be queued again after that.
    Ending,
    Ended,
    /// Slurm was not asked, or gave no answer.
    Unknown,
}

impl BatchJobStatus {
    /// How a study continues that does not run: by the batch job, or by the command line `resume`.
    pub fn next_step(&self, resume: &str) -> String {
        let BatchJobStatus { id, state, reason } = self;
        match state {
            BatchJobState::Queued => {
                let advice = reason.as_deref().and_then(advice).map(|advice| format!("; {advice}")).unwrap_or_default();
                let reason = reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
                format!(
                    "Slurm job {id} is in the queue{reason} and continues it{advice}; scancel {id} ends it for good"
                )
            }
            BatchJobState::Running => format!("Slurm job {id} runs and continues it; scancel {id} ends it for good"),
            BatchJobState::Ending => {
                format!(
                    "Slurm job {id} is ending, and may queue itself again to continue it; scancel {id} ends it for good"
                )
            }
            BatchJobState::Ended => format!("continue with {resume}"),
            BatchJobState::Unknown => format!("continue with {resume}, unless Slurm job {id} is still in the queue"),
        }
    }
}
