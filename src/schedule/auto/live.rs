//! The first bracket while it runs, and the single trials after it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::{Auto, MOST};
use crate::schedule::bracket::Bracket;
use crate::schedule::{Next, Scheduler, Start, Verdict};
use crate::search::{Advice, Ask, Paused, Searcher};
use crate::words::ids::{BracketId, JobKey, Rung, TrialId};
use crate::words::objective::{Direction, Score};
use crate::words::units::Resource;

/// A trial off the first bracket, and the place of its last rung on the ladder.
type Place = (TrialId, usize);

/// Most trials that wait between two rungs: each may hold a checkpoint.
const MOST_PAUSED: usize = MOST as usize;

/// Where a trial waits.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Stand {
    /// The place of its last rung on the ladder.
    at: usize,
    /// What it cost there.
    cost: f64,
}

/// The first bracket and the single trials.
#[derive(Debug)]
pub struct Live {
    first: Bracket,
    /// Trials of the first bracket.
    initial: u64,
    /// The whole ladder.
    rungs: Vec<Resource>,
    /// Where on it single trials start.
    start: usize,
    eta: f64,
    direction: Direction,
    /// Costs of all jobs that ended at each rung, sorted.
    seen: Vec<Vec<f64>>,
    /// What each trial of the first bracket cost in its last job.
    costs: BTreeMap<TrialId, f64>,
    /// Trials between two rungs, dropped ones of the first bracket among them.
    paused: BTreeMap<TrialId, Stand>,
    /// Ends after which nothing was decided yet, with whether the trial was among the best there.
    undecided: VecDeque<(TrialId, bool)>,
    /// Trials of the first bracket that were dropped there and sent on later.
    strays: BTreeSet<TrialId>,
    /// Trials that go on and wait for a slot.
    promoted: VecDeque<Place>,
    next_trial: u64,
    end: u64,
    /// Jobs off the first bracket that run.
    running: u64,
}

impl Live {
    /// One that has started nothing.
    pub fn new(auto: &Auto, direction: Direction) -> Live {
        let id = BracketId { round: 0, bracket: auto.bracket() };
        Live {
            first: Bracket::new(id, TrialId(0), Arc::clone(&auto.first), direction),
            initial: auto.initial(),
            rungs: auto.first.iter().map(|rung| rung.resource).collect(),
            start: auto.start(),
            eta: auto.eta,
            direction,
            seen: vec![Vec::new(); auto.first.len()],
            costs: BTreeMap::new(),
            paused: BTreeMap::new(),
            undecided: VecDeque::new(),
            strays: BTreeSet::new(),
            promoted: VecDeque::new(),
            next_trial: 0,
            end: auto.runs,
            running: 0,
        }
    }

    /// The job that takes `trial` to the place `at` of the ladder.
    fn job(&mut self, trial: TrialId, at: usize) -> Start {
        self.running += 1;
        let top = self.rungs.len() - 1;
        let (round, lowest) = if trial.0 < self.initial { (0, 0) } else { (1, self.start) };
        Start {
            key: JobKey { trial, rung: Rung((at - lowest) as u32) },
            bracket: BracketId { round, bracket: (top - lowest) as u32 },
            resource: self.rungs[at],
            previous: (at > lowest).then(|| self.rungs[at - 1]),
        }
    }

    /// The new trial that would be next, as a searcher is asked for it.
    fn ask(&self) -> Option<Ask> {
        let bracket = BracketId { round: 1, bracket: (self.rungs.len() - 1 - self.start) as u32 };
        let ask = Ask { trial: TrialId(self.next_trial), bracket, resource: self.rungs[self.start] };
        (self.next_trial < self.end).then_some(ask)
    }

    /// Takes a score in and tells whether it is among the best 1/η of its rung.
    fn place(&mut self, at: usize, score: Score) -> bool {
        let cost = self.direction.cost(score);
        let seen = &mut self.seen[at];
        seen.insert(seen.partition_point(|other| *other < cost), cost);
        self.share_of_better(Stand { at, cost }) <= 1.0 / self.eta
    }

    /// The share of all costs at that rung that are less, 0…1.
    fn share_of_better(&self, stand: Stand) -> f64 {
        let seen = &self.seen[stand.at];
        seen.partition_point(|other| *other < stand.cost) as f64 / seen.len() as f64
    }

    /// Lets `trial` wait. Where too many do, the one that stands worst in its rung is over.
    fn pause(&mut self, trial: TrialId, stand: Stand) -> Option<Verdict> {
        self.paused.insert(trial, stand);
        if self.paused.len() <= MOST_PAUSED {
            return None;
        }
        let shares = self.paused.iter().map(|(trial, stand)| (self.share_of_better(*stand), *trial));
        let (_, worst) = shares.max_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))?;
        self.paused.remove(&worst);
        Some(Verdict::Retire(worst))
    }

    /// Sends a paused trial on.
    fn promote(&mut self, trial: TrialId) -> bool {
        let Some(stand) = self.paused.remove(&trial) else { return false };
        self.promoted.push_back((trial, stand.at + 1));
        if trial.0 < self.initial {
            self.strays.insert(trial);
        }
        true
    }

    fn decide_once(&mut self, searcher: &mut dyn Searcher, ended: (TrialId, bool)) -> Option<TrialId> {
        let waiting = |(trial, stand): (&TrialId, &Stand)| Paused { trial: *trial, spent: self.rungs[stand.at] };
        let paused: Vec<Paused> = self.paused.iter().map(waiting).collect();
        let chosen = match searcher.advise(self.ask().as_ref(), &paused) {
            Advice::Continue(trial) => Some(trial),
            Advice::StartNew => None,
            Advice::NoOpinion => ended.1.then_some(ended.0),
        };
        chosen.filter(|trial| self.promote(*trial))
    }

    /// Whether nothing runs, waits for a slot, or may still start.
    fn is_over(&self) -> bool {
        self.running == 0 && self.promoted.is_empty() && self.next_trial >= self.end && self.first.is_over()
    }

    /// The end of a job of the first bracket; whom it drops may still be sent on later.
    fn finish_first(&mut self, key: JobKey, score: Option<Score>) -> Vec<Verdict> {
        self.costs.extend(score.map(|score| (key.trial, self.direction.cost(score))));
        let at = key.rung.0 as usize;
        let is_last = at + 1 == self.rungs.len();
        let mut verdicts = Vec::new();
        for verdict in self.first.finish(key, score) {
            let waiting = match verdict {
                Verdict::Retire(trial) if !is_last => self.costs.get(&trial).map(|cost| (trial, *cost)),
                _ => None,
            };
            match waiting.filter(|(trial, _)| *trial != key.trial || score.is_some()) {
                Some((trial, cost)) => verdicts.extend(self.pause(trial, Stand { at, cost })),
                None => verdicts.push(verdict),
            }
        }
        verdicts
    }

    /// The end of any other job.
    fn finish_single(&mut self, key: JobKey, at: usize, score: Option<Score>) -> Vec<Verdict> {
        self.running = self.running.saturating_sub(1);
        match score.filter(|_| at + 1 < self.rungs.len()) {
            Some(score) => self.pause(key.trial, Stand { at, cost: self.direction.cost(score) }).into_iter().collect(),
            None => vec![Verdict::Retire(key.trial)],
        }
    }
}

impl Scheduler for Live {
    fn next(&mut self) -> Next {
        if let Some(start) = self.first.start_promoted() {
            return Next::Start(start);
        }
        if let Some((trial, at)) = self.promoted.pop_front() {
            return Next::Start(self.job(trial, at));
        }
        if self.next_trial < self.end {
            let trial = TrialId(self.next_trial);
            self.next_trial += 1;
            self.undecided.pop_front();
            if let Some(start) = self.first.start_new() {
                return Next::Start(start);
            }
            return Next::Start(self.job(trial, self.start));
        }
        if self.is_over() { Next::Done } else { Next::Wait }
    }

    fn finish(&mut self, key: JobKey, score: Option<Score>) -> Vec<Verdict> {
        let is_first = key.trial.0 < self.initial;
        let at = key.rung.0 as usize + if is_first { 0 } else { self.start };
        if at >= self.rungs.len() {
            return Vec::new();
        }
        let is_good = score.is_some_and(|score| self.place(at, score));
        let verdicts = if is_first && !self.strays.contains(&key.trial) {
            self.finish_first(key, score)
        } else {
            self.finish_single(key, at, score)
        };
        if !self.first.has_new() && !self.first.has_promoted() {
            self.undecided.push_back((key.trial, is_good));
        }
        verdicts
    }

    fn decide(&mut self, searcher: &mut dyn Searcher) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        while let Some(ended) = self.undecided.pop_front() {
            verdicts.extend(self.decide_once(searcher, ended).map(Verdict::Promote));
        }
        if self.is_over() {
            verdicts.extend(std::mem::take(&mut self.paused).into_keys().map(Verdict::Retire));
        }
        verdicts
    }

    fn accept(&mut self, verdict: Verdict) -> bool {
        match verdict {
            Verdict::Promote(trial) => {
                let goes_on = self.promote(trial);
                if goes_on {
                    self.undecided.pop_front();
                }
                goes_on
            }
            Verdict::Retire(trial) => {
                self.undecided.clear();
                self.paused.remove(&trial).is_some()
            }
        }
    }

    fn close(&mut self, never_run: &[TrialId]) -> Vec<Verdict> {
        self.end = self.next_trial;
        for trial in never_run {
            if trial.0 < self.initial {
                self.first.take_back();
            } else {
                self.running = self.running.saturating_sub(1);
            }
        }
        self.first.close()
    }
}
