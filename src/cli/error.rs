//! An end that is not the study's own: what is said on stderr, and the exit code.

use std::fmt::Write;
use std::io;

use super::exit_codes::Exit;
use crate::types::printable::printable_lines;

/// Why a subcommand cannot do what was asked.
#[derive(Debug)]
pub struct CliError {
    /// How hypertune exits.
    pub exit: Exit,
    /// What was wrong, with its causes.
    pub error: anyhow::Error,
    /// What to do next, each a sentence.
    pub hints: Vec<String>,
    /// Whether [`CliError::error`] is complete as it stands: file, line and caret included.
    drawn: bool,
}

impl CliError {
    /// Wrong usage.
    pub fn usage(error: impl Into<anyhow::Error>) -> CliError {
        CliError { exit: Exit::Usage, error: error.into(), hints: Vec::new(), drawn: false }
    }

    /// Something of hypertune or the operating system.
    pub fn internal(error: impl Into<anyhow::Error>) -> CliError {
        CliError { exit: Exit::Internal, ..CliError::usage(error) }
    }

    /// There is nothing to show.
    pub fn no_result(error: impl Into<anyhow::Error>) -> CliError {
        CliError { exit: Exit::NoResult, ..CliError::usage(error) }
    }

    /// Diagnostics that are already drawn with their source lines.
    pub fn drawn(text: String) -> CliError {
        CliError { drawn: true, ..CliError::usage(anyhow::Error::msg(text)) }
    }

    /// The same with a hint more.
    pub fn hint(mut self, hint: impl Into<String>) -> CliError {
        self.hints.push(hint.into());
        self
    }

    /// What stderr gets, with colours and otherwise printable.
    pub fn text(&self) -> String {
        if self.drawn {
            return format!("{}\n", self.error.to_string().trim_end());
        }
        let sentence = self.error.chain().map(ToString::to_string).reduce(|said, cause| {
            // some errors tell their cause themselves
            if said.ends_with(&cause) { said } else { format!("{said}: {cause}") }
        });
        let mut out = format!("\u{1b}[1;31merror\u{1b}[0m: {}\n", printable_lines(&sentence.unwrap_or_default()));
        for hint in &self.hints {
            let _ = writeln!(out, "  {}", printable_lines(hint));
        }
        out
    }
}

impl From<io::Error> for CliError {
    fn from(error: io::Error) -> CliError {
        CliError::internal(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_follow_and_hints_stand_below() {
        let error = anyhow::anyhow!("no such file").context("cannot read m.yaml");
        let text = CliError::usage(error).hint("name another file").text();
        assert_eq!(text, "\u{1b}[1;31merror\u{1b}[0m: cannot read m.yaml: no such file\n  name another file\n");
    }

    #[test]
    fn a_cause_that_is_told_already_is_not_told_again() {
        let error = anyhow::anyhow!("no such file").context("cannot read m.yaml: no such file");
        assert!(CliError::usage(error).text().ends_with("cannot read m.yaml: no such file\n"));
    }
}
