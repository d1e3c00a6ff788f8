//! Studies in virtual time: idle slots, independence of the number of slots, limits, retries.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::log_normal::LogNormalJobs;
use super::sequential_brackets::SequentialBrackets;
use super::*;
use crate::engine::event::{Command, FinishReason, Launch};
use crate::engine::experiment::{Experiment, Limits, MetricCondition, Retries, Stopping};
use crate::kinds::Method;
use crate::schedule::Schedule;
use crate::schedule::asha::Asha;
use crate::schedule::hyperband::{BracketSizes, brackets};
use crate::schedule::rung_levels::RungLevels;
use crate::schedule::sync_brackets::SyncBrackets;
use crate::search::{Observation, Proposal, Sampler, SearchContext, Searcher};
use crate::space::Space;
use crate::types::advice::TrialRequest;
use crate::types::allocation::PromotedStart;
use crate::types::assignment::Assignment;
use crate::types::ids::{JobKey, TrialId};
use crate::types::objective::{Direction, Metric};
use crate::types::outcome::{Failure, Outcome};
use crate::types::units::{Moment, ResourceKind};

/// Proposes the empty configuration without end.
#[derive(Debug)]
struct Empty;

impl Sampler for Empty {
    fn name(&self) -> &'static str {
        "empty"
    }
    fn searcher(&self, _context: &SearchContext) -> Box<dyn Searcher> {
        Box::new(Empty)
    }
    fn ignores_observations(&self) -> bool {
        true
    }
}

impl Searcher for Empty {
    fn propose(&mut self, _request: &TrialRequest) -> Proposal {
        Proposal::Ready(Assignment::default())
    }
    fn register(&mut self, _trial: TrialId, _assignment: &Assignment) {}
    fn observe(&mut self, _observation: &Observation<'_>) {}
}

pub(super) fn experiment(schedule: Arc<dyn Schedule>) -> Experiment {
    Experiment {
        method: Method { kind: "hyperband", schedule, sampler: Arc::new(Empty) },
        space: Arc::new(Space::default()),
        metric: Some(Metric { name: "loss".to_owned(), direction: Direction::Minimize }),
        collector: None,
        counted_reading: Default::default(),
        resource: None,
        seed: 0,
        promoted: PromotedStart::FromScratch,
        stopping: Stopping::default(),
        limits: Limits::default(),
        retries: Retries::default(),
        first_failures: Default::default(),
        job_timeout: None,
        initial: Vec::new(),
        prior: Arc::default(),
    }
}

fn levels(max: f64) -> RungLevels {
    RungLevels::new(1.0, max, 3.0, ResourceKind::Int).unwrap()
}

fn hyperband(max: f64, rounds: u32) -> Arc<dyn Schedule> {
    let levels = levels(max);
    Arc::new(SyncBrackets::new(brackets(&levels, BracketSizes::Floor), rounds, &levels))
}

const JOBS: LogNormalJobs = LogNormalJobs { seed: 1, sigma: 0.5, unit: Duration::from_secs(60) };

/// Records jobs and promotions of another model and checks that every launch uses a free slot.
struct Recorder<M> {
    model: M,
    free_at: Vec<Moment>,
    promoted: BTreeSet<TrialId>,
    jobs: BTreeSet<JobKey>,
}

impl<M: JobModel> Recorder<M> {
    fn new(model: M, slots: u32) -> Self {
        Recorder { model, free_at: vec![Moment(0); slots as usize], promoted: BTreeSet::new(), jobs: BTreeSet::new() }
    }
}

impl<M: JobModel> JobModel for Recorder<M> {
    fn launch(&mut self, now: Moment, launch: &Launch) -> SimulatedJob {
        let job = self.model.launch(now, launch);
        let free_at = &mut self.free_at[launch.slot.0 as usize];
        assert!(*free_at <= now, "{} is launched on busy slot {}", launch.job, launch.slot);
        *free_at = now.after(job.run_time);
        self.jobs.insert(launch.job.key);
        job
    }

    fn on_command(&mut self, _now: Moment, command: &Command) {
        if let Command::Promoted { trial, .. } = command {
            self.promoted.insert(*trial);
        }
    }
}

#[test]
fn no_slot_is_idle_before_the_tail_unlike_with_sequential_brackets() {
    let idle = |schedule: Arc<dyn Schedule>| {
        let result = simulate(Arc::new(experiment(schedule)), 8, &mut { JOBS });
        assert_eq!(result.reason, Some(FinishReason::Completed));
        (result.before_tail.idle_fraction(), result.whole)
    };
    let (ours, ours_whole) = idle(hyperband(81.0, 1));
    let (sequential, sequential_whole) = idle(Arc::new(SequentialBrackets(hyperband(81.0, 1))));
    let figures = format!(
        "idle before the tail: {:.1} %, sequential brackets {:.1} %\nwhole study: {:.1} h, sequential brackets {:.1} h",
        ours * 100.0,
        sequential * 100.0,
        ours_whole.span.as_secs_f64() / 3600.0,
        sequential_whole.span.as_secs_f64() / 3600.0
    );
    println!("{figures}");
    insta::assert_snapshot!(figures, @r"
    idle before the tail: 0.0 %, sequential brackets 71.8 %
    whole study: 5.7 h, sequential brackets 12.3 h
    ");
    assert!(ours < 0.05);
    assert_eq!(ours_whole.busy, sequential_whole.busy, "both run the same jobs");
}

#[test]
fn jobs_and_promotions_do_not_depend_on_the_number_of_slots() {
    let outcome = |slots| {
        let mut recorder = Recorder::new(JOBS, slots);
        let result = simulate(Arc::new(experiment(hyperband(27.0, 2))), slots, &mut recorder);
        assert_eq!(result.launches, recorder.jobs.len() as u64);
        (recorder.jobs, recorder.promoted)
    };
    let single = outcome(1);
    assert_eq!(single.0.len() as u64, hyperband(27.0, 2).plan(None).jobs());
    for slots in [2, 8, 500] {
        assert_eq!(outcome(slots), single, "{slots} slots");
    }
}

#[test]
fn thousands_of_slots_are_busy_until_the_tail() {
    let mut recorder = Recorder::new(JOBS, 2_000);
    let result = simulate(Arc::new(experiment(Arc::new(Asha::new(levels(27.0), 20_000)))), 2_000, &mut recorder);
    assert_eq!(result.before_tail.idle_fraction(), 0.0);
    assert!(result.launches > 26_000);
}

#[test]
fn a_metric_condition_kills_running_jobs_and_keeps_their_readings() {
    let mut experiment = experiment(hyperband(81.0, 1));
    let condition = MetricCondition { metric: "loss".to_owned(), value: 0.9, direction: Direction::Minimize };
    experiment.stopping.conditions.push(condition);
    let result = simulate(Arc::new(experiment), 8, &mut { JOBS });
    assert!(matches!(result.reason, Some(FinishReason::MetricReached { .. })));
    assert!(result.launches < 81);
}

#[test]
fn a_time_limit_ends_the_study() {
    let mut experiment = experiment(hyperband(81.0, 1));
    experiment.limits.time = Some(Duration::from_secs(600));
    let result = simulate(Arc::new(experiment), 8, &mut { JOBS });
    assert!(matches!(result.reason, Some(FinishReason::Limit { .. })));
    assert_eq!(result.whole.span, Duration::from_secs(600));
}

/// Fails the first attempt of every job.
struct Flaky(LogNormalJobs);

impl JobModel for Flaky {
    fn launch(&mut self, now: Moment, launch: &Launch) -> SimulatedJob {
        let job = self.0.launch(now, launch);
        if launch.job.attempt.0 > 1 {
            return job;
        }
        SimulatedJob { outcome: Outcome::Failed { failure: Failure::Exit(1) }, ..job }
    }
}

#[test]
fn every_failed_job_is_retried() {
    let mut experiment = experiment(hyperband(27.0, 1));
    experiment.retries = Retries { max: 1, pause: Duration::from_secs(5) };
    let jobs = experiment.plan().jobs();
    let mut recorder = Recorder::new(Flaky(JOBS), 8);
    let result = simulate(Arc::new(experiment), 8, &mut recorder);
    assert_eq!((result.launches, recorder.jobs.len() as u64), (2 * jobs, jobs));
    assert_eq!(result.reason, Some(FinishReason::Completed));
}
