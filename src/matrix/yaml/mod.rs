//! Reads YAML into nodes that keep their position in the source.

pub mod fields;
pub mod file;
pub mod indentation;
pub mod node;
pub mod parse;
