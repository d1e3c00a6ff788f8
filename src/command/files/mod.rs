//! The files that a command names: which variables they use, and whether they were edited.

pub mod fingerprint;
mod read;
pub mod used_variables;
