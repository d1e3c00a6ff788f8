//! Exact decimal numbers and multiples of a step.

pub(crate) mod decimal;
pub(crate) mod quantization;
