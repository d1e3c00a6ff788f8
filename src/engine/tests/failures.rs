//! Failures: retries, first failures, failure shares.

use std::time::Duration;

use super::world::{Draws, World, experiment, failed, full, hyperband, succeeded};
use crate::engine::event::FinishReason;
use crate::engine::experiment::{Experiment, FirstFailures, Retries, Stopping};
use crate::words::ids::Attempt;
use crate::words::outcome::{Failure, StopRule};
use crate::words::units::Moment;

fn exit() -> Failure {
    Failure::Exit(1)
}

#[test]
fn a_rung_of_failures_does_not_block_the_study() {
    let mut world = World::new(experiment(hyperband(9.0), Draws::Blind), 3);
    while !world.running.is_empty() {
        world.end(0, failed(exit()));
    }
    assert_eq!(world.finish(), Some(&FinishReason::Completed));
    assert_eq!(world.engine.progress().failed, 9 + 3 + 3);
    assert_eq!(world.engine.progress().incumbent, None);
}

#[test]
fn a_retry_waits_without_a_slot_and_its_rung_waits_for_it() {
    let retries = Retries { max: 2, pause: Duration::from_secs(10) };
    let mut world = World::new(Experiment { retries, ..experiment(full(3), Draws::Blind) }, 1);
    world.end(0, failed(exit()));
    assert_eq!(world.running[0].job.key.trial.0, 1, "the slot goes on");
    assert_eq!(world.wake, Some(Moment(11_000_000_000)));
    world.end(0, succeeded(1.0));
    world.end(0, succeeded(1.0));
    assert_eq!((world.engine.progress().waiting, world.finish()), (1, None));
    assert!(world.sleep());
    assert_eq!(world.running[0].job.attempt, Attempt(2));
    world.end(0, failed(Failure::Signal(9)));
    assert!(world.sleep(), "the second pause");
    assert_eq!(world.now, Moment(32_000_000_000), "which is twice as long");
    world.end(0, failed(exit()));
    assert_eq!(world.engine.progress().failed, 1);
    assert_eq!(world.finish(), Some(&FinishReason::Completed));
}

#[test]
fn a_missing_metric_is_final_at_once() {
    let retries = Retries { max: 5, ..Retries::default() };
    let mut world = World::new(Experiment { retries, ..experiment(full(1), Draws::Blind) }, 1);
    world.end(0, failed(Failure::NoMetric("no loss".into())));
    assert_eq!(world.finish(), Some(&FinishReason::Completed));
}

fn strict(retries: u32) -> Experiment {
    Experiment {
        first_failures: FirstFailures::Stop,
        retries: Retries { max: retries, ..Retries::default() },
        ..experiment(full(50), Draws::Blind)
    }
}

#[test]
fn the_first_failures_end_the_study_if_they_are_alike() {
    let mut world = World::new(strict(0), 8);
    for _ in 0..4 {
        world.end(0, failed(exit()));
    }
    assert!(world.kills.is_empty());
    world.end(0, failed(exit()));
    assert_eq!(world.kills.len(), 7, "every running job is ended");
    world.bury(None);
    assert_eq!(world.finish(), Some(&FinishReason::FirstFailures { failure: "exit code 1".into() }));
}

#[test]
fn one_slot_means_one_first_job() {
    let mut world = World::new(strict(0), 1);
    world.end(0, failed(exit()));
    assert!(matches!(world.finish(), Some(FinishReason::FirstFailures { .. })));
}

#[test]
fn a_success_another_reason_or_a_divergence_clears_the_command() {
    for other in [succeeded(1.0), failed(Failure::Exit(2)), failed(Failure::NotFinite("loss is NaN".into()))] {
        let mut world = World::new(strict(0), 2);
        world.end(0, other);
        for _ in 0..20 {
            world.end(0, failed(exit()));
        }
        assert!(world.kills.is_empty() && world.finish().is_none());
    }
}

#[test]
fn a_job_counts_as_failed_when_its_retries_are_over() {
    let mut world = World::new(strict(1), 1);
    world.end(0, failed(exit()));
    assert_eq!(world.finish(), None);
    world.now = Moment(10_000_000_000);
    world.end(0, succeeded(1.0));
    assert_eq!(world.running[0].job.attempt, Attempt(2));
}

#[test]
fn a_share_of_failures_ends_the_study_once_five_jobs_have_ended() {
    let stopping = Stopping { failure_share: Some(0.5), ..Stopping::default() };
    let mut world = World::new(Experiment { stopping, ..experiment(full(50), Draws::Blind) }, 2);
    world.end(0, failed(exit()));
    world.end(0, failed(exit()));
    world.end(0, succeeded(1.0));
    world.end(0, succeeded(1.0));
    assert!(world.kills.is_empty(), "half of four has failed, and four are too few");
    world.end(0, failed(exit()));
    assert_eq!(world.kills[0].1, StopRule::new(StopRule::STUDY_FINISHED, Some(0.6), Some(0.5)));
    world.bury(None);
    assert_eq!(world.finish(), Some(&FinishReason::FailureShare { failed: 3, ended: 5 }));
}

#[test]
fn a_mended_command_gets_another_chance() {
    let mut world = World::new(strict(0), 3);
    world.end(0, failed(exit()));
    world.end(0, failed(exit()));
    let mut resumed = World::resumed(strict(0), 1, &world.journal).unwrap();
    assert_eq!(resumed.running.len(), 1);
    resumed.end(0, succeeded(1.0));
    assert_eq!(resumed.finish(), None);
}
