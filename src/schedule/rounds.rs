//! Brackets one after the other, for as many rounds as asked; a free slot never waits while any of them has work.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use crate::words::args::Reader;
use crate::words::ids::{BracketId, JobKey, TrialId};
use crate::words::objective::{Direction, Score};
use crate::words::units::Resource;

use super::bracket::Bracket;
use super::ladder::{Ladder, shrink};
use super::{BracketPlan, Next, Plan, RungPlan, Schedule, Scheduler, Start, Verdict};

/// A table of brackets, repeated: what `hyperband` and `halving` come to.
#[derive(Clone, PartialEq, Debug)]
pub struct Rounds {
    table: Vec<BracketPlan>,
    rounds: u32,
    full: Resource,
    eta: f64,
}

impl Rounds {
    /// `table` in the order its brackets start, `rounds` times.
    pub fn new(table: Vec<BracketPlan>, rounds: u32, ladder: &Ladder) -> Rounds {
        Rounds { table, rounds, full: ladder.full(), eta: ladder.eta() }
    }

    /// The brackets that `supply` configurations can start, over all rounds; the last of them may be started in part.
    fn within(&self, mut supply: u64) -> Vec<BracketPlan> {
        let mut brackets = Vec::new();
        for bracket in (0..self.rounds).flat_map(|_| &self.table) {
            let started = bracket.rungs.first().map_or(0, |r| r.configs).min(supply);
            if started == 0 {
                break;
            }
            supply -= started;
            brackets.push(BracketPlan { bracket: bracket.bracket, rungs: shrink(&bracket.rungs, started) });
        }
        brackets
    }
}

impl Schedule for Rounds {
    fn plan(&self, supply: Option<u64>) -> Plan {
        let plan = Plan { brackets: self.table.clone(), rounds: self.rounds, open_ended: false };
        match supply {
            Some(supply) if supply < plan.trials() => {
                Plan { brackets: self.within(supply), rounds: 1, open_ended: false }
            }
            _ => plan,
        }
    }

    fn scheduler(&self, direction: Option<Direction>) -> Box<dyn Scheduler> {
        Box::new(Live {
            table: self.table.iter().map(|b| (b.bracket, Arc::from(b.rungs.as_slice()))).collect(),
            upcoming: 0..u64::from(self.rounds).saturating_mul(self.table.len() as u64),
            // Without a direction there are no scores to rank.
            direction: direction.unwrap_or(Direction::Minimize),
            next_trial: TrialId(0),
            filling: None,
            live: BTreeMap::new(),
            waiting: BTreeSet::new(),
        })
    }

    fn full(&self) -> Option<Resource> {
        Some(self.full)
    }

    fn eta(&self) -> Option<f64> {
        Some(self.eta)
    }
}

/// The brackets that live, each under its first trial, so that the order of the map is the order of their starts.
#[derive(Debug)]
struct Live {
    table: Vec<(u32, Arc<[RungPlan]>)>,
    /// Brackets not yet begun, counted over all rounds.
    upcoming: Range<u64>,
    direction: Direction,
    next_trial: TrialId,
    /// The one bracket whose first rung has not been handed out in full.
    filling: Option<TrialId>,
    live: BTreeMap<TrialId, Bracket>,
    /// Those with promoted trials that wait for a slot.
    waiting: BTreeSet<TrialId>,
}

impl Live {
    /// The best promoted trial of the earliest bracket that has one.
    fn start_promoted(&mut self) -> Option<Start> {
        let first = *self.waiting.first()?;
        let bracket = self.live.get_mut(&first)?;
        let start = bracket.start_promoted();
        if !bracket.has_promoted() {
            self.waiting.remove(&first);
        }
        start
    }

    /// The next new trial, from the bracket that is being filled or from the one after it.
    fn start_new(&mut self) -> Option<Start> {
        let first = self.filling.or_else(|| self.begin())?;
        let bracket = self.live.get_mut(&first)?;
        let start = bracket.start_new()?;
        self.next_trial = TrialId(start.key.trial.0 + 1);
        self.filling = bracket.has_new().then_some(first);
        Some(start)
    }

    fn begin(&mut self) -> Option<TrialId> {
        let count = self.table.len() as u64;
        let upcoming = self.upcoming.next()?;
        let (bracket, rungs) = &self.table[(upcoming % count) as usize];
        let id = BracketId { round: (upcoming / count) as u32, bracket: *bracket };
        let begun = Bracket::new(id, self.next_trial, Arc::clone(rungs), self.direction);
        self.live.insert(self.next_trial, begun);
        Some(self.next_trial)
    }

    /// Notes what `first` has to give after its rung may have filled.
    fn review(&mut self, first: TrialId) {
        let Some(bracket) = self.live.get(&first) else { return };
        if bracket.is_over() {
            self.live.remove(&first);
        } else if bracket.has_promoted() {
            self.waiting.insert(first);
        }
    }
}

impl Scheduler for Live {
    fn next(&mut self) -> Next {
        match self.start_promoted().or_else(|| self.start_new()) {
            Some(start) => Next::Start(start),
            None if self.live.is_empty() => Next::Done,
            None => Next::Wait,
        }
    }

    fn finish(&mut self, key: JobKey, score: Option<Score>) -> Vec<Verdict> {
        let Some((&first, bracket)) = self.live.range_mut(..=key.trial).next_back() else { return Vec::new() };
        let verdicts = bracket.finish(key, score);
        self.review(first);
        verdicts
    }

    fn close(&mut self, never_run: &[TrialId]) -> Vec<Verdict> {
        self.upcoming = 0..0;
        let mut closing: BTreeSet<TrialId> = self.filling.take().into_iter().collect();
        for trial in never_run {
            if let Some((&first, bracket)) = self.live.range_mut(..=*trial).next_back() {
                bracket.take_back();
                closing.insert(first);
            }
        }
        let mut verdicts = Vec::new();
        for first in closing {
            verdicts.extend(self.live.get_mut(&first).map_or_else(Vec::new, Bracket::close));
            self.review(first);
        }
        verdicts
    }
}

/// Reads `rounds` (≥ 1, default 1).
pub fn read_rounds(reader: &mut Reader<'_>) -> u32 {
    let rounds = reader.positive_or_absent("rounds").unwrap_or(1);
    u32::try_from(rounds).unwrap_or(u32::MAX)
}
