//! Parameters on the command line: `lr=loguniform(1e-5, 1e-1)`, read into the nodes of the same parameter in a matrix. A matrix may
//! have the part after `=` as the text of a parameter.
//!
//! A parameter is `NAME=KIND(ARGUMENTS)` or `NAME=VALUE`, a constant; either may end with ` if NAME=VALUE`. The kinds and the names of
//! their arguments are those of [`crate::space::catalogue`]. Positional arguments are those of a kind's last form, whose bounds are
//! values.

mod condition;
mod error;
mod parameter;
mod pieces;
mod value;

pub(crate) use error::NotationError;
pub(crate) use parameter::{FORM, kind_with_arguments, named_value, parse};

#[cfg(test)]
mod tests;
