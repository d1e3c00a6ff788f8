//! Progress on a terminal.

use hypertune_test_support::{Lab, RunOutput, hypertune};

use crate::HYPERBAND;

/// The output of a study on a terminal of type `term` with 50 columns.
fn on_a_terminal(lab: &Lab, term: &str, study: &str) -> String {
    let run = format!("{} {}", hypertune(), lab.run_line(&format!("-j 2 --study {study}"), "sleep=40"));
    RunOutput::of(lab.terminal(&format!("stty cols 50 rows 20; {run}")).env("TERM", term)).exits(0).stdout
}

#[test]
fn progress_lines_are_redrawn() {
    let lab = Lab::new(HYPERBAND);
    let sent = on_a_terminal(&lab, "xterm", "x.study");
    let progress = sent.split("best: trial").next().expect("the first part");
    assert!(progress.contains("\u{1b}[2K") && progress.contains(" of 20 jobs") && progress.contains('━'), "{sent:?}");
}

#[test]
fn a_dumb_terminal_gets_plain_lines() {
    let lab = Lab::new(HYPERBAND);
    let sent = on_a_terminal(&lab, "dumb", "d.study");
    assert!(!sent.contains('\u{1b}'), "{sent:?}");
    assert!(sent.contains("bracket 2, rung 0 (epochs=1): 9 configurations"), "{sent}");
}
