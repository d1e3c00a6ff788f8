//! The limit `--patience`.

use std::sync::Arc;

use super::driver::TestDriver;
use super::journal::TestRecord;
use super::setup::{TestSampler, experiment, full_budget, hyperband, succeeded};
use crate::engine::event::{FinishReason, Launch, LimitKind};
use crate::engine::experiment::{Experiment, Limits};
use crate::schedule::Schedule;
use crate::types::ids::BracketId;

const ENDED: FinishReason = FinishReason::Limit { limit: LimitKind::Patience };

fn patient(schedule: Arc<dyn Schedule>, sampler: TestSampler, patience: Option<f64>, seed: u64) -> Experiment {
    let limits = Limits { patience, ..Limits::default() };
    Experiment { limits, seed, ..experiment(schedule, sampler) }
}

/// Between 1 and 2.
fn value(launch: &Launch) -> f64 {
    1.0 + launch.assignment.get("x").and_then(serde_json::Value::as_f64).expect("a number")
}

/// Ends every running job, the oldest first.
fn run(driver: &mut TestDriver) {
    while let Some(launch) = driver.running.first().cloned() {
        driver.end(0, succeeded(value(&launch)));
    }
}

fn ended(schedule: Arc<dyn Schedule>, sampler: TestSampler, patience: f64, seed: u64, slots: u32) -> TestDriver {
    let mut driver = TestDriver::new(patient(schedule, sampler, Some(patience), seed), slots);
    run(&mut driver);
    driver
}

#[test]
fn random_draws_end_early_with_little_regret_and_not_at_once() {
    for seed in 0..20 {
        let driver = ended(full_budget(1_000), TestSampler::Random, 0.05, seed, 1);
        assert_eq!(driver.finish(), Some(&ENDED));
        let (jobs, best) = (driver.launched().len(), driver.incumbent().expect("a best trial").score.value());
        assert!((50..900).contains(&jobs), "seed {seed}: {jobs} jobs");
        assert!(best < 1.03, "seed {seed}: {best}");
        let patient = ended(full_budget(1_000), TestSampler::Random, 0.01, seed, 1);
        assert!(patient.launched().len() > jobs, "seed {seed}");
    }
}

#[test]
fn a_study_never_ends_before_its_first_bracket() {
    for (max, slots) in [(9.0, 1), (27.0, 1), (27.0, 2), (27.0, 3), (27.0, 4)] {
        let driver = ended(hyperband(max), TestSampler::Content, 0.01, u64::from(slots), slots);
        assert_eq!(driver.finish(), Some(&ENDED), "{slots} slots, {max}");
        let plan = hyperband(max).plan(None);
        let bracket = BracketId { round: 0, bracket: plan.brackets[0].bracket };
        let in_first =
            |record: &&TestRecord| matches!(record, TestRecord::Launch(launch, _) if launch.bracket == bracket);
        let launched = driver.journal.iter().filter(in_first).count() as u64;
        assert_eq!(
            launched,
            plan.brackets[0].rungs.iter().map(|rung| rung.configs).sum::<u64>(),
            "{slots} slots, {max}"
        );
        assert!((driver.launched().len() as u64) < plan.jobs(), "{slots} slots, {max}");
    }
}

#[test]
fn the_limit_holds_after_a_resume_and_a_smaller_one_continues() {
    for slots in [1, 3] {
        let experiment = |patience| patient(full_budget(400), TestSampler::Random, patience, 3);
        let mut whole = TestDriver::new(experiment(Some(0.1)), slots);
        run(&mut whole);
        assert_eq!(whole.finish(), Some(&ENDED));
        for cut in (1..whole.journal.len()).step_by(9) {
            let mut resumed = TestDriver::resumed(experiment(Some(0.1)), slots, &whole.journal[..cut]).unwrap();
            run(&mut resumed);
            assert_eq!(resumed.finish(), Some(&ENDED));
            if slots == 1 {
                assert_eq!(resumed.result(), whole.result(), "cut at {cut}");
            }
        }
        let mut longer = TestDriver::resumed(experiment(None), slots, &whole.journal).unwrap();
        run(&mut longer);
        assert_eq!((longer.finish(), longer.launched().len()), (Some(&FinishReason::Completed), 400));
    }
}

#[test]
fn without_the_limit_a_study_completes_and_says_when_it_would_have_ended() {
    let mut driver = TestDriver::new(patient(full_budget(30), TestSampler::Content, None, 1), 1);
    run(&mut driver);
    assert_eq!(driver.finish(), Some(&FinishReason::Completed));
    let hint = driver.engine.patience_hint().expect("a hint");
    assert_eq!((hint.patience, hint.jobs, hint.resource), (0.01, 10, 10.0));
    let mut driver = TestDriver::new(patient(full_budget(12), TestSampler::Random, None, 1), 1);
    run(&mut driver);
    assert_eq!(driver.engine.patience_hint(), None);
}
