//! How much resource a configuration gets, and which go on.

pub mod asha;
pub mod auto;
pub mod bracket;
pub mod full;
pub mod halving;
pub mod hyperband;
pub mod ladder;
pub mod podium;
pub mod rounds;

use std::fmt;

use serde::Serialize;

use crate::search::Searcher;
use crate::words::ids::{BracketId, JobKey, TrialId};
use crate::words::objective::{Direction, Score};
use crate::words::units::Resource;

/// Largest plan that is run: beyond it a plan is a mistake more often than a wish.
pub const MAX_JOBS: u64 = 10_000_000;

/// A number of trials that stands for "until a limit of the study ends it".
pub const ENDLESS: u64 = u64::MAX;

/// A planned number, unless it is [`ENDLESS`].
pub fn finite(count: u64) -> Option<u64> {
    (count != ENDLESS).then_some(count)
}

/// One rung as planned: at most `configs` jobs at `resource`.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct RungPlan {
    /// Number of configurations.
    pub configs: u64,
    /// Resource of each.
    pub resource: Resource,
}

/// One bracket as planned, smallest resource first.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct BracketPlan {
    /// s, as in the papers' tables.
    pub bracket: u32,
    /// Its rungs.
    pub rungs: Vec<RungPlan>,
}

/// What a schedule will do, told before anything runs. For schedules that decide as they go, the brackets show the ladder and
/// `open_ended` is set.
#[derive(Clone, PartialEq, Debug)]
pub struct Plan {
    /// One round of brackets.
    pub brackets: Vec<BracketPlan>,
    /// How often the round is repeated.
    pub rounds: u32,
    /// Whether the numbers only sketch what will run ([`ENDLESS`]: nothing but a limit of the study ends it).
    pub open_ended: bool,
}

impl Plan {
    /// New configurations over all rounds.
    pub fn trials(&self) -> u64 {
        self.over_rounds(self.brackets.iter().filter_map(|b| b.rungs.first()))
    }

    /// Jobs over all rounds.
    pub fn jobs(&self) -> u64 {
        self.over_rounds(self.brackets.iter().flat_map(|b| &b.rungs))
    }

    /// Refuses more than [`MAX_JOBS`] with a sentence that gives the count. Endless plans pass: limits of the study end them.
    pub fn check_size(&self) -> Result<(), String> {
        let jobs = self.jobs();
        let endless = self.open_ended && self.trials() == ENDLESS;
        if endless || jobs <= MAX_JOBS {
            return Ok(());
        }
        let count = if jobs == u64::MAX { "more than 10^19".to_owned() } else { jobs.to_string() };
        Err(format!("the plan has {count} jobs, at most {MAX_JOBS} are allowed"))
    }

    fn over_rounds<'a>(&self, rungs: impl Iterator<Item = &'a RungPlan>) -> u64 {
        rungs.fold(0u64, |sum, rung| sum.saturating_add(rung.configs)).saturating_mul(u64::from(self.rounds))
    }

    /// Sum of the jobs' resources over all rounds, each job counted from zero.
    pub fn resource_total(&self) -> f64 {
        let once: f64 =
            self.brackets.iter().flat_map(|b| &b.rungs).map(|r| r.configs as f64 * r.resource.amount()).sum();
        once * f64::from(self.rounds)
    }
}

/// A job the schedule wants run now.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Start {
    /// The trial and rung. A trial not started before is new and needs a configuration.
    pub key: JobKey,
    /// The bracket it belongs to.
    pub bracket: BracketId,
    /// What the job gets.
    pub resource: Resource,
    /// What the trial got in its last job, if it ran before.
    pub previous: Option<Resource>,
}

/// What a schedule says when a slot is free.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Next {
    /// Run this.
    Start(Start),
    /// Nothing until a running job ends.
    Wait,
    /// Nothing any more.
    Done,
}

/// What a schedule decides about a trial when jobs end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It goes on to the next rung.
    Promote(TrialId),
    /// It is over for good: dropped, or finished at its last rung.
    Retire(TrialId),
}

/// A live schedule. Trial ids are given out in order, from 0.
pub trait Scheduler: Send {
    /// The next job for a free slot. Promotions come before new trials. Every job is handed out once.
    fn next(&mut self) -> Next;
    /// The job ended for good (retries are over) with this score, or without one.
    fn finish(&mut self, key: JobKey, score: Option<Score>) -> Vec<Verdict>;
    /// What follows from the ends so far where the schedule takes the searcher's advice. Asked for after every end, except in a
    /// replay: there the record says what was decided, see [`Scheduler::accept`].
    fn decide(&mut self, searcher: &mut dyn Searcher) -> Vec<Verdict> {
        let _ = searcher;
        Vec::new()
    }
    /// Replay: takes over a recorded verdict of [`Scheduler::decide`]; false where it could not have come to it.
    fn accept(&mut self, verdict: Verdict) -> bool {
        let _ = verdict;
        false
    }
    /// No new trials from here on; those that run may still be promoted, in rungs that shrink to what was started. The trials in
    /// `never_run` were handed out and got no configuration: they count as not started, and there are no verdicts on them.
    fn close(&mut self, never_run: &[TrialId]) -> Vec<Verdict>;
}

/// A checked choice of schedule.
pub trait Schedule: fmt::Debug + Send + Sync {
    /// What it will do. `supply` is how many configurations the sampler has to give, if that is limited.
    fn plan(&self, supply: Option<u64>) -> Plan;
    /// A fresh scheduler. `direction` is `None` only in studies without a metric.
    fn scheduler(&self, direction: Option<Direction>) -> Box<dyn Scheduler>;
    /// R: the resource at which a configuration counts in full; `None` where there is no resource (jobs then carry 1).
    fn full(&self) -> Option<Resource>;
    /// The reduction factor, where there is one.
    fn eta(&self) -> Option<f64> {
        None
    }
}

#[cfg(test)]
mod tests;
