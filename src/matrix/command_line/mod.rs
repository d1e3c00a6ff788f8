//! What the command line adds to a file: overrides of its fields, fixed parameters and the command.

pub(crate) mod bind;
pub(crate) mod command;
pub mod overrides;
