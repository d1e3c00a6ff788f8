//! The matrix file: YAML shape, source positions, diagnostics, the catalogue of kind names.
