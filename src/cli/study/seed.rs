//! Draws the seed of a study without one.

use anyhow::Context;
use rand::TryRng;
use rand::rngs::SysRng;

use crate::cli::error::CliError;
use crate::search::Sampler;

/// Draws a seed from the operating system; 32 bits are short enough to retype.
pub fn draw() -> Result<u64, CliError> {
    let drawn = SysRng.try_next_u32().context("the operating system returns no random seed; set one with --seed");
    drawn.map(u64::from).map_err(CliError::internal)
}

/// The note about a drawn seed: what a rerun with it repeats, with `slots` concurrent jobs.
pub fn note(seed: u64, sampler: &dyn Sampler, slots: u32) -> String {
    if sampler.is_external() {
        return format!("seed {seed} (drawn: --seed {seed} passes the same seed to the tuner)");
    }
    if sampler.ignores_observations() || slots == 1 {
        return format!("seed {seed} (drawn: rerun with --seed {seed} for the same configurations)");
    }
    let name = sampler.name();
    format!(
        "seed {seed} (drawn: --seed {seed} repeats the random draws, but {name} learns from results in the order in which jobs \
         finish: with several jobs at once a rerun may get other configurations)"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::catalogue::by_name;

    #[test]
    fn the_note_promises_equal_configurations_only_where_a_rerun_has_them() {
        let note = |name, slots| note(7, &*by_name(name).unwrap(), slots);
        let same = "seed 7 (drawn: rerun with --seed 7 for the same configurations)";
        assert_eq!(note("random", 8), same);
        assert_eq!(note("tpe", 1), same);
        assert!(note("tpe", 2).contains("tpe learns from results"));
        assert!(note("gp", 2).contains("a rerun may get other configurations"));
    }
}
