//! `asha`: asynchronous successive halving; a trial goes on as soon as it is in the top 1/η of its rung, and no slot ever
//! waits for a rung to fill (Li et al. 2020, Algorithm 2, the promotion type).

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::method::{Field, Method, MethodKind, Need};
use crate::search::random::Random;
use crate::words::args::{Args, Fault};
use crate::words::ids::{BracketId, JobKey, Rung, TrialId};
use crate::words::objective::{Direction, Score};
use crate::words::units::Resource;

use super::ladder::Ladder;
use super::podium::Podium;
use super::{BracketPlan, ENDLESS, Next, Plan, RungPlan, Schedule, Scheduler, Start, Verdict};

/// `kind: asha`.
pub static KIND: MethodKind = MethodKind {
    names: &["asha"],
    fields: &[
        Field::required("maxIterations"),
        Field::optional("minIterations"),
        Field::optional("eta"),
        Field::optional("numRuns"),
    ],
    params: Need::Required,
    metric: Need::Required,
    resource: Need::Required,
    build,
    advice: |_| Vec::new(),
};

/// One ladder without barriers, climbed by `runs` trials.
#[derive(Clone, PartialEq, Debug)]
pub struct Asha {
    ladder: Ladder,
    rungs: Vec<Resource>,
    runs: u64,
}

impl Asha {
    /// `runs` trials on `ladder`; [`ENDLESS`] for as many as the sampler and the study's limits allow.
    pub fn new(ladder: Ladder, runs: u64) -> Asha {
        let rungs = ladder.up_from_least();
        Asha { ladder, rungs, runs }
    }

    fn bracket(&self) -> u32 {
        self.rungs.len() as u32 - 1
    }
}

impl Schedule for Asha {
    /// ⌊runs·η^−i⌋ at the i-th rung: what goes on where scores come in no order. Early promotions that a full rung would not
    /// have made come on top.
    fn plan(&self, supply: Option<u64>) -> Plan {
        let runs = self.runs.min(supply.unwrap_or(ENDLESS));
        let configs = |i: usize| if runs == ENDLESS { ENDLESS } else { self.ladder.shrunk(runs, i as u32) };
        let rungs = self.rungs.iter().enumerate().map(|(i, &resource)| RungPlan { configs: configs(i), resource });
        let bracket = BracketPlan { bracket: self.bracket(), rungs: rungs.collect() };
        Plan { brackets: vec![bracket], rounds: 1, open_ended: true }
    }

    fn scheduler(&self, direction: Option<Direction>) -> Box<dyn Scheduler> {
        // Without a direction there are no scores to rank.
        let direction = direction.unwrap_or(Direction::Minimize);
        Box::new(Climb {
            id: BracketId { round: 0, bracket: self.bracket() },
            floors: self.rungs.iter().map(|&resource| Floor::new(resource, direction)).collect(),
            ladder: self.ladder.clone(),
            next_trial: 0,
            end: self.runs,
            promoted: BTreeSet::new(),
            running: 0,
        })
    }

    fn full(&self) -> Option<Resource> {
        Some(self.ladder.full())
    }

    fn eta(&self) -> Option<f64> {
        Some(self.ladder.eta())
    }
}

/// A rung of a ladder without barriers.
#[derive(Debug)]
struct Floor {
    resource: Resource,
    /// Jobs promised here (promoted or started) that have not ended.
    open: u64,
    /// Jobs that ended here, with or without a score.
    ended: u64,
    podium: Podium,
}

impl Floor {
    fn new(resource: Resource, direction: Direction) -> Floor {
        Floor { resource, open: 0, ended: 0, podium: Podium::new(direction) }
    }
}

/// The trials on the ladder.
#[derive(Debug)]
struct Climb {
    id: BracketId,
    ladder: Ladder,
    floors: Vec<Floor>,
    next_trial: u64,
    end: u64,
    /// Trials that wait for a slot at their next rung, the highest rung first.
    promoted: BTreeSet<(Reverse<Rung>, TrialId)>,
    running: u64,
}

impl Climb {
    fn start(&mut self, key: JobKey) -> Next {
        let at = key.rung.0 as usize;
        let previous = at.checked_sub(1).map(|below| self.floors[below].resource);
        self.running += 1;
        Next::Start(Start { key, bracket: self.id, resource: self.floors[at].resource, previous })
    }

    /// Sends on whoever is now in the top 1/η of the rung `at`.
    fn promote(&mut self, at: usize, verdicts: &mut Vec<Verdict>) {
        let above = Rung(at as u32 + 1);
        let places = self.ladder.shrunk(self.floors[at].ended, 1);
        while let Some(trial) = self.floors[at].podium.rise(places) {
            self.promoted.insert((Reverse(above), trial));
            self.floors[at + 1].open += 1;
            verdicts.push(Verdict::Promote(trial));
        }
    }

    /// Retires the trials of every rung at which no further job can end: nobody of them can go on any more.
    fn sweep(&mut self, verdicts: &mut Vec<Verdict>) {
        if self.next_trial != self.end {
            return;
        }
        for floor in &mut self.floors {
            if floor.open > 0 {
                return;
            }
            verdicts.extend(floor.podium.clear().map(Verdict::Retire));
        }
    }
}

impl Scheduler for Climb {
    fn next(&mut self) -> Next {
        if let Some((Reverse(rung), trial)) = self.promoted.pop_first() {
            return self.start(JobKey { trial, rung });
        }
        if self.next_trial != self.end {
            let trial = TrialId(self.next_trial);
            self.next_trial += 1;
            self.floors[0].open += 1;
            return self.start(JobKey { trial, rung: Rung(0) });
        }
        if self.running == 0 { Next::Done } else { Next::Wait }
    }

    fn finish(&mut self, key: JobKey, score: Option<Score>) -> Vec<Verdict> {
        let at = key.rung.0 as usize;
        let is_last = at + 1 == self.floors.len();
        let Some(floor) = self.floors.get_mut(at).filter(|floor| floor.open > 0) else { return Vec::new() };
        let mut verdicts = Vec::new();
        self.running -= 1;
        floor.open -= 1;
        floor.ended += 1;
        match score.filter(|_| !is_last) {
            Some(score) => floor.podium.enter(key.trial, score),
            None => verdicts.push(Verdict::Retire(key.trial)),
        }
        if !is_last {
            self.promote(at, &mut verdicts);
        }
        self.sweep(&mut verdicts);
        verdicts
    }

    fn close(&mut self, never_run: &[TrialId]) -> Vec<Verdict> {
        self.end = self.next_trial;
        let never_run = never_run.len() as u64;
        self.running -= never_run.min(self.running);
        self.floors[0].open -= never_run.min(self.floors[0].open);
        let mut verdicts = Vec::new();
        self.sweep(&mut verdicts);
        verdicts
    }
}

fn build(args: &Args) -> Result<Method, Vec<Fault>> {
    let mut reader = args.reader();
    let ladder = Ladder::read(&mut reader);
    let runs = reader.positive_or_absent("numRuns").unwrap_or(ENDLESS);
    let schedule = ladder.map(|ladder| Asha::new(ladder, runs));
    if let Some(Err(message)) = schedule.as_ref().map(|schedule| schedule.plan(None).check_size()) {
        reader.fault("numRuns", message);
    }
    reader.finish(|| Some(Method { kind: "asha", schedule: Arc::new(schedule?), sampler: Arc::new(Random) }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn method(args: serde_json::Value) -> Result<Method, String> {
        let args: Args = args.as_object().unwrap().clone().into_iter().collect();
        (KIND.build)(&args).map_err(|faults| faults.iter().map(|f| f.message.as_str()).collect::<Vec<_>>().join("\n"))
    }

    #[test]
    fn without_runs_it_has_no_end_of_its_own() {
        let plan = method(json!({"maxIterations": 27})).unwrap().schedule.plan(None);
        assert_eq!((plan.trials(), plan.open_ended), (ENDLESS, true));
    }

    #[test]
    fn the_plan_sketches_a_third_at_each_rung() {
        let plan = method(json!({"maxIterations": 27, "numRuns": 100})).unwrap().schedule.plan(None);
        let rungs: Vec<_> = plan.brackets[0].rungs.iter().map(|r| (r.configs, r.resource.amount())).collect();
        assert_eq!(rungs, [(100, 1.0), (33, 3.0), (11, 9.0), (3, 27.0)]);
    }

    #[test]
    fn faults_name_what_is_wrong() {
        insta::assert_snapshot!(method(json!({"maxIterations": 27, "numRuns": 0})).unwrap_err(), @"`numRuns` must be a whole number, 1 or more, found the number 0");
        insta::assert_snapshot!(
            method(json!({"maxIterations": 27, "numRuns": 8_000_000})).unwrap_err(),
            @"the plan has 11851850 jobs, at most 10000000 are allowed"
        );
    }
}
