//! Subcommands that read the folder of a study, one file each.

pub(crate) mod best;
pub(crate) mod diff;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod importance;
pub(crate) mod list;
pub(crate) mod logs;
pub(crate) mod plot;
pub(crate) mod report;
pub(crate) mod resume;
pub(crate) mod serve;
pub(crate) mod status;
pub(crate) mod trials;
