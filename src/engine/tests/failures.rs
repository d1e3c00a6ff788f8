//! Failures: retries, first failures, failure shares.

use std::time::Duration;

use super::world::{Draws, World, experiment, failed, full, hyperband, succeeded};
use crate::engine::event::FinishReason;
use crate::engine::experiment::{Experiment, FirstFailures, Retries, Stopping};
use crate::types::ids::Attempt;
use crate::types::outcome::{Failure, StopRule};
use crate::types::units::Moment;

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

/// How many jobs ended with `failure`, each the oldest that runs, until the study was ended; `None` where none of 50 was enough.
fn ended_after(slots: u32, failure: &Failure) -> Option<usize> {
    let mut world = World::new(strict(0), slots);
    let ended = (1..=50).find(|_| {
        world.end(0, failed(failure.clone()));
        !world.kills.is_empty() || matches!(world.finish(), Some(FinishReason::FirstFailures { .. }))
    })?;
    world.bury(None);
    assert_eq!(world.finish(), Some(&FinishReason::FirstFailures { failure: failure.to_string() }));
    Some(ended)
}

#[test]
fn the_first_failures_end_the_study_the_sooner_the_less_a_configuration_explains_them() {
    for slots in [1, 2, 8] {
        let after = |failure| ended_after(slots, &failure);
        assert_eq!(after(Failure::BadCommand("SyntaxError".into())), Some(2), "{slots} slots");
        assert_eq!(after(Failure::Launch("not found".into())), Some(2));
        assert_eq!(after(Failure::ProgramError("NameError".into())), Some(5));
        assert_eq!(after(Failure::NoMetric("`loss` was never printed".into())), Some(5));
        assert_eq!(after(exit()), Some(10));
    }
}

#[test]
fn memory_time_and_signals_are_no_evidence() {
    for failure in [Failure::OutOfMemory("CUDA".into()), Failure::Timeout, Failure::Signal(9)] {
        assert_eq!(ended_after(1, &failure), None);
        let mut world = World::new(strict(0), 1);
        world.end(0, failed(failure));
        (0..30).for_each(|_| world.end(0, failed(exit())));
        assert_eq!(world.finish(), None, "not even with others");
    }
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
        assert!(!world.engine.wants_first_readings());
    }
}

#[test]
fn a_job_that_takes_longer_than_the_failures_keeps_the_study_open() {
    let mut world = World::new(strict(0), 2);
    (0..30).for_each(|_| world.end(1, failed(exit())));
    assert!(world.kills.is_empty(), "the first job still runs");
    world.end(0, failed(exit()));
    assert!(!world.kills.is_empty());
}

#[test]
fn a_running_job_that_prints_readings_keeps_the_study_open() {
    let mut world = World::new(strict(0), 2);
    assert!(world.engine.wants_first_readings());
    (0..10).for_each(|job| {
        if job == 9 {
            world.print(1, 0.5);
        }
        world.end(0, failed(exit()));
    });
    assert!(world.kills.is_empty());
}

#[test]
fn all_jobs_of_a_small_study_are_enough() {
    let mut world =
        World::new(Experiment { first_failures: FirstFailures::Stop, ..experiment(full(3), Draws::Blind) }, 1);
    (0..3).for_each(|_| world.end(0, failed(exit())));
    assert!(matches!(world.finish(), Some(FinishReason::FirstFailures { .. })));
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
