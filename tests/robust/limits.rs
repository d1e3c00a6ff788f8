//! Timeouts, retries and limits of the study.

use hypertune_test_support::Lab;

#[test]
fn a_job_that_times_out_is_ended_and_retried() {
    let lab = Lab::random(1);
    lab.run("--job-timeout 100ms --retries 1 --grace 100ms", "ignore=term child sleep=600000").exits(3);
    let ends = lab.records("end");
    assert_eq!(ends.len(), 2);
    assert!(ends.iter().all(|e| e["failure"]["kind"] == "timeout" && e["signal"] == 9), "{ends:?}");
    assert!(lab.job_processes().is_empty());
}

#[test]
fn only_failures_that_may_pass_are_retried() {
    let attempts = |words: &str| {
        let lab = Lab::random(1);
        let ended = lab.run("--retries 2", words);
        (ended.status.code(), lab.records("launch").len())
    };
    assert_eq!(attempts("fail-first=5"), (Some(0), 2));
    assert_eq!(attempts("value=NaN"), (Some(3), 1));
    assert_eq!(attempts("nothing"), (Some(3), 1));
}

#[test]
fn the_file_may_ask_for_retries_and_a_timeout() {
    let lab = Lab::random(1);
    let matrix = std::fs::read_to_string(lab.path("m.yaml")).unwrap();
    let matrix: String = matrix.lines().map(|line| format!("  {line}\n")).collect();
    let operation = format!("kind: operation\ntermination: {{maxRetries: 1, timeout: 1}}\nmatrix:\n{matrix}");
    std::fs::write(lab.path("m.yaml"), operation).unwrap();
    lab.run("--grace 100ms", "sleep=600000").exits(3);
    let ends = lab.records("end");
    assert!(ends.len() == 2 && ends.iter().all(|e| e["failure"]["kind"] == "timeout"), "{ends:?}");
}

#[test]
fn larger_resource_limits_lead_to_the_same_outcome() {
    let whole = Lab::hyperband();
    whole.run("-j 2", "").exits(0);
    let lab = Lab::hyperband();
    for most in [5, 20, 31] {
        lab.run(&format!("-j 2 --max-resource {most}"), "").exits(4).stderr_contains("larger limit");
        let given: f64 = lab.records("launch").iter().map(|l| l["resource"].as_f64().unwrap()).sum();
        assert!(given <= f64::from(most), "{given}");
    }
    lab.run("-j 2", "").exits(0);
    assert_eq!(lab.outcome(), whole.outcome());
}

#[test]
fn an_interrupted_job_counts_with_what_it_trained_in_every_view_and_limit() {
    let lab = Lab::new(
        "kind: halving\nmaxIterations: 8\nminIterations: 4\neta: 2\nseed: 1\nresource: {name: epochs, type: int}\n\
         metric: {name: loss, optimization: minimize}\nparams:\n  x: {kind: uniform, value: [0, 1]}\n",
    );
    let driver = lab.start("-j 1", "pace=100");
    let log = lab.study().join("trials/0/rung-0.stdout.log");
    let epochs = || std::fs::read_to_string(&log).unwrap_or_default().lines().count();
    lab.wait_until("an epoch", || epochs() > 0);
    driver.signal(2);
    driver.wait().exits(130);
    let trained = epochs() as f64;
    let trial = lab.hypertune("trials m.study --format json").exits(0).json()[0].clone();
    assert_eq!((&trial["status"], trial["resource"].as_f64()), (&"interrupted".into(), Some(trained)), "{trial}");
    assert_eq!(trial["reason"], "ended by a signal to hypertune");
    let spent = |output: hypertune_test_support::RunOutput| output.json()["resource_spent"].as_f64();
    let limited = lab.run(&format!("-q -j 1 --format json --max-resource {}", 15.5 + trained), "pace=100").exits(4);
    assert_eq!(spent(limited), Some(8.0 + trained));
    let all = lab.run(&format!("-q -j 1 --format json --max-resource {}", 16.0 + trained), "pace=100").exits(0);
    assert_eq!(spent(all), Some(16.0 + trained));
}

#[test]
fn at_a_limit_the_best_is_printed_and_the_study_can_be_resumed() {
    let lab = Lab::random(6);
    let ended = lab.run("-j 2 --max-jobs 3 --format json", "").exits(4);
    assert!(ended.stdout.contains("loss") || ended.stdout.contains("value"), "{}", ended.stdout);
    assert_eq!(lab.records("launch").len(), 3);
    lab.run("-j 2 --max-jobs 6", "").exits(0);
    assert_eq!(lab.outcome().values.len(), 6);
}

#[test]
fn at_the_time_limit_running_jobs_are_ended_or_may_finish() {
    let lab = Lab::random(2);
    lab.run("-j 1 --time-limit 200ms --grace 100ms", "sleep=600000").exits(4);
    assert_eq!(lab.records("end")[0]["by"]["rule"], "limit");
    let lab = Lab::random(2);
    lab.run("-j 1 --time-limit 50ms --finish-running", "sleep=300").exits(4);
    assert_eq!(lab.records("end").len(), 1);
    assert_eq!(lab.records("end")[0]["status"], "succeeded");
}
