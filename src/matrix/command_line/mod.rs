//! What the command line adds to a file: overrides of its fields, fixed parameters and the command.

pub mod bind;
pub mod command;
pub mod overrides;
