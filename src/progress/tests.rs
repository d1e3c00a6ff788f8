use std::time::Duration;

use super::line;
use crate::report::fixtures::{StudyFixture, halving};
use crate::report::study_progress::StudyProgress;
use crate::report::study_progress::expected_totals::ExpectedTotals;
use crate::schedule::{BracketPlan, Plan, RungPlan};
use crate::types::objective::Score;
use crate::types::outcome::{Failure, Outcome};
use crate::types::units::Resource;

/// Three configurations at 1 epoch, one of them at 3.
fn plan() -> Plan {
    let rung = |configs, r| RungPlan { configs, resource: Resource::new(r).expect("finite") };
    let brackets = vec![BracketPlan { bracket: 1, rungs: vec![rung(3, 1.0), rung(1, 3.0)] }];
    Plan { brackets, rounds: 1, open_ended: false }
}

/// Four jobs, 6 epochs.
const EXPECTED: ExpectedTotals = ExpectedTotals {
    jobs: Some(4),
    resource: Some(6.0),
    time: None,
    jobs_are_limited: false,
    resource_is_limited: false,
};

/// The progress after the records of `fixture`, and the lines of full rungs.
fn progress(fixture: &StudyFixture) -> (StudyProgress, Vec<String>) {
    let mut progress = StudyProgress::new(&plan(), EXPECTED);
    let mut lines = Vec::new();
    for record in fixture.records() {
        if let Some(rung) = progress.record(record) {
            lines.push(line::full_rung(&progress, &rung));
        }
    }
    (progress, lines)
}

#[test]
fn each_full_rung_has_one_line() {
    let (progress, lines) = progress(&halving());
    insta::assert_snapshot!(lines.join("\n"), @r"
    bracket 1, rung 0 (epochs=1): 3 configurations, 1 failed, best loss 0.25 (trial 2), 1 promoted
    bracket 1, rung 1 (epochs=3): 1 configuration, best loss 0.125 (trial 2)
    ");
    insta::assert_snapshot!(line::study(&progress, progress.now, usize::MAX), @"4 of 4 jobs, 1 failed · best loss 0.125 (trial 2) · 4.0s");
}

#[test]
fn the_line_of_a_running_study_has_the_time_left() {
    let mut fixture = StudyFixture::new();
    fixture.launch(0, 0, 1, 1.0).launch(1, 0, 1, 1.0).fail(0, 0, Failure::Timeout, "");
    let (progress, lines) = progress(&fixture);
    assert!(lines.is_empty());
    insta::assert_snapshot!(line::study(&progress, progress.now, usize::MAX), @"1 of 4 jobs, 1 running, 1 failed · 1.0s, about 5.0s left");
    let rungs: Vec<_> = progress
        .current_rungs()
        .iter()
        .map(|r| (line::rung_name(&progress, r), r.counts.ended, r.counts.configs))
        .collect();
    assert_eq!(rungs, [("bracket 1, rung 0".to_owned(), 1, 3)]);
}

#[test]
fn a_retried_job_is_done_once() {
    let mut fixture = StudyFixture::new();
    fixture.launch(0, 0, 1, 1.0).fail(0, 0, Failure::Exit(1), "").launch(0, 0, 2, 1.0);
    let (counts, _) = progress(&fixture);
    assert_eq!((counts.done, counts.failed, counts.running), (0, 0, 1));
    fixture.end(0, 0, 2, Outcome::Succeeded { score: Score::new(0.5) }, "");
    let (counts, _) = progress(&fixture);
    assert_eq!((counts.done, counts.failed, counts.running), (1, 0, 0));
}

#[test]
fn a_lost_job_is_not_done() {
    let mut fixture = StudyFixture::new();
    fixture.launch(0, 0, 1, 1.0).fail(0, 0, Failure::Lost, "").session().launch(0, 0, 2, 1.0);
    let (counts, _) = progress(&fixture);
    assert_eq!((counts.done, counts.failed, counts.running), (0, 0, 1));
}

#[test]
fn a_rung_without_promoted_trials_is_not_current() {
    let mut fixture = StudyFixture::new();
    for trial in 0..3 {
        fixture.launch(trial, 0, 1, 1.0).fail(trial, 0, Failure::Exit(1), "");
    }
    fixture.retire(0).retire(1).retire(2);
    let (counts, lines) = progress(&fixture);
    assert_eq!(lines, ["bracket 1, rung 0 (epochs=1): 3 configurations, 3 failed"]);
    assert_eq!(counts.current_rungs().len(), 0);
}

#[test]
fn the_time_left_follows_the_nearest_limit() {
    let mut fixture = StudyFixture::new();
    fixture.launch(0, 0, 1, 1.0).succeed(0, 0, 0.5);
    let remaining = |expected: ExpectedTotals| {
        let mut progress = StudyProgress::new(&plan(), expected);
        for record in fixture.records() {
            progress.record(record);
        }
        progress.time_left(progress.now)
    };
    assert_eq!(remaining(EXPECTED), Some(5.0));
    assert_eq!(remaining(ExpectedTotals { jobs: Some(2), jobs_are_limited: true, ..EXPECTED }), Some(1.0));
    assert_eq!(remaining(ExpectedTotals { resource: Some(2.0), resource_is_limited: true, ..EXPECTED }), Some(1.0));
    assert_eq!(
        remaining(ExpectedTotals { time: Some(Duration::from_secs(4)), ..ExpectedTotals::default() }),
        Some(3.0)
    );
    assert_eq!(remaining(ExpectedTotals::default()), None);
}

#[test]
fn the_time_left_counts_the_start_up_of_each_job() {
    let mut fixture = StudyFixture::new();
    // A second each, whatever the resource: all of it is start-up.
    fixture.launch(0, 0, 1, 1.0).succeed(0, 0, 0.5).promote(0).launch(0, 1, 1, 3.0).succeed(0, 1, 0.25);
    fixture.launch(1, 0, 1, 1.0).succeed(1, 0, 0.5);
    let mut progress = StudyProgress::new(&plan(), ExpectedTotals { jobs: Some(7), resource: Some(300.0), ..EXPECTED });
    for record in fixture.records() {
        progress.record(record);
    }
    assert_eq!(progress.time_left(progress.now), Some(4.0));
}
