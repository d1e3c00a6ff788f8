//! Options that several subcommands have, as clap parses them; `options` converts them.

pub(crate) mod cost;
pub(crate) mod execution;
pub(crate) mod matrix_options;
pub(crate) mod study;
pub(crate) mod values;
