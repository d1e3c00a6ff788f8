//! `auto`: one bracket of successive halving to get to know the space, then whatever the sampler expects most of: a new
//! configuration, trained to a low rung, or one rung more for a configuration that waits.
//!
//! The bracket shows the space to a model for the price of a few full trainings. From then on every slot that comes free is a
//! question to the model (the freeze-thaw idea of Swersky, Snoek and Adams 2014, with the rungs of successive halving as the only
//! places to thaw). A sampler without an opinion leaves it to the scores: who is in the best 1/η of its rung goes on.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::method::{Field, Method, MethodKind, Need};
use crate::search::gp::Gp;
use crate::search::{Advice, Ask, Paused, Searcher};
use crate::words::args::{Args, Fault};
use crate::words::ids::{BracketId, JobKey, Rung, TrialId};
use crate::words::objective::{Direction, Score};
use crate::words::units::Resource;

use super::bracket::Bracket;
use super::ladder::{Ladder, shrink};
use super::{BracketPlan, ENDLESS, Next, Plan, RungPlan, Schedule, Scheduler, Start, Verdict};

/// `kind: auto`.
pub static KIND: MethodKind = MethodKind {
    names: &["auto"],
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
        let first: Vec<RungPlan> = first.collect();
        let started = first[0].configs.min(runs);
        Auto { first: shrink(&first, started).into(), eta: ladder.eta(), runs }
    }

    /// Configurations of the first bracket.
    pub fn initial(&self) -> u64 {
        self.first[0].configs
    }

    fn bracket(&self) -> u32 {
        self.first.len() as u32 - 1
    }

    /// Where on the ladder single trials start: two rungs below the last, where a model that knows the space can tell the
    /// good ones for a tenth of the price.
    fn start(&self) -> usize {
        self.first.len().saturating_sub(3)
    }
}

impl Schedule for Auto {
    /// The first bracket as it will be, and the others' rungs with as many configurations as there may be at most.
    fn plan(&self, supply: Option<u64>) -> Plan {
        let runs = self.runs.min(supply.unwrap_or(ENDLESS));
        let others = if runs == ENDLESS { ENDLESS } else { runs.saturating_sub(self.initial()) };
        let first = BracketPlan { bracket: self.bracket(), rungs: shrink(&self.first, runs.min(self.initial())) };
        let rungs = &self.first[self.start()..];
        let single = BracketPlan {
            bracket: rungs.len() as u32 - 1,
            rungs: rungs.iter().map(|rung| RungPlan { configs: others, resource: rung.resource }).collect(),
        };
        let brackets = if others == 0 { vec![first] } else { vec![first, single] };
        Plan { brackets, rounds: 1, open_ended: true }
    }

    fn scheduler(&self, direction: Option<Direction>) -> Box<dyn Scheduler> {
        // Without a direction there are no scores to rank.
        let direction = direction.unwrap_or(Direction::Minimize);
        let id = BracketId { round: 0, bracket: self.bracket() };
        Box::new(Live {
            first: Bracket::new(id, TrialId(0), Arc::clone(&self.first), direction),
            initial: self.initial(),
            rungs: self.first.iter().map(|rung| rung.resource).collect(),
            start: self.start(),
            eta: self.eta,
            direction,
            seen: vec![Vec::new(); self.first.len()],
            paused: BTreeMap::new(),
            undecided: VecDeque::new(),
            strays: BTreeSet::new(),
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

/// A trial off the first bracket, and the place of its last rung on the ladder.
type Place = (TrialId, usize);

/// The first bracket and the single trials.
#[derive(Debug)]
struct Live {
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
    /// Trials between two rungs, dropped ones of the first bracket among them.
    paused: BTreeMap<TrialId, usize>,
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
        let better = seen.partition_point(|other| *other < cost);
        seen.insert(better, cost);
        better as f64 <= seen.len() as f64 / self.eta
    }

    /// Sends a paused trial on.
    fn promote(&mut self, trial: TrialId) -> bool {
        let Some(at) = self.paused.remove(&trial) else { return false };
        self.promoted.push_back((trial, at + 1));
        if trial.0 < self.initial {
            self.strays.insert(trial);
        }
        true
    }

    fn decide_once(&mut self, searcher: &mut dyn Searcher, ended: (TrialId, bool)) -> Option<TrialId> {
        let waiting = |(trial, at): (&TrialId, &usize)| Paused { trial: *trial, spent: self.rungs[*at] };
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
        let mut verdicts = self.first.finish(key, score);
        let rung = key.rung.0 as usize;
        let is_last = rung + 1 == self.rungs.len();
        verdicts.retain(|verdict| match verdict {
            Verdict::Retire(trial) if !is_last && (*trial != key.trial || score.is_some()) => {
                self.paused.insert(*trial, rung);
                false
            }
            _ => true,
        });
        verdicts
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
            self.running = self.running.saturating_sub(1);
            if score.is_some() && at + 1 < self.rungs.len() {
                self.paused.insert(key.trial, at);
                Vec::new()
            } else {
                vec![Verdict::Retire(key.trial)]
            }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::search::Observation;
    use crate::search::Proposal;
    use crate::words::assignment::Assignment;

    fn schedule(args: serde_json::Value) -> Arc<dyn Schedule> {
        let args: Args = args.as_object().unwrap().clone().into_iter().collect();
        (KIND.build)(&args).unwrap().schedule
    }

    fn ladder(args: serde_json::Value) -> Vec<(u64, f64)> {
        let plan = schedule(args).plan(None);
        plan.brackets[0].rungs.iter().map(|r| (r.configs, r.resource.amount())).collect()
    }

    /// Advises what it was told to.
    struct Told(Advice);

    impl Searcher for Told {
        fn propose(&mut self, _ask: &Ask) -> Proposal {
            Proposal::Exhausted
        }
        fn adopt(&mut self, _trial: TrialId, _assignment: &Assignment) {}
        fn observe(&mut self, _observation: &Observation<'_>) {}
        fn advise(&mut self, _ask: Option<&Ask>, _paused: &[Paused]) -> Advice {
            self.0
        }
    }

    fn start(live: &mut dyn Scheduler) -> Start {
        let Next::Start(start) = live.next() else { panic!("something is left to start") };
        start
    }

    fn end(live: &mut dyn Scheduler, start: Start, score: f64, advice: Advice) -> Vec<Verdict> {
        let mut verdicts = live.finish(start.key, Score::new(score));
        verdicts.extend(live.decide(&mut Told(advice)));
        verdicts
    }

    /// A scheduler after its first bracket, whose trial i scored i everywhere.
    fn after_first(args: serde_json::Value) -> Box<dyn Scheduler> {
        let schedule = schedule(args);
        let jobs: u64 = schedule.plan(None).brackets[0].rungs.iter().map(|r| r.configs).sum();
        let mut live = schedule.scheduler(Some(Direction::Minimize));
        for _ in 0..jobs {
            let job = start(&mut *live);
            assert_eq!(job.bracket.round, 0);
            end(&mut *live, job, job.key.trial.0 as f64, Advice::StartNew);
        }
        live
    }

    #[test]
    fn the_first_bracket_has_at_most_27_trials_and_four_full_trainings() {
        assert_eq!(ladder(json!({"maxIterations": 81})), [(27, 3.0), (9, 9.0), (3, 27.0), (1, 81.0)]);
        assert_eq!(
            ladder(json!({"maxIterations": 52, "minIterations": 2})),
            [(27, 2.0), (9, 5.0), (3, 17.0), (1, 52.0)]
        );
        assert_eq!(ladder(json!({"maxIterations": 9})), [(9, 1.0), (3, 3.0), (1, 9.0)]);
        assert_eq!(ladder(json!({"maxIterations": 1})), [(1, 1.0)]);
        assert_eq!(ladder(json!({"maxIterations": 100, "eta": 10})), [(10, 10.0), (1, 100.0)]);
        assert_eq!(ladder(json!({"maxIterations": 27, "numRuns": 9})), [(9, 1.0), (3, 3.0), (1, 9.0), (1, 27.0)]);
    }

    #[test]
    fn a_new_trial_starts_two_rungs_below_the_last() {
        let mut live = after_first(json!({"maxIterations": 81}));
        let job = start(&mut *live);
        assert_eq!((job.key, job.resource.amount()), (JobKey { trial: TrialId(27), rung: Rung(0) }, 9.0));
        assert_eq!((job.bracket, job.previous), (BracketId { round: 1, bracket: 2 }, None));
    }

    #[test]
    fn advice_sends_anyone_on_who_waits_even_whom_the_bracket_dropped() {
        let mut live = after_first(json!({"maxIterations": 81}));
        let job = start(&mut *live);
        let verdicts = end(&mut *live, job, 1.0, Advice::Continue(TrialId(20)));
        assert_eq!(verdicts, [Verdict::Promote(TrialId(20))]);
        let job = start(&mut *live);
        assert_eq!((job.key, job.resource.amount()), (JobKey { trial: TrialId(20), rung: Rung(1) }, 9.0));
        assert_eq!((job.bracket.round, job.previous.map(Resource::amount)), (0, Some(3.0)));
        assert_eq!(end(&mut *live, job, 1.0, Advice::Continue(TrialId(27))), [Verdict::Promote(TrialId(27))]);
        assert_eq!(start(&mut *live).resource.amount(), 27.0);
    }

    #[test]
    fn advice_about_who_does_not_wait_is_not_taken() {
        let mut live = after_first(json!({"maxIterations": 81}));
        let job = start(&mut *live);
        assert_eq!(end(&mut *live, job, 1.0, Advice::Continue(TrialId(0))), []);
        assert_eq!(start(&mut *live).key.trial, TrialId(28));
    }

    #[test]
    fn without_an_opinion_the_best_third_of_the_rung_goes_on() {
        let mut live = after_first(json!({"maxIterations": 81}));
        let job = start(&mut *live);
        assert_eq!(end(&mut *live, job, 2.5, Advice::NoOpinion), [Verdict::Promote(TrialId(27))]);
        let job = start(&mut *live);
        assert_eq!(end(&mut *live, job, 25.0, Advice::NoOpinion), []);
    }

    #[test]
    fn when_nothing_is_left_to_run_all_who_wait_are_retired() {
        let mut live = after_first(json!({"maxIterations": 9, "numRuns": 10}));
        let job = start(&mut *live);
        let verdicts = end(&mut *live, job, 1.0, Advice::StartNew);
        assert_eq!(verdicts.len(), 9, "all but the one that ran to the end: {verdicts:?}");
        assert_eq!(live.next(), Next::Done);
    }

    #[test]
    fn a_failed_trial_is_over() {
        let mut live = after_first(json!({"maxIterations": 81}));
        let job = start(&mut *live);
        assert_eq!(live.finish(job.key, None), [Verdict::Retire(job.key.trial)]);
    }

    #[test]
    fn a_replay_takes_over_what_was_decided_and_nothing_else() {
        let mut live = after_first(json!({"maxIterations": 81}));
        let job = start(&mut *live);
        live.finish(job.key, Score::new(1.0));
        assert!(!live.accept(Verdict::Promote(TrialId(0))), "it ran to the end");
        assert!(live.accept(Verdict::Promote(TrialId(20))));
        assert_eq!(live.decide(&mut Told(Advice::Continue(TrialId(21)))), [], "that end has been decided on");
        assert_eq!(start(&mut *live).key.trial, TrialId(20));
    }
}
