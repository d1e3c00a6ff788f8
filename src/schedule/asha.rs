//! Asynchronous successive halving (ASHA), promotion variant (Li et al. 2020, "A System for Massively Parallel
//! Hyperparameter Tuning", Algorithm 2): a trial is promoted as soon as it is in the top 1/η of its rung, so no slot waits
//! for a rung to fill.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::types::ids::{BracketId, JobKey, Rung, TrialId};
use crate::types::objective::{Direction, Score};
use crate::types::units::Resource;

use super::rung_levels::RungLevels;
use super::top_k::TopK;
use super::{BracketPlan, Length, Next, Plan, RungPlan, Schedule, Scheduler, Start, UNLIMITED, Verdict};

/// One bracket of asynchronous successive halving.
#[derive(Clone, PartialEq, Debug)]
pub struct Asha {
    levels: RungLevels,
    /// The resource of each rung.
    resources: Vec<Resource>,
    max_trials: u64,
}

impl Asha {
    /// A bracket with the rungs of `levels`, for `max_trials` trials ([`UNLIMITED`]: as many as the sampler and the limits
    /// of the study allow).
    pub fn new(levels: RungLevels, max_trials: u64) -> Asha {
        let resources = levels.resources();
        Asha { levels, resources, max_trials }
    }

    fn bracket(&self) -> u32 {
        self.resources.len() as u32 - 1
    }
}

impl Schedule for Asha {
    /// ⌊n·η^−i⌋ configurations at rung i for n trials. This is an estimate: ASHA also promotes trials that later drop out of the
    /// top 1/η.
    fn plan(&self, max_trials: Option<u64>) -> Plan {
        let trials = self.max_trials.min(max_trials.unwrap_or(UNLIMITED));
        let configs =
            |i: usize| if trials == UNLIMITED { UNLIMITED } else { self.levels.div_pow_floor(trials, i as u32) };
        let rungs = self.resources.iter().enumerate().map(|(i, &resource)| RungPlan { configs: configs(i), resource });
        let bracket = BracketPlan { bracket: self.bracket(), rungs: rungs.collect() };
        Plan { brackets: vec![bracket], rounds: 1, open_ended: true }
    }

    fn scheduler(&self, direction: Option<Direction>) -> Box<dyn Scheduler> {
        // Without a metric no trial has a score, so the direction has no effect.
        let direction = direction.unwrap_or(Direction::Minimize);
        Box::new(AshaScheduler {
            bracket: BracketId { round: 0, bracket: self.bracket() },
            rungs: self.resources.iter().map(|&resource| RungState::new(resource, direction)).collect(),
            levels: self.levels.clone(),
            next_trial: 0,
            max_trials: self.max_trials,
            promoted: BTreeSet::new(),
            retired_at_end: BTreeSet::new(),
            reopened: BTreeSet::new(),
            running: 0,
        })
    }

    fn length(&self) -> Length {
        Length::Trials(self.max_trials)
    }

    fn with_length(&self, amount: u64) -> Arc<dyn Schedule> {
        Arc::new(Asha { max_trials: amount, ..self.clone() })
    }

    fn max_resource(&self) -> Option<Resource> {
        Some(self.levels.max_resource())
    }

    fn eta(&self) -> Option<f64> {
        Some(self.levels.eta())
    }
}

#[derive(Debug)]
struct RungState {
    resource: Resource,
    /// Jobs at this rung that are running or wait for a slot.
    pending: u64,
    /// Jobs that ended at this rung, with or without a score.
    finished: u64,
    top_k: TopK,
}

impl RungState {
    fn new(resource: Resource, direction: Direction) -> RungState {
        RungState { resource, pending: 0, finished: 0, top_k: TopK::new(direction) }
    }
}

#[derive(Debug)]
struct AshaScheduler {
    bracket: BracketId,
    levels: RungLevels,
    rungs: Vec<RungState>,
    next_trial: u64,
    max_trials: u64,
    /// Promoted trials that wait for a slot, with their next rung; the highest rung first.
    promoted: BTreeSet<(Reverse<Rung>, TrialId)>,
    /// Trials that were retired because no further job can end at their rung.
    retired_at_end: BTreeSet<TrialId>,
    /// Failed jobs that run again. They count as finished, so that the number of promotions does not decrease.
    reopened: BTreeSet<JobKey>,
    running: u64,
}

impl AshaScheduler {
    fn start(&mut self, key: JobKey) -> Next {
        let rung = key.rung.0 as usize;
        let previous = rung.checked_sub(1).map(|below| self.rungs[below].resource);
        self.running += 1;
        Next::Start(Start { key, bracket: self.bracket, resource: self.rungs[rung].resource, previous })
    }

    /// Promotes the trials in the top 1/η of `rung` that were not promoted before.
    fn promote(&mut self, rung: usize, verdicts: &mut Vec<Verdict>) {
        let next_rung = Rung(rung as u32 + 1);
        let k = self.levels.div_pow_floor(self.rungs[rung].finished, 1);
        while let Some(trial) = self.rungs[rung].top_k.pop_promotable(k) {
            self.promoted.insert((Reverse(next_rung), trial));
            self.rungs[rung + 1].pending += 1;
            verdicts.push(Verdict::Promote(trial));
        }
    }

    /// Retires the trials of every rung in which no further job can end, because they can no longer be promoted.
    fn retire_finished_rungs(&mut self, verdicts: &mut Vec<Verdict>) {
        if self.next_trial < self.max_trials {
            return;
        }
        for rung in &mut self.rungs {
            if rung.pending > 0 {
                return;
            }
            let retired = rung.top_k.retire_unpromoted();
            self.retired_at_end.extend(&retired);
            verdicts.extend(retired.into_iter().map(Verdict::Retire));
        }
    }
}

impl Scheduler for AshaScheduler {
    fn next(&mut self) -> Next {
        if let Some((Reverse(rung), trial)) = self.promoted.pop_first() {
            return self.start(JobKey { trial, rung });
        }
        if self.next_trial < self.max_trials {
            let trial = TrialId(self.next_trial);
            self.next_trial += 1;
            self.rungs[0].pending += 1;
            return self.start(JobKey { trial, rung: Rung(0) });
        }
        if self.running == 0 { Next::Done } else { Next::Wait }
    }

    fn finish(&mut self, key: JobKey, score: Option<Score>) -> Vec<Verdict> {
        let index = key.rung.0 as usize;
        let is_last = index + 1 == self.rungs.len();
        let Some(rung) = self.rungs.get_mut(index).filter(|rung| rung.pending > 0) else { return Vec::new() };
        let mut verdicts = Vec::new();
        self.running -= 1;
        rung.pending -= 1;
        rung.finished += u64::from(!self.reopened.remove(&key));
        match score.filter(|_| !is_last) {
            Some(score) => rung.top_k.insert(key.trial, score),
            None => verdicts.push(Verdict::Retire(key.trial)),
        }
        if !is_last {
            self.promote(index, &mut verdicts);
        }
        self.retire_finished_rungs(&mut verdicts);
        verdicts
    }

    fn close(&mut self, never_run: &[TrialId]) -> Vec<Verdict> {
        self.max_trials = self.next_trial;
        let never_run = never_run.len() as u64;
        self.running -= never_run.min(self.running);
        self.rungs[0].pending -= never_run.min(self.rungs[0].pending);
        let mut verdicts = Vec::new();
        self.retire_finished_rungs(&mut verdicts);
        verdicts
    }

    fn set_length(&mut self, length: u64) {
        self.max_trials = length;
        self.retired_at_end.clear();
        self.rungs.iter_mut().for_each(|rung| rung.top_k.restore_retired());
    }

    fn may_return(&self, trial: TrialId) -> bool {
        self.retired_at_end.contains(&trial)
    }

    fn reopen(&mut self, start: &Start) -> bool {
        let Some(rung) = self.rungs.get_mut(start.key.rung.0 as usize) else { return false };
        rung.pending += 1;
        self.running += 1;
        self.reopened.insert(start.key);
        true
    }
}
