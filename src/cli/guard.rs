//! `hypertune guard SESSION`, started by the driver.

use super::error::CliError;
use super::exit_codes::Exit;
use crate::launch::orphans::guard;

/// Waits for the driver to exit and kills the jobs it left running.
pub fn guard(session: &str) -> Result<Exit, CliError> {
    guard::main(session)?;
    Ok(Exit::Done)
}
