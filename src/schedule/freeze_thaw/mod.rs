//! Freeze-thaw scheduling: one bracket of successive halving, then the job from which a model expects the largest gain for its cost:
//! a new trial, or a higher rung of a paused trial.
//!
//! The first bracket gives the model data for the cost of a few full trainings. After it, each free slot goes to the model's
//! choice (after the freeze-thaw idea of Swersky, Snoek and Adams 2014, "Freeze-Thaw Bayesian Optimization", with the rungs of
//! successive halving as the only points at which a trial is paused). If the model has no opinion, a trial in the top 1/η of
//! its rung is promoted.

mod scheduler;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::types::allocation::PromotedStart;
use crate::types::objective::Direction;
use crate::types::units::Resource;

use crate::schedule::freeze_thaw::scheduler::FreezeThawScheduler;
use crate::schedule::plan::shrink;
use crate::schedule::rung_levels::RungLevels;
use crate::schedule::{BracketPlan, Length, Plan, RungPlan, Schedule, Scheduler, UNLIMITED};

/// Maximum number of trials of the first bracket. With η = 3 the bracket has four rungs and costs as much as four full
/// trainings.
const MAX_INITIAL_TRIALS: u64 = 27;

/// The same in a study with results of earlier ones, whose models propose the trials: fewer, which start higher.
const MAX_INFORMED_TRIALS: u64 = 9;

/// A first bracket, then single trials, `max_trials` in total.
#[derive(Clone, PartialEq, Debug)]
pub struct FreezeThaw {
    /// Rungs of the first bracket.
    rungs: Arc<[RungPlan]>,
    levels: RungLevels,
    max_trials: u64,
    /// What the job of a promoted trial starts with: what a promotion costs follows from it.
    promoted_start: PromotedStart,
    /// Maximum number of trials of the first bracket.
    max_initial: u64,
}

impl FreezeThaw {
    /// `max_trials` trials on the upper rungs of `levels` ([`UNLIMITED`]: as many as the sampler and the limits of the study
    /// allow).
    pub fn new(levels: &RungLevels, max_trials: u64, promoted_start: PromotedStart) -> FreezeThaw {
        FreezeThaw::sized(levels, max_trials, MAX_INITIAL_TRIALS, promoted_start)
    }

    fn sized(levels: &RungLevels, max_trials: u64, max_initial: u64, promoted_start: PromotedStart) -> FreezeThaw {
        let promotions =
            (0..=levels.s_max() + 1).rev().find(|s| levels.mul_pow_floor(1.0, *s, 1) <= max_initial).unwrap_or(0);
        let resources = levels.bracket_resources(promotions.min(levels.s_max()));
        let mut resources: Vec<Resource> = resources.into_iter().map(|(_, resource)| resource).collect();
        // Between r_min and the lowest rung less than a factor of η is left; a factor above √η gets an additional rung.
        let min = levels.min_resource();
        if promotions > levels.s_max() && resources[0].amount() > min.amount() * levels.eta().sqrt() {
            resources.insert(0, min);
        }
        let last = resources.len() as u32 - 1;
        let configs = |i: usize| levels.mul_pow_floor(1.0, last - i as u32, 1).max(1);
        let rungs = resources.into_iter().enumerate().map(|(i, resource)| RungPlan { configs: configs(i), resource });
        let rungs: Vec<RungPlan> = rungs.collect();
        let started = rungs[0].configs.min(max_trials);
        let rungs = shrink(&rungs, started).into();
        FreezeThaw { rungs, levels: levels.clone(), max_trials, promoted_start, max_initial }
    }

    /// Number of trials of the first bracket.
    pub fn initial_trials(&self) -> u64 {
        self.rungs[0].configs
    }

    fn bracket(&self) -> u32 {
        self.rungs.len() as u32 - 1
    }

    /// Index of the rung at which trials after the first bracket start if the model has no opinion: two below the last, where good
    /// trials can be told for about a tenth of the full resource.
    fn start_level(&self) -> usize {
        self.rungs.len().saturating_sub(3)
    }
}

impl Schedule for FreezeThaw {
    /// The first bracket, and the rungs of the later trials with the largest possible number of configurations.
    fn plan(&self, max_trials: Option<u64>) -> Plan {
        let trials = self.max_trials.min(max_trials.unwrap_or(UNLIMITED));
        let later = if trials == UNLIMITED { UNLIMITED } else { trials.saturating_sub(self.initial_trials()) };
        let first = shrink(&self.rungs, trials.min(self.initial_trials()));
        let first = BracketPlan { bracket: self.bracket(), rungs: first };
        let single = BracketPlan {
            bracket: self.bracket() + 1,
            rungs: self.rungs.iter().map(|rung| RungPlan { configs: later, resource: rung.resource }).collect(),
        };
        let brackets = if later == 0 { vec![first] } else { vec![first, single] };
        Plan { brackets, rounds: 1, open_ended: true }
    }

    fn scheduler(&self, direction: Option<Direction>) -> Box<dyn Scheduler> {
        // Without a metric no trial has a score, so the direction has no effect.
        let direction = direction.unwrap_or(Direction::Minimize);
        let (rungs, eta) = (Arc::clone(&self.rungs), self.levels.eta());
        let (start_level, promoted_start) = (self.start_level(), self.promoted_start);
        Box::new(FreezeThawScheduler::new(rungs, start_level, eta, self.max_trials, promoted_start, direction))
    }

    fn length(&self) -> Length {
        Length::Trials(self.max_trials)
    }

    fn with_length(&self, amount: u64) -> Arc<dyn Schedule> {
        Arc::new(FreezeThaw::sized(&self.levels, amount, self.max_initial, self.promoted_start))
    }

    fn with_earlier_studies(&self) -> Option<Arc<dyn Schedule>> {
        Some(Arc::new(FreezeThaw::sized(&self.levels, self.max_trials, MAX_INFORMED_TRIALS, self.promoted_start)))
    }

    fn max_resource(&self) -> Option<Resource> {
        self.rungs.last().map(|rung| rung.resource)
    }

    fn is_led_by_model(&self) -> bool {
        true
    }

    fn rules(&self) -> u32 {
        2
    }

    fn eta(&self) -> Option<f64> {
        Some(self.levels.eta())
    }
}
