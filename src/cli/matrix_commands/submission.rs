//! Submits the batch job of a study, of which there is one at a time.

use std::fs;

use anyhow::{Context, anyhow};

use crate::cli::error::CliError;
use crate::journal::folder::layout::StudyFolder;
use crate::launch::slurm::batch::submitted::{SubmittedJob, SubmittedState};
use crate::launch::slurm::batch::{BatchJob, SubmitError};

/// An error if the study has a job already.
pub fn refuse_second(batch: &BatchJob<'_>) -> Result<(), CliError> {
    batch.submitted(None).map_or(Ok(()), |other| Err(already_submitted(&other)))
}

/// Submits the job. Of two that are submitted at once the first remains.
pub fn submit_first(batch: &BatchJob<'_>) -> Result<String, CliError> {
    let job = batch.submit().map_err(submit_error)?;
    let number = |id: &str| id.parse::<u64>().unwrap_or(u64::MAX);
    match batch.submitted(Some(&job)) {
        Some(other) if number(&other.id) < number(&job) => {
            BatchJob::cancel(&job).map_err(|error| {
                CliError::usage(error)
                    .hint(format!("Slurm jobs {} and {job} run the same study: scancel {job}", other.id))
            })?;
            Err(already_submitted(&other))
        }
        _ => Ok(job),
    }
}

fn already_submitted(SubmittedJob { id, state }: &SubmittedJob) -> CliError {
    let state = match state {
        SubmittedState::Queued(reason) => format!("is in the queue ({reason}) and will run this study"),
        SubmittedState::Running => "runs this study".to_owned(),
        SubmittedState::Ending => "is ending, and may be queued again to run this study".to_owned(),
    };
    CliError::usage(anyhow!("Slurm job {id} {state}")).hint(format!(
        "squeue -j {id} shows its state; to submit the study in another way, end it first with scancel {id}"
    ))
}

/// The absolute path of the journal, the same from whichever folder and by whichever links the study's folder is named.
pub fn absolute_journal(folder: &StudyFolder) -> Result<String, CliError> {
    let folder = folder.absolute().context("cannot determine the current directory").map_err(CliError::internal)?;
    let root = folder.root();
    // The study's folder itself may not exist yet.
    let parent = root.parent().and_then(|parent| fs::canonicalize(parent).ok());
    let resolved = fs::canonicalize(root).ok().or_else(|| Some(parent?.join(root.file_name()?)));
    let folder = resolved.map_or(folder.clone(), StudyFolder::new);
    utf8(folder.journal().to_str()).map(str::to_owned)
}

fn submit_error(error: SubmitError) -> CliError {
    let hint = match &error {
        SubmitError::Run(_) => "submit from a machine with Slurm's commands in PATH",
        SubmitError::Timeout(_) => "look with squeue --me whether the job is queued, before you submit it again",
        SubmitError::Refused(_) => {
            "change what is asked for: partition, account, qos, cpus, gpus and mem of the launcher, --nodes, --time, or another option \
             as in --sbatch=--partition=gpu; sinfo lists the partitions, and --dry-run shows the script"
        }
    };
    CliError::usage(error).hint(hint)
}

/// `text`, or an error if it is not valid UTF-8.
pub fn utf8(text: Option<&str>) -> Result<&str, CliError> {
    text.ok_or_else(|| {
        CliError::usage(anyhow!("an argument or the path of a file is not valid UTF-8, which batch scripts need"))
    })
}
