//! `check` on a study's folder, and `--salvage` of a damaged journal.

use std::fs;

use serde_json::Value;

use hypertune_test_support::{HYPERBAND_JOBS, Lab, RunOutput};

fn check(lab: &Lab, options: &str) -> RunOutput {
    lab.hypertune(&format!("check m.study {options}"))
}

#[test]
fn a_damaged_study_is_salvaged_and_has_the_same_outcome() {
    let whole = Lab::hyperband();
    whole.run("-j 2", "pace=1").exits(0);
    let (lab, path) = (Lab::hyperband(), "journal.jsonl");
    lab.run("-j 2", "pace=1").exits(0);
    let path = lab.study().join(path);
    let mut journal = fs::read(&path).unwrap();
    let (records, at) = (lab.journal().len() as u64, journal.len() / 2);
    assert!(check(&lab, "").exits(0).stdout.contains("no errors"));
    journal[at] ^= 4;
    fs::write(&path, &journal).unwrap();

    let line = 1 + journal[..at].iter().filter(|byte| **byte == b'\n').count() as u64;
    lab.run("-j 2", "pace=1").exits(1).stderr_contains("hypertune check m.study");
    let report = check(&lab, "").exits(1).stdout;
    assert!(report.contains(&format!("m.study/journal.jsonl:{line}: damaged record")), "{report}");
    assert!(report.contains("hypertune check --salvage m.study"), "{report}");
    let report: Value = serde_json::from_str(&check(&lab, "--format json").exits(1).stdout).unwrap();
    assert_eq!((&report["records"], &report["diagnostics"][0]["line"]), (&(line - 1).into(), &line.into()));
    assert_eq!(report["after_damage"]["records"], records - line);
    assert_eq!(fs::read(&path).unwrap(), journal, "looking changes nothing");

    let report = check(&lab, "--salvage").exits(0).stdout;
    assert!(report.contains("hypertune resume m.study"), "{report}");
    assert_eq!(fs::read(lab.study().join("journal.damaged-1.jsonl")).unwrap(), journal);
    lab.hypertune("resume m.study -j 2").exits(0);
    assert_eq!(lab.outcome(), whole.outcome());
    assert_eq!(lab.outcome().values.len(), HYPERBAND_JOBS);
    check(&lab, "--salvage").exits(0);
    assert!(!lab.study().join("journal.damaged-2.jsonl").exists(), "a sound journal is left alone");
}

#[test]
fn a_damaged_header_cannot_be_salvaged_and_is_kept() {
    let lab = Lab::random(2);
    lab.run("", "").exits(0);
    let path = lab.study().join("journal.jsonl");
    let journal = fs::read_to_string(&path).unwrap().replacen("seed", "sead", 1);
    fs::write(&path, &journal).unwrap();
    assert!(check(&lab, "--salvage").exits(1).stdout.contains("no record can be salvaged"));
    assert_eq!(fs::read_to_string(&path).unwrap(), journal);
    lab.run("--overwrite", "").exits(0);
}

#[test]
fn salvage_changes_neither_other_files_nor_running_studies() {
    let lab = Lab::random(2);
    lab.hypertune("check m.yaml --salvage").exits(2).stderr_contains("--salvage");
    lab.hypertune("check .").exits(2).stderr_contains("not a study");
    let driver = lab.start("-j 1", "sleep=600000");
    lab.wait_until("a job", || lab.job_processes().len() == 1);
    check(&lab, "").exits(0);
    let path = lab.study().join("journal.jsonl");
    let journal = fs::read_to_string(&path).unwrap();
    fs::write(&path, journal.replacen("launch", "lunch", 1)).unwrap();
    check(&lab, "--salvage").exits(2).stderr_contains("driving this study");
    driver.kill();
    lab.wait_for_no_processes();
}
