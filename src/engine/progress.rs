//! How far the study is: counts kept up with every event, and cheap snapshots of them.

use std::collections::{BTreeMap, BTreeSet};

use super::experiment::{Experiment, PromotedStart, Totals};
use super::job::ScheduledJob;
use crate::schedule::Plan;
use crate::types::allocation::Allocation;
use crate::types::ids::{BracketId, JobKey, Rung, TrialId};
use crate::types::incumbent::{Candidate, IncumbentTracker};
use crate::types::outcome::Outcome;
use crate::types::units::Resource;

/// One rung of a bracket, so far.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct RungProgress {
    /// Resource of its jobs.
    pub resource: Resource,
    /// Jobs planned at most; empty where the schedule decides as it goes.
    pub planned: Option<u64>,
    /// Jobs launched.
    pub started: u64,
    /// Jobs ended for good.
    pub ended: u64,
}

/// One bracket with trials that are not over.
#[derive(Clone, PartialEq, Debug)]
pub struct BracketProgress {
    /// Which.
    pub id: BracketId,
    /// Its rungs as far as any job was launched; the last one is the current.
    pub rungs: Vec<RungProgress>,
}

/// A snapshot.
#[derive(Clone, PartialEq, Debug)]
pub struct Progress {
    /// Jobs planned at most.
    pub planned_jobs: u64,
    /// Resource planned at most.
    pub planned_resource: f64,
    /// Whether the plan only sketches what will run.
    pub open_ended: bool,
    /// Trials launched.
    pub trials: u64,
    /// Jobs launched; attempts of one job count once.
    pub jobs: u64,
    /// Jobs running.
    pub running: u64,
    /// Jobs waiting for another attempt.
    pub waiting: u64,
    /// Jobs that ran to their end.
    pub succeeded: u64,
    /// Jobs ended early, with the value they had.
    pub stopped: u64,
    /// Jobs without a usable value, retries over.
    pub failed: u64,
    /// Resource of the launched jobs: what those that ended for good have spent, and all that the others may spend.
    pub resource_given: f64,
    /// Resource that jobs which ended for good have spent.
    pub resource_done: f64,
    /// Brackets at work.
    pub brackets: Vec<BracketProgress>,
    /// The best trial so far.
    pub incumbent: Option<Candidate>,
}

impl Progress {
    /// Jobs ended for good.
    pub fn done(&self) -> u64 {
        self.succeeded + self.stopped + self.failed
    }
}

#[derive(Clone, Copy, Debug)]
struct RungTally {
    resource: Resource,
    started: u64,
    ended: u64,
}

#[derive(Debug, Default)]
struct BracketTally {
    rungs: Vec<RungTally>,
    live: u64,
}

/// The running counts.
#[derive(Debug)]
pub(super) struct Counters {
    plan: Plan,
    totals: Totals,
    promoted: PromotedStart,
    trials: u64,
    jobs: u64,
    running: u64,
    succeeded: u64,
    stopped: u64,
    failed: u64,
    given: f64,
    done: f64,
    brackets: BTreeMap<BracketId, BracketTally>,
    at_work: BTreeSet<BracketId>,
    incumbent: IncumbentTracker,
}

impl Counters {
    pub fn new(experiment: &Experiment) -> Counters {
        let plan = experiment.plan();
        Counters {
            totals: experiment.totals(&plan),
            plan,
            promoted: experiment.promoted,
            trials: 0,
            jobs: 0,
            running: 0,
            succeeded: 0,
            stopped: 0,
            failed: 0,
            given: 0.0,
            done: 0.0,
            brackets: BTreeMap::new(),
            at_work: BTreeSet::new(),
            incumbent: IncumbentTracker::new(experiment.metric.as_ref().map(|m| m.direction)),
        }
    }

    /// Trials launched.
    pub fn trials(&self) -> u64 {
        self.trials
    }

    /// Jobs launched, each once.
    pub fn jobs(&self) -> u64 {
        self.jobs
    }

    /// Resource spent by jobs that ended for good, and promised to the others.
    pub fn given(&self) -> f64 {
        self.given
    }

    pub fn failed(&self) -> u64 {
        self.failed
    }

    /// Jobs ended for good.
    pub fn done(&self) -> u64 {
        self.succeeded + self.stopped + self.failed
    }

    pub fn planned_jobs(&self) -> u64 {
        self.totals.jobs
    }

    pub fn planned_trials(&self) -> u64 {
        self.totals.trials
    }

    pub fn launched(&mut self, job: &ScheduledJob) {
        self.running += 1;
        self.incumbent.launched(job.start.key);
        if job.attempt.0 > 1 {
            return;
        }
        self.jobs += 1;
        self.given += self.promoted.cost(job.start.resource, job.start.previous);
        let new = job.start.previous.is_none();
        self.trials += u64::from(new);
        self.at_work.insert(job.start.bracket);
        let bracket = self.brackets.entry(job.start.bracket).or_default();
        bracket.live += u64::from(new);
        rung(bracket, job.start.key.rung).resource = job.start.resource;
        rung(bracket, job.start.key.rung).started += 1;
    }

    /// A job ended and will run again.
    pub fn stops_running(&mut self) {
        self.running -= 1;
    }

    /// A job ended for good.
    pub fn ended(&mut self, job: &ScheduledJob, outcome: &Outcome, allocation: Allocation, step: Option<f64>) {
        self.running -= 1;
        let spent = allocation.spent(outcome, step);
        self.done += spent;
        self.given -= allocation.total() - spent;
        rung(self.brackets.entry(job.start.bracket).or_default(), job.start.key.rung).ended += 1;
        match outcome {
            Outcome::Succeeded { .. } => self.succeeded += 1,
            Outcome::Stopped { .. } => self.stopped += 1,
            Outcome::Failed { .. } => self.failed += 1,
        }
        self.incumbent.ended(job.start.key, outcome, allocation.reached(outcome, step));
    }

    /// A reading of `job` met the condition that ends the study.
    pub fn decided(&mut self, job: JobKey) {
        self.incumbent.decided(job);
    }

    /// `trial` of `bracket` is over.
    pub fn retired(&mut self, trial: TrialId, bracket: BracketId) {
        self.incumbent.retired(trial);
        let Some(tally) = self.brackets.get_mut(&bracket) else { return };
        tally.live = tally.live.saturating_sub(1);
        let started = tally.rungs.first().map_or(0, |rung| rung.started);
        if tally.live == 0 && planned(&self.plan, bracket, 0).is_none_or(|most| started >= most) {
            self.at_work.remove(&bracket);
        }
    }

    pub fn snapshot(&self, waiting: u64) -> Progress {
        Progress {
            planned_jobs: self.totals.jobs,
            planned_resource: self.totals.resource,
            open_ended: self.plan.open_ended,
            trials: self.trials,
            jobs: self.jobs,
            running: self.running,
            waiting,
            succeeded: self.succeeded,
            stopped: self.stopped,
            failed: self.failed,
            resource_given: self.given,
            resource_done: self.done,
            brackets: self.at_work.iter().map(|id| self.bracket(*id)).collect(),
            incumbent: self.incumbent.best(),
        }
    }

    fn bracket(&self, id: BracketId) -> BracketProgress {
        let rungs = self.brackets.get(&id).map_or(&[][..], |b| &b.rungs);
        let rungs = rungs.iter().enumerate().map(|(index, tally)| RungProgress {
            resource: tally.resource,
            planned: planned(&self.plan, id, index).filter(|_| !self.plan.open_ended),
            started: tally.started,
            ended: tally.ended,
        });
        BracketProgress { id, rungs: rungs.collect() }
    }
}

fn rung(bracket: &mut BracketTally, rung: Rung) -> &mut RungTally {
    let index = rung.0 as usize;
    if bracket.rungs.len() <= index {
        bracket.rungs.resize(index + 1, RungTally { resource: Resource::ZERO, started: 0, ended: 0 });
    }
    &mut bracket.rungs[index]
}

/// Jobs planned at a rung. A plan cut short by its supply lists every round's brackets by themselves.
fn planned(plan: &Plan, id: BracketId, rung: usize) -> Option<u64> {
    let round = if plan.rounds == 1 { id.round as usize } else { 0 };
    let bracket = plan.brackets.iter().filter(|b| b.bracket == id.bracket).nth(round)?;
    bracket.rungs.get(rung).map(|r| r.configs)
}
