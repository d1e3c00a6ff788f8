//! `hypertune plan MATRIX` and `run --dry-run`: prints what a study would run. Creates and launches nothing.

use std::sync::Arc;

use crate::cli::args::values::FormatArg;
use crate::cli::error::CliError;
use crate::cli::exit_codes::Exit;
use crate::cli::findings;
use crate::cli::matrix_commands::definition_notes;
use crate::cli::matrix_commands::run::RunArgs;
use crate::cli::options::execution;
use crate::cli::output;
use crate::cli::study::definition::StudyDefinition;
use crate::cli::study::seed;
use crate::cli::study::warm_start;
use crate::progress::Verbosity;
use crate::report::plan::PlanView;
use crate::report::plan_table;

/// Prints the plan of the study in `args`.
pub fn plan(args: &RunArgs) -> Result<Exit, CliError> {
    definition_notes::check(&args.study)?;
    let study = StudyDefinition::load(&args.study).map_err(findings::invalid_file)?;
    let verbosity = execution::verbosity(&args.execution);
    findings::print_warnings(&study.warnings);
    findings::print_warnings(study.missing_metric().as_slice());
    if verbosity != Verbosity::Quiet {
        findings::print_options_without_effect(&args.execution, &study.experiment);
        definition_notes::note_chosen(&study);
    }
    show(study, args, verbosity)
}

fn show(study: StudyDefinition, args: &RunArgs, verbosity: Verbosity) -> Result<Exit, CliError> {
    if verbosity != Verbosity::Quiet {
        findings::warn_missing_program(study.missing_program());
    }
    let study = warm_start::load(study, verbosity)?;
    let study = match study.seed {
        Some(_) => study,
        None => study.with_seed(seed::draw()?),
    };
    let mut experiment = study.experiment.clone();
    execution::apply(&args.execution, Arc::make_mut(&mut experiment));
    let plan = PlanView::new(&experiment, study.renderer.as_ref(), study.first_commands()?);
    match args.format {
        FormatArg::Json => output::json(&plan)?,
        FormatArg::Text => output::text(&format!(
            "{}{}",
            plan_table::plan(&plan, output::terminal_width()),
            no_commands(&study, &plan)
        ))?,
    }
    Ok(Exit::Done)
}

/// The reason for a plan without commands; empty if there are commands.
fn no_commands(study: &StudyDefinition, plan: &PlanView) -> &'static str {
    if study.renderer.is_none() {
        "\nno command: add it after `--`, as in -- python3 train.py\n"
    } else if plan.commands.is_empty() {
        "\nfirst commands\n  proposed by the tuner\n"
    } else {
        ""
    }
}
