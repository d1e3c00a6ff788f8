//! A matrix or a program that was changed between two runs of the same command line.

use hypertune_test_support::Lab;

/// Random search with `runs` trials; values of x from 0 to `high`.
fn random(runs: &str, high: u32) -> String {
    format!(
        "kind: random\n{runs}\nseed: 5\nmetric: {{name: loss, optimization: minimize}}\n\
         params:\n  x: {{kind: uniform, value: [0, {high}]}}\n"
    )
}

fn launches(lab: &Lab) -> usize {
    lab.records("launch").len()
}

#[test]
fn a_finished_study_continues_with_more_trials() {
    let lab = Lab::new(&random("numRuns: 3", 1));
    lab.run("-q", "").exits(0);
    lab.file("m.yaml", format!("# more\n{}", random("numRuns: 7", 1)));
    lab.run("-j 2", "").exits(0).output_contains("numRuns: the study had 3 trials, now it has 7 trials");
    assert_eq!(launches(&lab), 7);
    lab.run("-q", "").exits(0);
    lab.hypertune("resume m.study -q").exits(0);
    let json = lab.hypertune("resume m.study -q --format json").exits(0).json();
    assert_eq!((launches(&lab), &json["jobs"]["planned"]), (7, &7.into()));
    lab.file("m.yaml", random("numRuns: 6", 1));
    let refused = lab.run("-q", "").exits(2);
    refused.output_contains("numRuns: the study cannot be shortened to 6 trials, because 7 trials already started");
}

#[test]
fn a_stopped_study_may_be_shortened_to_what_has_run() {
    let lab = Lab::new(&random("numRuns: 30", 1));
    lab.run("-q --max-jobs 4", "").exits(4);
    lab.file("m.yaml", random("numRuns: 4", 1));
    lab.run("-q", "").exits(0);
    assert_eq!(launches(&lab), 4);
}

#[test]
fn every_kind_is_lengthened_by_its_field() {
    let params = "metric: {name: loss, optimization: minimize}\nseed: 5\nparams:\n  lr: {kind: choice, value: [0.1, 0.2, 0.3, 0.4]}\n";
    let resource = "maxIterations: 9\nresource: {name: epochs}\n";
    let bayes = "numInitialRuns: 2\nutilityFunction: {acquisitionFunction: ei}\n";
    for (kind, field, from, to, rest) in [
        ("grid", "numRuns", 2, 4, ""),
        ("bayes", "maxIterations", 2, 5, bayes),
        ("hyperopt", "numRuns", 4, 12, ""),
        ("hyperopt", "maxIterations", 2, 3, "numRuns: 4\n"),
        ("halving", "rounds", 1, 2, resource),
        ("auto", "numRuns", 5, 9, resource),
        ("asha", "numRuns", 5, 9, resource),
    ] {
        let matrix = |length: u32| format!("kind: {kind}\n{field}: {length}\n{rest}{params}");
        let lab = Lab::new(&matrix(from));
        lab.run("-q -j 2", "").exits(0);
        let before = launches(&lab);
        lab.file("m.yaml", matrix(to));
        let run = lab.run("-j 2", "");
        assert_eq!(run.code(), Some(0), "{kind}: {}", run.stderr);
        run.output_contains(&format!("{field}: the study had"));
        assert!(launches(&lab) > before, "{kind}");
        lab.run("-q", "").exits(0);
        lab.hypertune("check m.study").exits(0);
    }
}

#[test]
fn other_changes_are_refused_with_three_ways_out() {
    let lab = Lab::new(&random("numRuns: 3", 1));
    lab.run("-q", "").exits(0);
    lab.file("m.yaml", random("numRuns: 9", 2));
    lab.run("-q", "")
        .exits(2)
        .output_contains("params.x.value: started with [0,1], now [0,2]")
        .output_contains("--study OTHER")
        .output_contains("--overwrite")
        .output_contains("--warm-start m.study");
    assert_eq!(launches(&lab), 3);
}

#[test]
fn a_study_without_a_success_starts_again() {
    let lab = Lab::new(&random("numRuns: 3", 1));
    let discarded = "no job of the study in m.study has succeeded; it is discarded and a new one starts";
    lab.run("-q", "exit=1").exits(3);
    lab.run("", "value=1").exits(0).output_contains(discarded);
    assert_eq!(launches(&lab), 3, "the journal is new");
    // The same command line, after the program was changed.
    let lab = Lab::new(&random("numRuns: 3", 1));
    lab.file("t.sh", "exit 1\n");
    lab.hypertune("run m.yaml -q -- sh t.sh").exits(3);
    lab.file("t.sh", "echo '{\"loss\": 1}'\n");
    lab.hypertune("run m.yaml -- sh t.sh").exits(0).output_contains(discarded);
}

#[test]
fn an_edited_script_is_named_when_the_study_is_resumed() {
    let lab = Lab::new(&random("numRuns: 4", 1));
    let changed = "t.sh changed since the study's last session, which started at 2";
    lab.file("t.sh", "echo '{\"loss\": 1}'; echo x >> out.txt\n");
    let run = |options: &str| lab.hypertune(&format!("run m.yaml -q {options} -- sh t.sh out.txt"));
    run("--max-jobs 1").exits(4);
    assert!(!run("--max-jobs 1").exits(4).stderr.contains("changed"), "only the script counts");
    lab.file("t.sh", "echo '{\"loss\": 2}'\n");
    run("--max-jobs 1").exits(4).output_contains(changed).output_contains("with --overwrite a new study starts");
    assert!(!run("").exits(0).stderr.contains("changed"), "once for each change");
    lab.file("t.sh", "echo '{\"loss\": 3}'\n");
    lab.hypertune("resume m.study -q").exits(0).output_contains(changed);
    run("").exits(0).output_contains(changed);
    assert!(!run("--overwrite").exits(0).stderr.contains("changed"));
}

#[test]
fn failed_trials_are_named_and_run_again() {
    let lab = Lab::new(&random("numRuns: 6", 1));
    lab.file("t.sh", "test -e fixed || test $HYPERTUNE_TRIAL -lt 4 || exit 1\necho '{\"loss\": 1}'\n");
    lab.hypertune("run m.yaml -- sh t.sh").exits(0).output_contains("2 trials failed: 4, 5; with --rerun failed");
    lab.file("fixed", "");
    lab.hypertune("run m.yaml -- sh t.sh").exits(0).output_contains("2 trials failed: 4, 5; with --rerun failed");
    assert_eq!(launches(&lab), 6);
    let again = lab.hypertune("resume m.study --rerun failed").exits(0);
    assert!(!again.stderr.contains("--rerun"), "{}", again.stderr);
    assert_eq!(launches(&lab), 8);
    lab.hypertune("run m.yaml --rerun failed -- sh t.sh").exits(0).output_contains("no failed job can run again");
}
