//! Parsers and conversions of command-line options.

pub(crate) mod execution;
pub(crate) mod launcher;
pub(crate) mod overrides;
pub(crate) mod quantity;
pub(crate) mod without_effect;
