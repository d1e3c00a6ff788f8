//! What a schedule will run, known before anything starts.

use serde::Serialize;

use crate::types::units::Resource;

/// Maximum number of jobs of a bounded plan. A larger number is almost always a mistake in the matrix.
pub const MAX_JOBS: u64 = 10_000_000;

/// The number of trials of a plan that only a limit of the study ends.
pub const UNLIMITED: u64 = u64::MAX;

/// `count`, or `None` if it is [`UNLIMITED`].
pub fn finite(count: u64) -> Option<u64> {
    (count != UNLIMITED).then_some(count)
}

/// One rung: at most `configs` jobs at `resource`.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct RungPlan {
    /// Number of configurations.
    pub configs: u64,
    /// Resource of each job, in the user's unit.
    pub resource: Resource,
}

/// One bracket.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct BracketPlan {
    /// s: the number of promotions a trial can get (Li et al. 2018, Algorithm 1).
    pub bracket: u32,
    /// Its rungs, smallest resource first.
    pub rungs: Vec<RungPlan>,
}

/// All brackets of a schedule.
#[derive(Clone, PartialEq, Debug)]
pub struct Plan {
    /// The brackets of one round.
    pub brackets: Vec<BracketPlan>,
    /// How often they are repeated, ≥ 1.
    pub rounds: u32,
    /// Whether the numbers of configurations are estimates ([`UNLIMITED`] if only a limit of the study ends the schedule).
    pub open_ended: bool,
}

/// A plan has more than [`MAX_JOBS`] jobs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the plan has {} jobs, at most {MAX_JOBS} are allowed", shown(.jobs))]
pub struct PlanSizeError {
    jobs: u64,
}

/// Sums saturate at `u64::MAX`, which is above 10^19.
fn shown(jobs: &u64) -> String {
    if *jobs == u64::MAX { "more than 10^19".to_owned() } else { jobs.to_string() }
}

impl Plan {
    /// Number of trials over all rounds; saturates.
    pub fn trials(&self) -> u64 {
        self.sum_over_rounds(self.brackets.iter().filter_map(|b| b.rungs.first()))
    }

    /// Number of jobs over all rounds; saturates.
    pub fn jobs(&self) -> u64 {
        self.sum_over_rounds(self.brackets.iter().flat_map(|b| &b.rungs))
    }

    /// Checks that there are at most [`MAX_JOBS`] jobs. An unlimited plan passes, because limits of the study end it.
    pub fn check_size(&self) -> Result<(), PlanSizeError> {
        let jobs = self.jobs();
        let unlimited = self.open_ended && self.trials() == UNLIMITED;
        if unlimited || jobs <= MAX_JOBS { Ok(()) } else { Err(PlanSizeError { jobs }) }
    }

    fn sum_over_rounds<'a>(&self, rungs: impl Iterator<Item = &'a RungPlan>) -> u64 {
        rungs.fold(0u64, |sum, rung| sum.saturating_add(rung.configs)).saturating_mul(u64::from(self.rounds))
    }

    /// Sum of the jobs' resources over all rounds; a promoted job counts with its whole resource, not with the increase.
    pub fn resource_total(&self) -> f64 {
        let once: f64 =
            self.brackets.iter().flat_map(|b| &b.rungs).map(|r| r.configs as f64 * r.resource.amount()).sum();
        once * f64::from(self.rounds)
    }
}

/// The rungs of a bracket that starts only `started` of its planned configurations. Every rung shrinks in proportion to
/// the first one and keeps at least one configuration.
pub fn shrink(rungs: &[RungPlan], started: u64) -> Vec<RungPlan> {
    let planned = rungs.first().map_or(0, |r| r.configs).max(1);
    let scaled = |configs: u64| (u128::from(configs) * u128::from(started) / u128::from(planned)) as u64;
    let min = started.min(1);
    rungs.iter().map(|r| RungPlan { configs: scaled(r.configs).clamp(min, r.configs), ..*r }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partly_started_bracket_shrinks_in_proportion() {
        let rungs: Vec<RungPlan> =
            [81, 27, 9, 3, 1].map(|configs| RungPlan { configs, resource: Resource::ONE }).to_vec();
        let sizes = |started| shrink(&rungs, started).iter().map(|r| r.configs).collect::<Vec<_>>();
        assert_eq!(sizes(81), [81, 27, 9, 3, 1]);
        assert_eq!(sizes(30), [30, 10, 3, 1, 1]);
        assert_eq!(sizes(1), [1, 1, 1, 1, 1]);
        assert_eq!(sizes(0), [0, 0, 0, 0, 0]);
    }

    #[test]
    fn sums_of_a_plan_do_not_overflow() {
        let rung = RungPlan { configs: u64::MAX, resource: Resource::ONE };
        let bracket = BracketPlan { bracket: 1, rungs: vec![rung, rung] };
        let plan = Plan { brackets: vec![bracket.clone(), bracket], rounds: 9, open_ended: false };
        assert_eq!((plan.trials(), plan.jobs()), (u64::MAX, u64::MAX));
        insta::assert_snapshot!(plan.check_size().unwrap_err(), @"the plan has more than 10^19 jobs, at most 10000000 are allowed");
    }
}
