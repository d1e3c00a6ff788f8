//! The seed of a study that names none.

use anyhow::Context;
use rand::TryRng;
use rand::rngs::SysRng;

/// A seed from the operating system: 32 bits, so that it can be read aloud and typed again.
pub fn draw() -> anyhow::Result<u64> {
    let seed = SysRng.try_next_u32().context("the operating system gives no random seed; give one with --seed")?;
    Ok(u64::from(seed))
}
