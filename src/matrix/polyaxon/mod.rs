//! The parts of a Polyaxon file around its matrix: operation, component, inputs and the command's arguments.

pub mod argv;
pub mod component;
pub mod ignored;
pub mod inputs;
pub mod operation;
