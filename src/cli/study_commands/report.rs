//! `hypertune report STUDY…`.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::anyhow;
use clap::Args;
use serde::Serialize;

use crate::cli::args::values::{FORMATS, FormatArg, one_of};
use crate::cli::error::CliError;
use crate::cli::exit_codes::Exit;
use crate::cli::output;
use crate::cli::output_file::{self, IfExists};
use crate::cli::study::reading::report::ReportSource;
use crate::progress;
use crate::report::page::{PageUse, ReportData, render};
use crate::types::printable::printable;

/// Arguments of `report`.
#[derive(Clone, Debug, Args)]
pub struct ReportArgs {
    /// Folders of studies; several are compared
    #[arg(required = true, value_name = "STUDY")]
    pub studies: Vec<PathBuf>,
    /// File to write, `-` for stdout [default: the name of the first study's folder with .html, in the current folder]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Open the file with xdg-open
    #[arg(long)]
    pub open: bool,
    /// `json` prints the data of the report instead
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = one_of(FORMATS))]
    pub format: FormatArg,
}

/// What `report --format json` prints.
#[derive(Serialize)]
struct ReportJson<'a> {
    studies: Vec<ReportData<'a>>,
}

/// Writes the report.
pub fn report(args: &ReportArgs) -> Result<Exit, CliError> {
    let sources = args.studies.iter().map(|study| ReportSource::read(study)).collect::<Result<Vec<_>, _>>()?;
    let studies: Vec<ReportData<'_>> = sources.iter().map(ReportSource::data).collect();
    if args.format == FormatArg::Json {
        output::json(&ReportJson { studies })?;
        return Ok(Exit::Done);
    }
    let page = render(&studies, PageUse::File).map_err(CliError::internal)?;
    let path = args.output.clone().unwrap_or_else(|| default_path(&args.studies[0]));
    // A report can be written again at any time, so that it replaces the earlier one.
    output_file::write(Some(&path), &page, IfExists::Replace)?;
    let Some(path) = output_file::named(Some(&path)) else { return Ok(Exit::Done) };
    progress::print_message(&format!("wrote {}", printable(&path.to_string_lossy())));
    if args.open {
        open(path)?;
    }
    Ok(Exit::Done)
}

/// `lr.html` for the study in `…/lr.study`.
fn default_path(study: &Path) -> PathBuf {
    let absolute = fs::canonicalize(study).unwrap_or_else(|_| study.to_owned());
    let mut name: OsString = absolute.file_stem().unwrap_or("report".as_ref()).to_owned();
    name.push(".html");
    PathBuf::from(name)
}

/// Starts the desktop's viewer, without waiting for it.
fn open(path: &Path) -> Result<(), CliError> {
    let mut viewer = Command::new("xdg-open");
    let started = viewer.arg(path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    started.map(drop).map_err(|e| {
        CliError::internal(anyhow!("cannot start xdg-open: {e}")).hint(format!("open {} in a browser", path.display()))
    })
}
