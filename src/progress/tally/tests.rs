use std::time::Duration;

use super::*;
use crate::progress::line;
use crate::report::fixtures::{StudyFixture, halving};
use crate::schedule::{BracketPlan, RungPlan};
use crate::types::objective::Score;
use crate::types::outcome::Failure;

/// Three configurations at 1 epoch, one of them at 3.
fn plan() -> Plan {
    let rung = |configs, r| RungPlan { configs, resource: Resource::new(r).expect("finite") };
    let brackets = vec![BracketPlan { bracket: 1, rungs: vec![rung(3, 1.0), rung(1, 3.0)] }];
    Plan { brackets, rounds: 1, open_ended: false }
}

/// Four jobs, 6 epochs.
const GOAL: Goal =
    Goal { jobs: Some(4), resource: Some(6.0), time: None, jobs_are_limited: false, resource_is_limited: false };

/// The counts after `sample`, and the line of every rung it filled.
fn tally(sample: &StudyFixture) -> (Tally, Vec<String>) {
    let mut tally = Tally::new(&plan(), GOAL);
    let mut lines = Vec::new();
    for record in sample.records() {
        if let Some(rung) = tally.record(record) {
            lines.push(line::full_rung(&tally, &rung));
        }
    }
    (tally, lines)
}

#[test]
fn every_filled_rung_is_told_once() {
    let (tally, lines) = tally(&halving());
    insta::assert_snapshot!(lines.join("\n"), @r"
    bracket 1, rung 0 (epochs=1): 3 configurations, 1 failed, best loss 0.25 (trial 2), 1 promoted
    bracket 1, rung 1 (epochs=3): 1 configuration, best loss 0.125 (trial 2)
    ");
    insta::assert_snapshot!(line::study(&tally, tally.now, usize::MAX), @"4 of 4 jobs, 1 failed · best loss 0.125 (trial 2) · 4.0s");
}

#[test]
fn the_line_of_a_running_study_says_what_is_left() {
    let mut sample = StudyFixture::new();
    sample.launch(0, 0, 1, 1.0).launch(1, 0, 1, 1.0).fail(0, 0, Failure::Timeout, "");
    let (tally, lines) = tally(&sample);
    assert!(lines.is_empty());
    insta::assert_snapshot!(line::study(&tally, tally.now, usize::MAX), @"1 of 4 jobs, 1 running, 1 failed · 1.0s, about 5.0s left");
    let rungs: Vec<_> =
        tally.current_rungs().iter().map(|r| (line::place(&tally, r), r.tally.ended, r.tally.configs)).collect();
    assert_eq!(rungs, [("bracket 1, rung 0".to_owned(), 1, 3)]);
}

#[test]
fn a_retried_job_is_done_once() {
    let mut sample = StudyFixture::new();
    sample.launch(0, 0, 1, 1.0).fail(0, 0, Failure::Exit(1), "").launch(0, 0, 2, 1.0);
    let (counts, _) = tally(&sample);
    assert_eq!((counts.done, counts.failed, counts.running), (0, 0, 1));
    sample.end(0, 0, 2, Outcome::Succeeded { score: Score::new(0.5) }, "");
    let (counts, _) = tally(&sample);
    assert_eq!((counts.done, counts.failed, counts.running), (1, 0, 0));
}

#[test]
fn a_lost_job_is_not_done() {
    let mut sample = StudyFixture::new();
    sample.launch(0, 0, 1, 1.0).fail(0, 0, Failure::Lost, "").session().launch(0, 0, 2, 1.0);
    let (counts, _) = tally(&sample);
    assert_eq!((counts.done, counts.failed, counts.running), (0, 0, 1));
}

#[test]
fn a_rung_into_which_too_few_are_promoted_waits_for_no_more() {
    let mut sample = StudyFixture::new();
    for trial in 0..3 {
        sample.launch(trial, 0, 1, 1.0).fail(trial, 0, Failure::Exit(1), "");
    }
    sample.retire(0).retire(1).retire(2);
    let (counts, lines) = tally(&sample);
    assert_eq!(lines, ["bracket 1, rung 0 (epochs=1): 3 configurations, 3 failed"]);
    assert_eq!(counts.current_rungs().len(), 0);
}

#[test]
fn what_is_left_follows_the_nearest_limit() {
    let mut sample = StudyFixture::new();
    sample.launch(0, 0, 1, 1.0).succeed(0, 0, 0.5);
    let left = |goal: Goal| {
        let mut tally = Tally::new(&plan(), goal);
        for record in sample.records() {
            tally.record(record);
        }
        (tally.time_left(tally.now), tally.share(tally.now))
    };
    assert_eq!(left(GOAL), (Some(5.0), Some(0.25)));
    assert_eq!(left(Goal { jobs: Some(2), jobs_are_limited: true, ..GOAL }), (Some(1.0), Some(0.5)));
    assert_eq!(left(Goal { resource: Some(2.0), resource_is_limited: true, ..GOAL }), (Some(1.0), Some(0.5)));
    assert_eq!(left(Goal { time: Some(Duration::from_secs(4)), ..Goal::default() }), (Some(3.0), Some(0.25)));
    assert_eq!(left(Goal::default()), (None, None));
}
