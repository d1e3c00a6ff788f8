//! `hypertune plan MATRIX` and `run --dry-run`: what a study would do. Nothing is created or launched.

use std::io;

use super::args::{FormatArg, PlanArgs};
use super::error::CliError;
use super::exit_codes::Exit;
use super::findings;
use super::output;
use super::study::definition::StudyDefinition;
use super::study::seed;
use super::study::warm_start;
use crate::progress::Verbosity;
use crate::report::plan::PlanView;
use crate::report::plan_table;

/// Prints the plan of the study that `args` describe.
pub fn plan(args: &PlanArgs) -> Result<Exit, CliError> {
    let study = StudyDefinition::load(&args.study).map_err(findings::refused)?;
    findings::warn(&study.warnings);
    show(study, args.format, Verbosity::Normal)
}

/// Prints the plan of `study`.
pub fn show(study: StudyDefinition, format: FormatArg, verbosity: Verbosity) -> Result<Exit, CliError> {
    if verbosity != Verbosity::Quiet {
        findings::warn_of_program(study.missing_program());
    }
    let study = warm_start::learn(study, verbosity)?;
    let study = match study.seed {
        Some(_) => study,
        None => study.with_seed(seed::draw()?),
    };
    let plan = PlanView::new(&study.experiment, study.first_commands()?);
    match format {
        FormatArg::Json => output::json(&plan)?,
        FormatArg::Text => {
            output::text(&format!("{}{}", plan_table::plan(&plan, width()), no_commands(&study, &plan)))?
        }
    }
    Ok(Exit::Done)
}

/// Why a plan shows no commands, where it shows none.
fn no_commands(study: &StudyDefinition, plan: &PlanView) -> &'static str {
    if study.renderer.is_none() {
        "\nno command yet: write it after two dashes, as in -- python3 train.py\n"
    } else if plan.commands.is_empty() {
        "\nfirst commands\n  as the tuner proposes\n"
    } else {
        ""
    }
}

/// Columns of the terminal that stdout is, if it is one.
fn width() -> Option<u16> {
    terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0)
}
