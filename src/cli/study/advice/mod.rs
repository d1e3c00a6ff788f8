//! What to do next: about errors of the command and of the machine, and after an interruption.

pub(crate) mod command;
pub(crate) mod interruption;
pub(crate) mod machine;
pub(crate) mod metric;
pub(crate) mod passing;
