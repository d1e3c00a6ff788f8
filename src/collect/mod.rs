//! Collectors: from the bytes that a job prints to its readings. Pure: bytes in, readings out; no files, processes or clock.

pub mod catalogue;
pub mod collector;
pub(crate) mod json_lines;
mod json_object;
pub(crate) mod lines;
mod python_json;
mod thinned_curve;
