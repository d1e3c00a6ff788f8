//! `hypertune guard SESSION`, started by the driver itself.

use super::exit_codes::Exit;
use super::fault::Fault;
use crate::run::guard;

/// Waits for the driver's end and ends what it left running.
pub fn guard(session: &str) -> Result<Exit, Fault> {
    guard::main(session)?;
    Ok(Exit::Done)
}
