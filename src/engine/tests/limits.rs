//! Limits and interruptions, and how a study goes on after them.

use std::time::Duration;

use super::world::{Draws, World, experiment, full, hyperband, nature, succeeded};
use crate::engine::event::{Event, FinishReason, LimitKind};
use crate::engine::experiment::{AtLimit, Experiment, Limits, PromotedStart};
use crate::types::ids::Attempt;
use crate::types::objective::Score;
use crate::types::outcome::{Outcome, StopRule};
use crate::types::units::Moment;

fn limited(limits: Limits) -> Experiment {
    Experiment { limits, ..experiment(hyperband(9.0), Draws::Blind) }
}

fn by(limit: LimitKind) -> FinishReason {
    FinishReason::Limit { limit }
}

/// Ends every running job by nature, the newest first.
fn run(world: &mut World) {
    world.run(|count| count - 1);
}

#[test]
fn a_limit_of_jobs_lets_them_finish_and_a_larger_one_goes_on() {
    let mut world = World::new(limited(Limits { jobs: Some(5), ..Limits::default() }), 3);
    run(&mut world);
    assert_eq!(world.launched().len(), 5);
    assert!(world.kills.is_empty());
    assert_eq!(world.finish(), Some(&by(LimitKind::Jobs)));

    let mut unlimited = World::new(limited(Limits::default()), 2);
    run(&mut unlimited);
    let mut resumed = World::resumed(limited(Limits::default()), 3, &world.journal).unwrap();
    run(&mut resumed);
    assert_eq!(resumed.result(), unlimited.result());
}

#[test]
fn a_limit_that_the_plan_just_meets_is_not_reached() {
    let mut world = World::new(
        Experiment { limits: Limits { jobs: Some(4), ..Limits::default() }, ..experiment(full(4), Draws::Blind) },
        2,
    );
    run(&mut world);
    assert_eq!(world.finish(), Some(&FinishReason::Completed));
}

#[test]
fn resource_is_never_given_beyond_its_limit() {
    // Nine trials with 1 each, then promotions to 3: from scratch they cost 3, continued 2.
    for (promoted, given) in [(PromotedStart::FromScratch, 12.0), (PromotedStart::FromCheckpoint, 11.0)] {
        let limits = Limits { resource: Some(12.0), ..Limits::default() };
        let mut world = World::new(Experiment { promoted, ..limited(limits) }, 1);
        run(&mut world);
        assert_eq!(world.engine.progress().resource_given, given);
        assert_eq!(world.finish(), Some(&by(LimitKind::Resource)));
    }
}

#[test]
fn the_end_of_time_ends_running_jobs_which_run_again_later() {
    let timed = |seconds| limited(Limits { time: Some(Duration::from_secs(seconds)), ..Limits::default() });
    let mut world = World::new(timed(3), 2);
    assert_eq!(world.wake, Some(Moment(3_000_000_000)));
    world.end(0, succeeded(1.0));
    assert!(world.sleep());
    assert_eq!(world.kills.len(), 2);
    assert_eq!(world.kills[0].1, StopRule::new(StopRule::LIMIT, Some(3.0), Some(3.0)));
    world.bury(Some(0.0));
    assert_eq!(world.finish(), Some(&by(LimitKind::Time)));
    assert_eq!(world.engine.progress().incumbent.unwrap().score, Score::new(1.0).unwrap(), "half a job is no result");

    let resumed = World::resumed(timed(100), 2, &world.journal).unwrap();
    assert!(resumed.running.iter().all(|launch| launch.job.attempt == Attempt(2)));
    let resumed = World::resumed(timed(2), 2, &world.journal).unwrap();
    assert_eq!((resumed.running.len(), resumed.finish()), (0, Some(&by(LimitKind::Time))));
}

#[test]
fn running_jobs_may_finish_after_the_end_of_time() {
    let limits = Limits { time: Some(Duration::from_secs(1)), at_limit: AtLimit::FinishRunning, ..Limits::default() };
    let mut world = World::new(limited(limits), 2);
    world.end(0, nature(&world.running[0].clone()));
    assert_eq!((world.running.len(), world.kills.len()), (1, 0));
    run(&mut world);
    assert_eq!(world.finish(), Some(&by(LimitKind::Time)));
}

#[test]
fn a_plan_that_is_done_when_time_is_over_is_complete() {
    let limits = Limits { time: Some(Duration::from_secs(1)), at_limit: AtLimit::FinishRunning, ..Limits::default() };
    let mut world = World::new(Experiment { limits, ..experiment(full(2), Draws::Blind) }, 2);
    run(&mut world);
    assert_eq!(world.finish(), Some(&FinishReason::Completed));
}

#[test]
fn an_interruption_starts_nothing_and_the_study_goes_on_from_there() {
    let mut whole = World::new(limited(Limits::default()), 2);
    run(&mut whole);
    let mut world = World::new(limited(Limits::default()), 2);
    for _ in 0..3 {
        world.end(0, nature(&world.running[0].clone()));
    }
    world.feed(Event::Interrupted { signal: 2 });
    assert!(world.kills.is_empty(), "the driver ends them politely");
    let by = StopRule::new(StopRule::INTERRUPTED, None, None);
    world.end(0, Outcome::Stopped { score: None, by: by.clone() });
    world.end(0, Outcome::Stopped { score: Score::new(-9.0), by });
    assert_eq!(world.finish(), Some(&FinishReason::Interrupted { signal: 2 }));
    let mut resumed = World::resumed(limited(Limits::default()), 4, &world.journal).unwrap();
    run(&mut resumed);
    assert_eq!(resumed.result(), whole.result());
}
