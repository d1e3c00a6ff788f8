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

#[test]
fn trials_fit_the_terminal_and_a_pipe_gets_all_columns() {
    let lab = Lab::new(HYPERBAND);
    lab.run("-q", "").exits(0);
    let shown = |command: String| RunOutput::of(&mut lab.terminal(&command)).exits(0).stdout;
    let narrow = shown(format!("stty cols 40 rows 20; {} trials m.study", hypertune()));
    let table = narrow.lines().take_while(|line| !line.starts_with("note:"));
    assert!(table.map(|line| line.trim_end().len()).max() <= Some(40), "{narrow}");
    assert!(narrow.contains("note: the terminal has no space for bracket"), "{narrow}");
    let piped = lab.hypertune("trials m.study").exits(0);
    assert!(piped.stdout.starts_with("trial  bracket"), "{}", piped.stdout);
    assert_eq!(piped.stderr, "");
}
