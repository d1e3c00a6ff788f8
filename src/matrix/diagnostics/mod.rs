//! Errors and warnings about a file, with their place, and how they are printed.

pub mod diagnostic;
pub mod findings;
pub mod suggest;
