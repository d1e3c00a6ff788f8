use super::*;
use crate::report::fixtures::{StudyFixture, halving};

fn statuses(view: &StudyView) -> Vec<&'static str> {
    view.jobs.iter().map(|j| j.status.word()).collect()
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
fn a_promotion_marks_the_job_it_came_from() {
    let promoted: Vec<_> = halving().view().jobs.iter().map(|j| j.promoted).collect();
    assert_eq!(promoted, [false, false, true, false]);
}

#[test]
fn a_job_without_an_end_runs_until_the_next_session_finds_it_lost() {
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
fn a_session_taken_up_again_is_not_finished() {
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
fn a_stopped_job_says_which_rule_and_the_two_numbers() {
    let by = crate::types::outcome::StopRule { rule: "median".into(), value: Some(0.5), threshold: Some(0.25) };
    let outcome = Outcome::Stopped { score: Score::new(0.5), by };
    assert_eq!(reason(&outcome).as_deref(), Some("median: 0.5 against 0.25"));
}

#[test]
fn without_a_driver_nothing_runs() {
    let mut sample = StudyFixture::new();
    sample.launch(0, 0, 1, 1.0).launch(1, 0, 1, 1.0).succeed(0, 0, 0.5);
    let mut builder = ViewBuilder::new(ViewDetail::Full);
    sample.records().iter().cloned().for_each(|record| builder.push(record));
    builder.mark_running_as_lost();
    assert_eq!(statuses(&builder.finish(Path::new("s")).unwrap()), ["succeeded", "lost"]);
}

#[test]
fn results_alone_leave_out_what_was_printed_besides() {
    let mut sample = StudyFixture::new();
    sample.launch(0, 0, 1, 1.0).succeed(0, 0, 0.5);
    let view = |detail| {
        let mut builder = ViewBuilder::new(detail);
        sample.records().iter().cloned().for_each(|record| builder.push(record));
        builder.finish(Path::new("s")).unwrap()
    };
    let (full, results) = (view(ViewDetail::Full), view(ViewDetail::Values));
    assert!(!full.jobs[0].metrics.is_empty() && results.jobs[0].metrics.is_empty());
    assert_eq!(full.jobs[0].score, results.jobs[0].score);
}
