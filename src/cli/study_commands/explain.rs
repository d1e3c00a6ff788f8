//! `hypertune explain STUDY TRIAL`.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;

use crate::cli::args::values::{FORMATS, FormatArg, one_of};
use crate::cli::error::CliError;
use crate::cli::exit_codes::Exit;
use crate::cli::output;
use crate::cli::study::definition::StudyDefinition;
use crate::cli::study::reading::choice;
use crate::cli::study::reading::snapshot::StudySnapshot;
use crate::journal::folder::layout::StudyFolder;
use crate::report::explain::{TrialExplanation, render};
use crate::report::view::JobView;

/// Arguments of `explain`.
#[derive(Clone, Debug, Args)]
pub struct ExplainArgs {
    /// Folder of the study
    pub study: PathBuf,
    /// The trial
    pub trial: u64,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = one_of(FORMATS))]
    pub format: FormatArg,
}

/// Prints what was decided about a trial, and why.
pub fn explain(args: &ExplainArgs) -> Result<Exit, CliError> {
    let snapshot = StudySnapshot::read(&args.study)?;
    let jobs = choice::jobs_of(&snapshot.view, args.trial)?;
    // The commands are optional output: a missing component file must not hide the rest.
    let study = StudyDefinition::recorded(&snapshot.view.header, StudyFolder::new(&args.study)).ok();
    let repeat = |job: &JobView| study.as_ref().map(|study| study.repeat(job)).unwrap_or_default();
    let explained = TrialExplanation::new(&snapshot.input(), &jobs, repeat);
    let explained = explained.ok_or_else(|| CliError::internal(anyhow!("trial {} has no job", args.trial)))?;
    match args.format {
        FormatArg::Json => output::json(&explained)?,
        FormatArg::Text => output::styled(&render(&explained, output::columns()))?,
    }
    Ok(Exit::Done)
}
