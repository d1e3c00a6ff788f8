//! What to do about errors: of the command, and of the machine.

pub(crate) mod command;
pub(crate) mod machine;
pub(crate) mod passing;
