//! What is shown with `--quiet`: warnings.

use super::stderr::print_message;
use crate::journal::record::Record;
use crate::run::observer::Observer;

/// Prints warnings to stderr.
#[derive(Clone, Copy, Debug)]
pub struct QuietProgress;

impl Observer for QuietProgress {
    fn record(&self, _: &Record) {}

    fn note(&self, _: &str) {}

    fn warn(&self, text: &str) {
        print_message(&format!("warning: {text}"));
    }
}
