//! `hypertune export STUDY`.

use std::io::{self, Write};

use super::args::ExportArgs;
use super::exit_codes::Exit;
use super::fault::Fault;
use super::view;
use crate::report::exporters;
use crate::report::view::Detail;

/// Writes one row per job to stdout.
pub fn export(args: &ExportArgs) -> Result<Exit, Fault> {
    let view = view::read(&args.study, Detail::Full)?;
    let exporter = exporters::find(&args.format)
        .ok_or_else(|| Fault::usage(anyhow::anyhow!("no export format is called `{}`", args.format)))?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    exporter.export(&view, &mut out)?;
    out.flush()?;
    Ok(Exit::Done)
}
