use std::path::Path;

use super::job::reason;
use super::*;
use crate::engine::event::FinishReason;
use crate::journal::readings::ReadingRecord;
use crate::report::fixtures::{StudyFixture, halving};
use crate::types::ids::{Attempt, JobId, JobKey, Rung, TrialId};
use crate::types::objective::Score;
use crate::types::outcome::{CurvePoint, Outcome};

fn statuses(view: &StudyView) -> Vec<&'static str> {
    view.jobs.iter().map(|j| j.status.name()).collect()
}

#[test]
fn jobs_come_in_launch_order_with_params_of_the_first_launch() {
    let view = halving().view();
    assert_eq!(statuses(&view), ["succeeded", "failed", "succeeded", "succeeded"]);
    assert_eq!(view.jobs[3].params.get("lr"), Some(&serde_json::json!(0.2)));
    assert_eq!(view.jobs[1].reason.as_deref(), Some("exit code 1"));
    assert_eq!(view.jobs[1].stderr_tail, "ValueError: lr");
    assert_eq!(view.resource_spent(), 6.0);
}

#[test]
fn a_promotion_marks_the_job_before_it() {
    let promoted: Vec<_> = halving().view().jobs.iter().map(|j| j.promoted).collect();
    assert_eq!(promoted, [false, false, true, false]);
}

#[test]
fn a_job_without_an_end_is_running_until_the_next_session_starts() {
    let mut sample = StudyFixture::new();
    sample.launch(0, 0, 1, 1.0);
    assert_eq!(statuses(&sample.view()), ["running"]);
    sample.session().launch(0, 0, 2, 1.0);
    let view = sample.view();
    assert_eq!(statuses(&view), ["lost", "running"]);
    assert_eq!(view.sessions, 2);
    assert_eq!(view.jobs[1].params.get("lr"), Some(&serde_json::json!(0.0)));
}

#[test]
fn a_resumed_study_has_not_finished() {
    let mut sample = halving();
    assert_eq!(sample.view().finish, Some(FinishReason::Completed));
    assert_eq!(sample.session().view().finish, None);
}

#[test]
fn an_end_of_an_attempt_that_was_never_launched_changes_nothing() {
    let mut sample = StudyFixture::new();
    sample.launch(0, 0, 2, 1.0).succeed(0, 0, 0.5);
    assert_eq!(statuses(&sample.view()), ["running"]);
}

#[test]
fn the_reason_of_a_stopped_job_names_the_rule_and_both_numbers() {
    let by = crate::types::outcome::StopRule { rule: "median".into(), value: Some(0.5), threshold: Some(0.25) };
    let outcome = Outcome::Stopped { score: Score::new(0.5), by };
    assert_eq!(reason(&outcome).as_deref(), Some("median: 0.5 against 0.25"));
}

#[test]
fn without_a_driver_jobs_without_an_end_are_lost() {
    let mut sample = StudyFixture::new();
    sample.launch(0, 0, 1, 1.0).launch(1, 0, 1, 1.0).succeed(0, 0, 0.5);
    let mut builder = ViewBuilder::new(ViewDetail::Full);
    sample.records().iter().cloned().for_each(|record| builder.push(record));
    builder.mark_running_as_lost();
    assert_eq!(statuses(&builder.finish(Path::new("s")).unwrap()), ["succeeded", "lost"]);
}

#[test]
fn values_alone_leave_out_the_metrics() {
    let mut sample = StudyFixture::new();
    sample.launch(0, 0, 1, 1.0).succeed(0, 0, 0.5);
    let (full, values) = (sample.view_with(ViewDetail::Full), sample.view_with(ViewDetail::Values));
    assert!(full.jobs[0].metrics.is_some() && values.jobs[0].metrics.is_none());
    assert_eq!(full.jobs[0].score, values.jobs[0].score);
}

fn reading(trial: u64, ordinal: u64, step: Option<f64>, loss: f64) -> ReadingRecord {
    let job = JobId { key: JobKey { trial: TrialId(trial), rung: Rung(0) }, attempt: Attempt(1) };
    ReadingRecord { job, ordinal, step, metrics: vec![("accuracy".into(), 1.0), ("loss".into(), loss)] }
}

fn point(step: f64, value: f64) -> CurvePoint {
    CurvePoint { step, value }
}

#[test]
fn curves_have_the_finite_readings_of_the_metric_per_job() {
    let mut sample = StudyFixture::new();
    sample.launch(0, 0, 1, 1.0).launch(1, 0, 1, 1.0).succeed(0, 0, 0.5);
    let mut view = sample.view_with(ViewDetail::Curves);
    let other_metric = ReadingRecord { metrics: vec![("accuracy".into(), 1.0)], ..reading(0, 4, None, 0.0) };
    let readings = [
        reading(0, 1, Some(10.0), 0.9),
        reading(1, 1, None, 0.8),
        reading(0, 2, None, 0.7),
        reading(0, 3, None, f64::NAN),
        other_metric,
        reading(7, 1, None, 0.1),
    ];
    curves::add(&mut view, readings);
    assert_eq!(view.jobs[0].curve, [point(10.0, 0.9), point(2.0, 0.7)]);
    assert_eq!(view.jobs[1].curve, [point(1.0, 0.8)]);
}

#[test]
fn readings_of_a_launch_that_the_journal_lost_are_not_part_of_the_curve() {
    let mut sample = StudyFixture::new();
    sample.launch(0, 0, 1, 1.0);
    let mut view = sample.view_with(ViewDetail::Curves);
    curves::add(&mut view, [0.9, 0.8, 0.7].map(|loss| reading(0, if loss > 0.75 { 1 } else { 2 }, None, loss)));
    assert_eq!(view.jobs[0].curve, [point(1.0, 0.8), point(2.0, 0.7)]);
}

#[test]
fn a_curve_in_the_journal_is_kept_where_readings_are_missing() {
    let mut sample = StudyFixture::new();
    sample.launch(0, 0, 1, 1.0).succeed(0, 0, 0.5);
    let mut view = sample.view_with(ViewDetail::Curves);
    view.jobs[0].curve = vec![point(1.0, 0.9), point(2.0, 0.5)];
    curves::add(&mut view, [reading(0, 1, None, 0.9)]);
    assert_eq!(view.jobs[0].curve, [point(1.0, 0.9), point(2.0, 0.5)]);
}

#[test]
fn torn_readings_are_completed_and_readings_of_another_study_are_not_used() {
    let curve = |readings: &[(u64, f64)]| {
        let mut sample = StudyFixture::new();
        sample.launch(0, 0, 1, 1.0).succeed(0, 0, 0.5);
        let mut view = sample.view_with(ViewDetail::Curves);
        view.jobs[0].curve = vec![point(1.0, 0.9), point(3.0, 0.7), point(4.0, 0.5)];
        curves::add(&mut view, readings.iter().map(|(ordinal, loss)| reading(0, *ordinal, None, *loss)));
        view.jobs.swap_remove(0).curve
    };
    let whole = [point(1.0, 0.9), point(2.0, 0.8), point(3.0, 0.7), point(4.0, 0.5)];
    assert_eq!(curve(&[(1, 0.9), (2, 0.8), (3, 0.7), (4, 0.5)]), whole);
    assert_eq!(curve(&[(1, 0.9), (2, 0.8)]), whole);
    assert_eq!(curve(&[(1, 1.9), (2, 1.8), (3, 1.7), (4, 1.5), (5, 1.4)]), [whole[0], whole[2], whole[3]]);
}
