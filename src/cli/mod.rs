//! One file per subcommand, one table of exit codes.

pub mod args;
pub mod exit_codes;
pub mod fault;
pub mod quantity;
pub mod typed;

mod best;
mod check;
mod commands;
mod execution;
mod export;
mod findings;
mod guard;
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

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use exit_codes::Exit;
use fault::Fault;

use crate::progress::say;

/// Parses the command line, does what it says, tells what went wrong.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // nobody may be reading; the code says it as well
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { Exit::Usage.code() } else { Exit::Done.code() });
        }
    };
    let exit = dispatch(cli.command).unwrap_or_else(|fault| {
        if fault.is_broken_pipe() {
            return Exit::Done;
        }
        say(fault.text().trim_end());
        fault.exit
    });
    ExitCode::from(exit.code())
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
