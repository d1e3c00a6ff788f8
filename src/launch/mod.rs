//! Launchers: how the command of a job is started, signalled and judged.

pub(crate) mod error_lines;
pub(crate) mod oom;
pub(crate) mod orphans;
pub(crate) mod process;
