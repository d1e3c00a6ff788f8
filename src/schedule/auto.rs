//! `auto`: one bracket of successive halving to get to know the space, then one configuration at a time, trained to the rung below
//! the last and on to the end if it is among the best there.
//!
//! Made for a sampler that learns from every rung: the bracket shows it the whole space for the price of a few full trainings, and
//! from then on its suggestions are worth more than a race between them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::method::{Field, Method, MethodKind, Need};
use crate::search::gp::Gp;
use crate::words::args::{Args, Fault};
use crate::words::ids::{BracketId, JobKey, Rung, TrialId};
use crate::words::objective::{Direction, Score};
use crate::words::units::Resource;

use super::bracket::Bracket;
use super::ladder::Ladder;
use super::{BracketPlan, ENDLESS, Next, Plan, RungPlan, Schedule, Scheduler, Start, Verdict};

/// `kind: auto`.
pub static KIND: MethodKind = MethodKind {
    names: &["auto"],
    fields: &[
        Field { name: "maxIterations", need: Need::Required },
        Field { name: "minIterations", need: Need::Optional },
        Field { name: "eta", need: Need::Optional },
        Field { name: "numRuns", need: Need::Optional },
    ],
    params: Need::Required,
    metric: Need::Required,
    resource: Need::Required,
    build,
};

/// Most configurations of the first bracket: with η = 3 it has four rungs and costs as much as four full trainings.
const MOST: u64 = 27;

/// A first bracket, then single trials, `runs` in all.
#[derive(Clone, PartialEq, Debug)]
pub struct Auto {
    /// Rungs of the first bracket.
    first: Arc<[RungPlan]>,
    eta: f64,
    runs: u64,
}

impl Auto {
    /// `runs` trials on the upper rungs of `ladder`; [`ENDLESS`] for as many as the sampler and the study's limits allow.
    pub fn new(ladder: &Ladder, runs: u64) -> Auto {
        let promotions = (0..=ladder.s_max() + 1).rev().find(|s| ladder.grown(1.0, *s, 1) <= MOST).unwrap_or(0);
        let mut resources: Vec<Resource> =
            ladder.down_from_full(promotions.min(ladder.s_max())).into_iter().map(|(_, resource)| resource).collect();
        // what is left of a factor η down to the least resource is worth a rung of its own if it is half of one
        let least = ladder.least();
        if promotions > ladder.s_max() && resources[0].amount() > least.amount() * ladder.eta().sqrt() {
            resources.insert(0, least);
        }
        let last = resources.len() as u32 - 1;
        let configs = |i: usize| ladder.grown(1.0, last - i as u32, 1).max(1);
        let first = resources.into_iter().enumerate().map(|(i, resource)| RungPlan { configs: configs(i), resource });
        Auto { first: first.collect(), eta: ladder.eta(), runs }
    }

    /// Configurations of the first bracket.
    pub fn initial(&self) -> u64 {
        self.first[0].configs
    }

    fn bracket(&self) -> u32 {
        self.first.len() as u32 - 1
    }
}

impl Schedule for Auto {
    /// The first bracket as it will be, and the others' rungs with as many configurations as there may be at most.
    fn plan(&self, supply: Option<u64>) -> Plan {
        let runs = self.runs.min(supply.unwrap_or(ENDLESS));
        let others = if runs == ENDLESS { ENDLESS } else { runs.saturating_sub(self.initial()) };
        let first = BracketPlan {
            bracket: self.bracket(),
            rungs: super::ladder::shrink(&self.first, runs.min(self.initial())),
        };
        let rungs = self.first[self.first.len().saturating_sub(2)..].iter();
        let single = BracketPlan {
            bracket: self.bracket().min(1),
            rungs: rungs.map(|rung| RungPlan { configs: others, resource: rung.resource }).collect(),
        };
        let brackets = if others == 0 { vec![first] } else { vec![first, single] };
        Plan { brackets, rounds: 1, open_ended: true }
    }

    fn scheduler(&self, direction: Option<Direction>) -> Box<dyn Scheduler> {
        // Without a direction there are no scores to rank.
        let direction = direction.unwrap_or(Direction::Minimize);
        let id = BracketId { round: 0, bracket: self.bracket() };
        let start = self.first.len().saturating_sub(2);
        Box::new(Live {
            first: Bracket::new(id, TrialId(0), Arc::clone(&self.first), direction),
            initial: self.initial(),
            rungs: self.first[start..].iter().map(|rung| rung.resource).collect(),
            below: start,
            eta: self.eta,
            direction,
            seen: BTreeMap::new(),
            promoted: VecDeque::new(),
            next_trial: 0,
            end: self.runs,
            running: 0,
        })
    }

    fn full(&self) -> Option<Resource> {
        self.first.last().map(|rung| rung.resource)
    }

    fn eta(&self) -> Option<f64> {
        Some(self.eta)
    }
}

/// The first bracket and the single trials.
#[derive(Debug)]
struct Live {
    first: Bracket,
    /// Trials of the first bracket.
    initial: u64,
    /// Resources of a single trial's rungs.
    rungs: Vec<Resource>,
    /// Rungs of the first bracket below them.
    below: usize,
    eta: f64,
    direction: Direction,
    /// Costs of all jobs that ended at each rung of a single trial, sorted.
    seen: BTreeMap<usize, Vec<f64>>,
    promoted: VecDeque<JobKey>,
    next_trial: u64,
    end: u64,
    /// Jobs of single trials that run.
    running: u64,
}

impl Live {
    fn start(&mut self, key: JobKey) -> Next {
        let at = key.rung.0 as usize;
        self.running += 1;
        Next::Start(Start {
            key,
            bracket: BracketId { round: 1, bracket: self.rungs.len() as u32 - 1 },
            resource: self.rungs[at],
            previous: at.checked_sub(1).map(|below| self.rungs[below]),
        })
    }

    fn is_initial(&self, trial: TrialId) -> bool {
        trial.0 < self.initial
    }

    /// Takes a cost in and tells whether it is among the best 1/η of its rung.
    fn place(&mut self, rung: usize, score: Score) -> bool {
        let cost = self.direction.cost(score);
        let seen = self.seen.entry(rung).or_default();
        let at = seen.partition_point(|other| *other < cost);
        seen.insert(at, cost);
        at as f64 <= seen.len() as f64 / self.eta
    }
}

impl Scheduler for Live {
    fn next(&mut self) -> Next {
        if let Some(start) = self.first.start_promoted() {
            return Next::Start(start);
        }
        if let Some(key) = self.promoted.pop_front() {
            return self.start(key);
        }
        if self.next_trial < self.end.min(self.initial)
            && let Some(start) = self.first.start_new()
        {
            self.next_trial += 1;
            return Next::Start(start);
        }
        if self.next_trial < self.end {
            let trial = TrialId(self.next_trial);
            self.next_trial += 1;
            return self.start(JobKey { trial, rung: Rung(0) });
        }
        if self.running == 0 && self.first.is_over() { Next::Done } else { Next::Wait }
    }

    fn finish(&mut self, key: JobKey, score: Option<Score>) -> Vec<Verdict> {
        let rung = key.rung.0 as usize;
        if self.is_initial(key.trial) {
            if let (Some(at), Some(score)) = (rung.checked_sub(self.below), score) {
                self.place(at, score);
            }
            return self.first.finish(key, score);
        }
        if self.running == 0 || rung >= self.rungs.len() {
            return Vec::new();
        }
        self.running -= 1;
        let is_good = score.is_some_and(|score| self.place(rung, score));
        if is_good && rung + 1 < self.rungs.len() {
            self.promoted.push_back(JobKey { trial: key.trial, rung: Rung(key.rung.0 + 1) });
            return vec![Verdict::Promote(key.trial)];
        }
        vec![Verdict::Retire(key.trial)]
    }

    fn close(&mut self, never_run: &[TrialId]) -> Vec<Verdict> {
        self.end = self.next_trial;
        for trial in never_run {
            if self.is_initial(*trial) {
                self.first.take_back();
            } else {
                self.running = self.running.saturating_sub(1);
            }
        }
        self.first.close()
    }
}

fn build(args: &Args) -> Result<Method, Vec<Fault>> {
    let mut reader = args.reader();
    let ladder = Ladder::read(&mut reader);
    let runs = reader.count_or_absent("numRuns").unwrap_or(ENDLESS);
    reader.check(runs >= 1, "numRuns", "`numRuns` must be 1 or more");
    let schedule = ladder.map(|ladder| Auto::new(&ladder, runs));
    if let Some(Err(message)) = schedule.as_ref().map(|schedule| schedule.plan(None).check_size()) {
        reader.fault("numRuns", message);
    }
    reader.finish(|| {
        let schedule = schedule?;
        let sampler = Gp { initial: schedule.initial(), ..Gp::default() };
        Some(Method { kind: "auto", schedule: Arc::new(schedule), sampler: Arc::new(sampler) })
    })
}
