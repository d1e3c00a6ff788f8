use std::time::Duration;

use super::*;
use crate::engine::event::FinishReason;
use crate::journal::readings::ReadingRecord;
use crate::launch::orphans::driver::DriverState;
use crate::report::fixtures::{StudyFixture, halving};
use crate::report::study_progress::StudyProgress;
use crate::report::study_progress::expected_totals::ExpectedTotals;
use crate::report::view::{StudyView, ViewDetail};
use crate::schedule::{BracketPlan, Plan, RungPlan};
use crate::types::ids::{Attempt, JobId, JobKey, Rung, TrialId};
use crate::types::outcome::{CurvePoint, Failure};
use crate::types::units::Resource;

/// Three configurations at 1 epoch, one of them at 3.
fn plan() -> Plan {
    let rung = |configs, r| RungPlan { configs, resource: Resource::new(r).expect("finite") };
    let brackets = vec![BracketPlan { bracket: 1, rungs: vec![rung(3, 1.0), rung(1, 3.0)] }];
    Plan { brackets, rounds: 1, open_ended: false }
}

/// The study of a fixture, as `status` reads it.
struct Read {
    view: StudyView,
    progress: StudyProgress,
    plan: Plan,
    slurm: SlurmFacts,
}

impl Read {
    fn new(fixture: &StudyFixture) -> Read {
        let expected = ExpectedTotals { jobs: Some(4), resource: Some(6.0), ..ExpectedTotals::default() };
        let mut progress = StudyProgress::new(&plan(), expected);
        for record in fixture.records() {
            progress.record(record);
        }
        Read { view: fixture.view_with(ViewDetail::Curves), progress, plan: plan(), slurm: SlurmFacts::default() }
    }

    fn status(&self, driver: DriverState, readings: &[ReadingRecord], check: impl FnOnce(&StudyStatus<'_>)) {
        let seconds = if matches!(driver, DriverState::Running(_)) { 2 } else { 0 };
        let now = self.view.last.after(Duration::from_secs(seconds));
        let (view, progress, plan) = (&self.view, &self.progress, Some(&self.plan));
        let (kind, slurm) = (Some("halving"), &self.slurm);
        check(&StudyStatus::new(&StatusInput { view, progress, plan, kind, driver, now, readings, slurm }));
    }

    fn text(&self, driver: DriverState, readings: &[ReadingRecord], columns: usize) -> String {
        let mut text = String::new();
        self.status(driver, readings, |status| text = render(status, columns));
        anstream::adapter::strip_str(&text).to_string()
    }
}

/// A driver that runs as process 4711.
const RUNNING: DriverState = DriverState::Running(4711);

fn reading(trial: u64, ordinal: u64, loss: f64) -> ReadingRecord {
    let job = JobId { key: JobKey { trial: TrialId(trial), rung: Rung(0) }, attempt: Attempt(1) };
    ReadingRecord { job, ordinal, step: Some(ordinal as f64), metrics: vec![("loss".into(), loss)] }
}

/// Trial 0 ended, trial 1 failed, trial 2 runs.
fn half() -> StudyFixture {
    let mut fixture = StudyFixture::new();
    fixture.launch(0, 0, 1, 1.0).launch(1, 0, 1, 1.0).succeed(0, 0, 0.5);
    fixture.fail(1, 0, Failure::Exit(1), "Traceback\nValueError: lr\n").launch(2, 0, 1, 1.0);
    fixture
}

#[test]
fn a_running_study() {
    let mut read = Read::new(&half());
    read.view.jobs[0].curve = vec![CurvePoint { step: 1.0, value: 0.5 }];
    let readings = [reading(2, 1, 0.75), reading(9, 1, 0.0)];
    insta::assert_snapshot!(read.text(RUNNING, &readings, 80), @r"
    matrix.study  running (process 4711)
    halving, minimize loss

    jobs      2 of 4 done, 1 running, 1 failed
    best      loss 0.5 at epochs=1, trial 0
              lr 0
    rate      30 jobs/min, 30 epochs/min
    time      4.0s, about 1.6s left

    bracket  rung  epochs  done  running  planned                        best loss
          1     0       1     2        1        3  ━━━━━━━━━━━━━╌╌╌╌╌╌╌        0.5
                1       3     –        –        1  ╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌

    running  rung  epochs  time  slot  last reading           rank so far
    trial 2     0       1  2.0s     0  loss 0.75 at epochs=1  2 of 2

    failures  1 × exit code 1 (trial 1)
                  ValueError: lr
    ");
}

#[test]
fn a_finished_study() {
    insta::assert_snapshot!(Read::new(&halving()).text(DriverState::NotFound, &[], 80), @r"
    matrix.study  finished: the plan is complete
    halving, minimize loss

    jobs      4 of 4 done, 1 failed, 1 trial dropped
    best      loss 0.125 at epochs=3, trial 2
              lr 0.2
    rate      60 jobs/min, 90 epochs/min
    time      4.0s

    bracket  rung  epochs  done  running  planned                        best loss
          1     0       1     3        –        3  ━━━━━━━━━━━━━━━━━━━━       0.25
                1       3     1        –        1  ━━━━━━━━━━━━━━━━━━━━      0.125

    failures  1 × exit code 1 (trial 1)
                  ValueError: lr
    ");
}

#[test]
fn planned_numbers_of_asynchronous_schedules_are_estimates() {
    let mut read = Read::new(&half());
    read.progress.open_ended = true;
    let text = read.text(RUNNING, &[], 80);
    assert!(text.contains("2 of about 4 done") && text.contains("~3") && !text.contains('━'), "{text}");
    read.progress.expected.jobs = Some(1);
    assert!(read.text(RUNNING, &[], 80).contains("2 done"));
}

#[test]
fn crashed_interrupted_and_copied_studies_name_the_next_step() {
    let heading = |fixture: &StudyFixture, driver| {
        let text = Read::new(fixture).text(driver, &[], 80);
        text.lines().take_while(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
    };
    let mut interrupted = half();
    interrupted.finish(FinishReason::Interrupted { signal: 2 });
    let headings = [
        heading(&half(), DriverState::NotFound),
        heading(&half(), DriverState::OnOriginal(9)),
        heading(&interrupted, DriverState::NotFound),
        heading(&interrupted, RUNNING),
        heading(&halving(), RUNNING),
    ];
    insta::assert_snapshot!(headings.join("\n\n"), @r"
    matrix.study  crashed: hypertune ended without recording it
    continue with hypertune resume matrix.study
    halving, minimize loss

    matrix.study  copied while it ran; the original still runs
    halving, minimize loss

    matrix.study  interrupted by SIGINT
    continue with hypertune resume matrix.study
    halving, minimize loss

    matrix.study  running (process 4711)
    halving, minimize loss

    matrix.study  finished: the plan is complete
    halving, minimize loss
    ");
}

#[test]
fn the_json_has_the_documented_keys() {
    let read = Read::new(&half());
    read.status(RUNNING, &[reading(2, 1, f64::NAN)], |status| {
        let json = serde_json::to_string(status).expect("a status serializes");
        insta::assert_snapshot!(json, @r#"{"study":"matrix.study","state":"running","pid":4711,"batch_job":null,"finished":null,"kind":"halving","metric":{"name":"loss","optimization":"minimize"},"resource":"epochs","done":2,"expected":4,"estimated":false,"jobs":{"planned":4,"launched":3,"running":1,"succeeded":1,"failed":1,"stopped":0,"dropped":0,"interrupted":0,"repeated":0},"rounds":1,"brackets":[{"round":0,"bracket":1,"rungs":[{"rung":0,"resource":1,"done":2,"running":1,"planned":3,"failed":1,"promoted":0,"best":0.5},{"rung":1,"resource":3,"done":0,"running":0,"planned":1,"failed":0,"promoted":0,"best":null}]}],"running":[{"trial":2,"bracket":1,"rung":0,"attempt":1,"resource":1,"slot":0,"device":null,"node":null,"scheduler_id":null,"queued":false,"queue_reason":null,"queued_s":null,"elapsed_s":2.0,"reading":{"step":1,"metrics":{"loss":null},"value":null},"rank":null,"ranked":null}],"best":{"trial":0,"value":0.5,"resource":1,"params":{"lr":0.0}},"incumbents":[{"at_s":1.0,"trial":0,"value":0.5,"resource":1}],"elapsed_s":4.0,"rate":{"jobs_per_minute":30.0,"resource_per_minute":30.0},"time_left_s":1.6,"failures":[{"reason":"exit code 1","jobs":1,"trials":[1],"error":"ValueError: lr","stderr_tail":"Traceback\nValueError: lr"}]}"#);
    });
}

#[test]
fn a_job_is_ranked_among_all_trials_at_its_step() {
    let mut fixture = StudyFixture::new();
    for trial in 0..4 {
        fixture.launch(trial, 0, 1, 3.0);
    }
    fixture.succeed(0, 0, 0.1).succeed(1, 0, 0.9);
    let mut read = Read::new(&fixture);
    let curve = |values: [f64; 3]| (1..).zip(values).map(|(step, value)| CurvePoint { step: f64::from(step), value });
    read.view.jobs[0].curve = curve([0.9, 0.4, 0.1]).collect();
    read.view.jobs[1].curve = curve([1.0, 0.5, 0.9]).collect();
    let readings = [reading(2, 1, 0.7), reading(3, 1, 0.6), reading(3, 2, 0.45)];
    read.status(RUNNING, &readings, |status| {
        let ranks: Vec<_> = status.running.iter().map(|job| (job.trial.0, job.rank, job.ranked)).collect();
        // At step 1 trial 3 had 0.6, at step 2 there are 0.4 and 0.5 beside its 0.45.
        assert_eq!(ranks, [(2, Some(2), Some(4)), (3, Some(2), Some(3))]);
    });
}

#[test]
fn each_incumbent_is_listed_and_the_history_shows_those_at_the_last_one_s_resource() {
    let mut fixture = halving();
    fixture.session().launch(0, 1, 1, 3.0).succeed(0, 1, 0.0625);
    Read::new(&fixture).status(DriverState::NotFound, &[], |status| {
        let all: Vec<_> = status.incumbents.iter().map(|change| (change.trial.0, change.value)).collect();
        assert_eq!(all, [(0, 0.5), (2, 0.25), (2, 0.125), (0, 0.0625)]);
        let text = anstream::adapter::strip_str(&render(status, 80)).to_string();
        let history = text.lines().find(|line| line.starts_with("history")).expect("the value improved at 3 epochs");
        assert!(history.starts_with("history   0.125 █") && history.ends_with("▁ 0.0625 at epochs=3"), "{history}");
    });
}

#[test]
fn names_and_values_from_outside_stay_text() {
    let mut fixture = StudyFixture::new();
    fixture.launch(0, 0, 1, 1.0).fail(
        0,
        0,
        Failure::ProgramError("a\u{1b}[2Jb".into()),
        "\u{1b}[31mred\u{1b}[0m\u{7}\n",
    );
    let mut read = Read::new(&fixture);
    read.view.study = "evil\u{1b}]0;title\u{7}".into();
    read.status(DriverState::NotFound, &[], |status| {
        let text = render(status, 80);
        assert!(!text.contains("\u{1b}[2J") && !text.contains('\u{7}') && !text.contains("\u{1b}]"), "{text:?}");
    });
}

#[test]
fn waiting_for_a_scheduler_is_no_run_time() {
    let mut fixture = StudyFixture::new();
    fixture
        .slurm_session("7")
        .launch(0, 0, 1, 1.0)
        .launch(1, 0, 1, 1.0)
        .launch(2, 0, 1, 1.0)
        .started(1, 0, "n2", "7.3");
    let mut read = Read::new(&fixture);
    let job = |trial| JobId { key: JobKey { trial: TrialId(trial), rung: Rung(0) }, attempt: Attempt(1) };
    read.slurm.reasons.insert(job(2), "ReqNodeNotAvail, UnavailableNodes:n1".to_owned());
    read.status(RUNNING, &[], |status| {
        let times: Vec<_> = status.running.iter().map(|job| (job.queued, job.queued_s, job.elapsed_s)).collect();
        assert_eq!(times, [(true, Some(3.0), 0.0), (false, Some(1.0), 2.0), (true, Some(3.0), 0.0)]);
    });
    let text = read.text(RUNNING, &[], 100);
    assert!(text.contains("0 of 4 done, 1 running, 2 queued"), "{text}");
    let row = |trial: &str| {
        let row = text.lines().find(|line| line.starts_with(trial)).expect("a row of this trial");
        row.split_whitespace().skip(4).collect::<Vec<_>>().join(" ")
    };
    let rows = ["trial 0", "trial 1", "trial 2"].map(row);
    assert_eq!(rows, ["– queued 3.0s –", "2.0s n2 –", "– queued 3.0s (ReqNodeNotAvail) –"], "{text}");
    assert_eq!((read.progress.running, read.progress.queued), (3, 2));
}

#[test]
fn a_study_that_a_batch_job_continues_needs_no_command() {
    let mut fixture = StudyFixture::new();
    fixture.slurm_session("7").finish(FinishReason::Interrupted { signal: 15 });
    let mut read = Read::new(&fixture);
    let mut line = |state, reason: Option<&str>, driver| {
        let reason = reason.map(str::to_owned);
        read.slurm.batch_job = Some(BatchJobStatus { id: "7".to_owned(), state, reason });
        read.text(driver, &[], 80).lines().take(2).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!([
        line(BatchJobState::Queued, Some("BeginTime"), DriverState::NotFound),
        line(BatchJobState::Queued, Some("JobHeldUser"), DriverState::NotFound),
        line(BatchJobState::Ended, None, DriverState::NotFound),
        line(BatchJobState::Unknown, None, DriverState::NotFound),
        line(BatchJobState::Running, None, RUNNING),
    ].join("\n"), @r"
    matrix.study  interrupted by SIGTERM
    Slurm job 7 is in the queue (BeginTime) and continues it; scancel 7 ends it for good
    matrix.study  interrupted by SIGTERM
    Slurm job 7 is in the queue (JobHeldUser) and continues it; it is held until somebody releases it, with `scontrol release` and the number of the job; scancel 7 ends it for good
    matrix.study  interrupted by SIGTERM
    continue with hypertune resume matrix.study
    matrix.study  interrupted by SIGTERM
    continue with hypertune resume matrix.study, unless Slurm job 7 is still in the queue
    matrix.study  running (process 4711, Slurm job 7)
    halving, minimize loss
    ");
}
