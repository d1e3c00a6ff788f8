//! Limits and interruptions, and resuming a study after them.

use std::time::Duration;

use super::driver::TestDriver;
use super::setup::{TestSampler, experiment, full_budget, hyperband, natural_outcome, succeeded};
use crate::engine::event::{Event, FinishReason, LimitKind};
use crate::engine::experiment::{AtLimit, Experiment, Limits};
use crate::types::allocation::PromotedStart;
use crate::types::ids::Attempt;
use crate::types::objective::Score;
use crate::types::outcome::{Outcome, StopRule};
use crate::types::units::Moment;

fn limited(limits: Limits) -> Experiment {
    Experiment { limits, ..experiment(hyperband(9.0), TestSampler::Random) }
}

fn by(limit: LimitKind) -> FinishReason {
    FinishReason::Limit { limit }
}

/// Ends every running job with its natural outcome, the newest first.
fn run(driver: &mut TestDriver) {
    driver.run(|count| count - 1);
}

#[test]
fn at_the_limit_of_jobs_running_jobs_finish_and_a_larger_limit_resumes() {
    let mut driver = TestDriver::new(limited(Limits { jobs: Some(5), ..Limits::default() }), 3);
    run(&mut driver);
    assert_eq!(driver.launched().len(), 5);
    assert!(driver.kills.is_empty());
    assert_eq!(driver.finish(), Some(&by(LimitKind::Jobs)));

    let mut unlimited = TestDriver::new(limited(Limits::default()), 2);
    run(&mut unlimited);
    let mut resumed = TestDriver::resumed(limited(Limits::default()), 3, &driver.journal).unwrap();
    run(&mut resumed);
    assert_eq!(resumed.result(), unlimited.result());
}

#[test]
fn a_plan_of_exactly_the_limit_completes() {
    let mut driver = TestDriver::new(
        Experiment {
            limits: Limits { jobs: Some(4), ..Limits::default() },
            ..experiment(full_budget(4), TestSampler::Random)
        },
        2,
    );
    run(&mut driver);
    assert_eq!(driver.finish(), Some(&FinishReason::Completed));
}

#[test]
fn committed_resource_never_exceeds_its_limit() {
    // nine trials with resource 1, then promotions to 3, which cost 3 from scratch and 2 from a checkpoint
    for (promoted, given) in [(PromotedStart::FromScratch, 12.0), (PromotedStart::FromCheckpoint, 11.0)] {
        let limits = Limits { resource: Some(12.0), ..Limits::default() };
        let mut driver = TestDriver::new(Experiment { promoted, ..limited(limits) }, 1);
        run(&mut driver);
        assert_eq!(driver.engine.counters.committed_resource(), given);
        assert_eq!(driver.finish(), Some(&by(LimitKind::Resource)));
    }
}

#[test]
fn at_the_time_limit_running_jobs_are_killed_and_launched_again_later() {
    let timed = |seconds| limited(Limits { time: Some(Duration::from_secs(seconds)), ..Limits::default() });
    let mut driver = TestDriver::new(timed(3), 2);
    assert_eq!(driver.next_wakeup, Some(Moment(3_000_000_000)));
    driver.end(0, succeeded(1.0));
    assert!(driver.wait());
    assert_eq!(driver.kills.len(), 2);
    assert_eq!(driver.kills[0].1, StopRule::new(StopRule::LIMIT, Some(3.0), Some(3.0)));
    driver.end_killed(Some(0.0));
    assert_eq!(driver.finish(), Some(&by(LimitKind::Time)));
    assert_eq!(driver.incumbent().unwrap().score, Score::new(1.0).unwrap(), "a killed job has no result");

    let resumed = TestDriver::resumed(timed(100), 2, &driver.journal).unwrap();
    assert!(resumed.running.iter().all(|launch| launch.job.attempt == Attempt(2)));
    let resumed = TestDriver::resumed(timed(2), 2, &driver.journal).unwrap();
    assert_eq!((resumed.running.len(), resumed.finish()), (0, Some(&by(LimitKind::Time))));
}

#[test]
fn running_jobs_may_finish_after_the_time_limit() {
    let limits = Limits { time: Some(Duration::from_secs(1)), at_limit: AtLimit::FinishRunning, ..Limits::default() };
    let mut driver = TestDriver::new(limited(limits), 2);
    driver.end(0, natural_outcome(&driver.running[0].clone()));
    assert_eq!((driver.running.len(), driver.kills.len()), (1, 0));
    run(&mut driver);
    assert_eq!(driver.finish(), Some(&by(LimitKind::Time)));
}

#[test]
fn a_plan_that_is_complete_at_the_time_limit_completes() {
    let limits = Limits { time: Some(Duration::from_secs(1)), at_limit: AtLimit::FinishRunning, ..Limits::default() };
    let mut driver = TestDriver::new(Experiment { limits, ..experiment(full_budget(2), TestSampler::Random) }, 2);
    run(&mut driver);
    assert_eq!(driver.finish(), Some(&FinishReason::Completed));
}

#[test]
fn after_an_interruption_no_job_is_launched_and_the_study_resumes() {
    let mut whole = TestDriver::new(limited(Limits::default()), 2);
    run(&mut whole);
    let mut driver = TestDriver::new(limited(Limits::default()), 2);
    for _ in 0..3 {
        driver.end(0, natural_outcome(&driver.running[0].clone()));
    }
    driver.send(Event::Interrupted { signal: 2 });
    assert!(driver.kills.is_empty(), "the driver ends the jobs itself");
    let by = StopRule::new(StopRule::INTERRUPTED, None, None);
    driver.end(0, Outcome::Stopped { score: None, by: by.clone() });
    driver.end(0, Outcome::Stopped { score: Score::new(-9.0), by });
    assert_eq!(driver.finish(), Some(&FinishReason::Interrupted { signal: 2 }));
    let mut resumed = TestDriver::resumed(limited(Limits::default()), 4, &driver.journal).unwrap();
    run(&mut resumed);
    assert_eq!(resumed.result(), whole.result());
}
