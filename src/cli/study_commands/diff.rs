//! `hypertune diff STUDY A B`, `hypertune diff STUDY OTHER`.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Args;

use crate::cli::args::values::{FORMATS, FormatArg, one_of};
use crate::cli::error::CliError;
use crate::cli::exit_codes::Exit;
use crate::cli::output;
use crate::cli::study::reading::choice;
use crate::cli::study::reading::snapshot::StudySnapshot;
use crate::cli::study::view;
use crate::report::diff::{self, SideBySide, render};
use crate::report::view::ViewDetail;
use crate::types::ids::TrialId;

/// Arguments of `diff`.
#[derive(Clone, Debug, Args)]
pub struct DiffArgs {
    /// Folder of the study
    pub study: PathBuf,
    /// A trial, or the folder of another study
    #[arg(value_name = "TRIAL|STUDY")]
    pub first: String,
    /// Another trial
    #[arg(value_name = "TRIAL")]
    pub second: Option<u64>,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = one_of(FORMATS))]
    pub format: FormatArg,
}

/// Prints two trials or two studies side by side.
pub fn diff(args: &DiffArgs) -> Result<Exit, CliError> {
    let diff = match args.second {
        Some(second) => trials(args, second)?,
        None => studies(args)?,
    };
    match args.format {
        FormatArg::Json => output::json(&diff)?,
        FormatArg::Text => output::styled(&render(&diff, output::columns()))?,
    }
    Ok(Exit::Done)
}

fn trials(args: &DiffArgs, second: u64) -> Result<SideBySide, CliError> {
    let first: u64 = args.first.parse().map_err(|_| {
        CliError::usage(anyhow!("`{}` is not a trial", args.first))
            .hint("give two trials, as in hypertune diff STUDY 3 7")
    })?;
    let view = view::read(&args.study, ViewDetail::Values)?;
    choice::jobs_of(&view, first)?;
    choice::jobs_of(&view, second)?;
    let missing = || CliError::internal(anyhow!("trials {first} and {second} have no jobs"));
    diff::trials(&view, TrialId(first), TrialId(second)).ok_or_else(missing)
}

fn studies(args: &DiffArgs) -> Result<SideBySide, CliError> {
    let other = Path::new(&args.first);
    if args.first.parse::<u64>().is_ok() && !other.exists() {
        return Err(CliError::usage(anyhow!("one trial cannot be compared"))
            .hint("give two trials, as in hypertune diff STUDY 3 7, or the folder of another study"));
    }
    let (a, b) = (StudySnapshot::read(&args.study)?, StudySnapshot::read(other)?);
    Ok(diff::studies(&a.input(), &b.input()))
}
