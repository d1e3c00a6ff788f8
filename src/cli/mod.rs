//! One file per subcommand, one table of exit codes.

pub(crate) mod args;
pub(crate) mod doctor;
pub(crate) mod error;
pub mod exit_codes;
mod findings;
mod guard;
pub(crate) mod matrix_commands;
mod missing_dashes;
pub(crate) mod options;
mod output;
mod output_file;
pub(crate) mod serve;
pub(crate) mod study;
pub(crate) mod study_commands;
pub(crate) mod subcommand;
mod umask;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::env;
use std::io;
use std::panic;
use std::process::ExitCode;

use clap::Parser;

use error::CliError;
use exit_codes::Exit;
use matrix_commands::plan::PlanArgs;
use matrix_commands::{check, doctor as doctor_command, import, init, plan, run, slurm};
use study_commands::{
    best, diff, explain, export, importance, list, logs, plot, report, resume, serve as serve_command, status, trials,
};
use subcommand::{Cli, Subcommand};

use crate::launch::process::signals::survive_file_size_limit;
use crate::launch::process::syscalls::reset_inherited_signals;
use crate::progress::{print_message, stderr};
use crate::types::printable::is_printable;

/// Parses the command line, runs the subcommand and prints its error.
pub fn main() -> ExitCode {
    reset_inherited_signals();
    survive_file_size_limit();
    panic::set_hook(Box::new(report_panic));
    let parsed = Cli::try_parse();
    let exit =
        parsed.map_or_else(|error| report_parse_error(&error), |cli| dispatch(cli.command)).unwrap_or_else(|error| {
            let error = with_directory_hint(error);
            stderr::print_styled(error.text().trim_end());
            error.exit
        });
    stderr::flush(stderr::FLUSH_TIMEOUT);
    ExitCode::from(exit.code())
}

/// Adds what to do if the current directory was removed: relative paths lead nowhere, and jobs cannot start in it.
fn with_directory_hint(error: CliError) -> CliError {
    match env::current_dir() {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => error
            .hint("the current directory was removed: change to one that exists (cd), then run the command line again"),
        _ => error,
    }
}

/// Prints clap's message: help and version on stdout, errors on stderr.
fn report_parse_error(error: &clap::Error) -> Result<Exit, CliError> {
    if !error.use_stderr() {
        return output::styled(&error.render().ansi().to_string()).map(|()| Exit::Done);
    }
    let args: Vec<String> = env::args_os().map(|arg| arg.to_string_lossy().into_owned()).collect();
    let hint = missing_dashes::hint(error, &args).map(|hint| format!("\n\ntip: {hint}")).unwrap_or_default();
    // clap repeats arguments verbatim; escape sequences in them cannot be distinguished from clap's colours.
    if args.iter().all(|arg| arg.chars().all(is_printable)) {
        stderr::print_styled(&format!("{}{hint}", error.render().ansi().to_string().trim_end()));
    } else {
        print_message(&format!("{}{hint}", error.render().to_string().trim_end()));
    }
    Ok(Exit::Usage)
}

/// Prints a panic through the queue: the standard library's hook writes in the panicking thread, which blocks if stderr is not read.
fn report_panic(panic: &panic::PanicHookInfo<'_>) {
    let backtrace = Backtrace::capture();
    let trace = match backtrace.status() {
        BacktraceStatus::Captured => format!("\n{backtrace}"),
        _ => String::new(),
    };
    print_message(&format!("internal error: {panic} (please report){trace}"));
    // The main thread may end before the queue is written.
    stderr::flush(stderr::FLUSH_TIMEOUT);
}

fn dispatch(command: Subcommand) -> Result<Exit, CliError> {
    match command {
        Subcommand::Run(args) if args.dry_run => plan::plan(&PlanArgs::without_cost(args)),
        Subcommand::Run(args) => run::run(&args),
        Subcommand::Slurm(args) => slurm::submit(&args),
        Subcommand::Plan(args) => plan::plan(&args),
        Subcommand::Init(args) => init::init(&args),
        Subcommand::Check(args) => check::check(&args),
        Subcommand::Doctor(args) => doctor_command::doctor(&args),
        Subcommand::Import(args) => import::import(&args),
        Subcommand::Best(args) => best::best(&args),
        Subcommand::Trials(args) => trials::trials(&args),
        Subcommand::Export(args) => export::export(&args),
        Subcommand::Plot(args) => plot::plot(&args),
        Subcommand::Report(args) => report::report(&args),
        Subcommand::Serve(args) => serve_command::run(&args),
        Subcommand::Status(args) => status::status(&args),
        Subcommand::List(args) => list::list(&args),
        Subcommand::Logs(args) => logs::logs(&args),
        Subcommand::Explain(args) => explain::explain(&args),
        Subcommand::Importance(args) => importance::importance(&args),
        Subcommand::Diff(args) => diff::diff(&args),
        Subcommand::Resume(args) => resume::resume(&args),
        Subcommand::Guard { session } => guard::guard(&session),
    }
}
