//! How much is shown on stderr.

/// The level of detail.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Verbosity {
    /// Errors only.
    Quiet,
    /// Progress and notes.
    #[default]
    Normal,
    /// A line for every job as well.
    Verbose,
}
