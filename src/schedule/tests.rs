//! Runs schedules with simulated slots. The result of a synchronous schedule must not depend on the number of slots or on the order
//! in which jobs end.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::asha::Asha;
use super::halving;
use super::hyperband::{BracketSizes, brackets};
use super::rung_levels::RungLevels;
use super::sync_brackets::SyncBrackets;
use super::*;
use crate::types::ids::Rung;
use crate::types::units::ResourceKind;

/// Which running job ends next.
#[derive(Clone, Copy, Debug)]
enum Order {
    Oldest,
    Newest,
    Scattered,
}

impl Order {
    fn pick(self, running: usize, step: usize) -> usize {
        match self {
            Order::Oldest => 0,
            Order::Newest => running - 1,
            Order::Scattered => (step * 7919 + 13) % running,
        }
    }
}

/// The record of a run.
#[derive(Default, PartialEq, Debug)]
struct Record {
    jobs: BTreeMap<JobKey, (BracketId, Resource, Option<Resource>)>,
    promoted: BTreeSet<(TrialId, Rung)>,
    retired: BTreeSet<TrialId>,
}

impl Record {
    fn add(&mut self, verdicts: Vec<Verdict>, rung: Rung) {
        for verdict in verdicts {
            let is_new = match verdict {
                Verdict::Promote(trial) | Verdict::PromoteTo(trial, _) => self.promoted.insert((trial, rung)),
                Verdict::Retire(trial) => self.retired.insert(trial),
            };
            assert!(is_new, "{verdict:?} twice");
        }
    }

    fn trials(&self) -> BTreeSet<TrialId> {
        self.jobs.keys().map(|key| key.trial).collect()
    }

    /// Number of jobs of a bracket at a rung.
    fn count(&self, bracket: BracketId, rung: u32) -> u64 {
        self.jobs.iter().filter(|(key, job)| key.rung == Rung(rung) && job.0 == bracket).count() as u64
    }
}

fn run(schedule: &dyn Schedule, slots: usize, order: Order, score: impl Fn(JobKey) -> Option<f64>) -> Record {
    run_until(schedule, slots, order, u64::MAX, score)
}

/// Runs a schedule to its end and closes it when `max_trials` trials have started.
fn run_until(
    schedule: &dyn Schedule,
    slots: usize,
    order: Order,
    max_trials: u64,
    score: impl Fn(JobKey) -> Option<f64>,
) -> Record {
    let mut scheduler = schedule.scheduler(Some(Direction::Minimize));
    let mut record = Record::default();
    let mut running: Vec<JobKey> = Vec::new();
    for step in 0.. {
        while running.len() < slots {
            let Next::Start(start) = scheduler.next() else { break };
            let repeated = record.jobs.insert(start.key, (start.bracket, start.resource, start.previous));
            assert_eq!(repeated, None, "{:?} was started twice", start.key);
            running.push(start.key);
            if start.key.rung == Rung(0) && start.key.trial.0 + 1 == max_trials {
                record.add(scheduler.close(&[]), Rung(0));
            }
        }
        if running.is_empty() {
            break;
        }
        let key = running.remove(order.pick(running.len(), step));
        record.add(scheduler.finish(key, score(key).and_then(Score::new)), key.rung);
    }
    assert_eq!(scheduler.next(), Next::Done);
    record
}

/// A hash of trial, rung and seed.
fn hash(key: JobKey, seed: u64) -> u64 {
    let x = (key.trial.0 << 8 | u64::from(key.rung.0)) ^ seed;
    let x = (x ^ x >> 31).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (x ^ x >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9)
}

fn random_score(key: JobKey) -> Option<f64> {
    Some((hash(key, 0) >> 40) as f64)
}

fn hyperband(max: f64, eta: f64, rounds: u32) -> SyncBrackets {
    let levels = RungLevels::new(1.0, max, eta, ResourceKind::Int).unwrap();
    SyncBrackets::new(brackets(&levels, BracketSizes::Floor), rounds, &levels)
}

/// Successive halving with 8, 4, 2 and 1 configurations.
fn halving() -> SyncBrackets {
    let levels = RungLevels::new(2.0, 10.0, 2.0, ResourceKind::Int).unwrap();
    SyncBrackets::new(vec![halving::bracket(&levels, 1.0)], 1, &levels)
}

const ORDERS: [Order; 3] = [Order::Oldest, Order::Newest, Order::Scattered];

#[test]
fn hyperband_runs_the_planned_jobs() {
    let schedule = hyperband(81.0, 3.0, 2);
    let record = run(&schedule, 5, Order::Scattered, random_score);
    let plan = schedule.plan(None);
    assert_eq!((record.jobs.len() as u64, record.trials().len() as u64), (plan.jobs(), plan.trials()));
    for round in 0..2 {
        for bracket in &plan.brackets {
            for (rung, planned) in (0..).zip(&bracket.rungs) {
                let id = BracketId { round, bracket: bracket.bracket };
                assert_eq!(record.count(id, rung), planned.configs, "{id:?} rung {rung}");
            }
        }
    }
    assert_eq!(record.retired, record.trials());
}

#[test]
fn the_result_does_not_depend_on_slots_and_order() {
    let schedule = hyperband(27.0, 3.0, 2);
    let single = run(&schedule, 1, Order::Oldest, random_score);
    for slots in [1, 3, 8, 1000] {
        for order in ORDERS {
            assert_eq!(run(&schedule, slots, order, random_score), single, "{slots} slots, {order:?}");
        }
    }
}

#[test]
fn the_best_trials_are_promoted_and_the_others_retired() {
    let record = run(&halving(), 3, Order::Newest, |key| Some(-(key.trial.0 as f64)));
    let promoted = |rung| -> Vec<u64> {
        record.promoted.iter().filter(|(_, from)| *from == Rung(rung)).map(|(trial, _)| trial.0).collect()
    };
    assert_eq!((promoted(0), promoted(1), promoted(2)), (vec![4, 5, 6, 7], vec![6, 7], vec![7]));
    let last = record.jobs[&JobKey { trial: TrialId(7), rung: Rung(3) }];
    assert_eq!((last.1.amount(), last.2.map(Resource::amount)), (10.0, Some(8.0)));
}

#[test]
fn of_equal_scores_the_lower_trial_is_promoted() {
    let record = run(&halving(), 3, Order::Newest, |_| Some(1.0));
    let last: Vec<u64> = record.jobs.keys().filter(|key| key.rung == Rung(3)).map(|key| key.trial.0).collect();
    assert_eq!(last, [0]);
}

#[test]
fn trials_without_a_score_are_not_promoted_and_the_next_rung_is_smaller() {
    let only_two = |key: JobKey| (key.trial.0 == 2 || key.trial.0 == 5).then_some(1.0);
    let record = run(&halving(), 8, Order::Scattered, only_two);
    let id = BracketId { round: 0, bracket: 3 };
    assert_eq!([0, 1, 2, 3].map(|rung| record.count(id, rung)), [8, 2, 2, 1]);
    assert_eq!(record.retired.len(), 8);
    let failed = run(&halving(), 8, Order::Oldest, |_| Some(f64::NAN));
    assert_eq!([0, 1].map(|rung| failed.count(id, rung)), [8, 0]);
}

#[test]
fn a_straggler_does_not_block_other_brackets() {
    let mut scheduler = hyperband(9.0, 3.0, 1).scheduler(Some(Direction::Minimize));
    let Next::Start(straggler) = scheduler.next() else { panic!("nine trials are planned") };
    // The second slot runs all jobs that do not depend on the straggler: 8 + 3 + 1 + 3.
    for job in 0..15 {
        let Next::Start(start) = scheduler.next() else { panic!("the slot waits at job {job}") };
        scheduler.finish(start.key, Score::new(1.0));
    }
    assert_eq!(scheduler.next(), Next::Wait);
    let verdicts = scheduler.finish(straggler.key, Score::new(0.0));
    assert_eq!(verdicts[0], Verdict::Promote(TrialId(0)));
    let Next::Start(promoted) = scheduler.next() else { panic!("three were promoted") };
    assert_eq!(promoted.key, JobKey { trial: TrialId(0), rung: Rung(1) });
}

#[test]
fn promotions_of_the_earliest_bracket_start_first() {
    let mut scheduler = hyperband(9.0, 3.0, 1).scheduler(Some(Direction::Minimize));
    let starts: Vec<_> = (0..12).map(|_| scheduler.next()).collect();
    for start in starts.into_iter().rev() {
        let Next::Start(start) = start else { panic!("twelve trials are planned before any promotion") };
        scheduler.finish(start.key, Score::new(1.0));
    }
    let order: Vec<u64> = std::iter::from_fn(|| match scheduler.next() {
        Next::Start(start) => Some(start.key.trial.0),
        _ => None,
    })
    .collect();
    assert_eq!(order, [0, 1, 2, 9, 12, 13, 14]);
}

#[test]
fn a_closed_schedule_runs_the_truncated_plan() {
    let schedule = hyperband(81.0, 3.0, 1);
    for slots in [1, 8, 200] {
        let record = run_until(&schedule, slots, Order::Scattered, 100, random_score);
        let plan = schedule.plan(Some(100));
        assert_eq!((record.jobs.len() as u64, record.trials().len()), (plan.jobs(), 100), "{slots} slots");
        assert_eq!(record.retired.len(), 100);
    }
}

#[test]
fn closing_completes_a_rung_without_running_jobs() {
    let mut scheduler = halving().scheduler(Some(Direction::Minimize));
    for _ in 0..2 {
        let Next::Start(start) = scheduler.next() else { panic!("eight trials are planned") };
        scheduler.finish(start.key, Score::new(1.0));
    }
    assert_eq!(scheduler.close(&[]), [Verdict::Promote(TrialId(0)), Verdict::Retire(TrialId(1))]);
    assert!(matches!(scheduler.next(), Next::Start(start) if start.key.rung == Rung(1)));
}

#[test]
fn asha_promotes_without_waiting_for_the_rung() {
    let levels = RungLevels::new(1.0, 9.0, 3.0, ResourceKind::Int).unwrap();
    let mut scheduler = Asha::new(levels, UNLIMITED).scheduler(Some(Direction::Minimize));
    let starts: Vec<_> = (0..4).map(|_| scheduler.next()).collect();
    let keys = starts.iter().map(|next| match next {
        Next::Start(start) => start.key,
        _ => panic!("an unlimited schedule always has a trial"),
    });
    let verdicts: Vec<_> = keys.zip([3.0, 1.0, 2.0]).map(|(key, x)| scheduler.finish(key, Score::new(x))).collect();
    assert_eq!(verdicts, [vec![], vec![], vec![Verdict::Promote(TrialId(1))]]);
    let Next::Start(start) = scheduler.next() else { panic!("trial 1 was promoted") };
    assert_eq!((start.key, start.resource.amount()), (JobKey { trial: TrialId(1), rung: Rung(1) }, 3.0));
    assert!(matches!(scheduler.next(), Next::Start(start) if start.key.trial == TrialId(4)));
}

#[test]
fn asha_ends_with_every_trial_retired() {
    let levels = RungLevels::new(1.0, 27.0, 3.0, ResourceKind::Int).unwrap();
    let schedule = Asha::new(levels, 200);
    for slots in [1, 8] {
        let record = run(&schedule, slots, Order::Scattered, coarse_score(7));
        assert_eq!((record.trials().len(), record.retired.len()), (200, 200));
        assert!(record.jobs.keys().any(|key| key.rung == Rung(3)), "at least one trial reached R");
    }
    let failed = run(&schedule, 3, Order::Newest, |_| None);
    assert_eq!((failed.jobs.len(), failed.promoted.len()), (200, 0));
}

/// Random scores with failures and many ties.
fn coarse_score(seed: u64) -> impl Fn(JobKey) -> Option<f64> {
    move |key| Some((hash(key, seed) >> 60) as f64).filter(|x| *x > 2.0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn brackets_do_not_exceed_their_plan(
        max in 1u32..60, eta in 1.3f64..5.0, rounds in 1u32..3, slots in 1usize..20, max_trials in 1u64..200, seed: u64,
    ) {
        let schedule = hyperband(f64::from(max), eta, rounds);
        let record = run_until(&schedule, slots, Order::Scattered, max_trials, coarse_score(seed));
        prop_assert_eq!(&record, &run_until(&schedule, 1, Order::Oldest, max_trials, coarse_score(seed)));
        let plan = schedule.plan(Some(max_trials));
        prop_assert_eq!(record.trials().len() as u64, plan.trials());
        prop_assert!(record.jobs.len() as u64 <= plan.jobs());
        prop_assert_eq!(&record.retired, &record.trials());
        // A truncated plan lists the brackets of all rounds.
        let in_round = schedule.plan(None).brackets.len();
        let repeats = (0..plan.rounds as usize).flat_map(|_| &plan.brackets).enumerate();
        for (at, bracket) in repeats {
            let id = BracketId { round: (at / in_round) as u32, bracket: bracket.bracket };
            for (rung, planned) in (0..).zip(&bracket.rungs) {
                prop_assert!(record.count(id, rung) <= planned.configs);
            }
        }
        for (_, resource, previous) in record.jobs.values() {
            prop_assert!(resource.amount() <= f64::from(max));
            prop_assert!(previous.is_none_or(|previous| previous < *resource));
        }
    }

    #[test]
    fn asha_promotes_all_trials_that_end_in_the_top_fraction(
        eta in 1.5f64..5.0, slots in 1usize..20, runs in 1u64..150, seed: u64,
    ) {
        let levels = RungLevels::new(1.0, 30.0, eta, ResourceKind::Int).unwrap();
        let record = run(&Asha::new(levels.clone(), runs), slots, Order::Scattered, coarse_score(seed));
        prop_assert_eq!(record.trials().len() as u64, runs);
        prop_assert_eq!(&record.retired, &record.trials());
        // All trials in the top 1/η of the complete first rung were promoted.
        let score = coarse_score(seed);
        let mut ranked: Vec<_> = (0..runs)
            .filter_map(|t| score(JobKey { trial: TrialId(t), rung: Rung(0) }).map(|x| (x as u64, t)))
            .collect();
        ranked.sort_unstable();
        for (_, trial) in ranked.into_iter().take(levels.div_pow_floor(runs, 1) as usize) {
            prop_assert!(record.promoted.contains(&(TrialId(trial), Rung(0))));
        }
    }
}
