//! Collectors: from the bytes that a job prints or writes to its readings. Pure: bytes in, readings out; no files, processes or clock.

mod auto;
pub mod catalogue;
pub mod collector;
mod counted_origin;
mod files;
mod json_lines;
mod json_object;
mod json_paths;
mod json_text;
pub mod lines;
mod object_tail;
mod pattern_lines;
pub(crate) mod python_json;
mod seen;
mod text;
mod thinned_curve;
mod tracker;
