//! Prints diagnostics of a matrix file.

use std::io::{self, IsTerminal};

use super::error::CliError;
use super::study::advice::command::MissingProgram;

use crate::cli::args::execution::ExecutionArgs;
use crate::cli::options::without_effect::without_effect;
use crate::engine::experiment::Experiment;
use crate::matrix::diagnostics::diagnostic::{Diagnostic, Styling};
use crate::matrix::diagnostics::findings::InvalidFileError;
use crate::progress::stderr::print_styled;
use crate::types::printable::printable;

/// Colours if stderr is a terminal and colours are not disabled.
pub fn styling() -> Styling {
    let wanted = anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never;
    if wanted && io::stderr().is_terminal() { Styling::Styled } else { Styling::Plain }
}

/// Warns that the command's program is missing. Not an error: a plan or a check may run on another machine than the study.
pub fn warn_missing_program(missing: Option<MissingProgram>) {
    if let Some(MissingProgram { error, hint }) = missing {
        let hint = hint.map(|hint| format!("  {}\n", printable(&hint))).unwrap_or_default();
        print_styled(&format!("\u{1b}[1;33mwarning\u{1b}[0m: {}\n{hint}", printable(&error.to_string())));
    }
}

/// The error for an invalid file: all findings with their source lines.
pub fn invalid_file(report: InvalidFileError) -> CliError {
    CliError::rendered(report.render(styling()))
}

/// Prints the options without effect to stderr.
pub fn print_options_without_effect(args: &ExecutionArgs, experiment: &Experiment) {
    for sentence in without_effect(args, experiment) {
        print_styled(&format!("\u{1b}[1;33mwarning\u{1b}[0m: {sentence}\n"));
    }
}

/// Prints each warning to stderr.
pub fn print_warnings(warnings: &[Diagnostic]) {
    let styling = styling();
    for warning in warnings {
        print_styled(&format!("{}\n", warning.render(styling).trim_end()));
    }
}
