//! A study that is stopped at any time and resumed has the same outcome as an undisturbed one.

use std::fs::{self, File};
use std::thread::sleep;
use std::time::Duration;

use hypertune_test_support::{HYPERBAND, HYPERBAND_JOBS, Lab, RunOutput, StudyOutcome, hypertune, rounds};

const WORDS: &str = "pace=1";
/// Bytes by which a torn header is recognized: `{"type":"study"`. A lock file is shorter.
const RECOGNIZED: usize = 15;

fn lab() -> Lab {
    Lab::in_memory(HYPERBAND)
}

fn undisturbed() -> (Lab, StudyOutcome) {
    let lab = lab();
    lab.run("-j 3", WORDS).exits(0);
    let outcome = lab.outcome();
    assert_eq!(outcome.values.len(), HYPERBAND_JOBS);
    assert!(outcome.best.contains("\"value\""), "{}", outcome.best);
    (lab, outcome)
}

#[test]
fn killed_at_random_instants() {
    let (_, expected) = undisturbed();
    let mut killed = 0;
    for round in 0..4 * rounds() as u64 {
        let lab = lab();
        // From before the first record to after the last, in irregular steps.
        for delay in [3, 7, 12, 18, 25, 33, 42, 52].map(|ms| ms + round % 9) {
            let mut driver = lab.start("-j 3", WORDS);
            sleep(Duration::from_millis(delay));
            if driver.has_exited() {
                break;
            }
            driver.kill();
            killed += 1;
            lab.wait_for_no_processes();
        }
        lab.run("-j 3", WORDS).exits(0);
        assert_eq!(lab.outcome(), expected, "round {round}");
        lab.assert_slots_are_exclusive();
    }
    assert!(killed >= 8, "the study is too quick to be killed: {killed}");
}

/// A write beyond a limit on file sizes fails after or within a record, while jobs run.
#[test]
fn stopped_while_writing_the_journal() {
    let (undisturbed, expected) = undisturbed();
    let length = fs::metadata(undisturbed.study().join("journal.jsonl")).unwrap().len() as usize;
    let mut stopped = 0;
    for limit in (RECOGNIZED..length).step_by((length / 15 / rounds()).max(1)) {
        let lab = lab();
        let mut command = lab.program("prlimit");
        command.args(["--core=0", &format!("--fsize={limit}"), &hypertune()]);
        command.args(lab.run_line("-j 3", WORDS).split_whitespace());
        let ended = RunOutput::of(&mut command);
        stopped += u32::from(ended.code() == Some(1) && ended.stderr.contains("raise the limit of file sizes"));
        let written = fs::metadata(lab.study().join("journal.jsonl")).map_or(0, |journal| journal.len() as usize);
        assert!(written <= limit, "{ended:?}");
        lab.run("-j 3", WORDS).exits(0);
        assert_eq!(lab.outcome(), expected, "stopped after {written} bytes");
        lab.assert_slots_are_exclusive();
    }
    assert!(stopped >= 12, "{stopped}");
}

/// Resumes a copy of `journal` cut after `length` bytes.
fn resumed_after_cut(journal: &[u8], length: usize) -> Lab {
    let lab = lab();
    fs::create_dir(lab.study()).unwrap();
    fs::write(lab.study().join("journal.jsonl"), &journal[..length]).unwrap();
    lab.run("-j 2", WORDS).exits(0);
    lab.assert_slots_are_exclusive();
    lab
}

#[test]
fn cut_after_a_record() {
    let (undisturbed, expected) = undisturbed();
    let journal = fs::read(undisturbed.study().join("journal.jsonl")).unwrap();
    let ends: Vec<usize> = (0..=journal.len()).filter(|at| *at == 0 || journal[at - 1] == b'\n').collect();
    assert!(ends.len() > 60);
    for end in ends.into_iter().step_by((3 / rounds()).max(1)) {
        assert_eq!(resumed_after_cut(&journal, end).outcome(), expected, "cut after {end} bytes");
    }
}

#[test]
fn cut_inside_a_record() {
    let (undisturbed, expected) = undisturbed();
    let journal = fs::read(undisturbed.study().join("journal.jsonl")).unwrap();
    // At every byte with HYPERTUNE_ROUNDS=2000.
    for cut in (RECOGNIZED..journal.len()).step_by((journal.len() / 15 / rounds()).max(1)) {
        assert_eq!(resumed_after_cut(&journal, cut).outcome(), expected, "cut after {cut} bytes");
    }
}

#[test]
fn zeros_after_a_power_cut_are_ignored() {
    let (undisturbed, expected) = undisturbed();
    let journal = fs::read(undisturbed.study().join("journal.jsonl")).unwrap();
    let half = journal.len() / 2;
    let torn: Vec<u8> = journal[..half].iter().copied().chain([0; 5000]).collect();
    assert_eq!(resumed_after_cut(&torn, torn.len()).outcome(), expected);
}

#[test]
fn a_finished_study_prints_its_result_again_and_launches_nothing() {
    let lab = lab();
    let first = lab.run("-j 3 --format json", WORDS).exits(0);
    let journal = fs::read(lab.study().join("journal.jsonl")).unwrap();
    let again = lab.run("-j 3 --format json", WORDS).exits(0);
    assert_eq!(first.stdout, again.stdout);
    let resumed = lab.hypertune("resume m.study --format json").exits(0);
    assert!(resumed.stdout.contains("\"reason\": \"completed\""));
    assert_eq!(fs::read(lab.study().join("journal.jsonl")).unwrap(), journal);
}

#[test]
fn resume_needs_only_the_folder() {
    let (_, expected) = undisturbed();
    let lab = lab();
    lab.run("-j 3 --max-jobs 5", WORDS).exits(4);
    lab.hypertune("resume m.study").exits(0);
    assert_eq!(lab.outcome(), expected);
}

#[test]
fn another_command_is_refused_and_nothing_is_changed() {
    let lab = lab();
    lab.run("-j 3 --max-jobs 5", WORDS).exits(4);
    let journal = fs::read(lab.study().join("journal.jsonl")).unwrap();
    lab.run("-j 3", "pace=2").exits(2).stderr_contains("--overwrite");
    lab.run("-j 3 --seed 8", WORDS).exits(2).stderr_contains("seed");
    fs::write(lab.path("m.yaml"), HYPERBAND.replace("[0, 1]", "[0, 2]")).unwrap();
    lab.run("-j 3", WORDS).exits(2).stderr_contains("--study");
    assert_eq!(fs::read(lab.study().join("journal.jsonl")).unwrap(), journal);
    lab.run("-j 3 --overwrite", WORDS).exits(0);
    assert_eq!(lab.outcome().values.len(), HYPERBAND_JOBS);
}

/// Every view of the study ends with `code`.
fn assert_views_exit(lab: &Lab, code: i32) {
    for line in ["best m.study", "trials m.study", "export m.study"] {
        lab.hypertune(line).exits(code);
    }
}

/// The journal in format 1, whose lines have no checksum.
fn plain(text: &str) -> String {
    let record = |line: &str| format!("{}}}\n", &line[..line.rfind(",\"n\":").expect("a number")]);
    let text: String = text.lines().map(record).collect();
    text.replacen("\"format\":2", "\"format\":1", 1)
}

#[test]
fn a_damaged_journal_and_another_format_are_refused() {
    let lab = lab();
    lab.run("-j 3 --max-jobs 5", WORDS).exits(4);
    let path = lab.study().join("journal.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("{\"type\":\"launch\"", "{\"type\":\"lunch\"", 1)).unwrap();
    lab.run("-j 3", WORDS).exits(1).stderr_contains("journal.jsonl:3");
    assert_views_exit(&lab, 1);
    let text = plain(&text);
    fs::write(&path, text.replacen("{\"type\":\"launch\"", "{\"type\":\"lunch\"", 1)).unwrap();
    lab.run("-j 3", WORDS).exits(1).stderr_contains("journal.jsonl:3");
    fs::write(&path, text.replacen("\"format\":", "\"format\":9", 1)).unwrap();
    lab.run("-j 3", WORDS).exits(2).stderr_contains("format 91");
    assert_views_exit(&lab, 2);
    fs::write(&path, text.replacen("\"sampling_rules\":", "\"sampling_rules\":9", 1)).unwrap();
    lab.run("-j 3", WORDS).exits(2).stderr_contains("sampling rules 91");
    lab.hypertune("resume m.study").exits(2).stderr_contains("sampling rules 91");
    assert_views_exit(&lab, 0);
    File::create(&path).unwrap();
    lab.run("-j 3", WORDS).exits(0);
}

/// The rules of `tpe` have changed since the first version, those of random draws have not.
#[test]
fn a_study_of_another_samplers_rules_says_why_it_does_not_continue() {
    let lab = lab();
    lab.run("-j 1 --max-jobs 5", WORDS).exits(4);
    let journal = |study: &str| lab.path(study).join("journal.jsonl");
    assert!(fs::read_to_string(journal("m.study")).unwrap().contains("\"sampling_rules\":1,"));
    lab.run("-j 3", WORDS).exits(0);
    lab.run("-j 1 --max-jobs 5 --sampler tpe --study old", WORDS).exits(4);
    let text = fs::read_to_string(journal("old")).unwrap();
    assert!(text.contains("\"sampling_rules\":2,"), "{text}");
    fs::write(journal("old"), plain(&text).replacen("\"sampling_rules\":2,", "\"sampling_rules\":1,", 1)).unwrap();
    for line in ["-j 1 --sampler tpe --study old", "-j 3 --sampler tpe --study old"] {
        let refused = lab.run(line, WORDS).exits(2);
        refused.stderr_contains("sampling rules 1 ").stderr_contains("rules 2 ").stderr_contains("--warm-start");
    }
    lab.run("-j 1 --sampler tpe --study next --warm-start old", WORDS).exits(0);
}
