//! `hypertune check MATRIX`: reports all errors of a matrix file. Given a study's folder, it checks the journal.

use std::path::Path;

use anyhow::anyhow;
use clap::Args;
use serde_json::json;

use crate::cli::args::study::{STUDY, StudyArgs};
use crate::cli::args::values::{FORMATS, FormatArg, one_of};
use crate::cli::error::CliError;
use crate::cli::exit_codes::Exit;
use crate::cli::findings;
use crate::cli::matrix_commands::definition_notes;
use crate::cli::output;
use crate::cli::study::definition::StudyDefinition;
use crate::cli::study::reading::journal_check::{self, Repair};
use crate::cli::study::shared_metrics;
use crate::cli::study::warm_start;
use crate::matrix::diagnostics::diagnostic::{Diagnostic, Severity};
use crate::matrix::diagnostics::flag_texts::COMMAND_LINE;
use crate::progress::Verbosity;
use crate::report::text;
use crate::run::process::default_variables::processors;
use crate::schedule::finite;
use crate::types::printable::printable;

/// Arguments of `check`.
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    #[command(flatten)]
    pub study: StudyArgs,
    /// Given a study's folder: truncate a damaged journal before the damage, and keep a copy
    #[arg(long, help_heading = STUDY)]
    pub salvage: bool,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = one_of(FORMATS))]
    pub format: FormatArg,
}

/// Checks the matrix file or the journal of `args`.
pub fn check(args: &CheckArgs) -> Result<Exit, CliError> {
    let repair = if args.salvage { Repair::Salvage } else { Repair::None };
    definition_notes::check(&args.study)?;
    let matrix = args.study.matrix.as_deref();
    if let Some(folder) = matrix.filter(|path| path.is_dir()) {
        return journal_check::check(folder, repair, args.format);
    }
    if args.salvage {
        return Err(journal_check::salvage_needs_a_study(matrix.unwrap_or(Path::new(COMMAND_LINE))));
    }
    if let Some(path) = matrix.filter(|path| !path.exists() && args.format == FormatArg::Text) {
        let missing = anyhow!("there is no file or folder {}", path.display());
        return Err(CliError::usage(missing).hint("check a matrix file, or the folder of a study"));
    }
    let study = match (StudyDefinition::load(&args.study), args.format) {
        (Ok(study), _) => study,
        (Err(report), FormatArg::Text) => return Err(findings::invalid_file(report)),
        (Err(report), FormatArg::Json) => {
            output::json(&report.to_json())?;
            return Ok(Exit::Usage);
        }
    };
    if let Err(error) = shared_metrics::check(&study, || Ok(study.concurrency.unwrap_or_else(processors))) {
        return refused(&study, error, args.format);
    }
    findings::warn_missing_program(study.missing_program());
    let mut study = warm_start::load(study, Verbosity::Quiet)?;
    study.warnings.extend(study.missing_metric());
    match args.format {
        FormatArg::Json => {
            let warnings: Vec<_> = study.warnings.iter().map(|w| w.to_json()).collect();
            output::json(&json!({ "file": study.source.name, "errors": 0, "diagnostics": warnings }))?;
        }
        FormatArg::Text => {
            findings::print_warnings(&study.warnings);
            output::text(&format!("{}: {}\n", printable(&study.source.name), summary(&study)))?;
        }
    }
    Ok(Exit::Done)
}

/// An error of the whole study, in `format`.
fn refused(study: &StudyDefinition, error: CliError, format: FormatArg) -> Result<Exit, CliError> {
    if format == FormatArg::Text {
        return Err(error);
    }
    let (message, hint) = (error.error.to_string(), Some(error.hints.join("; ")));
    let severity = Severity::Error;
    let diagnostic = Diagnostic { severity, message, hint, source: study.source.clone(), span: None };
    output::json(&json!({ "file": study.source.name, "errors": 1, "diagnostics": [diagnostic.to_json()] }))?;
    Ok(Exit::Usage)
}

fn summary(study: &StudyDefinition) -> String {
    let plan = study.experiment.plan();
    let counts = match (finite(plan.trials()), finite(plan.jobs())) {
        (Some(trials), Some(jobs)) => format!("{}, {}", text::counted(trials, "trial"), text::counted(jobs, "job")),
        _ => "unlimited".to_owned(),
    };
    let command = if study.renderer.is_none() { "; no command is given" } else { "" };
    format!("{}, {counts}; no errors{command}", study.experiment.method.kind)
}
