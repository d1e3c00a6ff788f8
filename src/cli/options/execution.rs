//! Converts execution arguments into options of the engine and of the driver.

use std::num::NonZero;

use crate::cli::args::execution::ExecutionArgs;
use crate::cli::error::CliError;
use crate::cli::options::launcher::SessionSlots;
use crate::engine::experiment::{AtLimit, Experiment, FirstFailures, Limits, Retries};
use crate::launch::launcher::JobHost;
use crate::launch::process::open_files;
use crate::launch::slurm::batch::submitted;
use crate::progress::{Verbosity, print_message};
use crate::run::options::{Existing, RunOptions};
use crate::run::output::log_file::LogLimit;
use crate::run::process::default_variables::{Threads, default_variables};

/// Sets the engine's options. An argument that is not given keeps the value of the matrix.
pub fn apply(args: &ExecutionArgs, experiment: &mut Experiment) {
    experiment.limits = Limits {
        jobs: args.max_jobs,
        resource: args.max_resource,
        time: args.time_limit,
        patience: args.patience.or(experiment.limits.patience),
        at_limit: if args.finish_running { AtLimit::FinishRunning } else { AtLimit::EndRunning },
    };
    if let Some(max) = args.retries {
        experiment.retries = Retries { max, ..experiment.retries };
    }
    if args.job_timeout.is_some() {
        experiment.job_timeout = args.job_timeout;
    }
    if args.keep_going {
        experiment.first_failures = FirstFailures::KeepGoing;
    }
}

/// The driver's options.
pub fn options(args: &ExecutionArgs, places: &SessionSlots, existing: Existing) -> RunOptions {
    for note in places.note.iter().chain(&places.slots.note).filter(|_| verbosity(args) != Verbosity::Quiet) {
        print_message(&format!("note: {note}"));
    }
    RunOptions {
        slots: places.slots.environments.clone(),
        grace: args.grace,
        launch_timeout: args.launch_timeout,
        log_limit: LogLimit(args.log_limit),
        keep: args.keep_checkpoints,
        existing,
        launcher: places.launcher.clone(),
        batch_job: submitted::own_job(),
        ..RunOptions::default()
    }
}

/// The number of jobs that run at once in a study of `trials` trials.
fn concurrent_jobs(options: &RunOptions, trials: u64) -> u32 {
    options.slot_count().min(u32::try_from(trials).unwrap_or(u32::MAX)).max(1)
}

/// Sets the variables that limit the threads of each job, once the number of slots is final.
pub fn share_processors(options: &mut RunOptions, args: &ExecutionArgs, trials: u64) {
    let threads = match (args.threads, options.launcher.processors_per_job().and_then(NonZero::new)) {
        (Threads::Auto, Some(count)) => Threads::Count(count),
        (Threads::Auto, None) if options.launcher.job_host() == JobHost::Elsewhere => Threads::None,
        (threads, _) => threads,
    };
    options.defaults = default_variables(threads, concurrent_jobs(options, trials));
}

/// Raises the limit of open files for the concurrent jobs, at most `trials`, or lowers their number to fit the limit.
pub fn fit_open_files(options: &mut RunOptions, trials: u64, verbosity: Verbosity) -> Result<(), CliError> {
    let jobs = concurrent_jobs(options, trials);
    let capacity = open_files::raise_limit(jobs).map_err(CliError::usage)?;
    if let Some(note) = capacity.note {
        options.slots.truncate(capacity.slots as usize);
        if verbosity != Verbosity::Quiet {
            print_message(&format!("note: {note}"));
        }
    }
    Ok(())
}

/// The level of detail on stderr.
pub fn verbosity(args: &ExecutionArgs) -> Verbosity {
    match (args.quiet, args.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    }
}
