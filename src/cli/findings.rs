//! What was found in a matrix file, on stderr.

use std::io::{self, IsTerminal};

use super::fault::Fault;
use crate::matrix::diagnostics::{Diagnostic, Paint};
use crate::matrix::findings::Report;

/// Colours where stderr is a terminal that wants them.
pub fn paint() -> Paint {
    let wanted = anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never;
    if wanted && io::stderr().is_terminal() { Paint::Styled } else { Paint::Plain }
}

/// An invalid file as a fault: every finding with its source line.
pub fn refused(report: Report) -> Fault {
    Fault::drawn(report.render(paint()))
}

/// Prints each warning.
pub fn warn(warnings: &[Diagnostic]) {
    let paint = paint();
    for warning in warnings {
        eprintln!("{}\n", warning.render(paint).trim_end());
    }
}
