//! `hypertune plan MATRIX` and `run --dry-run`: prints what a study would run. Creates and launches nothing.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use clap::Args;
use serde::Serialize;

use crate::cli::args::cost::CostArgs;
use crate::cli::args::study::StudyArgs;
use crate::cli::args::values::FormatArg;
use crate::cli::error::CliError;
use crate::cli::exit_codes::Exit;
use crate::cli::findings;
use crate::cli::matrix_commands::definition_notes;
use crate::cli::matrix_commands::run::RunArgs;
use crate::cli::options::execution;
use crate::cli::options::launcher::{self, SessionSlots};
use crate::cli::output;
use crate::cli::study::definition::StudyDefinition;
use crate::cli::study::seed;
use crate::cli::study::shared_metrics;
use crate::cli::study::warm_start;
use crate::engine::experiment::Experiment;
use crate::progress::Verbosity;
use crate::report::plan::PlanView;
use crate::report::plan_cost::fit::{FieldSetting, PlanFit, proposals};
use crate::report::plan_cost::{CostRates, PlanCost, cost_rows, fits_text, plan_cost};
use crate::report::{number, plan_table, text};

/// Arguments of `plan`.
#[derive(Clone, Debug, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    pub run: RunArgs,
    #[command(flatten)]
    pub cost: CostArgs,
}

impl PlanArgs {
    /// `run --dry-run`.
    pub fn without_cost(run: RunArgs) -> PlanArgs {
        PlanArgs { run, cost: CostArgs::default() }
    }
}

/// The plan as JSON.
#[derive(Serialize)]
struct PricedPlan<'a> {
    #[serde(flatten)]
    plan: &'a PlanView,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<PlanCost>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fits: Option<Vec<PlanFit>>,
}

/// Prints the plan of the study in `args`.
pub fn plan(PlanArgs { run: args, cost }: &PlanArgs) -> Result<Exit, CliError> {
    definition_notes::check(&args.study)?;
    let study = StudyDefinition::load(&args.study).map_err(findings::invalid_file)?;
    // Its options are checked also where no slots are counted.
    launcher::chosen(&args.execution, study.launcher.as_ref())?;
    let verbosity = execution::verbosity(&args.execution);
    findings::print_warnings(&study.warnings);
    findings::print_warnings(study.missing_metric().as_slice());
    if verbosity != Verbosity::Quiet {
        findings::print_options_without_effect(&args.execution, &study.experiment);
        definition_notes::note_chosen(&study);
    }
    let places = || SessionSlots::find(&args.execution, study.concurrency, study.launcher.as_ref(), None);
    shared_metrics::check(&study, || Ok(places()?.count()))?;
    show(study, args, cost, verbosity)
}

fn show(study: StudyDefinition, args: &RunArgs, cost: &CostArgs, verbosity: Verbosity) -> Result<Exit, CliError> {
    if verbosity != Verbosity::Quiet {
        findings::warn_missing_program(study.missing_program());
    }
    let study = warm_start::load(study, verbosity)?;
    let places = || SessionSlots::find(&args.execution, study.concurrency, study.launcher.as_ref(), None);
    let slots = study.experiment.method.sampler.choice().and_then(|_| Some(places().ok()?.count()));
    let study = slots.into_iter().fold(study, StudyDefinition::with_slots);
    let study = match study.seed {
        Some(_) => study,
        None => study.with_seed(seed::draw()?),
    };
    let mut experiment = study.experiment.clone();
    execution::apply(&args.execution, Arc::make_mut(&mut experiment));
    let plan = PlanView::new(&experiment, study.renderer.as_ref(), study.first_commands()?);
    let rates = rates(cost, args, &study)?;
    let cost_of_plan = rates.map(|rates| plan_cost(&experiment, rates));
    let fits = rates.zip(cost.fit).map(|(rates, budget)| fits(args, &experiment, rates, budget)).transpose()?;
    match args.format {
        FormatArg::Json => output::json(&PricedPlan { plan: &plan, cost: cost_of_plan, fits })?,
        FormatArg::Text => output::text(&format!(
            "{}{}{}{}",
            plan_table::plan(&plan, output::terminal_width()),
            no_commands(&study, &plan),
            cost_of_plan.map(|cost| cost_rows(&cost)).unwrap_or_default(),
            fits.zip(cost.fit).map(|(fits, budget)| fits_text(&fits, budget.as_secs_f64())).unwrap_or_default(),
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

/// What jobs cost; `None` if no cost is asked for.
fn rates(cost: &CostArgs, args: &RunArgs, study: &StudyDefinition) -> Result<Option<CostRates>, CliError> {
    let Some(seconds_per_unit) = cost.seconds_per_unit else { return Ok(None) };
    let given = args.execution.concurrency.or(study.concurrency);
    let slots = match given {
        Some(slots) => slots,
        None => SessionSlots::find(&args.execution, None, study.launcher.as_ref(), None)
            .map_err(|error| error.hint("or give the number of jobs at once with -j N, which is not checked here"))?
            .count(),
    };
    let slots = NonZeroU32::new(slots).unwrap_or(NonZeroU32::MIN);
    Ok(Some(CostRates { startup_s: cost.startup, seconds_per_unit, price_per_hour: cost.price, slots }))
}

/// Plans that take at most `budget`.
///
/// # Errors
/// There is none.
fn fits(args: &RunArgs, experiment: &Experiment, rates: CostRates, budget: Duration) -> Result<Vec<PlanFit>, CliError> {
    let cost = |fields: &[FieldSetting]| {
        let set = fields.iter().map(|field| format!("{}={}", field.field, number::shortest(field.value)));
        let mut study: StudyArgs = args.study.clone();
        study.options.set.extend(set);
        let mut experiment = StudyDefinition::load(&study).ok()?.experiment;
        execution::apply(&args.execution, Arc::make_mut(&mut experiment));
        let cost = plan_cost(&experiment, rates);
        cost.at_most.or(cost.expected)
    };
    let fits = proposals(experiment, budget.as_secs_f64(), cost);
    if fits.is_empty() {
        let error = anyhow!("no plan fits in {}", text::span(budget));
        return Err(CliError::no_result(error).hint("allow more time, or use more slots with -j"));
    }
    Ok(fits)
}
