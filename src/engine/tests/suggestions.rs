//! External tuners and starting points.

use super::driver::TestDriver;
use super::setup::{TestSampler, experiment, full_budget, hyperband, natural_outcome, x};
use crate::engine::event::{Event, FinishReason, LimitKind};
use crate::engine::experiment::{Experiment, Limits};
use crate::types::ids::TrialId;

fn suggest(driver: &mut TestDriver, trials: &[u64]) {
    driver.pending.retain(|trial| !trials.contains(&trial.0));
    let suggestions = trials.iter().map(|trial| (TrialId(*trial), x(*trial as f64))).collect();
    driver.send(Event::Suggested { suggestions });
}

/// Suggests configurations for trials below `most` and ends jobs in order, until the study finishes.
fn run(driver: &mut TestDriver, most: u64) {
    while driver.finish().is_none() {
        let asked: Vec<u64> = driver.pending.iter().map(|trial| trial.0).filter(|trial| *trial < most).collect();
        if !asked.is_empty() {
            suggest(driver, &asked);
        } else if !driver.pending.is_empty() {
            driver.pending.clear();
            driver.send(Event::TunerFinished { error: None });
        } else {
            driver.end(0, natural_outcome(&driver.running[0].clone()));
        }
    }
}

#[test]
fn trials_wait_for_a_suggestion_with_their_slot() {
    let mut driver = TestDriver::new(experiment(full_budget(3), TestSampler::External), 2);
    assert_eq!(driver.pending, [TrialId(0), TrialId(1)]);
    assert!(driver.running.is_empty() && driver.finish().is_none());
    suggest(&mut driver, &[1, 7]);
    assert_eq!(driver.running[0].assignment.get("x").unwrap(), 1.0);
    assert_eq!(driver.pending, [TrialId(0)], "the other slot stays reserved");
    run(&mut driver, u64::MAX);
    assert_eq!(driver.finish(), Some(&FinishReason::Completed));
}

#[test]
fn a_study_continues_with_its_trials_after_the_last_suggestion() {
    let mut driver = TestDriver::new(experiment(hyperband(9.0), TestSampler::External), 3);
    run(&mut driver, 6);
    assert_eq!(driver.finish(), Some(&FinishReason::Completed));
    assert_eq!(driver.result().configurations.len(), 6);
    assert_eq!(driver.incumbent().unwrap().reached.amount(), 9.0, "trials were promoted");
}

#[test]
fn a_study_with_a_limited_tuner_resumes_from_every_prefix() {
    let mut whole = TestDriver::new(experiment(hyperband(9.0), TestSampler::External), 3);
    run(&mut whole, 7);
    for kept in 0..=whole.journal.len() {
        for slots in [1, 4] {
            let mut driver =
                TestDriver::resumed(experiment(hyperband(9.0), TestSampler::External), slots, &whole.journal[..kept])
                    .unwrap();
            run(&mut driver, 7);
            assert_eq!(driver.result(), whole.result(), "after {kept} records with {slots} slots");
        }
    }
}

#[test]
fn a_failed_tuner_ends_the_study_after_the_running_jobs() {
    let mut driver = TestDriver::new(experiment(full_budget(9), TestSampler::External), 2);
    suggest(&mut driver, &[0]);
    driver.send(Event::TunerFinished { error: Some("tuner.py died".into()) });
    assert_eq!(driver.finish(), None);
    driver.end(0, natural_outcome(&driver.running[0].clone()));
    assert_eq!(driver.finish(), Some(&FinishReason::Tuner { error: "tuner.py died".into() }));
    let resumed = TestDriver::resumed(experiment(full_budget(9), TestSampler::External), 1, &driver.journal).unwrap();
    assert_eq!(resumed.pending, [TrialId(1)]);
}

#[test]
fn pending_suggestions_count_towards_the_limit_of_jobs() {
    let limits = || Limits { jobs: Some(2), ..Limits::default() };
    let mut driver =
        TestDriver::new(Experiment { limits: limits(), ..experiment(full_budget(9), TestSampler::External) }, 4);
    assert_eq!((driver.pending.len(), driver.finish()), (2, None));
    run(&mut driver, u64::MAX);
    assert_eq!(driver.finish(), Some(&FinishReason::Limit { limit: LimitKind::Jobs }));
    assert_eq!(driver.result().configurations.len(), 2);
}

#[test]
fn an_interruption_does_not_wait_for_suggestions() {
    let mut driver = TestDriver::new(experiment(full_budget(9), TestSampler::External), 2);
    driver.send(Event::Interrupted { signal: 2 });
    assert_eq!(driver.finish(), Some(&FinishReason::Interrupted { signal: 2 }));
}

#[test]
fn starting_points_replace_drawn_values() {
    let drawn = TestDriver::new(experiment(full_budget(2), TestSampler::Random), 2);
    let with_points = || Experiment { initial: vec![x(42.0)], ..experiment(full_budget(2), TestSampler::Random) };
    let driver = TestDriver::new(with_points(), 2);
    let value = |driver: &TestDriver, index: usize| driver.running[index].assignment.get("x").cloned();
    assert_eq!(value(&driver, 0), Some(42.0.into()));
    assert_eq!(value(&driver, 1), value(&drawn, 1), "later draws do not change");
    assert!(TestDriver::resumed(with_points(), 1, &driver.journal).is_ok());
}
