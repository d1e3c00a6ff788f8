//! Chooses the study and the job that a command is about.

use std::path::{Path, PathBuf};

use anyhow::anyhow;

use crate::cli::error::CliError;
use crate::journal::folder::find::studies_below;
use crate::report::view::{JobView, StudyView};
use crate::types::ids::TrialId;

/// The study in folder `given`; without one, that of the current folder whose journal was written last.
///
/// # Errors
/// No folder is given, and neither the current folder nor a folder in it is a study.
pub fn given_or_newest(given: Option<&Path>) -> Result<PathBuf, CliError> {
    if let Some(given) = given {
        return Ok(given.to_owned());
    }
    let newest = studies_below(Path::new("."), 1).into_iter().max_by_key(|study| study.modified);
    newest.map(|study| study.root).ok_or_else(|| {
        CliError::usage(anyhow!("there is no study in this folder"))
            .hint("give the folder of a study; `hypertune list` finds studies in folders below")
    })
}

/// The jobs of `trial`, in order of launch; at least one.
///
/// # Errors
/// No job of it was launched.
pub fn jobs_of(view: &StudyView, trial: u64) -> Result<Vec<&JobView>, CliError> {
    let jobs: Vec<&JobView> = view.jobs.iter().filter(|job| job.job.key.trial == TrialId(trial)).collect();
    if !jobs.is_empty() {
        return Ok(jobs);
    }
    let error = CliError::usage(anyhow!("{} has no trial {trial}", view.study.display()));
    Err(match view.jobs.iter().map(|job| job.job.key.trial).max() {
        Some(last) => error.hint(format!("its trials have the numbers 0 to {last}")),
        None => error.hint("no trial has started yet"),
    })
}

/// The last job of `trial` with this rung and attempt, where they are given.
///
/// # Errors
/// There is no such job.
pub fn job(view: &StudyView, trial: u64, rung: Option<u32>, attempt: Option<u32>) -> Result<&JobView, CliError> {
    let jobs = jobs_of(view, trial)?;
    let matches = |job: &&&JobView| {
        rung.is_none_or(|rung| job.job.key.rung.0 == rung) && attempt.is_none_or(|attempt| job.job.attempt.0 == attempt)
    };
    jobs.iter().rfind(matches).copied().ok_or_else(|| {
        let rung = rung.map(|rung| format!(" at rung {rung}")).unwrap_or_default();
        let attempt = attempt.map(|attempt| format!(" with attempt {attempt}")).unwrap_or_default();
        let known: Vec<String> =
            jobs.iter().map(|job| format!("rung {} attempt {}", job.job.key.rung, job.job.attempt)).collect();
        CliError::usage(anyhow!("trial {trial} has no job{rung}{attempt}")).hint(format!("it has {}", known.join(", ")))
    })
}
