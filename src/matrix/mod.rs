//! The matrix file: YAML shape, source positions, diagnostics, the catalogue of kind names.

pub mod diagnostics;
pub mod fields;
pub mod node;
pub mod read;
