//! `--warm-start`: what earlier studies found, read when a study is begun and kept in its journal from then on.

use std::path::{self, Path, PathBuf};

use anyhow::anyhow;

use super::fault::Fault;
use super::study::Study;
use crate::journal::earlier;
use crate::journal::layout::StudyFolder;
use crate::progress::{Verbosity, say};
use crate::report::text;
use crate::search::PriorObservation;

/// Most bytes of it: it stands in the journal's first line.
const MOST: usize = 32 << 20;

/// A study's folder as it is recorded: absolute, so that the same line means the same study.
pub fn folder(study: &Path) -> String {
    let absolute = path::absolute(study).unwrap_or_else(|_| study.to_owned());
    absolute.components().collect::<PathBuf>().to_string_lossy().into_owned()
}

/// `study`, having learnt from the studies it names; says how much that is unless it is to be quiet.
pub fn learn(study: Study, verbosity: Verbosity) -> Result<Study, Fault> {
    let folders = &study.options.warm_start;
    if folders.is_empty() {
        return Ok(study);
    }
    let experiment = &study.experiment;
    if experiment.metric.is_none() {
        return Err(Fault::usage(anyhow!("--warm-start needs a metric to learn about"))
            .hint("name it in the matrix or with --metric"));
    }
    let mut prior: Vec<PriorObservation> = Vec::new();
    let mut known = 0;
    for folder in folders {
        let found = earlier::read(&StudyFolder::new(folder), experiment, known);
        let found = found.map_err(|fault| Fault::usage(anyhow::Error::new(fault).context("--warm-start")))?;
        if verbosity != Verbosity::Quiet {
            let jobs = text::counted(found.observations.len() as u64, "job");
            let left_out = if found.left_out > 0 { format!(", {} left out", found.left_out) } else { String::new() };
            say(&format!("learnt from {jobs} of {folder}{left_out}"));
        }
        known += found.trials;
        prior.extend(found.observations);
        if serde_json::to_vec(&prior).map_or(usize::MAX, |bytes| bytes.len()) > MOST {
            let jobs = text::counted(prior.len() as u64, "job");
            return Err(Fault::usage(anyhow!(
                "--warm-start: {jobs} are more than a journal's first line takes, name fewer studies"
            )));
        }
    }
    let sampler = &experiment.method.sampler;
    if sampler.ignores_observations() && verbosity != Verbosity::Quiet {
        say(&format!("the sampler `{}` learns from nothing: --sampler tpe or gp does", sampler.name()));
    }
    Ok(study.with_prior(&prior))
}
