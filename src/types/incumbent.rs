//! The incumbent: the best trial so far. No other code decides it.
//!
//! Every job with a score is a [`Candidate`], unless it will be or was launched again. Candidates are ordered by:
//!
//! 1. completion: jobs that trained all of their resource before jobs that were stopped earlier, so that a stopped job is the
//!    incumbent only if no job has trained all of its resource. A job that was stopped after its last step has trained all of it;
//! 2. the resource reached, more first ([`Allocation::reached`](crate::types::allocation::Allocation::reached));
//! 3. the score, better first;
//! 4. the trial id, lower first; of one trial, the higher rung.
//!
//! One job may be exempt from 1 and 2: the *decisive* one, whose reading met the metric condition that ends the study. It
//! is compared with the first of the others by score and trial id only.
//!
//! [`best`] applies the rule to all candidates of a study, [`IncumbentTracker`] to one event after the other. Both give the same job.

use std::cmp::Ordering;
use std::collections::{HashMap, VecDeque};

use super::allocation::{Allocation, Completion};
use super::ids::{JobKey, MAX_SLOTS, TrialId};
use super::objective::{Direction, Score, rank};
use super::outcome::Outcome;
use super::units::Resource;

/// A job that may be the incumbent.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Candidate {
    pub job: JobKey,
    pub completion: Completion,
    /// The resource it reached.
    pub reached: Resource,
    /// The score at that resource.
    pub score: Score,
}

impl Candidate {
    /// `None` if `outcome` has no score or is not final. `step` is the resource in the job's last reading.
    pub fn new(job: JobKey, outcome: &Outcome, allocation: Allocation, step: Option<f64>) -> Option<Candidate> {
        let score = outcome.score().filter(|_| !outcome.runs_again())?;
        let completion = allocation.completion(outcome, step);
        Some(Candidate { job, completion, reached: allocation.reached(outcome, step), score })
    }

    /// `Less` if `self` is before `other`.
    pub fn order(&self, direction: Direction, other: &Candidate) -> Ordering {
        self.completion
            .cmp(&other.completion)
            .then_with(|| other.reached.cmp(&self.reached))
            .then_with(|| self.rank(direction, other))
            .then_with(|| other.job.rung.cmp(&self.job.rung))
    }

    fn rank(&self, direction: Direction, other: &Candidate) -> Ordering {
        rank(direction, (self.job.trial, Some(self.score)), (other.job.trial, Some(other.score)))
    }
}

/// The incumbent among `candidates`, which has at most one per job. `decisive` is the job whose reading ended the study.
pub fn best(
    direction: Direction,
    candidates: impl IntoIterator<Item = Candidate>,
    decisive: Option<JobKey>,
) -> Option<Candidate> {
    let (mut first, mut exempt) = (None, None);
    for candidate in candidates {
        if Some(candidate.job) == decisive {
            exempt = Some(candidate);
        }
        first = Some(first_of(direction, first, candidate));
    }
    decide(direction, first, exempt)
}

/// The incumbent, given the first of all candidates and the decisive one.
fn decide(direction: Direction, first: Option<Candidate>, exempt: Option<Candidate>) -> Option<Candidate> {
    match (first, exempt) {
        (Some(first), Some(exempt)) if exempt.rank(direction, &first).is_lt() => Some(exempt),
        (first, _) => first,
    }
}

fn first_of(direction: Direction, known: Option<Candidate>, new: Candidate) -> Candidate {
    known.filter(|known| known.order(direction, &new).is_lt()).unwrap_or(new)
}

/// The incumbent during a study. Memory grows with the number of trials that are not retired.
#[derive(Clone, Debug)]
pub struct IncumbentTracker {
    /// `None`: the study has no metric.
    direction: Option<Direction>,
    /// First of the candidates that remain: those of retired trials, and of rungs below a trial's current one.
    settled: Option<Candidate>,
    /// The latest candidate of each trial that is not retired.
    open: HashMap<TrialId, Candidate>,
    first: Option<Candidate>,
    /// The latest candidates, as many as slots. After a condition is met no job is launched, so the decisive job is one of them.
    recent: VecDeque<Candidate>,
    decisive: Option<JobKey>,
}

impl IncumbentTracker {
    /// A tracker of a new study. Without a direction there is no incumbent.
    pub fn new(direction: Option<Direction>) -> IncumbentTracker {
        IncumbentTracker {
            direction,
            settled: None,
            open: HashMap::new(),
            first: None,
            recent: VecDeque::new(),
            decisive: None,
        }
    }

    /// Records a launch. An earlier end of the same job no longer counts.
    pub fn launched(&mut self, job: JobKey) {
        let Some(earlier) = self.open.remove(&job.trial) else { return };
        if earlier.job != job {
            self.settle(earlier);
            return;
        }
        self.recent.retain(|candidate| candidate.job != job);
        if let Some(direction) = self.direction {
            let all = self.open.values().chain(&self.settled).copied();
            self.first = best(direction, all, None);
        }
    }

    /// Records the end of a job; `step` is the resource in its last reading.
    pub fn ended(&mut self, job: JobKey, outcome: &Outcome, allocation: Allocation, step: Option<f64>) {
        let Some(direction) = self.direction else { return };
        let Some(candidate) = Candidate::new(job, outcome, allocation, step) else { return };
        self.first = Some(first_of(direction, self.first, candidate));
        if self.recent.len() == MAX_SLOTS as usize {
            self.recent.pop_front();
        }
        self.recent.push_back(candidate);
        if let Some(earlier) = self.open.insert(job.trial, candidate) {
            self.settle(earlier);
        }
    }

    /// Records that a trial gets no more jobs.
    pub fn retired(&mut self, trial: TrialId) {
        if let Some(candidate) = self.open.remove(&trial) {
            self.settle(candidate);
        }
    }

    /// Records that a reading of `job` met the condition that ends the study. Only the first call has an effect.
    pub fn decided(&mut self, job: JobKey) {
        self.decisive.get_or_insert(job);
    }

    /// The incumbent.
    pub fn best(&self) -> Option<Candidate> {
        let job = self.decisive;
        let exempt = job.and_then(|job| self.recent.iter().rfind(|candidate| candidate.job == job).copied());
        decide(self.direction?, self.first, exempt)
    }

    /// First of the candidates that no later launch can remove.
    pub fn settled(&self) -> Option<Candidate> {
        self.settled
    }

    /// The job of the first call of [`IncumbentTracker::decided`].
    pub fn decisive(&self) -> Option<JobKey> {
        self.decisive
    }

    fn settle(&mut self, candidate: Candidate) {
        if let Some(direction) = self.direction {
            self.settled = Some(first_of(direction, self.settled, candidate));
        }
    }
}

#[cfg(test)]
pub(crate) mod histories;
#[cfg(test)]
mod tests;
