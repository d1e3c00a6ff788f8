//! The state of a freeze-thaw schedule: the first bracket while it runs, and the single trials after it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::schedule::bracket::Bracket;
use crate::schedule::{Advisor, Next, RungPlan, Scheduler, Start, Verdict};
use crate::types::advice::{Advice, PausedTrial, SlotChoices, TrialRequest};
use crate::types::allocation::PromotedStart;
use crate::types::ids::{BracketId, JobKey, Rung, TrialId};
use crate::types::objective::{Direction, Score};
use crate::types::units::Resource;

/// Maximum number of paused trials: each may hold a checkpoint. As many as the first bracket can have.
const MAX_PAUSED: usize = 27;

/// The rung at which a trial is paused, and its result there.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Pause {
    /// Index into the rungs of the first bracket.
    level: usize,
    /// The score as a cost: less is better.
    cost: f64,
}

/// A promotion outside the first bracket that waits for a slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Promotion {
    trial: TrialId,
    /// The level at which the trial was paused.
    from: usize,
    /// The level of its next job.
    to: usize,
}

/// See [`crate::schedule::freeze_thaw::FreezeThaw`]. A level is an index into the rungs of the first bracket, which later trials have too.
#[derive(Debug)]
pub struct FreezeThawScheduler {
    first: Bracket,
    /// Number of trials of the first bracket.
    initial_trials: u64,
    /// The resource of each level.
    resources: Vec<Resource>,
    /// The level at which later trials start if the model has no opinion.
    start_level: usize,
    promoted_start: PromotedStart,
    eta: f64,
    direction: Direction,
    /// The costs of all jobs that ended at each level, sorted.
    costs: Vec<Vec<f64>>,
    /// The last cost of each trial of the first bracket.
    initial_costs: BTreeMap<TrialId, f64>,
    /// Trials between two rungs, including those that the first bracket did not promote.
    paused: BTreeMap<TrialId, Pause>,
    /// Trials that were paused when the schedule ended.
    retired_at_end: BTreeMap<TrialId, Pause>,
    /// Trials whose last job ended without a decision so far, with whether the cost is in the top 1/η of its level.
    undecided: VecDeque<(TrialId, bool)>,
    /// Trials that the first bracket did not promote and the model did.
    promoted_later: BTreeSet<TrialId>,
    /// Trials that were promoted outside the first bracket and wait for a slot.
    promoted: VecDeque<Promotion>,
    /// The level of the next new trial, if it is decided.
    next_level: Option<usize>,
    next_trial: u64,
    max_trials: u64,
    /// Running jobs outside the first bracket.
    running: u64,
}

impl FreezeThawScheduler {
    /// A scheduler that has started nothing, with a first bracket of `rungs`.
    pub fn new(
        rungs: Arc<[RungPlan]>,
        start_level: usize,
        eta: f64,
        max_trials: u64,
        promoted_start: PromotedStart,
        direction: Direction,
    ) -> FreezeThawScheduler {
        let id = BracketId { round: 0, bracket: rungs.len() as u32 - 1 };
        FreezeThawScheduler {
            initial_trials: rungs[0].configs,
            resources: rungs.iter().map(|rung| rung.resource).collect(),
            start_level,
            promoted_start,
            eta,
            direction,
            costs: vec![Vec::new(); rungs.len()],
            first: Bracket::new(id, TrialId(0), rungs, direction),
            initial_costs: BTreeMap::new(),
            paused: BTreeMap::new(),
            retired_at_end: BTreeMap::new(),
            undecided: VecDeque::new(),
            promoted_later: BTreeSet::new(),
            promoted: VecDeque::new(),
            next_level: None,
            next_trial: 0,
            max_trials,
            running: 0,
        }
    }

    /// The bracket of `trial`. The number of the later trials' bracket is one above that of the first.
    fn bracket(&self, trial: TrialId) -> BracketId {
        let round = u32::from(trial.0 >= self.initial_trials);
        BracketId { round, bracket: self.resources.len() as u32 - 1 + round }
    }

    fn start(&mut self, trial: TrialId, level: usize, previous: Option<usize>) -> Start {
        self.running += 1;
        Start {
            key: JobKey { trial, rung: Rung(level as u32) },
            bracket: self.bracket(trial),
            resource: self.resources[level],
            previous: previous.map(|level| self.resources[level]),
        }
    }

    /// The request for the next new trial, if one may start.
    fn new_trial(&self) -> Option<TrialRequest> {
        let trial = TrialId(self.next_trial);
        let request = TrialRequest { trial, bracket: self.bracket(trial), resource: self.resources[self.start_level] };
        (self.next_trial < self.max_trials).then_some(request)
    }

    /// The level whose resource is `resource`.
    fn level(&self, resource: Resource) -> Option<usize> {
        self.resources.iter().position(|other| *other == resource)
    }

    /// Records a score and returns whether it is in the top 1/η of its level.
    fn record(&mut self, level: usize, score: Score) -> bool {
        let cost = self.direction.cost(score);
        let costs = &mut self.costs[level];
        costs.insert(costs.partition_point(|other| *other < cost), cost);
        self.rank(Pause { level, cost }) <= 1.0 / self.eta
    }

    /// The fraction of the costs at the level that are lower, in [0, 1).
    fn rank(&self, pause: Pause) -> f64 {
        let costs = &self.costs[pause.level];
        costs.partition_point(|other| *other < pause.cost) as f64 / costs.len() as f64
    }

    /// Pauses a trial. If there are more than [`MAX_PAUSED`], the one with the worst rank is retired.
    fn pause(&mut self, trial: TrialId, pause: Pause) -> Option<Verdict> {
        self.paused.insert(trial, pause);
        if self.paused.len() <= MAX_PAUSED {
            return None;
        }
        let ranks = self.paused.iter().map(|(trial, pause)| (self.rank(*pause), *trial));
        let (_, worst) = ranks.max_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))?;
        self.paused.remove(&worst);
        Some(Verdict::Retire(worst))
    }

    /// Promotes a paused trial to the level `to` if that is above the next one, otherwise to the next one.
    fn promote(&mut self, trial: TrialId, to: Option<usize>) -> Option<Verdict> {
        let from = self.paused.remove(&trial)?.level;
        let next = from + 1;
        let to = to.filter(|to| (next..self.resources.len()).contains(to)).unwrap_or(next);
        self.promoted.push_back(Promotion { trial, from, to });
        if trial.0 < self.initial_trials {
            self.promoted_later.insert(trial);
        }
        Some(if to == next { Verdict::Promote(trial) } else { Verdict::PromoteTo(trial, Rung(to as u32)) })
    }

    fn decide_once(&mut self, advisor: &mut dyn Advisor, (ended, is_top): (TrialId, bool)) -> Option<Verdict> {
        let paused =
            |(trial, pause): (&TrialId, &Pause)| PausedTrial { trial: *trial, resource: self.resources[pause.level] };
        let paused: Vec<PausedTrial> = self.paused.iter().map(paused).collect();
        let choices = SlotChoices {
            new_trial: self.new_trial(),
            paused: &paused,
            rungs: &self.resources,
            promoted: self.promoted_start,
        };
        match advisor.advise(choices) {
            Advice::Promote { trial, to } => self.promote(trial, self.level(to)),
            Advice::StartNew { at } => {
                self.next_level = self.level(at);
                None
            }
            Advice::NoOpinion if is_top => self.promote(ended, None),
            Advice::NoOpinion => None,
        }
    }

    /// Replay: promotes `trial` to the level `skips_to`, which must be above its next one, or to its next one.
    fn accept_promotion(&mut self, trial: TrialId, skips_to: Option<usize>) -> bool {
        let Some(pause) = self.paused.get(&trial) else { return false };
        if skips_to.is_some_and(|to| to <= pause.level + 1 || to >= self.resources.len()) {
            return false;
        }
        self.undecided.pop_front();
        self.promote(trial, skips_to).is_some()
    }

    /// Whether no job runs, waits for a slot, or may still start.
    fn is_finished(&self) -> bool {
        self.running == 0 && self.promoted.is_empty() && self.next_trial >= self.max_trials && self.first.is_finished()
    }

    /// A job of the first bracket ended. Trials that the bracket does not promote are paused: the model may promote them later.
    fn finish_initial(&mut self, key: JobKey, score: Option<Score>) -> Vec<Verdict> {
        self.initial_costs.extend(score.map(|score| (key.trial, self.direction.cost(score))));
        let level = key.rung.0 as usize;
        let is_last = level + 1 == self.resources.len();
        let mut verdicts = Vec::new();
        for verdict in self.first.finish(key, score) {
            let paused = match verdict {
                Verdict::Retire(trial) if !is_last => self.initial_costs.get(&trial).map(|cost| (trial, *cost)),
                _ => None,
            };
            match paused.filter(|(trial, _)| *trial != key.trial || score.is_some()) {
                Some((trial, cost)) => verdicts.extend(self.pause(trial, Pause { level, cost })),
                None => verdicts.push(verdict),
            }
        }
        verdicts
    }

    /// A job outside the first bracket ended.
    fn finish_single(&mut self, key: JobKey, level: usize, score: Option<Score>) -> Vec<Verdict> {
        self.running = self.running.saturating_sub(1);
        match score.filter(|_| level + 1 < self.resources.len()) {
            Some(score) => {
                self.pause(key.trial, Pause { level, cost: self.direction.cost(score) }).into_iter().collect()
            }
            None => vec![Verdict::Retire(key.trial)],
        }
    }
}

impl Scheduler for FreezeThawScheduler {
    fn next(&mut self) -> Next {
        if let Some(start) = self.first.start_promoted() {
            return Next::Start(start);
        }
        if let Some(Promotion { trial, from, to }) = self.promoted.pop_front() {
            return Next::Start(self.start(trial, to, Some(from)));
        }
        if self.next_trial < self.max_trials {
            let trial = TrialId(self.next_trial);
            self.next_trial += 1;
            self.undecided.pop_front();
            if let Some(start) = self.first.start_new() {
                return Next::Start(start);
            }
            let level = self.next_level.take().unwrap_or(self.start_level);
            return Next::Start(self.start(trial, level, None));
        }
        if self.is_finished() { Next::Done } else { Next::Wait }
    }

    fn next_recorded(&mut self, key: JobKey) -> Next {
        let level = key.rung.0 as usize;
        let is_next = key.trial == TrialId(self.next_trial) && level < self.resources.len();
        self.next_level = is_next.then_some(level);
        let next = self.next();
        // the first bracket does not use it
        self.next_level = None;
        next
    }

    fn finish(&mut self, key: JobKey, score: Option<Score>) -> Vec<Verdict> {
        let is_initial = key.trial.0 < self.initial_trials;
        let level = key.rung.0 as usize;
        if level >= self.resources.len() {
            return Vec::new();
        }
        let is_top = score.is_some_and(|score| self.record(level, score));
        let verdicts = if is_initial && !self.promoted_later.contains(&key.trial) {
            self.finish_initial(key, score)
        } else {
            self.finish_single(key, level, score)
        };
        if !self.first.has_new() && !self.first.has_promoted() {
            self.undecided.push_back((key.trial, is_top));
        }
        verdicts
    }

    fn decide(&mut self, advisor: &mut dyn Advisor) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        while let Some(ended) = self.undecided.pop_front() {
            verdicts.extend(self.decide_once(advisor, ended));
        }
        if self.is_finished() {
            let paused = std::mem::take(&mut self.paused);
            verdicts.extend(paused.keys().copied().map(Verdict::Retire));
            self.retired_at_end.extend(paused);
        }
        verdicts
    }

    fn accept(&mut self, verdict: Verdict) -> bool {
        match verdict {
            Verdict::Promote(trial) => self.accept_promotion(trial, None),
            Verdict::PromoteTo(trial, rung) => self.accept_promotion(trial, Some(rung.0 as usize)),
            Verdict::Retire(trial) => {
                self.undecided.clear();
                let paused = self.paused.remove(&trial);
                self.retired_at_end.extend(paused.map(|pause| (trial, pause)));
                paused.is_some()
            }
        }
    }

    fn close(&mut self, never_run: &[TrialId]) -> Vec<Verdict> {
        self.max_trials = self.next_trial;
        self.next_level = None;
        for trial in never_run {
            if trial.0 < self.initial_trials {
                self.first.cancel_new();
            } else {
                self.running = self.running.saturating_sub(1);
            }
        }
        self.first.close()
    }

    /// The number of trials of the first bracket does not change.
    fn set_length(&mut self, length: u64) {
        self.max_trials = length;
        self.next_level = None;
        self.paused.append(&mut self.retired_at_end);
    }

    fn may_return(&self, trial: TrialId) -> bool {
        self.retired_at_end.contains_key(&trial)
    }

    fn reopen(&mut self, start: &Start) -> bool {
        let trial = start.key.trial;
        if trial.0 < self.initial_trials && !self.promoted_later.contains(&trial) {
            return self.first.reopen(start);
        }
        self.running += 1;
        true
    }
}
