//! Checks of hand-written jobs.

use serde_json::{Value, json};

use super::finding::CheckStatus;
use super::*;
use crate::journal::readings::ReadingRecord;
use crate::types::assignment::Assignment;
use crate::types::ids::{Attempt, JobId, JobKey, Rung, TrialId};
use crate::types::outcome::CurvePoint;

fn params(values: &[(&str, Value)]) -> Assignment {
    values.iter().map(|(name, value)| ((*name).into(), value.clone())).collect()
}

/// A job with a reading of `loss` per entry of `readings`: its step and its value.
fn job(previous: f64, resource: f64, readings: &[(Option<f64>, f64)]) -> ObservedJob {
    let id = JobId { key: JobKey { trial: TrialId(0), rung: Rung(0) }, attempt: Attempt(1) };
    let record = |(at, (step, value)): (usize, &(Option<f64>, f64))| ReadingRecord {
        job: id,
        ordinal: at as u64 + 1,
        step: *step,
        metrics: vec![("loss".to_owned(), *value)],
    };
    let point = |(at, (_, value)): (usize, &(Option<f64>, f64))| CurvePoint { step: at as f64, value: *value };
    ObservedJob {
        params: params(&[("x", json!(0.5)), ("y", json!(1))]),
        resource,
        previous,
        exited_with_0: true,
        timed_out: false,
        was_killed: false,
        failure: None,
        stderr_tail: String::new(),
        stdout_tail: String::new(),
        value: readings.last().map(|(_, value)| *value),
        curve: readings.iter().enumerate().map(point).collect(),
        readings: readings.iter().enumerate().map(record).collect(),
        duration_s: 1.0 + 0.5 * (resource - previous),
        max_rss_bytes: Some(1 << 30),
        checkpoint_entries: 1,
    }
}

/// A script that is as it should be.
fn good() -> DoctorJobs {
    let changed = |name: &str, value| ChangedJob {
        names: vec![name.to_owned()],
        base: job(0.0, 1.0, &[(Some(1.0), 0.9)]),
        job: job(0.0, 1.0, &[(Some(1.0), value)]),
    };
    DoctorJobs {
        metric: Some("loss".to_owned()),
        collector: "auto",
        reading: MetricReading {
            source: Some("JSON on stdout".to_owned()),
            names: vec!["loss".into(), "acc".into()],
            by_auto: None,
        },
        resource: Some("epochs".to_owned()),
        resumes: true,
        slots: 4,
        timeout_s: 600.0,
        grace_s: 10.0,
        memory_bytes: Some(16 << 30),
        first: job(0.0, 1.0, &[(Some(1.0), 0.9)]),
        promoted: Some(job(1.0, 3.0, &[(Some(2.0), 0.8), (Some(3.0), 0.7)])),
        second: Some(job(0.0, 1.0, &[(Some(1.0), 0.5)])),
        repeated: Some(job(0.0, 1.0, &[(Some(1.0), 0.9)])),
        branches: Vec::new(),
        untried_branches: Vec::new(),
        changed: vec![changed("x", 0.6), changed("y", 0.4)],
        untried: Vec::new(),
        full: None,
        ended: Some(EndedJob { reaction_s: 0.1, was_killed: false }),
        gpu: GpuUse::NoGpu,
    }
}

/// The status and the text of the check `name`.
fn check(jobs: &DoctorJobs, name: &str) -> (CheckStatus, String) {
    let diagnosis = Diagnosis::new(jobs, None);
    let found = diagnosis.checks.into_iter().find(|check| check.name == name).unwrap().outcome;
    assert!(found.status != CheckStatus::Failed || found.advice.is_some(), "{found:?}");
    (found.status, found.text)
}

fn fails(jobs: &DoctorJobs, name: &str, text: &str) {
    let (status, found) = check(jobs, name);
    assert!(status == CheckStatus::Failed && found.contains(text), "{name}: {status:?} {found}");
}

fn passes(jobs: &DoctorJobs, name: &str, text: &str) {
    let (status, found) = check(jobs, name);
    assert!(status == CheckStatus::Passed && found.contains(text), "{name}: {status:?} {found}");
}

fn is_unknown(jobs: &DoctorJobs, name: &str, text: &str) {
    let (status, found) = check(jobs, name);
    assert!(status == CheckStatus::Unknown && found.contains(text), "{name}: {status:?} {found}");
}

#[test]
fn a_good_script_passes_and_is_shown_in_80_columns() {
    let diagnosis = Diagnosis::new(&good(), None);
    assert!(diagnosis.healthy);
    let text = anstream::adapter::strip_str(&diagnosis.text(80)).to_string();
    assert!(text.lines().all(|line| crate::report::text::width(line) <= 80), "{text}");
    insta::assert_snapshot!(text, @r"
    ✓ command     6 jobs ran and exited with 0
    ✓ metric      loss is 0.9, read by the collector `auto` from JSON on stdout;
                  numbers: loss, acc
    ✓ parameters  another value of x, y changes the result
    ✓ resource    with 1 epoch the last reading is at 1, with 3 epochs at 3
    ✓ checkpoint  it is written, and the promoted job continues after 1, its first
                  reading is at 2
    ✓ seed        the same seed gives the same value
    ✓ signals     a job ended 0.1s after SIGTERM; it has 10s (--grace)
    ✓ memory      a job uses up to 1.1 GB; 4 at once use 4.3 GB of 17 GB
    – gpu         no GPU here (nvidia-smi lists none)
    ✓ time        a job takes 1s to start and 0.5s per epoch
    ");
    assert_eq!(diagnosis.measured.startup_s, Some(1.0));
    assert_eq!(diagnosis.measured.seconds_per_unit, Some(0.5));
}

#[test]
fn a_parameter_that_changes_nothing_is_named_also_if_it_is_printed() {
    let mut jobs = good();
    let mut same = job(0.0, 1.0, &[(Some(1.0), 0.9)]);
    same.readings[0].metrics.push(("y".to_owned(), 2.0));
    jobs.changed[1].job = same;
    fails(&jobs, "parameters", "changes nothing with 1 epoch: y");
    // Two configurations may have the same value by chance.
    jobs.second = Some(job(0.0, 1.0, &[(Some(1.0), 0.9)]));
    fails(&jobs, "parameters", "changes nothing with 1 epoch: y");
    jobs.changed.clear();
    fails(&jobs, "parameters", "no parameter has an effect");
}

#[test]
fn numbers_that_differ_in_each_run_show_no_effect() {
    let mut jobs = good();
    for (at, seconds) in [0.11, 0.12, 0.13].into_iter().enumerate() {
        let job = match at {
            0 => &mut jobs.first,
            1 => jobs.repeated.as_mut().unwrap(),
            _ => &mut jobs.changed[0].job,
        };
        *job = self::job(0.0, 1.0, &[(Some(1.0), 0.9)]);
        job.readings[0].metrics.push(("seconds".to_owned(), seconds));
    }
    jobs.changed.iter_mut().for_each(|changed| changed.base = jobs.first.clone());
    fails(&jobs, "parameters", "changes nothing with 1 epoch: x");
    jobs.repeated = Some(job(0.0, 1.0, &[(Some(1.0), 0.91)]));
    is_unknown(&jobs, "parameters", "differ from run to run");
    fails(&jobs, "seed", "0.9 and then 0.91");
}

#[test]
fn the_resource_is_judged_by_steps_then_by_readings_and_values() {
    let mut jobs = good();
    passes(&jobs, "resource", "with 1 epoch the last reading is at 1, with 3 epochs at 3");
    jobs.first = job(0.0, 1.0, &[(Some(5.0), 0.9)]);
    fails(&jobs, "resource", "allotted 1 epoch has a reading at 5");
    jobs.first = job(0.0, 1.0, &[(None, 0.9)]);
    jobs.promoted = Some(job(1.0, 3.0, &[(None, 0.9), (None, 0.8)]));
    passes(&jobs, "resource", "did more than one with 1 epoch");
    jobs.promoted = Some(ObservedJob { duration_s: 1.5, ..job(1.0, 3.0, &[(None, 0.9)]) });
    fails(&jobs, "resource", "did the same as one with 1 epoch");
    jobs.promoted = Some(ObservedJob { duration_s: 1.5, ..job(1.0, 3.0, &[(None, 0.8)]) });
    is_unknown(&jobs, "resource", "readings do not show it");
    jobs.resource = None;
    is_unknown(&jobs, "resource", "no resource is allotted");
}

#[test]
fn a_start_from_scratch_looks_like_the_first_job() {
    let mut jobs = good();
    passes(&jobs, "checkpoint", "continues after 1, its first reading is at 2");
    jobs.promoted = Some(job(1.0, 3.0, &[(Some(1.0), 0.9), (Some(2.0), 0.8), (Some(3.0), 0.7)]));
    fails(&jobs, "checkpoint", "its first reading is at 1");
    // A script that counts from 0.
    jobs.first = job(0.0, 1.0, &[(Some(0.0), 0.9)]);
    passes(&jobs, "checkpoint", "continues after 1");
    jobs.promoted = Some(job(1.0, 3.0, &[(Some(0.0), 0.9), (Some(1.0), 0.8), (Some(2.0), 0.7)]));
    fails(&jobs, "checkpoint", "its first reading is at 0");
    // Without steps.
    jobs.first = job(0.0, 1.0, &[(None, 0.9)]);
    jobs.promoted = Some(job(1.0, 3.0, &[(None, 0.9), (None, 0.8), (None, 0.7)]));
    fails(&jobs, "checkpoint", "it has 3 readings");
    jobs.promoted = Some(job(1.0, 3.0, &[(None, 0.9), (None, 0.8)]));
    passes(&jobs, "checkpoint", "continues after 1");
    jobs.promoted = Some(job(1.0, 3.0, &[(None, 0.9)]));
    is_unknown(&jobs, "checkpoint", "readings do not show");
}

#[test]
fn a_checkpoint_is_needed_only_where_promoted_jobs_continue() {
    let mut jobs = good();
    let without = |job: &mut ObservedJob| job.checkpoint_entries = 0;
    jobs.resumes = false;
    is_unknown(&jobs, "checkpoint", "one is written, but promoted jobs train from scratch");
    without(&mut jobs.first);
    without(jobs.second.as_mut().unwrap());
    without(jobs.promoted.as_mut().unwrap());
    is_unknown(&jobs, "checkpoint", "none is needed");
    jobs.resumes = true;
    fails(&jobs, "checkpoint", "nothing is written");
}

#[test]
fn a_job_that_fails_or_does_not_end_is_shown_with_its_output() {
    let mut jobs = good();
    let failed = ObservedJob { exited_with_0: false, value: None, failure: Some("exit code 4".into()), ..jobs.first };
    jobs.first = ObservedJob { stderr_tail: "1\n\n2\n3\n4\n5\n6\n".into(), ..failed.clone() };
    fails(&jobs, "command", "a job with 1 epoch failed: exit code 4; its parameters: x=0.5 y=1");
    let outcome = Diagnosis::new(&jobs, None).checks.swap_remove(0).outcome;
    assert_eq!(outcome.output, ["2", "3", "4", "5", "6"]);
    is_unknown(&jobs, "seed", "nothing to compare");
    jobs.first = ObservedJob {
        timed_out: true,
        stdout_tail: "loading\n".into(),
        stderr_tail: "UserWarning: slow\n".into(),
        ..failed
    };
    jobs.timeout_s = 2.5;
    fails(&jobs, "command", "did not end within 2.5s; its parameters: x=0.5 y=1");
    assert_eq!(Diagnosis::new(&jobs, None).checks[0].outcome.output, ["loading", "UserWarning: slow"]);
    jobs.ended = None;
    is_unknown(&jobs, "signals", "the first job did not run to its end");
}

#[test]
fn a_missing_metric_is_looked_for_with_another_collector() {
    let mut jobs = good();
    let missing = |job: &mut ObservedJob| (job.value, job.failure) = (None, Some("no `loss`".to_owned()));
    missing(&mut jobs.first);
    missing(jobs.promoted.as_mut().unwrap());
    fails(
        &jobs,
        "metric",
        "loss is 0.5, read by the collector `auto` from JSON on stdout; but in another job no `loss`",
    );
    missing(jobs.second.as_mut().unwrap());
    fails(&jobs, "metric", "no `loss` (collector `auto`)");
    jobs.reading.by_auto = Some(0.25);
    let advice = Diagnosis::new(&jobs, None).checks.swap_remove(1).outcome.advice.unwrap();
    assert!(advice.contains("--collect auto, which reads loss = 0.25"), "{advice}");
    jobs.metric = None;
    is_unknown(&jobs, "metric", "read loss, acc");
}

#[test]
fn memory_counts_for_all_slots_and_a_gpu_must_be_used() {
    let mut jobs = good();
    passes(&jobs, "memory", "4 at once use 4.3 GB of 17 GB");
    jobs.memory_bytes = Some(3 << 30);
    fails(&jobs, "memory", "4.3 GB of 3.2 GB");
    jobs.gpu = GpuUse::Unused;
    fails(&jobs, "gpu", "no job had memory on it");
    jobs.gpu = GpuUse::ByProcesses { bytes: 1 << 30 };
    passes(&jobs, "gpu", "1.1 GB");
    jobs.ended = Some(EndedJob { reaction_s: 10.0, was_killed: true });
    fails(&jobs, "signals", "killed 10s later (--grace)");
}

/// A job that failed with another value of `model`.
fn failed_with_mlp() -> ObservedJob {
    ObservedJob {
        params: params(&[("model", json!("mlp"))]),
        exited_with_0: false,
        value: None,
        failure: Some("exit code 1".into()),
        stdout_tail: "no mlp here\n".into(),
        ..job(0.0, 1.0, &[])
    }
}

#[test]
fn any_job_that_fails_is_a_failure_of_the_command() {
    let add: [fn(&mut DoctorJobs); 4] = [
        |jobs| jobs.changed[1].job = failed_with_mlp(),
        |jobs| jobs.branches.push(failed_with_mlp()),
        |jobs| jobs.repeated = Some(failed_with_mlp()),
        |jobs| jobs.full = Some(failed_with_mlp()),
    ];
    for add in add {
        let mut jobs = good();
        add(&mut jobs);
        fails(&jobs, "command", "failed: exit code 1; its parameters: model=mlp");
        assert_eq!(Diagnosis::new(&jobs, None).checks[0].outcome.output, ["no mlp here"]);
        passes(&jobs, "metric", "in the jobs that ran to their end, loss is 0.9");
    }
    let mut jobs = good();
    jobs.changed[1].job = failed_with_mlp();
    is_unknown(&jobs, "parameters", "another value of x changes the result; not seen, because a job failed: y");
    jobs.branches.push(failed_with_mlp());
    fails(&jobs, "command", "; 2 of 7 jobs failed");
}

#[test]
fn parameters_that_were_not_tried_are_named() {
    let untried = |reason| {
        let mut jobs = good();
        jobs.untried.push(UntriedParam { name: "z".into(), reason });
        jobs
    };
    passes(
        &untried(UntriedReason::Time),
        "parameters",
        "x, y changes the result; not tried one by one, to save time: z",
    );
    is_unknown(&untried(UntriedReason::Constraints), "parameters", "could not be changed alone (constraints): z");
    is_unknown(
        &untried(UntriedReason::Inactive),
        "parameters",
        "no configuration was found in which they are active: z",
    );
    is_unknown(&untried(UntriedReason::FailedBase), "parameters", "because a job failed: z");
    let mut jobs = good();
    jobs.untried_branches.push("model=mlp".into());
    passes(&jobs, "command", "6 jobs ran and exited with 0; not tried, to save time: model=mlp");
}

#[test]
fn a_parameter_is_compared_with_a_job_in_which_it_is_active() {
    let mut jobs = good();
    let forest = job(0.0, 1.0, &[(Some(1.0), 0.2)]);
    let change = |names: &[&str], value| ChangedJob {
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        base: forest.clone(),
        job: job(0.0, 1.0, &[(Some(1.0), value)]),
    };
    jobs.changed.push(change(&["n_trees"], 0.2));
    fails(&jobs, "parameters", "changes nothing with 1 epoch: n_trees");
    jobs.changed = vec![change(&["a", "b"], 0.3), change(&["n_trees"], 0.9)];
    passes(&jobs, "parameters", "another value of a with b, n_trees changes the result");
}
