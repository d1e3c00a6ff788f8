//! Errors and warnings about a file, with their place, and how they are printed.

pub mod diagnostic;
pub(crate) mod findings;
pub(crate) mod flag_texts;
pub(crate) mod suggest;
