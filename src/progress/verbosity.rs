//! The level of detail on stderr.

/// The level of detail on stderr.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Verbosity {
    /// Errors and warnings.
    Quiet,
    /// Progress and notes.
    #[default]
    Normal,
    /// Progress, notes and a line for each finished job.
    Verbose,
}
