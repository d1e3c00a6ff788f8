//! Running the same command again: a finished study is shown, a stopped one continues, another one is refused.

use hypertune_test_support::{Lab, RunOutput, trainer};

use crate::HYPERBAND;

#[test]
fn a_finished_study_prints_its_result_again_and_launches_nothing() {
    let lab = Lab::new(HYPERBAND);
    let first = lab.run("-q", "log=launches").exits(0);
    let launches = lab.read("launches");
    let again = lab.run("-q", "log=launches").exits(0);
    assert_eq!(first.stdout, again.stdout);
    assert_eq!(again.stderr, "");
    lab.run("", "log=launches")
        .exits(0)
        .output_contains("this study has ended, nothing is launched; `hypertune run` with --overwrite");
    assert_eq!(launches, lab.read("launches"));
    assert_eq!(launches.lines().filter(|l| l.starts_with("begin")).count(), 20);
}

#[test]
fn another_study_is_refused_with_the_difference() {
    let lab = Lab::new(HYPERBAND);
    lab.run("-q", "").exits(0);
    let journal = lab.read("m.study/journal.jsonl");
    let refused = |options: &str, behaviour: &str, what: &str| {
        lab.run(options, behaviour)
            .exits(2)
            .output_contains(what)
            .output_contains("--study")
            .output_contains("--overwrite");
    };
    refused("--seed 6", "", "seed: started with 5, now 6");
    refused("", "pace=1", "command: started with");
    refused("-P lr=0.5", "", "params.lr: started with uniform 0 to 1, now fixed 0.5");
    refused("--metric other", "", "metric: ");
    lab.file("m.yaml", HYPERBAND.replace("[0, 1]", "[0, 2]"));
    refused("", "", "matrix.params.lr.value: started with [0,1], now [0,2] (m.yaml:8)");
    assert_eq!(journal, lab.read("m.study/journal.jsonl"));
    lab.run("-q --overwrite", "").exits(0);
    assert_ne!(journal, lab.read("m.study/journal.jsonl"));
}

#[test]
fn a_study_stopped_by_a_limit_continues_with_a_larger_one() {
    let lab = Lab::new(HYPERBAND);
    lab.run("-j 2 --max-jobs 4", "log=launches").exits(4).output_contains("continue with a larger limit");
    assert_eq!(lab.read("launches").lines().filter(|l| l.starts_with("begin")).count(), 4);
    lab.run("-q", "log=launches").exits(0);
    lab.run("-q --study whole.study", "").exits(0);
    let best = |study: &str| lab.hypertune(&format!("best {study} --format json")).exits(0).json()["trial"].clone();
    assert_eq!(best("m.study"), best("whole.study"));
}

#[test]
fn resume_needs_no_command_and_runs_in_the_original_folder() {
    let lab = Lab::new(HYPERBAND);
    lab.file("train.sh", format!("exec {} \"$@\"\n", trainer()));
    lab.hypertune("run m.yaml -q --max-jobs 4 -- sh train.sh").exits(4);
    lab.file("m.yaml", "kind: random\n");
    let study = lab.path("m.study");
    let mut elsewhere = lab.command(&format!("resume -q --format json {}", study.display()));
    let summary = RunOutput::of(elsewhere.current_dir("/")).exits(0).json();
    assert_eq!(summary["jobs"]["succeeded"], 20);
}

#[test]
fn retries_may_differ_from_one_session_to_the_next() {
    let second_attempts =
        |lab: &Lab| lab.read("launches").lines().filter(|l| l.starts_with("begin")).filter(is_second).count();
    let fewer = Lab::new(HYPERBAND);
    fewer.run("-q -j 1 --retries 1 --max-jobs 6", "log=launches fail-first=5").exits(4);
    fewer.hypertune("resume m.study -q").exits(0);
    assert_eq!(second_attempts(&fewer), 6);
    let more = Lab::new(HYPERBAND);
    more.run("-q -j 1 --keep-going --max-jobs 6", "log=launches fail-first=5").exits(3);
    assert_eq!(second_attempts(&more), 0);
    more.hypertune("resume m.study -q --keep-going --retries 1").exits(0);
    // 6 of the 9 trials of the first rung have failed; the others are retried
    assert_eq!(second_attempts(&more), 14);
}

/// A line of the trainer's log: `begin TRIAL RUNG ATTEMPT SLOT`.
fn is_second(line: &&str) -> bool {
    line.split(' ').nth(3) == Some("2")
}
