//! The parts of a Polyaxon file around its matrix: operation, component, inputs, and the command with its arguments and variables.

pub(crate) mod argv;
pub(crate) mod command_from;
pub(crate) mod component;
pub(crate) mod component_file;
pub(crate) mod ignored;
pub(crate) mod inputs;
pub(crate) mod operation;
pub(crate) mod termination;
pub(crate) mod variables;
