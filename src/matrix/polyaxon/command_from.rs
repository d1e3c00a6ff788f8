//! Where the command of a study comes from.

use crate::matrix::diagnostics::findings::Findings;
use crate::matrix::yaml::node::Span;

/// Where the command comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CommandFrom {
    /// The file.
    File,
    /// The file, read as versions before 0.2.0 did: all text is split into words.
    EarlierFile,
    /// The command line, after `--`. The command in the file is not used.
    CommandLine,
}

impl CommandFrom {
    /// Whether the command in the file is used.
    pub fn is_file(self) -> bool {
        self != CommandFrom::CommandLine
    }

    /// Records that a part of the file cannot run locally: as an error with the hint `instead`, or as a warning if it is not used.
    pub fn refuse(self, span: Span, what: &str, instead: &str, findings: &mut Findings) {
        match self {
            CommandFrom::File | CommandFrom::EarlierFile => {
                findings.error_with(span, what, Some(format!("{instead}, or give the command after `--`")))
            }
            CommandFrom::CommandLine => {
                findings.warn(span, format!("{what}; ignored because a command follows `--`"), None)
            }
        }
    }
}
