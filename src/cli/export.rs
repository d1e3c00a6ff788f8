//! `hypertune export STUDY`.

use super::args::ExportArgs;
use super::error::CliError;
use super::exit_codes::Exit;
use super::output;
use super::study::view;
use crate::report::export::catalogue;
use crate::report::view::ViewDetail;

/// Writes one row per job to stdout.
pub fn export(args: &ExportArgs) -> Result<Exit, CliError> {
    let detail = if args.curves { ViewDetail::Curves } else { ViewDetail::Full };
    let view = view::read(&args.study, detail)?;
    let exporter = catalogue::find(&args.format)
        .ok_or_else(|| CliError::usage(anyhow::anyhow!("unknown export format `{}`", args.format)))?;
    output::print(|out| exporter.export(&view, out))?;
    Ok(Exit::Done)
}
