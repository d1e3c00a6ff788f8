//! Reads YAML into nodes that keep their position in the source.

pub(crate) mod emit;
pub(crate) mod fields;
pub(crate) mod file;
pub(crate) mod indentation;
pub(crate) mod node;
pub(crate) mod parse;
