//! Errors of subcommands: the message on stderr and the exit code.

use std::fmt::Write;
use std::io;

use super::exit_codes::Exit;
use crate::types::printable::printable_lines;

/// An error that ends a subcommand.
#[derive(Debug)]
pub struct CliError {
    pub exit: Exit,
    /// The error with its causes.
    pub error: anyhow::Error,
    /// Next steps, one line each.
    pub hints: Vec<String>,
    rendering: Rendering,
}

/// How [`CliError::text`] renders the error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Rendering {
    /// `error: `, the error and its causes on one line.
    Prefixed,
    /// The error is the whole text, with file, line and caret.
    Complete,
}

impl CliError {
    /// An invalid command line, matrix or study.
    pub fn usage(error: impl Into<anyhow::Error>) -> CliError {
        CliError { exit: Exit::Usage, error: error.into(), hints: Vec::new(), rendering: Rendering::Prefixed }
    }

    /// An error of hypertune or the operating system.
    pub fn internal(error: impl Into<anyhow::Error>) -> CliError {
        CliError { exit: Exit::Internal, ..CliError::usage(error) }
    }

    /// There is no result to show.
    pub fn no_result(error: impl Into<anyhow::Error>) -> CliError {
        CliError { exit: Exit::NoResult, ..CliError::usage(error) }
    }

    /// A signal ended the subcommand.
    pub fn interrupted(error: impl Into<anyhow::Error>, signal: i32) -> CliError {
        CliError { exit: Exit::Signal(signal), ..CliError::usage(error) }
    }

    /// Diagnostics already rendered with their source lines.
    pub fn rendered(text: String) -> CliError {
        CliError { rendering: Rendering::Complete, ..CliError::usage(anyhow::Error::msg(text)) }
    }

    /// Adds a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> CliError {
        self.hints.push(hint.into());
        self
    }

    /// The message for stderr, with colours; other control characters are escaped.
    pub fn text(&self) -> String {
        let mut out = match self.rendering {
            Rendering::Complete => format!("{}\n", self.error.to_string().trim_end()),
            Rendering::Prefixed => self.prefixed(),
        };
        for hint in &self.hints {
            let _ = writeln!(out, "  {}", printable_lines(hint));
        }
        out
    }

    fn prefixed(&self) -> String {
        let message = self.error.chain().map(ToString::to_string).reduce(|message, cause| {
            // Some errors include their cause.
            if message.ends_with(&cause) { message } else { format!("{message}: {cause}") }
        });
        format!("\u{1b}[1;31merror\u{1b}[0m: {}\n", printable_lines(&message.unwrap_or_default()))
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
    fn causes_follow_the_error_and_hints_come_last() {
        let error = anyhow::anyhow!("no such file").context("cannot read m.yaml");
        let text = CliError::usage(error).hint("name another file").text();
        assert_eq!(text, "\u{1b}[1;31merror\u{1b}[0m: cannot read m.yaml: no such file\n  name another file\n");
    }

    #[test]
    fn an_included_cause_is_not_repeated() {
        let error = anyhow::anyhow!("no such file").context("cannot read m.yaml: no such file");
        assert!(CliError::usage(error).text().ends_with("cannot read m.yaml: no such file\n"));
    }
}
