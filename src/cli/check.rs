//! `hypertune check MATRIX`: reports all errors of a matrix file. Given a study's folder, it checks the journal.

use serde_json::json;

use super::args::{CheckArgs, FormatArg};
use super::check_study::{self, Repair};
use super::error::CliError;
use super::exit_codes::Exit;
use super::findings;
use super::output;
use super::study::definition::StudyDefinition;
use super::study::warm_start;
use crate::progress::Verbosity;
use crate::report::text;
use crate::schedule::finite;
use crate::types::printable::printable;

/// Checks the matrix file or the journal of `args`.
pub fn check(args: &CheckArgs) -> Result<Exit, CliError> {
    let repair = if args.salvage { Repair::Salvage } else { Repair::None };
    if args.study.matrix.is_dir() {
        return check_study::check(&args.study.matrix, repair, args.format);
    }
    if args.salvage {
        return Err(check_study::salvage_needs_a_study(&args.study.matrix));
    }
    let study = match (StudyDefinition::load(&args.study), args.format) {
        (Ok(study), _) => study,
        (Err(report), FormatArg::Text) => return Err(findings::invalid_file(report)),
        (Err(report), FormatArg::Json) => {
            output::json(&report.to_json())?;
            return Ok(Exit::Usage);
        }
    };
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

fn summary(study: &StudyDefinition) -> String {
    let plan = study.experiment.plan();
    let counts = match (finite(plan.trials()), finite(plan.jobs())) {
        (Some(trials), Some(jobs)) => format!("{}, {}", text::counted(trials, "trial"), text::counted(jobs, "job")),
        _ => "unlimited".to_owned(),
    };
    let command = if study.renderer.is_none() { "; no command is given" } else { "" };
    format!("{}, {counts}; no errors{command}", study.experiment.method.kind)
}
