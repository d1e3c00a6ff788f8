//! Proposes parameters from what a script prints for `--help`: argparse, click, typer, absl and Fire.
//!
//! Pure functions: `options` finds the options in the text, `details` reads the default, the choices and the bounds of one, `rules` knows
//! what options of common names are, and `proposal` puts them together.

mod details;
mod options;
mod proposal;
mod rules;

pub(crate) use proposal::{ProposedOptions, propose};

#[cfg(test)]
mod tests;
