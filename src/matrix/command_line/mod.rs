//! Applies the command line to a file: overrides of fields, fixed parameters and the command.

pub(crate) mod bind;
pub(crate) mod command;
mod config_file;
pub mod overrides;
mod shared_names;
mod unsupported_values;
