//! A disk that takes no more.

use std::process::{Command, Stdio};

use crate::lab::{Ended, JOBS, Lab};

/// Runs with files limited to `kib`: a write beyond that fails as on a full disk, naming another reason.
fn with_small_files(lab: &Lab, kib: u32, options: &str, words: &str) -> Ended {
    let script = format!("trap '' XFSZ; ulimit -f {kib}; exec \"$@\"");
    let mut command = Command::new("bash");
    command.args(["-c", &script, "bash", env!("CARGO_BIN_EXE_hypertune")]);
    command.args(lab.line(options, words).split_whitespace()).current_dir(lab.path("")).stdin(Stdio::null());
    Ended::of(command.output().unwrap())
}

#[test]
fn a_full_disk_names_the_file_and_loses_nothing() {
    let whole = Lab::hyperband();
    whole.run("-j 2", "pace=1").exits(0);
    let lab = Lab::hyperband();
    with_small_files(&lab, 4, "-j 2", "pace=1").exits(1).complains("m.study/journal.jsonl");
    assert!(lab.living().is_empty());
    let journalled = lab.records("end").len();
    assert!((1..JOBS).contains(&journalled), "{journalled}");
    lab.run("-j 2", "pace=1").exits(0);
    assert_eq!(lab.outcome(), whole.outcome());
    lab.no_slot_is_doubled();
}

#[test]
fn a_full_disk_under_a_log_ends_the_other_children_too() {
    let lab = Lab::random(2);
    let ended = with_small_files(&lab, 64, "-j 2", "flood=200000 sleep=600000");
    ended.exits(1).complains("stdout.log");
    assert!(lab.living().is_empty());
}

#[test]
fn a_folder_that_takes_no_files_is_an_error_that_names_it() {
    let lab = Lab::random(1);
    lab.run("--study /proc/no.study", "").exits(1).complains("/proc/no.study");
}
