//! `hypertune doctor MATRIX -- COMMAND`: tries the command with a few real jobs.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use crate::cli::args::execution::ExecutionArgs;
use crate::cli::args::study::StudyArgs;
use crate::cli::args::values::{FORMATS, FormatArg, one_of};
use crate::cli::doctor::{DoctorEnd, DoctorSessions, GpuMonitor, observe};
use crate::cli::error::CliError;
use crate::cli::exit_codes::Exit;
use crate::cli::findings;
use crate::cli::matrix_commands::definition_notes;
use crate::cli::options::execution;
use crate::cli::output;
use crate::cli::study::definition::StudyDefinition;
use crate::cli::study::seed;
use crate::cli::study::shared_metrics;
use crate::cli::study::warm_start;
use crate::cli::umask;
use crate::engine::event::FinishReason;
use crate::progress::{Verbosity, print_message};
use crate::report::doctor::{Diagnosis, DoctorJobs, GpuUse, JobTiming};
use crate::report::plan_cost::{CostRates, PlanCost, plan_cost};
use crate::report::summary_text::finish_sentence;
use crate::run::process::gpus::Gpus;
use crate::run::process::machine_memory;

/// Longest run time of a job, unless the matrix or --job-timeout says otherwise.
const JOB_TIMEOUT: Duration = Duration::from_secs(600);

/// Arguments of `doctor`.
#[derive(Clone, Debug, Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    pub study: StudyArgs,
    #[command(flatten)]
    pub execution: ExecutionArgs,
    /// Keep the scratch folder with the jobs' logs and checkpoints, and print its path
    #[arg(long)]
    pub keep: bool,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = one_of(FORMATS))]
    pub format: FormatArg,
}

/// Runs the jobs and prints what they show.
pub fn doctor(args: &DoctorArgs) -> Result<Exit, CliError> {
    let study = definition(args)?;
    let Some(renderer) = &study.renderer else {
        return Err(definition_notes::no_command(&study, &args.study));
    };
    umask::check()?;
    let mut sessions = DoctorSessions::new(&study, renderer, &args.execution)?;
    study.check_program(sessions.job_host())?;
    shared_metrics::check(&study, || Ok(sessions.slots))?;
    let gpus = match (&args.execution.gpus, sessions.is_local) {
        (_, false) => GpuMonitor::none(GpuUse::NotOnThisMachine),
        (Some(Gpus::None), _) => GpuMonitor::none(GpuUse::NotAssigned),
        _ => GpuMonitor::start(),
    };
    let timeout = args.execution.job_timeout.or(study.experiment.job_timeout).unwrap_or(JOB_TIMEOUT);
    let observed = observe(&mut sessions, gpus, machine_memory::total(), timeout);
    if args.keep
        && let Some(kept) = sessions.keep()
    {
        print_message(&format!("note: the jobs' files are in {}", kept.display()));
    }
    drop(sessions);
    match observed {
        Err(DoctorEnd::Signal(signal)) => {
            let sentence = finish_sentence(&FinishReason::Interrupted { signal });
            print_message(&format!("{sentence} before the checks were complete"));
            Ok(Exit::Signal(signal))
        }
        Err(DoctorEnd::Error(error)) => Err(*error),
        Ok(jobs) => print(args, &study, &jobs),
    }
}

/// The study with its warnings printed and with a seed.
fn definition(args: &DoctorArgs) -> Result<StudyDefinition, CliError> {
    definition_notes::check(&args.study)?;
    let study = StudyDefinition::load(&args.study).map_err(findings::invalid_file)?;
    let verbosity = execution::verbosity(&args.execution);
    findings::print_warnings(&study.warnings);
    if verbosity != Verbosity::Quiet {
        definition_notes::note_chosen(&study);
    }
    let study = warm_start::load(study, Verbosity::Quiet)?;
    Ok(match study.seed {
        Some(_) => study,
        None => study.with_seed(seed::draw()?),
    })
}

fn print(args: &DoctorArgs, study: &StudyDefinition, jobs: &DoctorJobs) -> Result<Exit, CliError> {
    let diagnosis = Diagnosis::new(jobs, cost(args, study, jobs));
    match args.format {
        FormatArg::Json => output::json(&diagnosis)?,
        FormatArg::Text => {
            let columns = output::terminal_width().map_or(usize::MAX, usize::from);
            output::styled(&diagnosis.text(columns))?;
        }
    }
    Ok(if diagnosis.healthy { Exit::Done } else { Exit::NoResult })
}

/// The cost of the whole plan under the limits of the command line, with the times of the jobs; `None` if none ran to its end.
fn cost(args: &DoctorArgs, study: &StudyDefinition, jobs: &DoctorJobs) -> Option<PlanCost> {
    let JobTiming { startup_s, seconds_per_unit, .. } = JobTiming::of(jobs)?;
    let slots = NonZeroU32::new(jobs.slots).unwrap_or(NonZeroU32::MIN);
    let mut experiment = study.experiment.clone();
    execution::apply(&args.execution, Arc::make_mut(&mut experiment));
    Some(plan_cost(&experiment, CostRates { startup_s, seconds_per_unit, price_per_hour: None, slots }))
}
