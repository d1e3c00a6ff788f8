//! The real binary, as a person or a script meets it.

mod again;
mod bad_input;
mod bounds;
mod components;
mod endings;
mod escapes;
mod identity;
mod lab;
mod models;
mod one_outcome;
mod options;
mod plans;
mod starting;
mod templates;
mod terminal;
mod views;
