//! Synchronous brackets in order, repeated for several rounds. Only promotions wait for a rung to complete: a free slot takes
//! a promoted trial of any bracket, or starts the next bracket.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use crate::types::ids::{BracketId, JobKey, TrialId};
use crate::types::objective::{Direction, Score};
use crate::types::units::Resource;

use super::bracket::Bracket;
use super::plan::shrink;
use super::rung_levels::RungLevels;
use super::{BracketPlan, Length, Next, Plan, RungPlan, Schedule, Scheduler, Start, Verdict};

/// The schedule of Hyperband and of successive halving, which is Hyperband with one bracket.
#[derive(Clone, PartialEq, Debug)]
pub struct SyncBrackets {
    brackets: Vec<BracketPlan>,
    rounds: u32,
    max_resource: Resource,
    eta: f64,
}

impl SyncBrackets {
    /// The `brackets` in the order they start, `rounds` times. `levels` gives R and η.
    pub fn new(brackets: Vec<BracketPlan>, rounds: u32, levels: &RungLevels) -> SyncBrackets {
        SyncBrackets { brackets, rounds, max_resource: levels.max_resource(), eta: levels.eta() }
    }

    /// The brackets over all rounds that `max_trials` trials can start; the last one may be incomplete.
    fn truncated(&self, mut max_trials: u64) -> Vec<BracketPlan> {
        let mut brackets = Vec::new();
        for bracket in (0..self.rounds).flat_map(|_| &self.brackets) {
            let started = bracket.rungs.first().map_or(0, |r| r.configs).min(max_trials);
            if started == 0 {
                break;
            }
            max_trials -= started;
            brackets.push(BracketPlan { bracket: bracket.bracket, rungs: shrink(&bracket.rungs, started) });
        }
        brackets
    }
}

impl Schedule for SyncBrackets {
    fn plan(&self, max_trials: Option<u64>) -> Plan {
        let plan = Plan { brackets: self.brackets.clone(), rounds: self.rounds, open_ended: false };
        match max_trials {
            Some(max_trials) if max_trials < plan.trials() => {
                Plan { brackets: self.truncated(max_trials), rounds: 1, open_ended: false }
            }
            _ => plan,
        }
    }

    fn scheduler(&self, direction: Option<Direction>) -> Box<dyn Scheduler> {
        Box::new(SyncBracketsScheduler {
            plans: self.brackets.iter().map(|b| (b.bracket, Arc::from(b.rungs.as_slice()))).collect(),
            upcoming: 0..u64::from(self.rounds).saturating_mul(self.brackets.len() as u64),
            // Without a metric no trial has a score, so the direction has no effect.
            direction: direction.unwrap_or(Direction::Minimize),
            next_trial: TrialId(0),
            filling: None,
            active: BTreeMap::new(),
            with_promoted: BTreeSet::new(),
        })
    }

    fn length(&self) -> Length {
        Length::Rounds(self.rounds)
    }

    fn with_length(&self, amount: u64) -> Arc<dyn Schedule> {
        Arc::new(SyncBrackets { rounds: u32::try_from(amount).unwrap_or(u32::MAX), ..self.clone() })
    }

    fn max_resource(&self) -> Option<Resource> {
        Some(self.max_resource)
    }

    fn eta(&self) -> Option<f64> {
        Some(self.eta)
    }
}

/// A bracket is identified by its first trial, so that brackets are sorted by the order in which they start.
#[derive(Debug)]
struct SyncBracketsScheduler {
    /// s and the rungs of each bracket of a round.
    plans: Vec<(u32, Arc<[RungPlan]>)>,
    /// Brackets not yet started, counted over all rounds.
    upcoming: Range<u64>,
    direction: Direction,
    next_trial: TrialId,
    /// The one bracket that has started some but not all of its trials.
    filling: Option<TrialId>,
    active: BTreeMap<TrialId, Bracket>,
    /// Active brackets with promoted trials that wait for a slot.
    with_promoted: BTreeSet<TrialId>,
}

impl SyncBracketsScheduler {
    /// The best promoted trial of the earliest bracket that has one.
    fn start_promoted(&mut self) -> Option<Start> {
        let first_trial = *self.with_promoted.first()?;
        let bracket = self.active.get_mut(&first_trial)?;
        let start = bracket.start_promoted();
        if !bracket.has_promoted() {
            self.with_promoted.remove(&first_trial);
        }
        start
    }

    /// The next new trial of the bracket that is being filled, or of the next bracket.
    fn start_new(&mut self) -> Option<Start> {
        let first_trial = self.filling.or_else(|| self.start_bracket())?;
        let bracket = self.active.get_mut(&first_trial)?;
        let start = bracket.start_new()?;
        self.next_trial = TrialId(start.key.trial.0 + 1);
        self.filling = bracket.has_new().then_some(first_trial);
        Some(start)
    }

    fn start_bracket(&mut self) -> Option<TrialId> {
        let count = self.plans.len() as u64;
        let index = self.upcoming.next()?;
        let (bracket, rungs) = &self.plans[(index % count) as usize];
        let id = BracketId { round: (index / count) as u32, bracket: *bracket };
        let bracket = Bracket::new(id, self.next_trial, Arc::clone(rungs), self.direction);
        self.active.insert(self.next_trial, bracket);
        Some(self.next_trial)
    }

    /// Updates the collections after a rung of the bracket may have completed.
    fn update(&mut self, first_trial: TrialId) {
        let Some(bracket) = self.active.get(&first_trial) else { return };
        if bracket.is_finished() {
            self.active.remove(&first_trial);
        } else if bracket.has_promoted() {
            self.with_promoted.insert(first_trial);
        }
    }
}

impl Scheduler for SyncBracketsScheduler {
    fn next(&mut self) -> Next {
        match self.start_promoted().or_else(|| self.start_new()) {
            Some(start) => Next::Start(start),
            None if self.active.is_empty() => Next::Done,
            None => Next::Wait,
        }
    }

    fn finish(&mut self, key: JobKey, score: Option<Score>) -> Vec<Verdict> {
        let Some((&first_trial, bracket)) = self.active.range_mut(..=key.trial).next_back() else { return Vec::new() };
        let verdicts = bracket.finish(key, score);
        self.update(first_trial);
        verdicts
    }

    fn close(&mut self, never_run: &[TrialId]) -> Vec<Verdict> {
        self.upcoming.end = self.upcoming.start;
        let mut closing: BTreeSet<TrialId> = self.filling.take().into_iter().collect();
        for trial in never_run {
            if let Some((&first_trial, bracket)) = self.active.range_mut(..=*trial).next_back() {
                bracket.cancel_new();
                closing.insert(first_trial);
            }
        }
        let mut verdicts = Vec::new();
        for first_trial in closing {
            verdicts.extend(self.active.get_mut(&first_trial).map_or_else(Vec::new, Bracket::close));
            self.update(first_trial);
        }
        verdicts
    }

    fn set_length(&mut self, length: u64) {
        self.upcoming.end = length.saturating_mul(self.plans.len() as u64).max(self.upcoming.start);
    }

    /// Only while the rung of the job is not complete: later its promotions are decided.
    fn reopen(&mut self, start: &Start) -> bool {
        let bracket = self.active.range_mut(..=start.key.trial).next_back().map(|(_, bracket)| bracket);
        bracket.is_some_and(|bracket| bracket.reopen(start))
    }
}
