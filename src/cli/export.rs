//! `hypertune export STUDY`.

use super::args::ExportArgs;
use super::exit_codes::Exit;
use super::fault::Fault;
use super::{output, view};
use crate::report::exporters;
use crate::report::view::Detail;

/// Writes one row per job to stdout.
pub fn export(args: &ExportArgs) -> Result<Exit, Fault> {
    let view = view::read(&args.study, Detail::Full)?;
    let exporter = exporters::find(&args.format)
        .ok_or_else(|| Fault::usage(anyhow::anyhow!("no export format is called `{}`", args.format)))?;
    output::print(|out| exporter.export(&view, out))?;
    Ok(Exit::Done)
}
