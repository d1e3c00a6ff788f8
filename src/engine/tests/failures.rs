//! Retries, first failures and failure shares.

use std::time::Duration;

use super::driver::TestDriver;
use super::setup::{TestSampler, experiment, failed, full_budget, hyperband, succeeded};
use crate::engine::event::FinishReason;
use crate::engine::experiment::{Experiment, FirstFailures, Retries, Stopping};
use crate::types::ids::Attempt;
use crate::types::outcome::{Failure, StopRule};
use crate::types::units::Moment;

fn exit() -> Failure {
    Failure::Exit(1)
}

#[test]
fn a_rung_in_which_all_jobs_fail_does_not_block_the_study() {
    let mut driver = TestDriver::new(experiment(hyperband(9.0), TestSampler::Random), 3);
    while !driver.running.is_empty() {
        driver.end(0, failed(exit()));
    }
    assert_eq!(driver.finish(), Some(&FinishReason::Completed));
    assert_eq!(driver.engine.counters.failed(), 9 + 3 + 3);
    assert_eq!(driver.incumbent(), None);
}

#[test]
fn a_retry_waits_without_a_slot_and_delays_its_rung() {
    let retries = Retries { max: 2, pause: Duration::from_secs(10) };
    let mut driver = TestDriver::new(Experiment { retries, ..experiment(full_budget(3), TestSampler::Random) }, 1);
    driver.end(0, failed(exit()));
    assert_eq!(driver.running[0].job.key.trial.0, 1, "the slot is used for another job");
    assert_eq!(driver.next_wakeup, Some(Moment(11_000_000_000)));
    driver.end(0, succeeded(1.0));
    driver.end(0, succeeded(1.0));
    assert_eq!((driver.waiting_jobs(), driver.finish()), (1, None));
    assert!(driver.wait());
    assert_eq!(driver.running[0].job.attempt, Attempt(2));
    driver.end(0, failed(Failure::Signal(9)));
    assert!(driver.wait(), "the second pause");
    assert_eq!(driver.now, Moment(32_000_000_000), "twice as long");
    driver.end(0, failed(exit()));
    assert_eq!(driver.engine.counters.failed(), 1);
    assert_eq!(driver.finish(), Some(&FinishReason::Completed));
}

#[test]
fn a_job_is_tried_again_ten_times_after_failures_of_the_cluster_without_using_a_retry() {
    let retries = Retries { max: 1, pause: Duration::from_secs(10) };
    let lost = || failed(Failure::Infrastructure("Node failure on n2".into()));
    let study = || TestDriver::new(Experiment { retries, ..experiment(full_budget(1), TestSampler::Random) }, 1);
    let mut driver = study();
    for attempt in 2..=11 {
        driver.end(0, lost());
        assert!(driver.wait());
        assert_eq!(driver.running[0].job.attempt, Attempt(attempt));
    }
    assert!(driver.now > Moment(300_000_000_000), "for more than five minutes");
    driver.end(0, lost());
    assert_eq!((driver.finish(), driver.engine.counters.failed()), (Some(&FinishReason::Completed), 1));
    // The one retry is still there for a failure of its own.
    let mut driver = study();
    for failure in [lost(), failed(exit()), lost()] {
        driver.end(0, failure);
        assert!(driver.wait());
    }
    driver.end(0, failed(exit()));
    assert_eq!(driver.engine.counters.failed(), 1);
}

#[test]
fn a_missing_metric_is_not_retried() {
    let retries = Retries { max: 5, ..Retries::default() };
    let mut driver = TestDriver::new(Experiment { retries, ..experiment(full_budget(1), TestSampler::Random) }, 1);
    driver.end(0, failed(Failure::NoMetric("no loss".into())));
    assert_eq!(driver.finish(), Some(&FinishReason::Completed));
}

fn strict(retries: u32) -> Experiment {
    Experiment {
        first_failures: FirstFailures::Stop,
        retries: Retries { max: retries, ..Retries::default() },
        ..experiment(full_budget(50), TestSampler::Random)
    }
}

/// The number of jobs that end with `failure`, oldest first, until the study ends; `None` if 50 are not enough.
fn failures_until_end(slots: u32, failure: &Failure) -> Option<usize> {
    let mut driver = TestDriver::new(strict(0), slots);
    let ended = (1..=50).find(|_| {
        driver.end(0, failed(failure.clone()));
        !driver.kills.is_empty() || matches!(driver.finish(), Some(FinishReason::FirstFailures { .. }))
    })?;
    driver.end_killed(None);
    assert_eq!(driver.finish(), Some(&FinishReason::FirstFailures { failure: failure.to_string() }));
    Some(ended)
}

#[test]
fn fewer_first_failures_end_the_study_if_configurations_rarely_cause_them() {
    for slots in [1, 2, 8] {
        let after = |failure| failures_until_end(slots, &failure);
        assert_eq!(after(Failure::BadCommand("SyntaxError".into())), Some(2), "{slots} slots");
        assert_eq!(after(Failure::Launch("not found".into())), Some(2));
        assert_eq!(after(Failure::ProgramError("NameError".into())), Some(5));
        assert_eq!(after(Failure::NoMetric("`loss` was never printed".into())), Some(5));
        assert_eq!(after(exit()), Some(10));
    }
}

#[test]
fn out_of_memory_timeouts_and_signals_are_no_evidence() {
    for failure in [Failure::OutOfMemory("CUDA".into()), Failure::Timeout, Failure::Signal(9)] {
        assert_eq!(failures_until_end(1, &failure), None);
        let mut driver = TestDriver::new(strict(0), 1);
        driver.end(0, failed(failure));
        (0..30).for_each(|_| driver.end(0, failed(exit())));
        assert_eq!(driver.finish(), None, "nor together with other failures");
    }
}

#[test]
fn a_success_a_second_reason_or_a_divergence_rules_out_the_verdict() {
    for other in [succeeded(1.0), failed(Failure::Exit(2)), failed(Failure::NotFinite("loss is NaN".into()))] {
        let mut driver = TestDriver::new(strict(0), 2);
        driver.end(0, other);
        for _ in 0..20 {
            driver.end(0, failed(exit()));
        }
        assert!(driver.kills.is_empty() && driver.finish().is_none());
        assert!(!driver.engine.wants_first_readings());
    }
}

#[test]
fn a_running_first_job_keeps_the_study_open() {
    let mut driver = TestDriver::new(strict(0), 2);
    (0..30).for_each(|_| driver.end(1, failed(exit())));
    assert!(driver.kills.is_empty(), "the first job is still running");
    driver.end(0, failed(exit()));
    assert!(!driver.kills.is_empty());
}

#[test]
fn a_running_job_that_prints_readings_keeps_the_study_open() {
    let mut driver = TestDriver::new(strict(0), 2);
    assert!(driver.engine.wants_first_readings());
    (0..10).for_each(|job| {
        if job == 9 {
            driver.print(1, 0.5);
        }
        driver.end(0, failed(exit()));
    });
    assert!(driver.kills.is_empty());
}

#[test]
fn all_jobs_of_a_small_study_are_enough_evidence() {
    let mut driver = TestDriver::new(
        Experiment { first_failures: FirstFailures::Stop, ..experiment(full_budget(3), TestSampler::Random) },
        1,
    );
    (0..3).for_each(|_| driver.end(0, failed(exit())));
    assert!(matches!(driver.finish(), Some(FinishReason::FirstFailures { .. })));
}

#[test]
fn a_job_counts_as_failed_after_its_last_retry() {
    let mut driver = TestDriver::new(strict(1), 1);
    driver.end(0, failed(exit()));
    assert_eq!(driver.finish(), None);
    driver.now = Moment(10_000_000_000);
    driver.end(0, succeeded(1.0));
    assert_eq!(driver.running[0].job.attempt, Attempt(2));
}

#[test]
fn a_share_of_failures_ends_the_study_once_five_jobs_have_ended() {
    let stopping = Stopping { failure_share: Some(0.5), ..Stopping::default() };
    let mut driver = TestDriver::new(Experiment { stopping, ..experiment(full_budget(50), TestSampler::Random) }, 2);
    driver.end(0, failed(exit()));
    driver.end(0, failed(exit()));
    driver.end(0, succeeded(1.0));
    driver.end(0, succeeded(1.0));
    assert!(driver.kills.is_empty(), "half of the jobs failed, but four jobs are too few");
    driver.end(0, failed(exit()));
    assert_eq!(driver.kills[0].1, StopRule::new(StopRule::STUDY_FINISHED, Some(0.6), Some(0.5)));
    driver.end_killed(None);
    assert_eq!(driver.finish(), Some(&FinishReason::FailureShare { failed: 3, ended: 5 }));
}

#[test]
fn a_study_continues_after_its_command_was_fixed() {
    let mut driver = TestDriver::new(strict(0), 3);
    driver.end(0, failed(exit()));
    driver.end(0, failed(exit()));
    let mut resumed = TestDriver::resumed(strict(0), 1, &driver.journal).unwrap();
    assert_eq!(resumed.running.len(), 1);
    resumed.end(0, succeeded(1.0));
    assert_eq!(resumed.finish(), None);
}
