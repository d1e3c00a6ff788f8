//! Proposes parameters from what a script prints for `--help`: argparse, click, typer, absl and Fire.
//!
//! Pure functions: `options` finds the options in the text, `details` reads the default, the choices and the bounds of one, `rules` knows
//! what options of common names are, and `proposal` puts them together. `subcommands` finds those whose help may have more options.

mod details;
mod options;
mod proposal;
mod rules;
mod subcommands;

pub(crate) use proposal::{OtherOption, ProposedOptions, propose};
pub(crate) use subcommands::subcommands;

#[cfg(test)]
mod tests;
