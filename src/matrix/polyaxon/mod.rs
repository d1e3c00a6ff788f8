//! The parts of a Polyaxon file around its matrix: operation, component, inputs and the command's arguments.

pub(crate) mod argv;
pub(crate) mod component;
pub(crate) mod ignored;
pub(crate) mod inputs;
pub(crate) mod operation;
