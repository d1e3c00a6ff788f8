//! The seed of a study that names none.

use anyhow::Context;
use rand::TryRng;
use rand::rngs::SysRng;

use crate::cli::error::CliError;

/// A seed from the operating system: 32 bits, so that it can be read aloud and typed again.
pub fn draw() -> Result<u64, CliError> {
    let drawn = SysRng.try_next_u32().context("the operating system gives no random seed; give one with --seed");
    drawn.map(u64::from).map_err(CliError::internal)
}
