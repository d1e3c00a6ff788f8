//! Subcommands that read the folder of a study, one file each.

pub(crate) mod best;
pub(crate) mod check;
pub(crate) mod export;
pub(crate) mod plot;
pub(crate) mod resume;
pub(crate) mod trials;
