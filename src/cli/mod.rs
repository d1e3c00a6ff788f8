//! One file per subcommand, one table of exit codes.

pub(crate) mod args;
mod best;
mod check;
mod check_study;
pub(crate) mod error;
pub mod exit_codes;
mod export;
mod findings;
mod guard;
pub(crate) mod options;
mod output;
mod plan;
mod resume;
mod run;
pub(crate) mod study;
mod trials;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::env;
use std::panic;
use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Subcommand};
use error::CliError;
use exit_codes::Exit;

use crate::launch::process::syscalls::reset_inherited_signals;
use crate::progress::{print_message, stderr};
use crate::types::printable::is_printable;

/// Parses the command line, does what it says, tells what went wrong.
pub fn main() -> ExitCode {
    reset_inherited_signals();
    panic::set_hook(Box::new(report_panic));
    let parsed = Cli::try_parse();
    let exit = parsed.map_or_else(|error| explain(&error), |cli| dispatch(cli.command)).unwrap_or_else(|fault| {
        stderr::print_styled(fault.text().trim_end());
        fault.exit
    });
    stderr::flush(stderr::FLUSH_TIMEOUT);
    ExitCode::from(exit.code())
}

/// What clap has to say: help and version on stdout, wrong usage on stderr.
fn explain(error: &clap::Error) -> Result<Exit, CliError> {
    let styled = error.render().ansi().to_string();
    if !error.use_stderr() {
        return output::styled(&styled).map(|()| Exit::Done);
    }
    // Arguments are repeated as they were typed: their escape sequences cannot be told from clap's colours.
    if env::args_os().all(|argument| argument.to_string_lossy().chars().all(is_printable)) {
        stderr::print_styled(styled.trim_end());
    } else {
        print_message(error.render().to_string().trim_end());
    }
    Ok(Exit::Usage)
}

/// The standard library's own report is written in the thread that panics, which stops if stderr is not read.
fn report_panic(panic: &panic::PanicHookInfo<'_>) {
    let backtrace = Backtrace::capture();
    let trace = match backtrace.status() {
        BacktraceStatus::Captured => format!("\n{backtrace}"),
        _ => String::new(),
    };
    print_message(&format!("internal error: {panic} (please report){trace}"));
}

fn dispatch(command: Subcommand) -> Result<Exit, CliError> {
    match command {
        Subcommand::Run(args) => run::run(&args),
        Subcommand::Plan(args) => plan::plan(&args),
        Subcommand::Check(args) => check::check(&args),
        Subcommand::Best(args) => best::best(&args),
        Subcommand::Trials(args) => trials::trials(&args),
        Subcommand::Export(args) => export::export(&args),
        Subcommand::Resume(args) => resume::resume(&args),
        Subcommand::Guard { session } => guard::guard(&session),
    }
}
