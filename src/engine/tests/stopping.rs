//! Metric conditions and policies through the whole engine.

use super::world::{Draws, World, experiment, full, hyperband, succeeded};
use crate::engine::event::{Event, FinishReason};
use crate::engine::experiment::{Experiment, Interval, MetricCondition, Policy, Rule, Stopping};
use crate::types::objective::{Direction, Score};
use crate::types::outcome::{Failure, Outcome, Reading, StopRule};

fn until(metric: &str, value: f64) -> Experiment {
    let condition = MetricCondition { metric: metric.into(), value, direction: Direction::Minimize };
    let stopping = Stopping { conditions: vec![condition], ..Stopping::default() };
    Experiment { stopping, ..experiment(hyperband(9.0), Draws::Blind) }
}

fn print(world: &mut World, index: usize, reading: Reading) {
    let job = world.running[index].job;
    world.feed(Event::Reading { job, reading });
}

#[test]
fn a_reading_that_reaches_the_condition_ends_the_study_as_a_success() {
    let mut world = World::new(until("loss", 0.1), 3);
    assert!(world.engine.wants_readings());
    world.print(1, 0.2);
    assert!(world.kills.is_empty());
    let reached = world.running[1].job;
    world.print(1, 0.1);
    let killed: Vec<u64> = world.kills.iter().map(|(job, _)| job.key.trial.0).collect();
    assert_eq!(killed, [1, 0, 2], "the one that reached it first");
    assert_eq!(world.kills[0].1, StopRule::new(StopRule::STUDY_FINISHED, Some(0.1), Some(0.1)));
    world.print(2, 0.0);
    world.bury(Some(0.1));
    let expected = FinishReason::MetricReached { job: reached, metric: "loss".into(), value: 0.1, threshold: 0.1 };
    assert_eq!(world.finish(), Some(&expected));
    assert_eq!(world.engine.progress().jobs, 3, "nothing pending was started");
}

#[test]
fn other_metrics_and_final_values_count_too() {
    let mut world = World::new(until("error", 0.5), 1);
    print(&mut world, 0, Reading { step: None, numbers: vec![("error".into(), f64::NEG_INFINITY)] });
    assert!(world.kills.is_empty(), "an infinite value reaches nothing");
    print(&mut world, 0, Reading { step: None, numbers: vec![("error".into(), 0.4)] });
    assert_eq!(world.kills.len(), 1);

    let mut world = World::new(until("loss", 0.5), 2);
    world.end(0, succeeded(0.5));
    assert_eq!(world.kills.len(), 1);
    world.bury(None);
    assert!(matches!(world.finish(), Some(FinishReason::MetricReached { .. })));
}

#[test]
fn a_crash_while_the_study_ends_changes_nothing() {
    let mut world = World::new(until("loss", 0.1), 3);
    let reached = world.running[2].job;
    world.print(2, 0.05);
    let killed = world.kills[0].clone();
    world.end_trial(2, Outcome::Stopped { score: Score::new(0.2), by: killed.1 });
    let resumed = World::resumed(until("loss", 0.1), 3, &world.journal).unwrap();
    assert!(resumed.running.is_empty());
    assert!(matches!(resumed.finish(), Some(FinishReason::MetricReached { job, value: 0.05, .. }) if *job == reached));
}

#[test]
fn a_replay_knows_the_decisive_job_from_the_first_kill() {
    let mut world = World::new(until("error", 0.5), 3);
    world.end_trial(0, succeeded(2.0));
    let reached = world.running[1].job;
    print(&mut world, 1, Reading { step: None, numbers: vec![("error".into(), 0.4)] });
    // the others end first
    for trial in world.running.clone().iter().map(|launch| launch.job.key.trial).filter(|t| *t != reached.key.trial) {
        world.end_trial(trial.0, succeeded(3.0));
        let resumed = World::resumed(until("error", 0.5), 3, &world.journal).unwrap();
        assert_eq!(resumed.engine.decisive(), Some(reached.key));
    }
    let by = world.kills[0].1.clone();
    world.end_trial(reached.key.trial.0, Outcome::Stopped { score: Score::new(1.0), by });
    assert_eq!(world.engine.progress().incumbent.map(|best| best.job), Some(reached.key));
    let resumed = World::resumed(until("error", 0.5), 1, &world.journal).unwrap();
    assert_eq!(resumed.engine.progress().incumbent, world.engine.progress().incumbent);
}

#[test]
fn an_end_for_too_many_failures_is_no_condition_of_the_same_threshold() {
    let strict = || {
        let mut experiment = until("error", 0.5);
        experiment.stopping.failure_share = Some(0.5);
        experiment
    };
    let mut world = World::new(strict(), 6);
    (0..5).for_each(|trial| world.end_trial(trial, Outcome::Failed { failure: Failure::Exit(1) }));
    assert_eq!(world.kills.len(), 5, "every running job is ended");
    let resumed = World::resumed(strict(), 6, &world.journal).unwrap();
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
    Experiment { stopping, ..experiment(full(runs), Draws::Blind) }
}

#[test]
fn a_policy_ends_one_job_once_and_its_value_counts_for_the_rung() {
    let mut world = World::new(with_median(3), 2);
    world.print(0, 1.0);
    world.print(0, 1.0);
    world.print(1, 5.0);
    assert!(world.kills.is_empty(), "too early to look");
    world.print(1, 4.0);
    world.print(1, 4.0);
    assert_eq!(world.kills.len(), 1);
    assert_eq!(world.kills[0].1, StopRule::new("median", Some(4.0), Some(1.0)));
    world.bury(Some(4.0));
    let progress = world.engine.progress();
    assert_eq!((progress.stopped, progress.incumbent.unwrap().score.value()), (1, 4.0));
    assert_eq!(world.running.len(), 2, "its slot goes on");
}

#[test]
fn after_a_crash_policies_know_what_ended_jobs_had_printed() {
    let mut world = World::new(with_median(3), 1);
    world.print(0, 1.0);
    world.print(0, 1.0);
    world.end(0, succeeded(1.0));
    world.print(0, 3.0);
    let mut resumed = World::resumed(with_median(3), 1, &world.journal).unwrap();
    resumed.print(0, 5.0);
    assert!(resumed.kills.is_empty(), "what the lost attempt printed does not count");
    resumed.print(0, 4.0);
    assert_eq!(resumed.kills[0].1, StopRule::new("median", Some(4.0), Some(1.0)));
}
