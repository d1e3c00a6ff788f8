//! `hypertune export STUDY`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::cli::error::CliError;
use crate::cli::exit_codes::Exit;
use crate::cli::output;
use crate::cli::study::view;
use crate::report::export::catalogue;
use crate::report::view::ViewDetail;

/// Arguments of `export`.
#[derive(Clone, Debug, Args)]
pub struct ExportArgs {
    /// Folder of the study
    pub study: PathBuf,
    /// Output format
    #[arg(long, default_value = "jsonl", value_parser = exporter_names())]
    pub format: String,
    /// Add each job's readings of the metric, as a column `curve`
    #[arg(long)]
    pub curves: bool,
}

fn exporter_names() -> PossibleValuesParser {
    crate::report::export::catalogue::EXPORTERS.map(|e| e.name()).into()
}

/// Writes one row per job to stdout.
pub fn export(args: &ExportArgs) -> Result<Exit, CliError> {
    let detail = if args.curves { ViewDetail::Curves } else { ViewDetail::Full };
    let view = view::read(&args.study, detail)?;
    let exporter = catalogue::find(&args.format)
        .ok_or_else(|| CliError::usage(anyhow::anyhow!("unknown export format `{}`", args.format)))?;
    output::print(|out| exporter.export(&view, out))?;
    Ok(Exit::Done)
}
