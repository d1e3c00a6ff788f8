//! One running bracket of synchronous successive halving: when a rung is complete, its best trials are promoted
//! (Jamieson and Talwalkar 2016).

use std::collections::VecDeque;
use std::sync::Arc;

use crate::types::ids::{BracketId, JobKey, Rung, TrialId};
use crate::types::objective::{Direction, Score, rank};
use crate::types::units::Resource;

use super::plan::shrink;
use super::{RungPlan, Start, Verdict};

/// A bracket whose trials are numbered from `first_trial`. It keeps the scores of the current rung only.
#[derive(Debug)]
pub struct Bracket {
    id: BracketId,
    direction: Direction,
    rungs: Arc<[RungPlan]>,
    first_trial: TrialId,
    started: u64,
    /// Index of the current rung.
    rung: usize,
    /// Promoted trials that wait for a slot, the best first.
    promoted: VecDeque<TrialId>,
    running: u64,
    scores: Vec<(TrialId, Score)>,
}

impl Bracket {
    /// A bracket that has started nothing.
    pub fn new(id: BracketId, first_trial: TrialId, rungs: Arc<[RungPlan]>, direction: Direction) -> Bracket {
        Bracket {
            id,
            direction,
            rungs,
            first_trial,
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
        let trial = TrialId(self.first_trial.0 + self.started);
        self.started += 1;
        Some(self.start(trial, None))
    }

    /// The best promoted trial that waits for a slot.
    pub fn start_promoted(&mut self) -> Option<Start> {
        let trial = self.promoted.pop_front()?;
        let previous = self.rungs[self.rung - 1].resource;
        Some(self.start(trial, Some(previous)))
    }

    /// Whether [`Bracket::start_new`] returns a trial.
    pub fn has_new(&self) -> bool {
        self.started < self.planned()
    }

    /// Whether [`Bracket::start_promoted`] returns a trial.
    pub fn has_promoted(&self) -> bool {
        !self.promoted.is_empty()
    }

    /// Whether no job runs or waits for a slot.
    pub fn is_finished(&self) -> bool {
        self.running == 0 && !self.has_new() && !self.has_promoted()
    }

    /// A job ended. A trial without a score or at the last rung is retired at once; the other verdicts follow when the rung is
    /// complete. A key of another rung than the current one is ignored.
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
        self.complete_rung(&mut verdicts);
        verdicts
    }

    /// The failed job of `start` runs again: it counts as running. False if the bracket is another one or past the job's rung.
    pub fn reopen(&mut self, start: &Start) -> bool {
        let is_current = start.bracket == self.id && start.key.rung.0 as usize == self.rung && !self.is_finished();
        self.running += u64::from(is_current);
        is_current
    }

    /// One started new trial will never run. Call it before [`Bracket::close`], while the first rung is current.
    pub fn cancel_new(&mut self) {
        self.started = self.started.saturating_sub(1);
        self.running = self.running.saturating_sub(1);
    }

    /// Starts no further new trial; later rungs shrink in proportion to the number of started trials.
    pub fn close(&mut self) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        if self.has_new() {
            self.rungs = shrink(&self.rungs, self.started).into();
            self.complete_rung(&mut verdicts);
        }
        verdicts
    }

    /// If the current rung is complete, promotes its best trials and moves to the next rung.
    fn complete_rung(&mut self, verdicts: &mut Vec<Verdict>) {
        if !self.is_finished() {
            return;
        }
        let k = self.rungs.get(self.rung + 1).map_or(0, |next| usize::try_from(next.configs).unwrap_or(usize::MAX));
        let mut scores = std::mem::take(&mut self.scores);
        scores.sort_unstable_by(|a, b| rank(self.direction, (a.0, Some(a.1)), (b.0, Some(b.1))));
        let (best, rest) = scores.split_at(k.min(scores.len()));
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
