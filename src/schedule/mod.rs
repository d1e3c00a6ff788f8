//! Schedules: how much resource each trial gets, and which trials are promoted.

pub(crate) mod asha;
mod bracket;
pub(crate) mod freeze_thaw;
pub(crate) mod full_budget;
pub(crate) mod halving;
pub mod hyperband;
pub(crate) mod length;
mod plan;
pub mod rung_levels;
pub(crate) mod single_trial;
pub mod sync_brackets;
#[cfg(test)]
mod tests;
mod top_k;

use std::fmt;
use std::sync::Arc;

use crate::types::advice::{Advice, SlotChoices};
use crate::types::ids::{BracketId, JobKey, Rung, TrialId};
use crate::types::objective::{Direction, Score};
use crate::types::units::Resource;

pub use crate::schedule::length::Length;
pub use crate::schedule::plan::{BracketPlan, MAX_JOBS, Plan, PlanSizeError, RungPlan, UNLIMITED, finite};

/// A job the schedule wants to run now.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Start {
    /// The trial and rung. A trial that was not started before is new and needs a configuration.
    pub key: JobKey,
    /// The trial's bracket.
    pub bracket: BracketId,
    /// The job's resource.
    pub resource: Resource,
    /// The resource of the trial's previous job; `None` for a new trial.
    pub previous: Option<Resource>,
}

/// A schedule's answer to a free slot.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Next {
    /// Run this job.
    Start(Start),
    /// Nothing until a running job ends.
    Wait,
    /// The schedule is complete.
    Done,
}

/// What a schedule decides about a trial when jobs end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The trial moves to the next rung.
    Promote(TrialId),
    /// The trial moves to this rung, which is above the next one.
    PromoteTo(TrialId, Rung),
    /// The trial gets no further job: it was not promoted, or it finished the last rung.
    Retire(TrialId),
}

/// A model that a schedule asks for the best use of a free slot.
pub trait Advisor {
    /// The best of `choices`.
    fn advise(&mut self, choices: SlotChoices<'_>) -> Advice;
}

/// The state of a running schedule. Trial ids are assigned in order, from 0.
pub trait Scheduler: Send {
    /// The next job for a free slot. Promotions come before new trials. Each job is returned once.
    fn next(&mut self) -> Next;
    /// The job ended after all its retries, with this score or, if it failed, without one.
    fn finish(&mut self, key: JobKey, score: Option<Score>) -> Vec<Verdict>;
    /// Decisions that depend on a model. Called after every [`Scheduler::finish`], except in a replay, which passes the
    /// recorded decisions to [`Scheduler::accept`].
    fn decide(&mut self, advisor: &mut dyn Advisor) -> Vec<Verdict> {
        let _ = advisor;
        Vec::new()
    }
    /// Replay: applies a recorded verdict of [`Scheduler::decide`]. Returns false if the verdict is impossible in this state.
    fn accept(&mut self, verdict: Verdict) -> bool {
        let _ = verdict;
        false
    }
    /// Replay: as [`Scheduler::next`], after a decision of [`Scheduler::decide`] that led to the recorded job `key`.
    fn next_recorded(&mut self, key: JobKey) -> Next {
        let _ = key;
        self.next()
    }
    /// Starts no further trials. Running trials can still be promoted, in rungs that shrink in proportion to the number of
    /// started trials. The trials in `never_run` were returned by [`Scheduler::next`] but got no configuration: they count as
    /// not started and get no verdict.
    fn close(&mut self, never_run: &[TrialId]) -> Vec<Verdict>;
    /// Continues as the schedule with another [`Length`], which is not shorter than what was started. Trials that were retired only
    /// because the schedule ended may be promoted again. Reverts [`Scheduler::close`].
    fn set_length(&mut self, length: u64);
    /// Whether the retired `trial` may be promoted after [`Scheduler::set_length`].
    fn may_return(&self, trial: TrialId) -> bool {
        let _ = trial;
        false
    }
    /// The job of `start`, which ended without a score, runs again and will be finished again. False if its result can no longer
    /// have an effect; it must not be finished again then.
    fn reopen(&mut self, start: &Start) -> bool {
        let _ = start;
        false
    }
}

/// A schedule with checked settings.
pub trait Schedule: fmt::Debug + Send + Sync {
    /// The jobs to run. `max_trials` is the number of configurations the sampler can propose, if that is limited.
    fn plan(&self, max_trials: Option<u64>) -> Plan;
    /// A scheduler that has started nothing. `direction` is `None` only in a study without a metric.
    fn scheduler(&self, direction: Option<Direction>) -> Box<dyn Scheduler>;
    /// How long it is.
    fn length(&self) -> Length;
    /// The same schedule with a length of this amount.
    fn with_length(&self, amount: u64) -> Arc<dyn Schedule>;
    /// The schedule of a study that has results of earlier ones, if it differs.
    fn with_earlier_studies(&self) -> Option<Arc<dyn Schedule>> {
        None
    }
    /// R, the resource of the last rung; `None` if nothing is allotted (each job then gets [`Resource::ONE`]).
    fn max_resource(&self) -> Option<Resource>;
    /// Whether a model decides about promotions and new trials after the first bracket of the plan.
    fn is_led_by_model(&self) -> bool {
        false
    }
    /// Version of the rules of promotion; a study continues only with the rules it was started with.
    fn rules(&self) -> u32 {
        1
    }
    /// The reduction factor η, if there is one.
    fn eta(&self) -> Option<f64> {
        None
    }
}
