//! A tuner that dies or talks nonsense is an error that names it; the study goes on from there once it is mended.

use crate::tuner::{SPACE, lab, undisturbed};
use hypertune_test_support::{Lab, tuner};

const ITERATIVE: &str = "kind: iterative\nmaxIterations: 8";

/// It goes wrong once, after three answers: the first run tells of it, the next one ends as if nothing had happened.
#[track_caller]
fn told_and_mended(fault: &str, words: &[&str]) {
    let lab = lab(ITERATIVE, &format!("{fault} after=3 once=broken breed"));
    let mut ended =
        lab.run("-j 1", "").exits(1).stderr_contains("hypertune resume m.study").stderr_contains("fake_tuner");
    for word in words {
        ended = ended.stderr_contains(word);
    }
    lab.wait_for_no_processes();
    assert_eq!(lab.records("end").len(), 3);
    lab.run("-j 1", "").exits(0);
    assert_eq!(lab.outcome(), undisturbed());
}

#[test]
fn death() {
    told_and_mended("die", &["ended before it answered (exit status: 3)", "    the dog ate my model"]);
}

#[test]
fn nonsense() {
    told_and_mended("nonsense", &["answered with no JSON", "it said `let me think`"]);
}

#[test]
fn a_value_outside_the_space() {
    told_and_mended("outside", &["suggested the number 7 for `x`, which takes 0 to 1"]);
}

#[test]
fn too_many_suggestions() {
    told_and_mended("many", &["gave 100 suggestions to a question for 1"]);
}

#[test]
fn an_answer_without_end() {
    told_and_mended("endless", &["answered with more than 16 MiB on one line"]);
}

#[test]
fn words_nobody_asked_for() {
    let lab = lab(ITERATIVE, "unasked");
    lab.run("-j 1", "").exits(1).stderr_contains("by the way");
    lab.wait_for_no_processes();
}

#[test]
fn silence() {
    let command = tuner();
    let lab = Lab::new(&format!("{ITERATIVE}\ntuner: {{command: '{} silence', timeout: 0.3}}{SPACE}", command));
    lab.run("-j 2", "").exits(1).stderr_contains("gave no answer within 0.3 s");
    lab.wait_for_no_processes();
}

#[test]
fn a_closed_stdout() {
    let lab = Lab::new(&format!("{ITERATIVE}\ntuner: {{command: [sh, -c, 'exec >&-; exec sleep 600']}}{SPACE}"));
    lab.run("-j 2", "").exits(1).stderr_contains("closed its stdout");
    lab.wait_for_no_processes();
}

#[test]
fn a_program_that_is_not_there_is_found_out_before_anything_is_launched() {
    let lab = Lab::new(&format!("{ITERATIVE}\ntuner: {{command: [./no-tuner]}}{SPACE}"));
    lab.run("", "").exits(2).stderr_contains("the tuner cannot be started: the command `./no-tuner` does not exist");
    assert!(!lab.study().exists());
}

#[test]
fn jobs_that_run_finish_before_the_study_ends() {
    let lab = lab(ITERATIVE, "die after=1");
    lab.run("-j 3", "sleep=200").exits(1);
    assert!(lab.records("end").iter().all(|end| end["status"] == "succeeded"), "{:?}", lab.journal());
    assert_eq!(lab.records("launch").len(), lab.records("end").len());
}
