//! The result of a study depends on the seed, not on slots, the order of events or crashes.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::driver::TestDriver;
use super::setup::{TestSampler, experiment, full_budget, hyperband, natural_outcome};
use crate::engine::event::FinishReason;
use crate::engine::experiment::{Experiment, Retries};
use crate::engine::replay::ReplayError;
use crate::search::random::Random;
use crate::space::tests::space;
use crate::types::ids::{Attempt, TrialId};
use crate::types::outcome::{Failure, Outcome};

fn study(draws: TestSampler) -> Experiment {
    experiment(hyperband(27.0), draws)
}

fn completed(experiment: Experiment, slots: u32, order: u64) -> TestDriver {
    let mut driver = TestDriver::new(experiment, slots);
    driver.run(random_order(order));
    driver
}

/// Random indices from `seed`.
fn random_order(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed;
    move |count| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % count
    }
}

#[test]
fn a_study_without_crashes_completes_as_planned() {
    let driver = completed(study(TestSampler::Random), 4, 1);
    let result = driver.result();
    assert_eq!(result.finish, Some(FinishReason::Completed));
    assert_eq!(result.configurations.len() as u64, driver.engine.counters.trials());
    assert_eq!(driver.engine.counters.trials(), 27 + 9 + 6 + 4);
    assert_eq!(result.incumbent.unwrap().2.amount(), 27.0);
    assert!(driver.launched().iter().all(|job| job.attempt == Attempt(1)));
}

#[test]
fn retired_trials_are_removed_from_memory() {
    let driver = completed(study(TestSampler::Random), 4, 1);
    assert!(driver.engine.trials.is_empty() && driver.engine.running.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn slots_and_order_do_not_change_the_result(slots in 1u32..40, order: u64) {
        let expected = completed(study(TestSampler::Random), 1, 0).result();
        prop_assert_eq!(completed(study(TestSampler::Random), slots, order).result(), expected);
    }

    #[test]
    fn crashes_do_not_change_the_result(
        slots in 1u32..12, order: u64, cuts in proptest::collection::vec((0.0f64..1.0, 1u32..12), 1..4)
    ) {
        let expected = completed(study(TestSampler::Random), 1, 0).result();
        let mut driver = completed(study(TestSampler::Random), slots, order);
        for (cut, slots) in cuts {
            let kept = (driver.journal.len() as f64 * cut) as usize;
            driver = TestDriver::resumed(study(TestSampler::Random), slots, &driver.journal[..kept]).unwrap();
            driver.run(random_order(order ^ kept as u64));
            prop_assert_eq!(&driver.result(), &expected);
        }
    }
}

#[test]
fn every_prefix_resumes_to_the_same_result() {
    let whole = completed(experiment(hyperband(9.0), TestSampler::Random), 3, 5);
    for kept in 0..=whole.journal.len() {
        let mut driver =
            TestDriver::resumed(experiment(hyperband(9.0), TestSampler::Random), 2, &whole.journal[..kept]).unwrap();
        driver.run(random_order(kept as u64));
        assert_eq!(driver.result(), whole.result(), "after {kept} records");
    }
}

#[test]
fn a_limited_sampler_ends_brackets_at_the_same_size_after_every_prefix() {
    let whole = completed(study(TestSampler::Limited(31)), 3, 5);
    assert_eq!(whole.engine.counters.trials(), 31);
    for kept in 0..=whole.journal.len() {
        let mut driver = TestDriver::resumed(study(TestSampler::Limited(31)), 5, &whole.journal[..kept]).unwrap();
        driver.run(random_order(kept as u64));
        assert_eq!(driver.result(), whole.result(), "after {kept} records");
    }
}

#[test]
fn a_finite_space_is_drawn_the_same_after_every_prefix() {
    let values = [("x", "choice", json!([0.1, 0.2, 0.3, 0.4, 0.5])), ("y", "range", json!([0, 4, 1]))];
    let finite = || {
        let mut experiment = study(TestSampler::Random);
        experiment.method.sampler = Arc::new(Random);
        Experiment { space: Arc::new(space(&values)), ..experiment }
    };
    let whole = completed(finite(), 3, 5);
    for kept in (0..=whole.journal.len()).step_by(3) {
        let mut driver = TestDriver::resumed(finite(), 5, &whole.journal[..kept]).unwrap();
        driver.run(random_order(kept as u64));
        assert_eq!(driver.result(), whole.result(), "after {kept} records");
    }
}

#[test]
fn a_model_has_the_same_observations_after_a_resume() {
    let whole = completed(experiment(hyperband(9.0), TestSampler::Model), 1, 5);
    for kept in 0..=whole.journal.len() {
        let mut driver =
            TestDriver::resumed(experiment(hyperband(9.0), TestSampler::Model), 1, &whole.journal[..kept]).unwrap();
        driver.run(random_order(9));
        assert_eq!(driver.result(), whole.result(), "after {kept} records");
    }
}

#[test]
fn finished_jobs_never_run_twice_and_lost_ones_run_first() {
    let mut driver = TestDriver::new(experiment(full_budget(6), TestSampler::Random), 2);
    driver.end(0, natural_outcome(&driver.running[0].clone()));
    let cut = driver.journal.clone();
    let resumed = TestDriver::resumed(experiment(full_budget(6), TestSampler::Random), 3, &cut).unwrap();
    let jobs: Vec<_> = resumed.running.iter().map(|l| (l.job.key.trial.0, l.job.attempt.0)).collect();
    assert_eq!(jobs, [(1, 2), (2, 2), (3, 1)]);
    assert_eq!(resumed.engine.counters.jobs(), 4);
}

#[test]
fn a_crash_does_not_use_up_retries() {
    let retrying = || Experiment {
        retries: Retries { max: 1, pause: Duration::from_secs(1) },
        ..experiment(full_budget(1), TestSampler::Random)
    };
    let driver = TestDriver::new(retrying(), 1);
    let mut driver = TestDriver::resumed(retrying(), 1, &driver.journal).unwrap();
    driver.end(0, Outcome::Failed { failure: Failure::Exit(1) });
    let mut driver = TestDriver::resumed(retrying(), 1, &driver.journal.clone()).unwrap();
    assert!(driver.wait(), "the pause before the retry continues");
    assert_eq!(driver.running[0].job.attempt, Attempt(3));
    driver.end(0, Outcome::Failed { failure: Failure::Exit(1) });
    assert_eq!(driver.engine.counters.failed(), 1);
}

#[test]
fn a_changed_seed_or_schedule_is_an_error() {
    let journal = completed(study(TestSampler::Random), 2, 0).journal;
    let other_seed = Experiment { seed: 8, ..study(TestSampler::Random) };
    assert_eq!(
        TestDriver::resumed(other_seed, 2, &journal).err(),
        Some(ReplayError::Configuration { trial: TrialId(0) })
    );
    let other_schedule = experiment(hyperband(9.0), TestSampler::Random);
    insta::assert_snapshot!(
        TestDriver::resumed(other_schedule, 2, &journal).err().unwrap(),
        @"trial 0 rung 0 attempt 1 was launched with resource 1 after 0 in bracket 3 of round 0; the schedule now gives it resource 1 after 0 in bracket 2 of round 0"
    );
    let mut without_trial_3 = journal;
    without_trial_3.retain(|line| !matches!(line, super::journal::TestRecord::Ended(job, ..) if job.key.trial.0 == 3));
    assert!(matches!(
        TestDriver::resumed(study(TestSampler::Random), 2, &without_trial_3).err(),
        Some(ReplayError::Verdict { .. })
    ));
}

#[test]
fn a_finished_study_launches_no_jobs() {
    let whole = completed(experiment(full_budget(3), TestSampler::Random), 2, 0);
    let again = TestDriver::resumed(experiment(full_budget(3), TestSampler::Random), 2, &whole.journal).unwrap();
    assert!(again.running.is_empty());
    assert_eq!(again.finish(), Some(&FinishReason::Completed));
}
