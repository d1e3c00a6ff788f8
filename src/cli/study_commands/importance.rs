//! `hypertune importance STUDY`.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;

use crate::cli::args::values::{FORMATS, FormatArg, one_of};
use crate::cli::error::CliError;
use crate::cli::exit_codes::Exit;
use crate::cli::options::overrides;
use crate::cli::output;
use crate::cli::study::ranking;
use crate::matrix::command_line::overrides::MetricOverride;
use crate::report::importance::{self, render};
use crate::report::view::ViewDetail;

/// Arguments of `importance`.
#[derive(Clone, Debug, Args)]
pub struct ImportanceArgs {
    /// Folder of the study
    pub study: PathBuf,
    /// Metric to explain: NAME, NAME:minimize or NAME:maximize [default: the study's]
    #[arg(long, value_name = "METRIC", value_parser = overrides::metric)]
    pub metric: Option<MetricOverride>,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = one_of(FORMATS))]
    pub format: FormatArg,
}

/// Prints the share of the metric's variance that each parameter explains.
pub fn importance(args: &ImportanceArgs) -> Result<Exit, CliError> {
    let view = ranking::read(&args.study, args.metric.as_ref(), ViewDetail::Values)?;
    let found = importance::importance(&view);
    let found = found.map_err(|error| CliError::no_result(anyhow!("{}: {error}", args.study.display())))?;
    match args.format {
        FormatArg::Json => output::json(&found)?,
        FormatArg::Text => output::styled(&render(&found))?,
    }
    Ok(Exit::Done)
}
