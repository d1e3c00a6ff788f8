use std::time::Duration;

use super::*;
use crate::journal::record::Record;
use crate::report::fixtures::StudyFixture;
use crate::report::study_progress::expected_totals::ExpectedTotals;
use crate::schedule::{BracketPlan, Plan, RungPlan, UNLIMITED};
use crate::types::units::Resource;

/// One bracket of 27 configurations that starts at 1 epoch.
fn plan(configs: [u64; 2]) -> Plan {
    let rung = |configs, r| RungPlan { configs, resource: Resource::new(r).expect("finite") };
    let brackets = vec![BracketPlan { bracket: 1, rungs: vec![rung(configs[0], 1.0), rung(configs[1], 3.0)] }];
    Plan { brackets, rounds: 1, open_ended: configs[0] == UNLIMITED }
}

/// Eight jobs of `plan` ended and one is running.
fn progress(plan: &Plan, expected: ExpectedTotals) -> StudyProgress {
    let mut fixture = StudyFixture::new();
    for trial in 0..8 {
        fixture.launch(trial, 0, 1, 1.0).succeed(trial, 0, 0.5);
    }
    fixture.promote(0).launch(0, 1, 1, 3.0).succeed(0, 1, 0.25).launch(9, 0, 1, 1.0);
    let mut progress = StudyProgress::new(plan, expected);
    for record in fixture.records() {
        progress.record(record);
    }
    progress
}

fn drawn(progress: &StudyProgress, columns: usize) -> String {
    let frame = frame(progress, progress.now, Screen { columns, lines: 24 });
    assert!(frame.lines().all(|line| text::width(line) <= columns), "{columns}:\n{frame}");
    frame
}

#[test]
fn each_width_shows_the_most_important_parts() {
    let expected = ExpectedTotals { jobs: Some(36), resource: Some(54.0), ..ExpectedTotals::default() };
    let progress = progress(&plan([27, 9]), expected);
    let frames: Vec<_> = [100, 60, 50, 40, 30].map(|columns| drawn(&progress, columns)).into();
    insta::assert_snapshot!(frames.join("\n\n"), @r"
    9 of 36 jobs, 1 running · best loss 0.25 (trial 0) · 9.0s, about 27s left
      bracket 1, rung 0  ━━━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌   8/27  at epochs=1

    9 of 36 jobs, 1 running · best 0.25 (trial 0) · 27s left
      bracket 1, rung 0  ━━━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌   8/27  at epochs=1

    9 of 36 jobs, 1 running · 27s left
      bracket 1, rung 0  ━━╌╌╌╌╌╌╌   8/27  at epochs=1

    9 of 36 jobs, 1 running · 27s left
      bracket 1, rung 0  ━━━╌╌╌╌╌╌╌╌╌   8/27

    9 of 36 jobs, 1 running
      bracket 1, rung 0   8/27
    ");
    (1..30).for_each(|columns| drop(drawn(&progress, columns)));
}

#[test]
fn an_open_ended_schedule_shows_the_jobs_at_each_rung() {
    let limited =
        ExpectedTotals { resource: Some(2700.0), time: Some(Duration::from_secs(60)), ..ExpectedTotals::default() };
    let one_epoch = ExpectedTotals { resource: Some(1.0), ..ExpectedTotals::default() };
    let frames = [ExpectedTotals::default(), limited, one_epoch]
        .map(|expected| drawn(&progress(&plan([UNLIMITED, UNLIMITED]), expected), 80));
    insta::assert_snapshot!(frames.join("\n\n"), @r"
    9 jobs, 1 running · best loss 0.25 (trial 0) · 9.0s
      bracket 1  8 jobs at epochs=1, 1 at 3

    9 jobs, 11 of 2,700 epochs, 1 running · best 0.25 (trial 0) · 51s left
      bracket 1  8 jobs at epochs=1, 1 at 3

    9 jobs, 11 of 1 epoch, 1 running · best loss 0.25 (trial 0) · 9.0s
      bracket 1  8 jobs at epochs=1, 1 at 3
    ");
}

#[test]
fn a_low_screen_shows_the_number_of_hidden_brackets() {
    let mut progress = StudyProgress::new(&Plan { rounds: 6, ..plan([27, 9]) }, ExpectedTotals::default());
    let mut fixture = StudyFixture::new();
    for trial in 0..6 {
        fixture.launch(trial, 0, 1, 1.0);
    }
    for mut record in fixture.records().iter().cloned() {
        if let Record::Launch(launch) = &mut record {
            launch.bracket.round = launch.job.key.trial.0 as u32;
        }
        progress.record(&record);
    }
    let frame = |lines| frame(&progress, progress.now, Screen { columns: 80, lines });
    assert_eq!([1, 2, 3, 7, 9].map(|lines| frame(lines).lines().count()), [1, 2, 3, 7, 7]);
    insta::assert_snapshot!(frame(4), @r"
    0 jobs, 6 running · 0.0s
      round 0, bracket 1, rung 0  ╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌   0/27  at epochs=1
      round 1, bracket 1, rung 0  ╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌   0/27  at epochs=1
      and 4 more brackets
    ");
}
