//! Studies played in virtual time: the engine's promises as figures.

use std::collections::BTreeSet;

use super::barrier::BracketByBracket;
use super::spread::Spread;
use super::*;
use crate::engine::experiment::{Limits, MetricCondition, Promoted, Retries, Stopping};
use crate::method::Method;
use crate::schedule::Schedule;
use crate::schedule::asha::Asha;
use crate::schedule::hyperband::{self, BracketSizes};
use crate::schedule::ladder::Ladder;
use crate::schedule::rounds::Rounds;
use crate::search::{Ask, Observation, Proposal, Sampler, SearchContext, Searcher};
use crate::space::Space;
use crate::words::assignment::Assignment;
use crate::words::ids::{JobKey, TrialId};
use crate::words::objective::{Direction, Metric};
use crate::words::units::ResourceKind;

/// Proposes nothing in particular, for ever.
#[derive(Debug)]
struct Blank;

impl Sampler for Blank {
    fn name(&self) -> &'static str {
        "blank"
    }
    fn searcher(&self, _context: &SearchContext) -> Box<dyn Searcher> {
        Box::new(Blank)
    }
    fn draws_blindly(&self) -> bool {
        true
    }
}

impl Searcher for Blank {
    fn propose(&mut self, _ask: &Ask) -> Proposal {
        Proposal::Ready(Assignment::default())
    }
    fn adopt(&mut self, _trial: TrialId, _assignment: &Assignment) {}
    fn observe(&mut self, _observation: &Observation<'_>) {}
}

fn experiment(schedule: Arc<dyn Schedule>) -> Experiment {
    Experiment {
        method: Method { kind: "hyperband", schedule, sampler: Arc::new(Blank) },
        space: Arc::new(Space::default()),
        metric: Some(Metric { name: "loss".to_owned(), direction: Direction::Minimize }),
        resource: None,
        seed: 0,
        promoted: Promoted::StartOver,
        stopping: Stopping::default(),
        limits: Limits::default(),
        retries: Retries::default(),
        first_failures: Default::default(),
        job_timeout: None,
        initial: Vec::new(),
        prior: Arc::default(),
    }
}

fn ladder(max: f64) -> Ladder {
    Ladder::new(1.0, max, 3.0, ResourceKind::Int).unwrap()
}

fn hyperband(max: f64, rounds: u32) -> Arc<dyn Schedule> {
    let ladder = ladder(max);
    Arc::new(Rounds::new(hyperband::table(&ladder, BracketSizes::Floor), rounds, &ladder))
}

const SPREAD: Spread = Spread { seed: 1, sigma: 0.5, unit: Duration::from_secs(60) };

/// Watches over another world: who was promoted, and whether every slot was free when it was given.
struct Watched<W> {
    world: W,
    free_at: Vec<Moment>,
    promoted: BTreeSet<TrialId>,
    jobs: BTreeSet<JobKey>,
}

impl<W: World> Watched<W> {
    fn new(world: W, slots: u32) -> Self {
        Watched { world, free_at: vec![Moment(0); slots as usize], promoted: BTreeSet::new(), jobs: BTreeSet::new() }
    }
}

impl<W: World> World for Watched<W> {
    fn perform(&mut self, now: Moment, launch: &Launch) -> Performance {
        let performance = self.world.perform(now, launch);
        let free_at = &mut self.free_at[launch.slot.0 as usize];
        assert!(*free_at <= now, "{} is launched on busy slot {}", launch.job, launch.slot);
        *free_at = now.after(performance.took);
        self.jobs.insert(launch.job.key);
        performance
    }

    fn notice(&mut self, _now: Moment, command: &Command) {
        if let Command::Promoted(trial) = command {
            self.promoted.insert(*trial);
        }
    }
}

#[test]
fn no_slot_idles_before_the_tail_and_plain_hyperband_shows_why_that_matters() {
    let idle = |schedule: Arc<dyn Schedule>| {
        let course = simulate(Arc::new(experiment(schedule)), 8, &mut { SPREAD });
        assert_eq!(course.reason, Some(FinishReason::Completed));
        (course.before_tail.idle_share(), course.whole)
    };
    let (ours, ours_whole) = idle(hyperband(81.0, 1));
    let (plain, plain_whole) = idle(Arc::new(BracketByBracket(hyperband(81.0, 1))));
    let figures = format!(
        "idle before the tail: {:.1} %, bracket by bracket {:.1} %\nwhole study: {:.1} h, bracket by bracket {:.1} h",
        ours * 100.0,
        plain * 100.0,
        ours_whole.span.as_secs_f64() / 3600.0,
        plain_whole.span.as_secs_f64() / 3600.0
    );
    println!("{figures}");
    insta::assert_snapshot!(figures, @r"
    idle before the tail: 0.0 %, bracket by bracket 71.8 %
    whole study: 5.7 h, bracket by bracket 12.3 h
    ");
    assert!(ours < 0.05);
    assert_eq!(ours_whole.busy, plain_whole.busy, "both do the same work");
}

#[test]
fn the_same_jobs_and_promotions_on_any_number_of_slots() {
    let outcome = |slots| {
        let mut world = Watched::new(SPREAD, slots);
        let course = simulate(Arc::new(experiment(hyperband(27.0, 2))), slots, &mut world);
        assert_eq!(course.launches, world.jobs.len() as u64);
        (world.jobs, world.promoted)
    };
    let alone = outcome(1);
    assert_eq!(alone.0.len() as u64, hyperband(27.0, 2).plan(None).jobs());
    for slots in [2, 8, 500] {
        assert_eq!(outcome(slots), alone, "{slots} slots");
    }
}

#[test]
fn thousands_of_slots_are_kept_busy() {
    let mut world = Watched::new(SPREAD, 2_000);
    let course = simulate(Arc::new(experiment(Arc::new(Asha::new(ladder(27.0), 20_000)))), 2_000, &mut world);
    assert_eq!(course.before_tail.idle_share(), 0.0);
    assert!(course.launches > 26_000);
}

#[test]
fn a_metric_condition_ends_running_jobs_with_what_they_printed() {
    let mut experiment = experiment(hyperband(81.0, 1));
    let condition = MetricCondition { metric: "loss".to_owned(), value: 0.9, direction: Direction::Minimize };
    experiment.stopping.conditions.push(condition);
    let course = simulate(Arc::new(experiment), 8, &mut { SPREAD });
    assert!(matches!(course.reason, Some(FinishReason::MetricReached { .. })));
    assert!(course.launches < 81);
}

#[test]
fn a_time_limit_wakes_the_engine() {
    let mut experiment = experiment(hyperband(81.0, 1));
    experiment.limits.time = Some(Duration::from_secs(600));
    let course = simulate(Arc::new(experiment), 8, &mut { SPREAD });
    assert!(matches!(course.reason, Some(FinishReason::Limit { .. })));
    assert_eq!(course.whole.span, Duration::from_secs(600));
}

/// Fails the first attempt of every job.
struct Flaky(Spread);

impl World for Flaky {
    fn perform(&mut self, now: Moment, launch: &Launch) -> Performance {
        let performance = self.0.perform(now, launch);
        if launch.job.attempt.0 > 1 {
            return performance;
        }
        Performance { outcome: Outcome::Failed { failure: crate::words::outcome::Failure::Exit(1) }, ..performance }
    }
}

#[test]
fn retries_take_a_slot_each_and_lose_no_job() {
    let mut experiment = experiment(hyperband(27.0, 1));
    experiment.retries = Retries { max: 1, pause: Duration::from_secs(5) };
    let jobs = experiment.plan().jobs();
    let mut world = Watched::new(Flaky(SPREAD), 8);
    let course = simulate(Arc::new(experiment), 8, &mut world);
    assert_eq!((course.launches, world.jobs.len() as u64), (2 * jobs, jobs));
    assert_eq!(course.reason, Some(FinishReason::Completed));
}
