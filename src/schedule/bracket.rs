//! One live bracket of synchronous successive halving: a rung fills, the best of it go on (Jamieson and Talwalkar 2016).

use std::collections::VecDeque;
use std::sync::Arc;

use crate::words::ids::{BracketId, JobKey, Rung, TrialId};
use crate::words::objective::{Direction, Score, rank};
use crate::words::units::Resource;

use super::ladder::shrink;
use super::{RungPlan, Start, Verdict};

/// A bracket whose trials are numbered on from `first`. It keeps the scores of its current rung only.
#[derive(Debug)]
pub struct Bracket {
    id: BracketId,
    direction: Direction,
    rungs: Arc<[RungPlan]>,
    first: TrialId,
    started: u64,
    rung: usize,
    promoted: VecDeque<TrialId>,
    running: u64,
    scores: Vec<(TrialId, Score)>,
}

impl Bracket {
    /// A bracket that has started nothing yet.
    pub fn new(id: BracketId, first: TrialId, rungs: Arc<[RungPlan]>, direction: Direction) -> Bracket {
        Bracket {
            id,
            direction,
            rungs,
            first,
            started: 0,
            rung: 0,
            promoted: VecDeque::new(),
            running: 0,
            scores: Vec::new(),
        }
    }

    /// The next new trial at the first rung, if one is left.
    pub fn start_new(&mut self) -> Option<Start> {
        if self.started == self.planned() {
            return None;
        }
        let trial = TrialId(self.first.0 + self.started);
        self.started += 1;
        Some(self.start(trial, None))
    }

    /// The best promoted trial that waits for a slot, if any.
    pub fn start_promoted(&mut self) -> Option<Start> {
        let trial = self.promoted.pop_front()?;
        let previous = self.rungs[self.rung - 1].resource;
        Some(self.start(trial, Some(previous)))
    }

    /// Whether [`Bracket::start_new`] has a trial.
    pub fn has_new(&self) -> bool {
        self.started < self.planned()
    }

    /// Whether [`Bracket::start_promoted`] has a trial.
    pub fn has_promoted(&self) -> bool {
        !self.promoted.is_empty()
    }

    /// Whether nothing runs and nothing will.
    pub fn is_over(&self) -> bool {
        self.running == 0 && !self.has_new() && !self.has_promoted()
    }

    /// A job of the current rung ended. A trial without a score, or at the last rung, is over at once; the others learn
    /// their fate when the rung is full. Keys of another rung are ignored.
    pub fn finish(&mut self, key: JobKey, score: Option<Score>) -> Vec<Verdict> {
        if self.running == 0 || key.rung.0 as usize != self.rung {
            return Vec::new();
        }
        self.running -= 1;
        let mut verdicts = Vec::new();
        match score.filter(|_| self.rung + 1 < self.rungs.len()) {
            Some(score) => self.scores.push((key.trial, score)),
            None => verdicts.push(Verdict::Retire(key.trial)),
        }
        self.settle(&mut verdicts);
        verdicts
    }

    /// One of the new trials that were handed out will never run. Only before [`Bracket::close`], at the first rung.
    pub fn take_back(&mut self) {
        self.started = self.started.saturating_sub(1);
        self.running = self.running.saturating_sub(1);
    }

    /// Starts no further new trial; later rungs shrink in proportion to what was started.
    pub fn close(&mut self) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        if self.has_new() {
            self.rungs = shrink(&self.rungs, self.started).into();
            self.settle(&mut verdicts);
        }
        verdicts
    }

    /// Opens the next rung if this one is full: the best go on, by the one ranking rule.
    fn settle(&mut self, verdicts: &mut Vec<Verdict>) {
        if !self.is_over() {
            return;
        }
        let room = self.rungs.get(self.rung + 1).map_or(0, |next| usize::try_from(next.configs).unwrap_or(usize::MAX));
        let mut scores = std::mem::take(&mut self.scores);
        scores.sort_unstable_by(|a, b| rank(self.direction, (a.0, Some(a.1)), (b.0, Some(b.1))));
        let (best, rest) = scores.split_at(room.min(scores.len()));
        verdicts.extend(best.iter().map(|(trial, _)| Verdict::Promote(*trial)));
        verdicts.extend(rest.iter().map(|(trial, _)| Verdict::Retire(*trial)));
        self.promoted = best.iter().map(|(trial, _)| *trial).collect();
        self.rung += 1;
    }

    fn start(&mut self, trial: TrialId, previous: Option<Resource>) -> Start {
        self.running += 1;
        let key = JobKey { trial, rung: Rung(self.rung as u32) };
        Start { key, bracket: self.id, resource: self.rungs[self.rung].resource, previous }
    }

    fn planned(&self) -> u64 {
        self.rungs.first().map_or(0, |r| r.configs)
    }
}
