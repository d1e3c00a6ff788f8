//! One file per subcommand, one table of exit codes.

pub mod args;
pub mod exit_codes;
pub mod fault;
pub mod quantity;
pub mod typed;

mod best;
mod check;
mod check_study;
mod commands;
mod earlier_study;
mod execution;
mod export;
mod findings;
mod guard;
mod identity;
mod location;
mod output;
mod plan;
mod resume;
mod run;
mod seed;
mod session;
mod study;
mod trials;
mod tuner;
mod view;
mod warm_start;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::env;
use std::panic;
use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use exit_codes::Exit;
use fault::Fault;

use crate::progress::{say, stderr};
use crate::run::sys::reset_inherited_signals;
use crate::words::printable::is_printable;

/// Parses the command line, does what it says, tells what went wrong.
pub fn main() -> ExitCode {
    reset_inherited_signals();
    panic::set_hook(Box::new(report_panic));
    let parsed = Cli::try_parse();
    let exit = parsed.map_or_else(|error| explain(&error), |cli| dispatch(cli.command)).unwrap_or_else(|fault| {
        stderr::say_styled(fault.text().trim_end());
        fault.exit
    });
    stderr::flush(stderr::PATIENCE);
    ExitCode::from(exit.code())
}

/// What clap has to say: help and version on stdout, wrong usage on stderr.
fn explain(error: &clap::Error) -> Result<Exit, Fault> {
    let styled = error.render().ansi().to_string();
    if !error.use_stderr() {
        return output::styled(&styled).map(|()| Exit::Done);
    }
    // Arguments are repeated as they were typed: their escape sequences cannot be told from clap's colours.
    if env::args_os().all(|argument| argument.to_string_lossy().chars().all(is_printable)) {
        stderr::say_styled(styled.trim_end());
    } else {
        say(error.render().to_string().trim_end());
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
    say(&format!("internal error: {panic} (please report){trace}"));
}

fn dispatch(command: Command) -> Result<Exit, Fault> {
    match command {
        Command::Run(args) => run::run(&args),
        Command::Plan(args) => plan::plan(&args),
        Command::Check(args) => check::check(&args),
        Command::Best(args) => best::best(&args),
        Command::Trials(args) => trials::trials(&args),
        Command::Export(args) => export::export(&args),
        Command::Resume(args) => resume::resume(&args),
        Command::Guard { session } => guard::guard(&session),
    }
}
