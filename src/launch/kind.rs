//! The description of a launcher for the catalogue.

use std::sync::Arc;

use super::launcher::{Launcher, StartReport};
use crate::types::args::{ArgError, Args};

/// The result of [`LauncherKind::build`].
pub type BuildResult = Result<Arc<dyn Launcher>, Vec<ArgError>>;

/// A launcher and its options.
#[derive(Debug)]
pub struct LauncherKind {
    /// Its name.
    pub name: &'static str,
    /// The names of its options, none of them required.
    pub options: &'static [&'static str],
    /// When its jobs start to run.
    pub start_report: StartReport,
    /// Builds it from its options.
    pub build: fn(&Args) -> BuildResult,
}
