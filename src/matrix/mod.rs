//! The matrix file: YAML shape, source positions, diagnostics, the catalogue of kind names.
//!
//! [`study::load`] reads a file in these steps: bytes to [`node`]s ([`read`]); the shape around the matrix ([`operation`],
//! [`component`], [`inputs`]); the matrix itself ([`body`], [`params`], [`early_stopping`]…); then what the command line says
//! over it ([`overrides`], [`values`]) and the command that will run ([`mod@line`]). Every step notes what is wrong in
//! [`findings`] and goes on.

pub mod argv;
pub mod body;
pub mod catalogue;
pub mod component;
pub mod diagnostics;
pub mod early_stopping;
pub mod fields;
pub mod file;
pub mod findings;
pub mod ignored;
pub mod indent;
pub mod initial;
pub mod inputs;
pub mod line;
pub mod metric;
pub mod names;
pub mod nested;
pub mod node;
pub mod operation;
pub mod overrides;
pub mod params;
pub mod read;
pub mod study;
pub mod tuner;
pub mod values;
pub mod written;
