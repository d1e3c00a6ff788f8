//! `--warm-start`: what earlier studies found, read when a study is begun and kept in its journal from then on.

use anyhow::anyhow;

use super::definition::StudyDefinition;
use super::earlier_study::EarlierStudy;
use crate::cli::error::CliError;
use crate::journal::earlier_study;
use crate::journal::folder::layout::StudyFolder;
use crate::progress::{Verbosity, print_message};
use crate::report::text;
use crate::search::PriorObservation;

/// Most bytes of it: it stands in the journal's first line.
const MOST: usize = 32 << 20;

/// `study`, having learnt from the studies it names; says how much that is unless it is to be quiet.
pub fn learn(mut study: StudyDefinition, verbosity: Verbosity) -> Result<StudyDefinition, CliError> {
    if study.options.warm_start.is_empty() {
        return Ok(study);
    }
    let experiment = &study.experiment;
    if experiment.metric.is_none() {
        return Err(CliError::usage(anyhow!("--warm-start needs a metric to learn about"))
            .hint("name it in the matrix or with --metric"));
    }
    let mut prior: Vec<PriorObservation> = Vec::new();
    let mut known = 0;
    let mut learnt = Vec::new();
    for typed in &study.options.warm_start {
        let folder = typed.folder();
        let found = earlier_study::read(&StudyFolder::new(folder), experiment, known);
        let found = found.map_err(|fault| CliError::usage(anyhow::Error::new(fault).context("--warm-start")))?;
        if verbosity != Verbosity::Quiet {
            let jobs = text::counted(found.observations.len() as u64, "job");
            let left_out = if found.left_out > 0 { format!(", {} left out", found.left_out) } else { String::new() };
            print_message(&format!("learnt from {jobs} of {folder}{left_out}"));
        }
        known += found.trials;
        prior.extend(found.observations);
        if serde_json::to_vec(&prior).map_or(usize::MAX, |bytes| bytes.len()) > MOST {
            let jobs = text::counted(prior.len() as u64, "job");
            return Err(CliError::usage(anyhow!(
                "--warm-start: {jobs} are more than a journal's first line takes, name fewer studies"
            )));
        }
        let (folder, seed) = (folder.to_owned(), found.seed);
        learnt.push(EarlierStudy::Learnt { folder, seed, started_at: found.started_at });
    }
    let sampler = &experiment.method.sampler;
    if sampler.ignores_observations() && verbosity != Verbosity::Quiet {
        print_message(&format!("the sampler `{}` learns from nothing: --sampler tpe or gp does", sampler.name()));
    }
    study.options.warm_start = learnt;
    Ok(study.with_prior(&prior))
}
