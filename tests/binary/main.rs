//! The real binary, as a person or a script meets it.

mod lab;
