//! `hypertune check STUDY`: verifies the journal in a study's folder; `--salvage` repairs a damaged one.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use serde_json::{Value, json};

use crate::cli::args::values::FormatArg;
use crate::cli::error::CliError;
use crate::cli::exit_codes::Exit;
use crate::cli::output;
use crate::cli::study::view;
use crate::journal::error::JournalError;
use crate::journal::folder::claim;
use crate::journal::folder::layout::StudyFolder;
use crate::journal::folder::lock;
use crate::journal::inspection::{self, FirstDamage, Inspection};
use crate::journal::line::LineFormat;
use crate::progress::print_message;
use crate::report::text::{command_line, counted};

/// How a damaged journal is repaired.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Repair {
    None,
    /// It is truncated before the damage; a copy is kept.
    Salvage,
}

/// Checks the journal of the study in `root`.
pub fn check(root: &Path, repair: Repair, format: FormatArg) -> Result<Exit, CliError> {
    let folder = StudyFolder::new(root);
    let mut report = JournalReport { root, inspection: inspect(&folder)?, salvaged: None };
    if repair == Repair::Salvage && report.inspection.damage.is_some() {
        claim::check(&folder).map_err(view::journal_error)?;
        let lock = lock::acquire(&folder, &mut print_message).map_err(CliError::usage)?;
        // Inspected again: before the lock was held, another process may have written to it.
        report.inspection = inspect(&folder)?;
        if report.inspection.damage.is_some() && report.inspection.end.lines > 0 {
            report.salvaged =
                Some(inspection::salvage(&folder, &lock, &report.inspection).map_err(CliError::internal)?);
        }
    }
    match format {
        FormatArg::Text => output::text(&report.text())?,
        FormatArg::Json => output::json(&report.json())?,
    }
    let sound = report.inspection.damage.is_none() || report.salvaged.is_some();
    Ok(if sound { Exit::Done } else { Exit::Internal })
}

/// The error for `--salvage` with a matrix file.
pub fn salvage_needs_a_study(matrix: &Path) -> CliError {
    CliError::usage(anyhow!("--salvage needs a study's folder; {} is a file", matrix.display()))
}

fn inspect(folder: &StudyFolder) -> Result<Inspection, CliError> {
    inspection::inspect(folder).map_err(|error| match error {
        JournalError::Missing { folder } => CliError::usage(anyhow!(
            "{} is a directory, not a matrix file, and not a study: it has no journal.jsonl",
            folder.display()
        )),
        error => view::journal_error(error),
    })
}

struct JournalReport<'a> {
    root: &'a Path,
    inspection: Inspection,
    /// The copy of the damaged journal.
    salvaged: Option<PathBuf>,
}

impl JournalReport<'_> {
    fn journal(&self) -> String {
        StudyFolder::new(self.root).journal().display().to_string()
    }

    fn text(&self) -> String {
        let Inspection { end, ended_jobs, torn, damage } = &self.inspection;
        let journal = self.journal();
        let kept = format!("{} with {}", counted(end.lines, "record"), counted(*ended_jobs, "ended job"));
        let Some(first) = damage else {
            let torn = match torn {
                0 => String::new(),
                bytes => format!("; {} of an incomplete record at its end", counted(*bytes, "byte")),
            };
            return format!("{journal}: format {}, {kept}; no errors{torn}\n", self.format());
        };
        let FirstDamage { line, damage, lines, sound, ended_jobs } = first;
        let mut text = format!("{journal}:{line}: damaged record: {damage}\n  before it: {kept}\n");
        text += &format!(
            "  after it: {}, {sound} undamaged with {}; they depend on the damaged record and cannot be used\n",
            counted(*lines, "record"),
            counted(*ended_jobs, "ended job")
        );
        text + &self.next_step()
    }

    fn next_step(&self) -> String {
        let root = self.root.to_string_lossy();
        match &self.salvaged {
            Some(copy) => format!(
                "truncated before line {}; the damaged journal is kept as {}. Continue with\n  {}\n",
                self.inspection.end.lines + 1,
                copy.display(),
                command_line(["hypertune", "resume", &root])
            ),
            None if self.inspection.end.lines == 0 => {
                "no record can be salvaged: restore the file from a backup, or start a new study with --overwrite\n"
                    .to_owned()
            }
            None => format!(
                "restore the file from a backup, or keep the records before the damage with\n  {}\n",
                command_line(["hypertune", "check", "--salvage", &root])
            ),
        }
    }

    fn format(&self) -> u32 {
        match self.inspection.end.format {
            LineFormat::Plain => 1,
            LineFormat::Checked => 2,
        }
    }

    fn json(&self) -> Value {
        let Inspection { end, ended_jobs, torn, damage } = &self.inspection;
        let diagnostic = |first: &FirstDamage| {
            json!({
                "severity": "error",
                "file": self.journal(),
                "line": first.line,
                "column": null,
                "message": format!("damaged record: {}", first.damage),
                "hint": self.next_step().trim_end(),
            })
        };
        let after = |first: &FirstDamage| json!({ "records": first.lines, "undamaged": first.sound, "ended_jobs": first.ended_jobs });
        json!({
            "file": self.journal(),
            "errors": u64::from(damage.is_some()),
            "diagnostics": damage.iter().map(diagnostic).collect::<Vec<_>>(),
            "format": self.format(),
            "records": end.lines,
            "ended_jobs": ended_jobs,
            "incomplete_bytes": torn,
            "after_damage": damage.as_ref().map(after),
            "salvaged": self.salvaged.as_ref().map(|copy| copy.display().to_string()),
        })
    }
}
