//! A study is identified by the meaning of its matrix, not by its formatting or its folder.

use std::fs;

use hypertune_test_support::{Lab, RunOutput, trainer};

const MATRIX: &str = "\
kind: hyperband
maxIterations: 9
eta: 3
seed: 5
resource: {name: epochs, type: int}
metric: {name: loss, optimization: minimize}
params:
  lr: {kind: uniform, value: [0, 1]}
  units: {kind: choice, value: [16, 32]}
";

/// A study of [`MATRIX`] that was stopped after one job.
fn started() -> Lab {
    let lab = Lab::new(MATRIX);
    lab.run("-q --max-jobs 1", "").exits(4);
    lab
}

#[test]
fn a_reformatted_matrix_is_the_same_study() {
    let lab = started();
    let rewritten = [
        format!("# second try\n{MATRIX}\n\n"),
        MATRIX.replace('\n', " \r\n"),
        MATRIX.replace("maxIterations", "max_iterations").replace("kind: hyperband", "'kind': \"hyperband\""),
        MATRIX.replace("[0, 1]", "'0:1'"),
        MATRIX.replace("[0, 1]", "{high: 1.0, low: 0}"),
        MATRIX.replace("{kind: choice, value: [16, 32]}", "\n    kind: choice\n    value:\n    - 16\n    - 32"),
        MATRIX.replace("lr: {kind: uniform, value: [0, 1]}", "lr: {value: [0, 1], kind: uniform}"),
        MATRIX.replace("seed: 5\n", "concurrency: 2\n") + "seed: 5\n",
        format!(
            "kind: operation\nname: again\ntermination: {{timeout: 100}}\nmatrix:\n  {}",
            MATRIX.trim_end().replace('\n', "\n  ")
        ),
    ];
    for (jobs, matrix) in (2..).zip(rewritten) {
        lab.file("m.yaml", &matrix);
        let ended = lab.run(&format!("-q --max-jobs {jobs}"), "");
        assert_eq!(ended.code(), Some(4), "{matrix}\n{}", ended.stderr);
    }
    lab.file(
        "m.yaml",
        MATRIX.replace("metric: {name: loss, optimization: minimize}\n", "metric: {name: x, optimization: maximize}\n"),
    );
    lab.run("-q --max-jobs 12 --metric loss:minimize", "").exits(4);
}

#[test]
fn a_changed_meaning_is_reported_with_its_line() {
    let lab = started();
    let changed = [
        ("maxIterations: 9", "maxIterations: 27", "matrix.maxIterations: started with 9, now 27 (m.yaml:2)"),
        ("eta: 3", "eta: 4", "matrix.eta: started with 3, now 4 (m.yaml:3)"),
        ("seed: 5", "seed: 6", "seed: started with 5, now 6"),
        ("seed: 5", "seed: 5\nresume: true", "matrix.resume: not given when the study started, now true (m.yaml:5)"),
        (
            "seed: 5",
            "seed: 5\nsampler: tpe",
            "matrix.sampler: not given when the study started, now \"tpe\" (m.yaml:5)",
        ),
        ("epochs", "steps", "matrix.resource.name: started with \"epochs\", now \"steps\" (m.yaml:5)"),
        ("loss", "acc", "matrix.metric.name: started with \"loss\", now \"acc\" (m.yaml:6)"),
        ("[0, 1]", "[0, 2]", "matrix.params.lr.value: started with [0,1], now [0,2] (m.yaml:8)"),
        ("uniform", "normal", "matrix.params.lr.kind: started with \"uniform\", now \"normal\" (m.yaml:8)"),
        ("  units: {kind: choice, value: [16, 32]}\n", "", "matrix.params.units: started with {"),
    ];
    for (from, to, named) in changed {
        lab.file("m.yaml", MATRIX.replace(from, to));
        lab.run("-q", "").exits(2).output_contains(named);
    }
    let reordered = "params:\n  units: {kind: choice, value: [16, 32]}\n  lr: {kind: uniform, value: [0, 1]}\n";
    lab.file("m.yaml", format!("{}{reordered}", &MATRIX[..MATRIX.find("params").expect("it has params")]));
    lab.run("-q", "").exits(2).output_contains("order of params: started with lr, units, now units, lr");
    lab.file("m.yaml", MATRIX);
    lab.run("-q --sampler tpe", "").exits(2).output_contains("sampler: started with random, now tpe");
    lab.run("-q --arg-style space", "").exits(2).output_contains("arg_style: ");
    lab.run("-q", "").exits(0);
}

/// Two studies in the folder `here`, stopped after two jobs; one used a third one with --warm-start.
fn project() -> Lab {
    let lab = Lab::new("");
    fs::create_dir_all(lab.path("here/out")).expect("a folder");
    lab.file("here/m.yaml", "kind: random\nnumRuns: 4\nseed: 7\nmetric: {name: loss, optimization: minimize}\nparams: {lr: {kind: uniform, value: [0, 1]}}\n");
    lab.file("here/train.sh", format!("exec {} \"$@\"\n", trainer()));
    inside(&lab, "here", "run m.yaml -q --study old -- sh train.sh", 0);
    inside(&lab, "here", "run m.yaml -q --study out/s --max-jobs 2 -- sh train.sh", 4);
    inside(&lab, "here", &format!("{WARM} --max-jobs 2 -- sh train.sh"), 4);
    lab
}

const WARM: &str = "run m.yaml -q --study warm --sampler tpe --warm-start old";

fn inside(lab: &Lab, folder: &str, line: &str, code: i32) {
    RunOutput::of(lab.command(line).current_dir(lab.path(folder))).exits(code);
}

#[test]
fn a_moved_project_continues_by_the_same_command_and_by_resume() {
    for by_resume in [false, true] {
        let lab = project();
        fs::rename(lab.path("here"), lab.path("there")).expect("it can be moved");
        if by_resume {
            inside(&lab, "", "resume -q there/out/s", 0);
            inside(&lab, "there/out", "resume -q ../warm", 0);
        } else {
            inside(&lab, "there", "run m.yaml -q --study out/s -- sh train.sh", 0);
            fs::remove_dir_all(lab.path("there/old")).expect("it is there");
            inside(&lab, "there", &format!("{WARM} -- sh train.sh"), 0);
        }
        assert!(!lab.path("here").exists());
    }
}

#[test]
fn a_copied_project_runs_in_its_own_folder() {
    let lab = project();
    RunOutput::of(lab.program("cp").args(["-r", "here", "copy"])).exits(0);
    fs::write(lab.path("here/train.sh"), "exit 9\n").expect("it can be written");
    inside(&lab, "", "resume -q copy/out/s", 0);
}

#[test]
fn a_study_that_was_moved_alone_runs_in_the_original_folder() {
    let lab = project();
    fs::create_dir(lab.path("archive")).expect("a folder");
    fs::rename(lab.path("here/out/s"), lab.path("archive/s")).expect("it can be moved");
    inside(&lab, "", "resume -q archive/s", 0);
}

#[test]
fn another_earlier_study_is_another_study() {
    let lab = project();
    inside(&lab, "here", "run m.yaml -q --study other --seed 8 -- sh train.sh", 0);
    inside(&lab, "here", &format!("{} -- sh train.sh", WARM.replace("old", "other")), 2);
    inside(&lab, "here", &format!("{} -- sh train.sh", WARM.replace("--warm-start old", "")), 2);
    fs::rename(lab.path("here/old"), lab.path("here/older")).expect("it can be renamed");
    inside(&lab, "here", &format!("{} -- sh train.sh", WARM.replace("old", "older")), 0);
}
