//! Applies the command line to a file: overrides of fields, fixed parameters and the command.

pub(crate) mod bind;
pub(crate) mod command;
mod config_file;
pub mod defaults;
pub(crate) mod definition;
mod entries;
pub mod matrix_options;
pub mod overrides;
mod resource;
mod shared_names;
mod unsupported_values;
