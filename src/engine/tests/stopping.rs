//! Metric conditions and policies.

use super::driver::TestDriver;
use super::setup::{TestSampler, experiment, full_budget, hyperband, succeeded};
use crate::engine::event::{Event, FinishReason};
use crate::engine::experiment::{Experiment, Interval, MetricCondition, Policy, Rule, Stopping};
use crate::types::objective::{Direction, Score};
use crate::types::outcome::{Failure, Outcome, Reading, StopRule};

fn until(metric: &str, value: f64) -> Experiment {
    let condition = MetricCondition { metric: metric.into(), value, direction: Direction::Minimize };
    let stopping = Stopping { conditions: vec![condition], ..Stopping::default() };
    Experiment { stopping, ..experiment(hyperband(9.0), TestSampler::Random) }
}

fn print(driver: &mut TestDriver, index: usize, reading: Reading) {
    let job = driver.running[index].job;
    driver.send(Event::Reading { job, reading });
}

#[test]
fn a_reading_that_reaches_the_condition_ends_the_study_as_a_success() {
    let mut driver = TestDriver::new(until("loss", 0.1), 3);
    assert!(driver.engine.wants_readings());
    driver.print(1, 0.2);
    assert!(driver.kills.is_empty());
    let reached = driver.running[1].job;
    driver.print(1, 0.1);
    let killed: Vec<u64> = driver.kills.iter().map(|(job, _)| job.key.trial.0).collect();
    assert_eq!(killed, [1, 0, 2], "the job that reached it is killed first");
    assert_eq!(driver.kills[0].1, StopRule::new(StopRule::STUDY_FINISHED, Some(0.1), Some(0.1)));
    driver.print(2, 0.0);
    driver.end_killed(Some(0.1));
    let expected = FinishReason::MetricReached { job: reached, metric: "loss".into(), value: 0.1, threshold: 0.1 };
    assert_eq!(driver.finish(), Some(&expected));
    assert_eq!(driver.engine.counters.jobs(), 3, "no further job was launched");
}

#[test]
fn conditions_apply_to_other_metrics_and_to_final_values() {
    let mut driver = TestDriver::new(until("error", 0.5), 1);
    print(&mut driver, 0, Reading { step: None, numbers: vec![("error".into(), f64::NEG_INFINITY)] });
    assert!(driver.kills.is_empty(), "an infinite value does not meet a condition");
    print(&mut driver, 0, Reading { step: None, numbers: vec![("error".into(), 0.4)] });
    assert_eq!(driver.kills.len(), 1);

    let mut driver = TestDriver::new(until("loss", 0.5), 2);
    driver.end(0, succeeded(0.5));
    assert_eq!(driver.kills.len(), 1);
    driver.end_killed(None);
    assert!(matches!(driver.finish(), Some(FinishReason::MetricReached { .. })));
}

#[test]
fn a_crash_while_the_study_ends_does_not_change_its_result() {
    let mut driver = TestDriver::new(until("loss", 0.1), 3);
    let reached = driver.running[2].job;
    driver.print(2, 0.05);
    let killed = driver.kills[0].clone();
    driver.end_trial(2, Outcome::Stopped { score: Score::new(0.2), by: killed.1 });
    let resumed = TestDriver::resumed(until("loss", 0.1), 3, &driver.journal).unwrap();
    assert!(resumed.running.is_empty());
    assert!(matches!(resumed.finish(), Some(FinishReason::MetricReached { job, value: 0.05, .. }) if *job == reached));
}

#[test]
fn a_replay_finds_the_decisive_job_in_the_first_kill() {
    let mut driver = TestDriver::new(until("error", 0.5), 3);
    driver.end_trial(0, succeeded(2.0));
    let reached = driver.running[1].job;
    print(&mut driver, 1, Reading { step: None, numbers: vec![("error".into(), 0.4)] });
    // the others end first
    for trial in driver.running.clone().iter().map(|launch| launch.job.key.trial).filter(|t| *t != reached.key.trial) {
        driver.end_trial(trial.0, succeeded(3.0));
        let resumed = TestDriver::resumed(until("error", 0.5), 3, &driver.journal).unwrap();
        assert_eq!(resumed.engine.decisive(), Some(reached.key));
    }
    let by = driver.kills[0].1.clone();
    driver.end_trial(reached.key.trial.0, Outcome::Stopped { score: Score::new(1.0), by });
    assert_eq!(driver.incumbent().map(|best| best.job), Some(reached.key));
    let resumed = TestDriver::resumed(until("error", 0.5), 1, &driver.journal).unwrap();
    assert_eq!(resumed.incumbent(), driver.incumbent());
}

#[test]
fn a_failure_share_is_not_confused_with_a_condition_of_the_same_threshold() {
    let strict = || {
        let mut experiment = until("error", 0.5);
        experiment.stopping.failure_share = Some(0.5);
        experiment
    };
    let mut driver = TestDriver::new(strict(), 6);
    (0..5).for_each(|trial| driver.end_trial(trial, Outcome::Failed { failure: Failure::Exit(1) }));
    assert_eq!(driver.kills.len(), 5, "every running job is killed");
    let resumed = TestDriver::resumed(strict(), 6, &driver.journal).unwrap();
    assert_eq!(resumed.engine.decisive(), None);
}

fn with_median(runs: u64) -> Experiment {
    let policy = Policy {
        metric: "loss".into(),
        direction: Direction::Minimize,
        interval: Interval { every: 1, from: 2 },
        rule: Rule::Median { min_samples: 1 },
    };
    let stopping = Stopping { policies: vec![policy], ..Stopping::default() };
    Experiment { stopping, ..experiment(full_budget(runs), TestSampler::Random) }
}

#[test]
fn a_policy_kills_a_job_once_and_its_value_counts_for_the_rung() {
    let mut driver = TestDriver::new(with_median(3), 2);
    driver.print(0, 1.0);
    driver.print(0, 1.0);
    driver.print(1, 5.0);
    assert!(driver.kills.is_empty(), "before the first evaluation");
    driver.print(1, 4.0);
    driver.print(1, 4.0);
    assert_eq!(driver.kills.len(), 1);
    assert_eq!(driver.kills[0].1, StopRule::new("median", Some(4.0), Some(1.0)));
    driver.end_killed(Some(4.0));
    let outcomes = driver.result().outcomes;
    let stopped = outcomes.values().filter(|outcome| matches!(outcome, Outcome::Stopped { .. })).count();
    assert_eq!((stopped, driver.incumbent().unwrap().score.value()), (1, 4.0));
    assert_eq!(driver.running.len(), 2, "its slot is used again");
}

#[test]
fn after_a_crash_policies_have_the_readings_of_ended_jobs() {
    let mut driver = TestDriver::new(with_median(3), 1);
    driver.print(0, 1.0);
    driver.print(0, 1.0);
    driver.end(0, succeeded(1.0));
    driver.print(0, 3.0);
    let mut resumed = TestDriver::resumed(with_median(3), 1, &driver.journal).unwrap();
    resumed.print(0, 5.0);
    assert!(resumed.kills.is_empty(), "the readings of the lost attempt do not count");
    resumed.print(0, 4.0);
    assert_eq!(resumed.kills[0].1, StopRule::new("median", Some(4.0), Some(1.0)));
}
