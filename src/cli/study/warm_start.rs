//! `--warm-start`: reads observations of earlier studies when a study starts. They are recorded in its journal.

use anyhow::anyhow;

use super::definition::StudyDefinition;
use super::earlier_study::EarlierStudy;
use crate::cli::error::CliError;
use crate::journal::earlier_study::{self, KnownStudies};
use crate::journal::folder::layout::StudyFolder;
use crate::progress::{Verbosity, print_message};
use crate::report::text;
use crate::search::PriorObservation;

/// Largest size of the observations, in bytes: they are part of the journal's first line.
const MAX_BYTES: usize = 32 << 20;

/// Adds the observations of the earlier studies that `study` names, and prints their number.
pub fn load(mut study: StudyDefinition, verbosity: Verbosity) -> Result<StudyDefinition, CliError> {
    if study.options.warm_start.is_empty() {
        return Ok(study);
    }
    let experiment = &study.experiment;
    if experiment.metric.is_none() {
        return Err(
            CliError::usage(anyhow!("--warm-start needs a metric")).hint("name it in the matrix or with --metric")
        );
    }
    let mut prior: Vec<PriorObservation> = Vec::new();
    let mut known = KnownStudies::default();
    let mut identified = Vec::new();
    for given in &study.options.warm_start {
        let folder = given.folder();
        let found = earlier_study::read(&StudyFolder::new(folder), experiment, known);
        let found = found.map_err(|error| CliError::usage(anyhow::Error::new(error).context("--warm-start")))?;
        if verbosity != Verbosity::Quiet {
            let jobs = text::counted(found.observations.len() as u64, "job");
            let left_out = if found.left_out > 0 { format!(", {} skipped", found.left_out) } else { String::new() };
            let example = found.refusal.as_ref().map(|refusal| format!(", for example because {refusal}"));
            print_message(&format!("warm start: {jobs} from {folder}{left_out}{}", example.unwrap_or_default()));
        }
        known = known.and(&found);
        prior.extend(found.observations);
        if serde_json::to_vec(&prior).map_or(usize::MAX, |bytes| bytes.len()) > MAX_BYTES {
            let jobs = text::counted(prior.len() as u64, "job");
            return Err(CliError::usage(anyhow!(
                "--warm-start: {jobs} exceed the 32 MiB limit of a journal's header; name fewer studies"
            )));
        }
        let (folder, seed) = (folder.to_owned(), found.seed);
        identified.push(EarlierStudy::Identified { folder, seed, started_at: found.started_at });
    }
    let sampler = &experiment.method.sampler;
    if sampler.ignores_observations() && verbosity != Verbosity::Quiet {
        print_message(&format!("the sampler `{}` does not use them; use --sampler tpe or gp", sampler.name()));
    }
    study.options.warm_start = identified;
    Ok(study.with_prior(&prior))
}
