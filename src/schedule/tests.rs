//! Schedules driven by virtual slots: what they hand out must not depend on how many slots there are or who ends first.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::asha::Asha;
use super::halving;
use super::hyperband::{self, BracketSizes};
use super::ladder::Ladder;
use super::rounds::Rounds;
use super::*;
use crate::words::ids::Rung;
use crate::words::units::ResourceKind;

/// Which of the running jobs ends next.
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

/// All that a study did.
#[derive(Default, PartialEq, Debug)]
struct Course {
    jobs: BTreeMap<JobKey, (BracketId, Resource, Option<Resource>)>,
    promoted: BTreeSet<(TrialId, Rung)>,
    retired: BTreeSet<TrialId>,
}

impl Course {
    fn note(&mut self, verdicts: Vec<Verdict>, rung: Rung) {
        for verdict in verdicts {
            let is_new = match verdict {
                Verdict::Promote(trial) => self.promoted.insert((trial, rung)),
                Verdict::Retire(trial) => self.retired.insert(trial),
            };
            assert!(is_new, "{verdict:?} twice");
        }
    }

    fn trials(&self) -> BTreeSet<TrialId> {
        self.jobs.keys().map(|key| key.trial).collect()
    }

    /// Jobs of a bracket at a rung.
    fn count(&self, bracket: BracketId, rung: u32) -> u64 {
        self.jobs.iter().filter(|(key, job)| key.rung == Rung(rung) && job.0 == bracket).count() as u64
    }
}

fn drive(schedule: &dyn Schedule, slots: usize, order: Order, score: impl Fn(JobKey) -> Option<f64>) -> Course {
    drive_to(schedule, slots, order, u64::MAX, score)
}

/// Runs to the end; closes once `supply` trials have started.
fn drive_to(
    schedule: &dyn Schedule,
    slots: usize,
    order: Order,
    supply: u64,
    score: impl Fn(JobKey) -> Option<f64>,
) -> Course {
    let mut scheduler = schedule.scheduler(Some(Direction::Minimize));
    let mut course = Course::default();
    let mut running: Vec<JobKey> = Vec::new();
    for step in 0.. {
        while running.len() < slots {
            let Next::Start(start) = scheduler.next() else { break };
            let repeated = course.jobs.insert(start.key, (start.bracket, start.resource, start.previous));
            assert_eq!(repeated, None, "{:?} was handed out twice", start.key);
            running.push(start.key);
            if start.key.rung == Rung(0) && start.key.trial.0 + 1 == supply {
                course.note(scheduler.close(&[]), Rung(0));
            }
        }
        if running.is_empty() {
            break;
        }
        let key = running.remove(order.pick(running.len(), step));
        course.note(scheduler.finish(key, score(key).and_then(Score::new)), key.rung);
    }
    assert_eq!(scheduler.next(), Next::Done);
    course
}

/// Scrambled bits, the same for the same trial, rung and seed.
fn bits(key: JobKey, seed: u64) -> u64 {
    let x = (key.trial.0 << 8 | u64::from(key.rung.0)) ^ seed;
    let x = (x ^ x >> 31).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (x ^ x >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9)
}

fn scrambled(key: JobKey) -> Option<f64> {
    Some((bits(key, 0) >> 40) as f64)
}

fn hyperband(max: f64, eta: f64, rounds: u32) -> Rounds {
    let ladder = Ladder::new(1.0, max, eta, ResourceKind::Int).unwrap();
    Rounds::new(hyperband::table(&ladder, BracketSizes::Floor), rounds, &ladder)
}

fn book() -> Rounds {
    let ladder = Ladder::new(2.0, 10.0, 2.0, ResourceKind::Int).unwrap();
    Rounds::new(vec![halving::table(&ladder, 1.0)], 1, &ladder)
}

const ORDERS: [Order; 3] = [Order::Oldest, Order::Newest, Order::Scattered];

#[test]
fn hyperband_does_what_its_plan_says() {
    let schedule = hyperband(81.0, 3.0, 2);
    let course = drive(&schedule, 5, Order::Scattered, scrambled);
    let plan = schedule.plan(None);
    assert_eq!((course.jobs.len() as u64, course.trials().len() as u64), (plan.jobs(), plan.trials()));
    for round in 0..2 {
        for bracket in &plan.brackets {
            for (rung, planned) in (0..).zip(&bracket.rungs) {
                let id = BracketId { round, bracket: bracket.bracket };
                assert_eq!(course.count(id, rung), planned.configs, "{id:?} rung {rung}");
            }
        }
    }
    assert_eq!(course.retired, course.trials());
}

#[test]
fn one_outcome_whatever_the_slots_and_the_order() {
    let schedule = hyperband(27.0, 3.0, 2);
    let alone = drive(&schedule, 1, Order::Oldest, scrambled);
    for slots in [1, 3, 8, 1000] {
        for order in ORDERS {
            assert_eq!(drive(&schedule, slots, order, scrambled), alone, "{slots} slots, {order:?}");
        }
    }
}

#[test]
fn the_best_go_on_and_the_rest_retire() {
    let course = drive(&book(), 3, Order::Newest, |key| Some(-(key.trial.0 as f64)));
    let promoted = |rung| -> Vec<u64> {
        course.promoted.iter().filter(|(_, from)| *from == Rung(rung)).map(|(trial, _)| trial.0).collect()
    };
    assert_eq!((promoted(0), promoted(1), promoted(2)), (vec![4, 5, 6, 7], vec![6, 7], vec![7]));
    let last = course.jobs[&JobKey { trial: TrialId(7), rung: Rung(3) }];
    assert_eq!((last.1.amount(), last.2.map(Resource::amount)), (10.0, Some(8.0)));
}

#[test]
fn ties_go_to_the_lower_trial() {
    let course = drive(&book(), 3, Order::Newest, |_| Some(1.0));
    let last: Vec<u64> = course.jobs.keys().filter(|key| key.rung == Rung(3)).map(|key| key.trial.0).collect();
    assert_eq!(last, [0]);
}

#[test]
fn trials_without_a_score_never_go_on_and_the_next_rung_is_smaller() {
    let only_two = |key: JobKey| (key.trial.0 == 2 || key.trial.0 == 5).then_some(1.0);
    let course = drive(&book(), 8, Order::Scattered, only_two);
    let id = BracketId { round: 0, bracket: 3 };
    assert_eq!([0, 1, 2, 3].map(|rung| course.count(id, rung)), [8, 2, 2, 1]);
    assert_eq!(course.retired.len(), 8);
    let hopeless = drive(&book(), 8, Order::Oldest, |_| Some(f64::NAN));
    assert_eq!([0, 1].map(|rung| hopeless.count(id, rung)), [8, 0]);
}

#[test]
fn a_straggler_holds_up_nobody() {
    let mut scheduler = hyperband(9.0, 3.0, 1).scheduler(Some(Direction::Minimize));
    let Next::Start(straggler) = scheduler.next() else { panic!("nine trials are planned") };
    // The second slot works through all that does not hang on the straggler: 8 + 3 + 1 + 3 jobs.
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
fn promotions_of_the_earliest_bracket_go_first() {
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
fn a_closed_bracket_ends_with_what_it_has() {
    let schedule = hyperband(81.0, 3.0, 1);
    for slots in [1, 8, 200] {
        let course = drive_to(&schedule, slots, Order::Scattered, 100, scrambled);
        let plan = schedule.plan(Some(100));
        assert_eq!((course.jobs.len() as u64, course.trials().len()), (plan.jobs(), 100), "{slots} slots");
        assert_eq!(course.retired.len(), 100);
    }
}

#[test]
fn closing_an_idle_bracket_settles_its_rung() {
    let mut scheduler = book().scheduler(Some(Direction::Minimize));
    for _ in 0..2 {
        let Next::Start(start) = scheduler.next() else { panic!("eight trials are planned") };
        scheduler.finish(start.key, Score::new(1.0));
    }
    assert_eq!(scheduler.close(&[]), [Verdict::Promote(TrialId(0)), Verdict::Retire(TrialId(1))]);
    assert!(matches!(scheduler.next(), Next::Start(start) if start.key.rung == Rung(1)));
}

#[test]
fn asha_promotes_at_once_and_never_waits() {
    let ladder = Ladder::new(1.0, 9.0, 3.0, ResourceKind::Int).unwrap();
    let mut scheduler = Asha::new(ladder, ENDLESS).scheduler(Some(Direction::Minimize));
    let starts: Vec<_> = (0..4).map(|_| scheduler.next()).collect();
    let keys = starts.iter().map(|next| match next {
        Next::Start(start) => start.key,
        _ => panic!("an endless ladder always has a trial"),
    });
    let verdicts: Vec<_> = keys.zip([3.0, 1.0, 2.0]).map(|(key, x)| scheduler.finish(key, Score::new(x))).collect();
    assert_eq!(verdicts, [vec![], vec![], vec![Verdict::Promote(TrialId(1))]]);
    let Next::Start(start) = scheduler.next() else { panic!("trial 1 was promoted") };
    assert_eq!((start.key, start.resource.amount()), (JobKey { trial: TrialId(1), rung: Rung(1) }, 3.0));
    assert!(matches!(scheduler.next(), Next::Start(start) if start.key.trial == TrialId(4)));
}

#[test]
fn asha_comes_to_an_end_with_every_trial_retired() {
    let ladder = Ladder::new(1.0, 27.0, 3.0, ResourceKind::Int).unwrap();
    let schedule = Asha::new(ladder, 200);
    for slots in [1, 8] {
        let course = drive(&schedule, slots, Order::Scattered, coarse(7));
        assert_eq!((course.trials().len(), course.retired.len()), (200, 200));
        assert!(course.jobs.keys().any(|key| key.rung == Rung(3)), "somebody reached R");
    }
    let hopeless = drive(&schedule, 3, Order::Newest, |_| None);
    assert_eq!((hopeless.jobs.len(), hopeless.promoted.len()), (200, 0));
}

#[test]
fn sums_of_a_plan_do_not_overflow() {
    let rung = RungPlan { configs: u64::MAX, resource: Resource::ONE };
    let bracket = BracketPlan { bracket: 1, rungs: vec![rung, rung] };
    let plan = Plan { brackets: vec![bracket.clone(), bracket], rounds: 9, open_ended: false };
    assert_eq!((plan.trials(), plan.jobs()), (u64::MAX, u64::MAX));
    insta::assert_snapshot!(plan.check_size().unwrap_err(), @"the plan has more than 10^19 jobs, at most 10000000 are allowed");
}

/// Scores by trial, with failures and many ties.
fn coarse(seed: u64) -> impl Fn(JobKey) -> Option<f64> {
    move |key| Some((bits(key, seed) >> 60) as f64).filter(|x| *x > 2.0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn brackets_keep_to_their_plan(
        max in 1u32..60, eta in 1.3f64..5.0, rounds in 1u32..3, slots in 1usize..20, supply in 1u64..200, seed: u64,
    ) {
        let schedule = hyperband(f64::from(max), eta, rounds);
        let course = drive_to(&schedule, slots, Order::Scattered, supply, coarse(seed));
        prop_assert_eq!(&course, &drive_to(&schedule, 1, Order::Oldest, supply, coarse(seed)));
        let plan = schedule.plan(Some(supply));
        prop_assert_eq!(course.trials().len() as u64, plan.trials());
        prop_assert!(course.jobs.len() as u64 <= plan.jobs());
        prop_assert_eq!(&course.retired, &course.trials());
        // A shortened plan lists its brackets one by one over the rounds.
        let in_round = schedule.plan(None).brackets.len();
        let repeats = (0..plan.rounds as usize).flat_map(|_| &plan.brackets).enumerate();
        for (at, bracket) in repeats {
            let id = BracketId { round: (at / in_round) as u32, bracket: bracket.bracket };
            for (rung, planned) in (0..).zip(&bracket.rungs) {
                prop_assert!(course.count(id, rung) <= planned.configs);
            }
        }
        for (_, resource, previous) in course.jobs.values() {
            prop_assert!(resource.amount() <= f64::from(max));
            prop_assert!(previous.is_none_or(|previous| previous < *resource));
        }
    }

    #[test]
    fn asha_promotes_no_more_than_one_in_eta_plus_those_displaced(
        eta in 1.5f64..5.0, slots in 1usize..20, runs in 1u64..150, seed: u64,
    ) {
        let ladder = Ladder::new(1.0, 30.0, eta, ResourceKind::Int).unwrap();
        let course = drive(&Asha::new(ladder.clone(), runs), slots, Order::Scattered, coarse(seed));
        prop_assert_eq!(course.trials().len() as u64, runs);
        prop_assert_eq!(&course.retired, &course.trials());
        // Whoever ends in the top 1/η of the first rung has gone on.
        let score = coarse(seed);
        let mut ranked: Vec<_> = (0..runs)
            .filter_map(|t| score(JobKey { trial: TrialId(t), rung: Rung(0) }).map(|x| (x as u64, t)))
            .collect();
        ranked.sort_unstable();
        for (_, trial) in ranked.into_iter().take(ladder.shrunk(runs, 1) as usize) {
            prop_assert!(course.promoted.contains(&(TrialId(trial), Rung(0))));
        }
    }
}
