//! A tuner that exits or breaks the protocol is an error that names it; the study continues once the tuner is fixed.

use crate::tuner::{SPACE, lab, undisturbed};
use hypertune_test_support::{Lab, tuner};

const ITERATIVE: &str = "kind: iterative\nmaxIterations: 8";

/// The tuner fails once, after three responses: the first run reports it, the next one has the result of an undisturbed run.
#[track_caller]
fn fails_once(failure: &str, messages: &[&str]) {
    let lab = lab(ITERATIVE, &format!("{failure} after=3 once=broken child"));
    let mut ended =
        lab.run("-j 1", "").exits(1).stderr_contains("hypertune resume m.study").stderr_contains("fake_tuner");
    for message in messages {
        ended = ended.stderr_contains(message);
    }
    lab.wait_for_no_processes();
    assert_eq!(lab.records("end").len(), 3);
    lab.run("-j 1", "").exits(0);
    assert_eq!(lab.outcome(), undisturbed());
}

#[test]
fn an_exit() {
    fails_once("die", &["exited before it responded (exit status: 3)", "    the dog ate my model"]);
}

#[test]
fn invalid_json() {
    fails_once("nonsense", &["sent invalid JSON", "received `let me think`"]);
}

#[test]
fn a_value_outside_the_space() {
    fails_once("outside", &["suggested the number 7 for `x`, which takes 0 to 1"]);
}

#[test]
fn too_many_suggestions() {
    fails_once("many", &["sent 100 suggestions, 1 requested"]);
}

#[test]
fn a_response_that_is_too_long() {
    fails_once("endless", &["sent more than 16 MiB on one line"]);
}

#[test]
fn a_line_without_a_request() {
    let lab = lab(ITERATIVE, "unasked");
    lab.run("-j 1", "").exits(1).stderr_contains("by the way");
    lab.wait_for_no_processes();
}

#[test]
fn no_response() {
    let command = tuner();
    let lab = Lab::new(&format!("{ITERATIVE}\ntuner: {{command: '{} silence', timeout: 0.3}}{SPACE}", command));
    lab.run("-j 2", "").exits(1).stderr_contains("did not respond within 0.3 s");
    lab.wait_for_no_processes();
}

#[test]
fn a_closed_stdout() {
    let lab = Lab::new(&format!("{ITERATIVE}\ntuner: {{command: [sh, -c, 'exec >&-; exec sleep 600']}}{SPACE}"));
    lab.run("-j 2", "").exits(1).stderr_contains("closed its stdout");
    lab.wait_for_no_processes();
}

#[test]
fn a_missing_program_is_reported_before_any_launch() {
    let lab = Lab::new(&format!("{ITERATIVE}\ntuner: {{command: [./no-tuner]}}{SPACE}"));
    lab.run("", "").exits(2).stderr_contains("the tuner cannot be started: the command `./no-tuner` does not exist");
    assert!(!lab.study().exists());
}

#[test]
fn running_jobs_finish_before_the_study_ends() {
    let lab = lab(ITERATIVE, "die after=1");
    lab.run("-j 3", "sleep=200").exits(1);
    assert!(lab.records("end").iter().all(|end| end["status"] == "succeeded"), "{:?}", lab.journal());
    assert_eq!(lab.records("launch").len(), lab.records("end").len());
}
