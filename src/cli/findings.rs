//! What was found in a matrix file, on stderr.

use std::io::{self, IsTerminal};

use super::error::CliError;
use crate::command::program::LocateError;
use crate::matrix::diagnostics::diagnostic::{Diagnostic, Styling};
use crate::matrix::diagnostics::findings::InvalidFileError;
use crate::progress::stderr::print_styled;
use crate::types::printable::printable;

/// Colours where stderr is a terminal that wants them.
pub fn paint() -> Styling {
    let wanted = anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never;
    if wanted && io::stderr().is_terminal() { Styling::Styled } else { Styling::Plain }
}

/// Says where the command's program is not to be found here: a plan or a check may be made elsewhere than the study runs.
pub fn warn_of_program(missing: Option<LocateError>) {
    if let Some(error) = missing {
        print_styled(&format!("\u{1b}[1;33mwarning\u{1b}[0m: {}\n", printable(&error.to_string())));
    }
}

/// An invalid file as a fault: every finding with its source line.
pub fn refused(report: InvalidFileError) -> CliError {
    CliError::drawn(report.render(paint()))
}

/// Prints each warning.
pub fn warn(warnings: &[Diagnostic]) {
    let paint = paint();
    for warning in warnings {
        print_styled(&format!("{}\n", warning.render(paint).trim_end()));
    }
}
