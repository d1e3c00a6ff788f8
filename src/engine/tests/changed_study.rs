//! A study that is lengthened, or whose failed jobs run again, ends as if it had been so from the start.

use std::sync::Arc;

use proptest::prelude::*;

use super::driver::{TestChange, TestDriver};
use super::journal::{StudyResult, TestRecord};
use super::setup::{TestSampler, experiment, full_budget, natural_outcome, succeeded};
use crate::engine::event::FinishReason;
use crate::engine::experiment::Experiment;
use crate::schedule::Schedule;
use crate::schedule::asha::Asha;
use crate::schedule::freeze_thaw::FreezeThaw;
use crate::schedule::hyperband::{BracketSizes, brackets};
use crate::schedule::rung_levels::RungLevels;
use crate::schedule::sync_brackets::SyncBrackets;
use crate::types::allocation::PromotedStart;
use crate::types::ids::TrialId;
use crate::types::outcome::Outcome;
use crate::types::units::ResourceKind;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    FullBudget,
    Brackets,
    Asha,
    FreezeThaw,
}

/// A study of `length` trials or rounds.
fn study(kind: Kind, sampler: TestSampler, length: u64) -> Experiment {
    let levels = RungLevels::new(1.0, 9.0, 3.0, ResourceKind::Int).unwrap();
    let schedule: Arc<dyn Schedule> = match kind {
        Kind::FullBudget => full_budget(length),
        Kind::Brackets => Arc::new(SyncBrackets::new(brackets(&levels, BracketSizes::Floor), 1, &levels)),
        Kind::Asha => Arc::new(Asha::new(levels, length)),
        Kind::FreezeThaw => Arc::new(FreezeThaw::new(&levels, length, PromotedStart::FromScratch)),
    };
    experiment(schedule.with_length(length), sampler)
}

/// Resumes `journal` with `length`, runs at most `jobs` further jobs, in an order given by `order`.
fn session(
    study: Experiment,
    journal: &[TestRecord],
    change: &TestChange,
    (slots, jobs, order): (u32, usize, u64),
) -> TestDriver {
    let mut driver = TestDriver::changed(study, slots, journal, change).unwrap();
    let mut state = order;
    for _ in 0..jobs {
        if driver.running.is_empty() {
            break;
        }
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let index = (state >> 33) as usize % driver.running.len();
        let outcome = natural_outcome(&driver.running[index]);
        driver.end(index, outcome);
    }
    driver
}

/// A resumed study that had finished records no second finish.
fn without_finish(result: StudyResult) -> StudyResult {
    StudyResult { finish: None, ..result }
}

fn lengths(kind: Kind) -> [u64; 3] {
    match kind {
        Kind::Brackets => [1, 2, 4],
        _ => [7, 19, 40],
    }
}

const UNCHANGED: fn(u64) -> TestChange = |initial| TestChange { initial, rerun: false };

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// With random draws and one slot, whatever the instants of the changes and of a crash after each of them.
    #[test]
    fn a_lengthened_study_is_the_longer_study(
        kind in prop_oneof![Just(Kind::FullBudget), Just(Kind::Brackets), Just(Kind::Asha)],
        jobs in (0usize..80, 0usize..80, 0usize..80),
        cuts in (0.0f64..1.0, 0.0f64..1.0),
    ) {
        let [short, middle, long] = lengths(kind);
        let at = |length| study(kind, TestSampler::Random, length);
        let expected = session(at(long), &[], &UNCHANGED(long), (1, 1000, 0)).result();
        prop_assert_eq!(&expected.finish, &Some(FinishReason::Completed));
        let change = UNCHANGED(short);
        let first = session(at(short), &[], &change, (1, jobs.0, 0)).journal;
        let second = session(at(middle), &first, &change, (1, jobs.1, 0)).journal;
        let kept = first.len() + ((second.len() - first.len()) as f64 * cuts.0).ceil() as usize;
        let third = session(at(long), &second[..kept], &change, (1, jobs.2, 0)).journal;
        let kept = kept + ((third.len() - kept) as f64 * cuts.1).ceil() as usize;
        let last = session(at(long), &third[..kept], &change, (1, 1000, 0));
        prop_assert_eq!(last.result(), expected);
    }

    /// Every schedule and sampler, many slots: the replay of every prefix follows, and the study ends.
    #[test]
    fn changes_are_replayed_exactly(
        kind in prop_oneof![Just(Kind::FullBudget), Just(Kind::Brackets), Just(Kind::Asha), Just(Kind::FreezeThaw)],
        learns: bool, rerun: bool, slots in 1u32..9, order: u64,
        jobs in (0usize..60, 0usize..60, 0usize..60), cut in 0.0f64..1.0,
    ) {
        let [short, middle, long] = lengths(kind);
        let sampler = if learns { TestSampler::Model } else { TestSampler::Random };
        let at = |length| study(kind, sampler, length);
        let change = TestChange { initial: short, rerun };
        let first = session(at(short), &[], &change, (slots, jobs.0, order)).journal;
        let second = session(at(middle), &first, &change, (slots + 1, jobs.1, order)).journal;
        let third = session(at(long), &second, &change, (slots, jobs.2, order)).journal;
        let kept = (third.len() as f64 * cut) as usize;
        let resumed = session(at(long), &third[..kept], &UNCHANGED(short), (slots, 2000, order));
        prop_assert_eq!(resumed.finish(), Some(&FinishReason::Completed));
        let again = TestDriver::changed(at(long), 1, &resumed.journal, &UNCHANGED(short)).unwrap();
        prop_assert!(again.running.is_empty());
        prop_assert_eq!(without_finish(again.result()), without_finish(resumed.result()));
    }
}

#[test]
fn trials_that_the_shorter_asha_retired_are_promoted_in_the_longer_one() {
    let at = |length| study(Kind::Asha, TestSampler::Random, length);
    let short = session(at(5), &[], &UNCHANGED(5), (1, 1000, 0));
    let retired = |trial: u64| short.journal.iter().any(|r| matches!(r, TestRecord::Retired(t) if t.0 == trial));
    let long = session(at(40), &short.journal, &UNCHANGED(5), (1, 1000, 0));
    let length_before = short.journal.len();
    let returned = long.journal[length_before..]
        .iter()
        .any(|r| matches!(r, TestRecord::Promoted(t, _) if t.0 < 5 && retired(t.0)));
    assert!(returned);
    assert!(long.engine.running.is_empty());
}

#[test]
fn failed_jobs_run_again_with_their_configuration() {
    let at = || study(Kind::FullBudget, TestSampler::Random, 20);
    let first = session(at(), &[], &UNCHANGED(20), (2, 1000, 0));
    let failed: Vec<_> =
        first.result().outcomes.into_iter().filter(|(_, o)| matches!(o, Outcome::Failed { .. })).collect();
    assert_eq!(failed.len(), 2, "{failed:?}");
    let mut again = TestDriver::changed(at(), 3, &first.journal, &TestChange { initial: 20, rerun: true }).unwrap();
    let launched: Vec<_> = again.running.iter().map(|launch| (launch.job.key, launch.job.attempt.0)).collect();
    assert_eq!(launched, failed.iter().map(|(key, _)| (*key, 2)).collect::<Vec<_>>());
    for launch in again.running.clone() {
        assert_eq!(*launch.assignment, first.result().configurations[&launch.job.key.trial]);
        again.end_trial(launch.job.key.trial.0, succeeded(0.0));
    }
    assert_eq!(again.finish(), Some(&FinishReason::Completed));
    assert_eq!((again.engine.counters.failed(), again.engine.counters.jobs()), (0, 20));
    // 20 jobs, and the first attempts of both failed ones, which name no step.
    assert_eq!(again.engine.counters.committed_resource(), 22.0);
}

#[test]
fn a_failed_job_counts_for_promotions_until_its_rung_is_complete() {
    let at = || study(Kind::Brackets, TestSampler::Random, 1);
    let fail = |driver: &mut TestDriver, trial| {
        driver.end_trial(trial, Outcome::Failed { failure: crate::types::outcome::Failure::Exit(1) });
    };
    let promoted = |driver: &TestDriver, trial| {
        driver.journal.iter().any(|r| matches!(r, TestRecord::Promoted(t, _) if *t == TrialId(trial)))
    };
    for (ended_before, expected) in [(4, true), (9, false)] {
        let mut driver = TestDriver::new(at(), 9);
        fail(&mut driver, 0);
        (1..ended_before).for_each(|trial| driver.end_trial(trial, succeeded(1.0 + trial as f64)));
        let change = TestChange { initial: 1, rerun: true };
        let mut again = TestDriver::changed(at(), 9, &driver.journal, &change).unwrap();
        again.end_trial(0, succeeded(0.0));
        again.run(|_| 0);
        assert_eq!(promoted(&again, 0), expected, "{ended_before} jobs had ended");
        assert_eq!(again.finish(), Some(&FinishReason::Completed));
    }
}
