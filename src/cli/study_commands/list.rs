//! `hypertune list [DIR]`.

use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::anyhow;
use clap::Args;

use crate::cli::args::values::{FORMATS, FormatArg, one_of};
use crate::cli::error::CliError;
use crate::cli::exit_codes::Exit;
use crate::cli::output;
use crate::cli::study::reading::snapshot::StudySnapshot;
use crate::journal::folder::find::{FoundStudy, studies_below};
use crate::report::studies::{StudyRow, disk, render};

/// Arguments of `list`.
#[derive(Clone, Debug, Args)]
pub struct ListArgs {
    /// Folder to search
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// How many levels of folders are searched
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub depth: u32,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = one_of(FORMATS))]
    pub format: FormatArg,
}

/// Prints the studies below a folder.
pub fn list(args: &ListArgs) -> Result<Exit, CliError> {
    if !args.dir.is_dir() {
        return Err(CliError::usage(anyhow!("{} is not a folder", args.dir.display())));
    }
    let rows: Vec<StudyRow> = studies_below(&args.dir, args.depth).iter().map(row).collect();
    match args.format {
        FormatArg::Json => output::json(&rows)?,
        FormatArg::Text => output::styled(&render(&rows))?,
    }
    Ok(Exit::Done)
}

fn row(study: &FoundStudy) -> StudyRow {
    let age = SystemTime::now().duration_since(study.modified).unwrap_or_default();
    let disk = disk::usage(&study.root);
    match StudySnapshot::read(&study.root) {
        Ok(snapshot) => StudyRow::new(&snapshot.input(), age, disk),
        Err(error) => StudyRow::unreadable(&study.root, age, disk, format!("{:#}", error.error)),
    }
}
