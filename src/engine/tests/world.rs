//! A study with scripted jobs: carries the engine's commands out on paper and keeps a journal.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use rand::RngExt;
use serde_json::Value;

use crate::engine::Engine;
use crate::engine::event::{Command, Event, FinishReason, Launch};
use crate::engine::experiment::{Experiment, FirstFailures, Limits, PromotedStart, Retries, Stopping};
use crate::engine::replay::{Recovery, ReplayError, ReplayRecord};
use crate::kinds::Method;
use crate::schedule::Schedule;
use crate::schedule::full_budget::FullBudget;
use crate::schedule::hyperband::{BracketSizes, brackets};
use crate::schedule::rung_levels::RungLevels;
use crate::schedule::sync_brackets::SyncBrackets;
use crate::search::{Observation, Proposal, Sampler, SearchContext, Searcher};
use crate::space::Space;
use crate::types::advice::TrialRequest;
use crate::types::assignment::Assignment;
use crate::types::ids::{JobId, JobKey, TrialId};
use crate::types::objective::{Direction, Metric, Score};
use crate::types::outcome::{CurvePoint, Failure, Outcome, Reading, StopRule};
use crate::types::stream::{Purpose, stream};
use crate::types::units::{Moment, Resource, ResourceKind};

/// How a test's sampler proposes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Draws {
    /// From the seed alone.
    Blind,
    /// From everything observed so far, in its order.
    Learning,
    /// From the seed alone, for so many trials.
    Few(u64),
    /// An outside tuner is asked.
    Outside,
}

impl Sampler for Draws {
    fn name(&self) -> &'static str {
        "test"
    }
    fn searcher(&self, context: &SearchContext) -> Box<dyn Searcher> {
        Box::new(Drawing { draws: *self, seed: context.seed, memory: 0.0 })
    }
    fn ignores_observations(&self) -> bool {
        matches!(self, Draws::Blind | Draws::Few(_))
    }
    fn max_trials(&self, _space: &Space) -> Option<u64> {
        if let Draws::Few(count) = self { Some(*count) } else { None }
    }
}

struct Drawing {
    draws: Draws,
    seed: u64,
    memory: f64,
}

pub(in crate::engine) fn x(value: f64) -> Assignment {
    [(Arc::from("x"), Value::from(value))].into_iter().collect()
}

impl Searcher for Drawing {
    fn propose(&mut self, request: &TrialRequest) -> Proposal {
        let drawn: f64 = stream(self.seed, request.trial, Purpose::Parameters).random();
        match self.draws {
            Draws::Blind | Draws::Few(_) => Proposal::Ready(x(drawn)),
            Draws::Learning => Proposal::Ready(x(drawn + self.memory)),
            Draws::Outside => Proposal::External,
        }
    }
    fn register(&mut self, trial: TrialId, _assignment: &Assignment) {
        self.memory = (self.memory * 31.0 + trial.0 as f64).sin();
    }
    fn observe(&mut self, observation: &Observation<'_>) {
        self.memory = (self.memory * 17.0 + observation.score.map_or(0.5, Score::value)).sin();
    }
}

pub(super) fn hyperband(max: f64) -> Arc<dyn Schedule> {
    let levels = RungLevels::new(1.0, max, 3.0, ResourceKind::Int).unwrap();
    Arc::new(SyncBrackets::new(brackets(&levels, BracketSizes::Floor), 1, &levels))
}

pub(super) fn full(runs: u64) -> Arc<dyn Schedule> {
    Arc::new(FullBudget::new(runs))
}

pub(super) fn experiment(schedule: Arc<dyn Schedule>, draws: Draws) -> Experiment {
    Experiment {
        method: Method { kind: "test", schedule, sampler: Arc::new(draws) },
        space: Arc::new(Space::default()),
        metric: Some(Metric { name: "loss".into(), direction: Direction::Minimize }),
        resource: None,
        seed: 7,
        promoted: PromotedStart::FromScratch,
        stopping: Stopping::default(),
        limits: Limits::default(),
        retries: Retries::default(),
        first_failures: FirstFailures::KeepGoing,
        job_timeout: None,
        initial: Vec::new(),
        prior: Arc::default(),
    }
}

pub(super) fn succeeded(value: f64) -> Outcome {
    Outcome::Succeeded { score: Score::new(value) }
}

pub(super) fn failed(failure: Failure) -> Outcome {
    Outcome::Failed { failure }
}

/// What a job comes to by itself: coarse values, so that ties are frequent, and every ninth job diverges.
pub(super) fn nature(launch: &Launch) -> Outcome {
    let mix = launch.job.key.trial.0 * 7 + u64::from(launch.job.key.rung.0) * 5;
    if mix % 9 == 4 {
        return failed(Failure::NotFinite("loss is NaN".into()));
    }
    let x = launch.assignment.get("x").and_then(Value::as_f64).unwrap_or(0.0);
    succeeded((x.abs() * 4.0).floor() + launch.resource.amount().recip())
}

fn last_step(printed: &[CurvePoint]) -> Option<f64> {
    printed.last().map(|point| point.step)
}

/// One line of the paper journal.
#[derive(Clone, Debug)]
pub(super) enum Line {
    Launch(Launch, Moment),
    Kill(JobId, StopRule),
    Ended(JobId, Outcome, Moment, Vec<CurvePoint>),
    Promoted(TrialId),
    Retired(TrialId),
    Finish(FinishReason, Moment),
}

impl Line {
    fn replayed(&self) -> ReplayRecord<'_> {
        match self {
            Line::Launch(launch, at) => ReplayRecord::Launch {
                job: launch.job,
                bracket: launch.bracket,
                resource: launch.resource,
                previous: launch.previous,
                slot: launch.slot,
                assignment: Some(&launch.assignment),
                at: *at,
            },
            Line::Kill(job, why) => ReplayRecord::Kill { job: *job, why },
            Line::Ended(job, outcome, at, printed) => ReplayRecord::Ended {
                job: *job,
                outcome,
                curve: printed,
                step: last_step(printed),
                readings: Some(printed),
                at: *at,
            },
            Line::Promoted(trial) => ReplayRecord::Promoted(*trial),
            Line::Retired(trial) => ReplayRecord::Retired(*trial),
            Line::Finish(reason, at) => ReplayRecord::Finish(reason, *at),
        }
    }
}

/// What must not depend on crashes, slots or the order of events.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Result {
    pub configurations: BTreeMap<TrialId, Assignment>,
    pub ends: BTreeMap<JobKey, Outcome>,
    pub promotions: BTreeMap<TrialId, usize>,
    pub incumbent: Option<(TrialId, Score, Resource)>,
    pub finish: Option<FinishReason>,
}

pub(super) struct World {
    pub engine: Engine,
    pub now: Moment,
    pub running: Vec<Launch>,
    pub journal: Vec<Line>,
    pub kills: Vec<(JobId, StopRule)>,
    pub asked: Vec<TrialId>,
    printed: HashMap<JobId, Vec<CurvePoint>>,
    pub wake: Option<Moment>,
}

impl World {
    /// A study that has begun.
    pub fn new(experiment: Experiment, slots: u32) -> World {
        let mut world = World::idle(experiment, slots);
        world.feed(Event::Begin);
        world
    }

    fn idle(experiment: Experiment, slots: u32) -> World {
        World {
            engine: Engine::new(Arc::new(experiment), slots),
            now: Moment(0),
            running: Vec::new(),
            journal: Vec::new(),
            kills: Vec::new(),
            asked: Vec::new(),
            printed: HashMap::new(),
            wake: None,
        }
    }

    /// The study taken up again from `journal`.
    pub fn resumed(experiment: Experiment, slots: u32, journal: &[Line]) -> std::result::Result<World, ReplayError> {
        let mut world = World::idle(experiment, slots);
        for line in journal {
            world.engine.replay(line.replayed())?;
            if let Line::Launch(_, at) | Line::Ended(_, _, at, _) | Line::Finish(_, at) = line {
                world.now = *at;
            }
        }
        world.journal = journal.to_vec();
        let Recovery { lost, unrecorded } = world.engine.recover();
        let now = world.now;
        world.journal.extend(lost.into_iter().map(|job| Line::Ended(job, failed(Failure::Lost), now, Vec::new())));
        world.obey(unrecorded);
        world.feed(Event::Begin);
        Ok(world)
    }

    pub fn feed(&mut self, event: Event) {
        let commands = self.engine.handle(self.now, event);
        self.obey(commands);
        let busy = self.running.iter().map(|launch| launch.slot).collect::<std::collections::BTreeSet<_>>();
        assert_eq!(busy.len(), self.running.len(), "a slot is given to two jobs at once");
    }

    fn obey(&mut self, commands: Vec<Command>) {
        for command in commands {
            match command {
                Command::Launch(launch) => {
                    self.journal.push(Line::Launch(launch.clone(), self.now));
                    self.running.push(launch);
                }
                Command::Kill { job, why } => {
                    self.journal.push(Line::Kill(job, why.clone()));
                    self.kills.push((job, why));
                }
                Command::Promoted(trial) => self.journal.push(Line::Promoted(trial)),
                Command::Retired(trial) => self.journal.push(Line::Retired(trial)),
                Command::WakeAt(moment) => self.wake = Some(moment),
                Command::Suggest { trials } => self.asked.extend(trials.into_iter().map(|(trial, ..)| trial)),
                Command::Finish(reason) => {
                    assert!(self.running.is_empty(), "finished while jobs run");
                    self.journal.push(Line::Finish(reason, self.now));
                }
            }
        }
    }

    /// Ends the `index`-th running job.
    pub fn end(&mut self, index: usize, outcome: Outcome) {
        self.now = self.now.after(Duration::from_secs(1));
        let job = self.running.remove(index).job;
        let curve = self.printed.remove(&job).unwrap_or_default();
        self.journal.push(Line::Ended(job, outcome.clone(), self.now, curve.clone()));
        let step = last_step(&curve);
        self.feed(Event::Ended { job, outcome, curve, step });
    }

    /// The `index`-th running job prints its loss.
    pub fn print(&mut self, index: usize, loss: f64) {
        let job = self.running[index].job;
        let printed = self.printed.entry(job).or_default();
        printed.push(CurvePoint { step: printed.len() as f64 + 1.0, value: loss });
        self.feed(Event::Reading { job, reading: Reading { step: None, numbers: vec![("loss".into(), loss)] } });
    }

    /// Ends the first running job of `trial`.
    pub fn end_trial(&mut self, trial: u64, outcome: Outcome) {
        let index = self.running.iter().position(|launch| launch.job.key.trial.0 == trial);
        self.end(index.expect("the trial runs"), outcome);
    }

    /// Ends every killed job as the driver would.
    pub fn bury(&mut self, score: Option<f64>) {
        for (job, by) in std::mem::take(&mut self.kills) {
            if let Some(index) = self.running.iter().position(|launch| launch.job == job) {
                self.end(index, Outcome::Stopped { score: score.and_then(Score::new), by });
            }
        }
    }

    /// Lets jobs end by `nature`, each time the one that `choose` picks among so many, until nothing runs.
    pub fn run(&mut self, mut choose: impl FnMut(usize) -> usize) {
        while !self.running.is_empty() || self.sleep() {
            if self.running.is_empty() {
                continue;
            }
            let index = choose(self.running.len()) % self.running.len();
            let outcome = nature(&self.running[index]);
            self.end(index, outcome);
        }
    }

    /// Waits for the moment the engine asked for, if nothing else can happen.
    pub fn sleep(&mut self) -> bool {
        let Some(moment) = self.wake.take().filter(|_| self.finish().is_none()) else { return false };
        self.now = self.now.max(moment);
        self.feed(Event::Tick);
        true
    }

    pub fn finish(&self) -> Option<&FinishReason> {
        match self.journal.last() {
            Some(Line::Finish(reason, _)) => Some(reason),
            _ => None,
        }
    }

    pub fn launched(&self) -> Vec<JobId> {
        let launch = |line: &Line| if let Line::Launch(launch, _) = line { Some(launch.job) } else { None };
        self.journal.iter().filter_map(launch).collect()
    }

    pub fn result(&self) -> Result {
        let mut result = Result {
            configurations: BTreeMap::new(),
            ends: BTreeMap::new(),
            promotions: BTreeMap::new(),
            incumbent: self.engine.progress().incumbent.map(|best| (best.job.trial, best.score, best.reached)),
            finish: self.finish().cloned(),
        };
        for line in &self.journal {
            match line {
                Line::Launch(launch, _) => {
                    result.configurations.insert(launch.job.key.trial, (*launch.assignment).clone());
                }
                Line::Ended(job, outcome, ..) if !outcome.runs_again() => {
                    let twice = result.ends.insert(job.key, outcome.clone());
                    assert!(twice.is_none() || twice.is_some_and(|o| matches!(o, Outcome::Failed { .. })));
                }
                Line::Promoted(trial) => *result.promotions.entry(*trial).or_default() += 1,
                _ => {}
            }
        }
        result
    }
}
