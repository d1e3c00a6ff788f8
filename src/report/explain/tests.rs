use super::*;
use crate::launch::orphans::driver::DriverState;
use crate::report::fixtures::{StudyFixture, halving};
use crate::report::status::{SlurmFacts, StatusInput};
use crate::report::study_progress::StudyProgress;
use crate::report::study_progress::expected_totals::ExpectedTotals;
use crate::report::view::JobView;
use crate::schedule::{BracketPlan, Plan, RungPlan};
use crate::types::ids::TrialId;
use crate::types::outcome::{Failure, Outcome, StopRule};
use crate::types::units::Resource;

/// Three configurations at 1 epoch, one of them at 3.
fn plan() -> Plan {
    let rung = |configs, r| RungPlan { configs, resource: Resource::new(r).expect("finite") };
    let brackets = vec![BracketPlan { bracket: 1, rungs: vec![rung(3, 1.0), rung(1, 3.0)] }];
    Plan { brackets, rounds: 1, open_ended: false }
}

#[test]
fn a_decision_that_is_not_recorded_is_made_by_the_schedule() {
    let mut cut = StudyFixture::new();
    cut.launch(0, 0, 1, 1.0).launch(1, 0, 1, 1.0).launch(2, 0, 1, 1.0);
    cut.succeed(0, 0, 0.5).succeed(1, 0, 0.6).succeed(2, 0, 0.7);
    assert_eq!(
        decisions(&cut, 0),
        "Undecided: rank 1 of 3; this rung is full; it is decided when the study is resumed"
    );
}

/// Passes the explanation of `trial` to `check`.
fn explained<T>(fixture: &StudyFixture, trial: u64, check: impl FnOnce(&TrialExplanation<'_>) -> T) -> T {
    let (view, plan) = (fixture.view(), plan());
    let mut progress = StudyProgress::new(&plan, ExpectedTotals::default());
    for record in fixture.records() {
        progress.record(record);
    }
    let input = StatusInput {
        view: &view,
        progress: &progress,
        plan: Some(&plan),
        kind: Some("halving"),
        driver: DriverState::NotFound,
        now: view.last,
        readings: &[],
        slurm: &SlurmFacts::default(),
    };
    let jobs: Vec<&JobView> = view.jobs.iter().filter(|job| job.job.key.trial == TrialId(trial)).collect();
    let repeat =
        |job: &JobView| vec!["python3".to_owned(), "train.py".to_owned(), format!("--epochs={}", job.resource)];
    check(&TrialExplanation::new(&input, &jobs, repeat).expect("the trial has a job"))
}

fn decisions(fixture: &StudyFixture, trial: u64) -> String {
    explained(fixture, trial, |trial| {
        let lines = trial.rungs.iter().map(|rung| format!("{:?}: {}", rung.decision, rung.why));
        lines.collect::<Vec<_>>().join("\n")
    })
}

#[test]
fn a_trial_that_was_promoted() {
    let text = explained(&halving(), 2, |trial| render(trial, 80));
    insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @r"
    matrix.study, trial 2  bracket 1

    parameters  drawn at random
      lr  0.2

    rungs
      rung  epochs   loss    rank  next better     next worse         cut-off
         0       1   0.25  1 of 2            –  0.5 (trial 0)  0.25 (trial 2)
         1       3  0.125  1 of 1            –              –               –

      rung 0  promoted: rank 1 of 2; the best one was promoted
      rung 1  complete: rank 1 of 1; there is no higher rung

    jobs  2 jobs, 2.0s, 1.0s of processor time, 4 epochs, 9.4 MB of memory
      rung 0  succeeded, 1.0s
        python3 train.py --epochs=1
      rung 1  succeeded, 1.0s
        python3 train.py --epochs=3
    ");
}

#[test]
fn each_decision_has_its_reason() {
    let mut open = StudyFixture::new();
    let by = StopRule::new("median", Some(0.9), Some(0.5));
    open.launch(0, 0, 1, 1.0).launch(1, 0, 1, 1.0).launch(2, 0, 1, 1.0).succeed(0, 0, 0.5);
    open.end(1, 0, 1, Outcome::Stopped { score: crate::types::objective::Score::new(0.9), by }, "");
    let mut retried = StudyFixture::new();
    retried.launch(0, 0, 1, 1.0).fail(0, 0, Failure::Exit(9), "").launch(0, 0, 2, 1.0);
    retried.end(0, 0, 2, Outcome::Failed { failure: Failure::Timeout }, "").retire(0);
    let all = [
        decisions(&halving(), 0),
        decisions(&halving(), 1),
        decisions(&open, 0),
        decisions(&open, 1),
        decisions(&open, 2),
        decisions(&retried, 0),
    ];
    insta::assert_snapshot!(all.join("\n"), @r"
    Dropped: rank 2 of 2; the best one was promoted
    Failed: exit code 1; a trial without a value is never promoted
    Undecided: rank 1 of 2; 2 of 3 trials of this rung have ended
    Undecided: stopped early by median: 0.9 against 0.5; rank 2 of 2; 2 of 3 trials of this rung have ended
    Running: its job runs
    Failed: ran into the job timeout (attempt 2); a trial without a value is never promoted
    ");
}

#[test]
fn the_json_has_the_documented_keys() {
    let json = explained(&halving(), 2, |trial| serde_json::to_string(trial).expect("an explanation serializes"));
    insta::assert_snapshot!(json, @r#"{"study":"matrix.study","trial":2,"round":0,"bracket":1,"metric":{"name":"loss","optimization":"minimize"},"resource":"epochs","params":{"lr":0.2},"origin":{"from":"random"},"rungs":[{"rung":0,"resource":1,"value":0.25,"rank":1,"ranked":2,"ended":3,"planned":3,"promoted":1,"cutoff":{"trial":2,"value":0.25},"better":null,"worse":{"trial":0,"value":0.5},"decision":"promoted","why":"rank 1 of 2; the best one was promoted"},{"rung":1,"resource":3,"value":0.125,"rank":1,"ranked":1,"ended":1,"planned":1,"promoted":0,"cutoff":null,"better":null,"worse":null,"decision":"complete","why":"rank 1 of 1; there is no higher rung"}],"jobs":[{"rung":0,"attempt":1,"status":"succeeded","reason":null,"duration_s":1.0,"command":["python3","train.py","--epochs=1"]},{"rung":1,"attempt":1,"status":"succeeded","reason":null,"duration_s":1.0,"command":["python3","train.py","--epochs=3"]}],"cost":{"jobs":2,"duration_s":2.0,"cpu_s":1.0,"resource":4,"max_rss_bytes":9437184},"stdout_tail":[],"stderr_tail":[]}"#);
}
