//! Invalid and hostile matrix files: exit code 2, a position, no panic, nothing written.

use hypertune_test_support::Lab;

use crate::HYPERBAND;

#[track_caller]
fn refused(matrix: impl AsRef<[u8]>, words: &str) {
    let lab = Lab::new("");
    lab.file("m.yaml", matrix);
    let ended = lab.hypertune("run m.yaml -- true").exits(2).output_contains(words);
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    assert!(ended.stderr.len() < 20_000, "{} bytes of errors", ended.stderr.len());
    assert_eq!(lab.names(), ["m.yaml"]);
}

#[test]
fn all_errors_are_reported_at_once_with_their_lines() {
    let lab = Lab::new("");
    lab.file("m.yaml", HYPERBAND.replace("uniform", "unifrom").replace("minimize", "minimise").replace("epochs", "3"));
    let ended = lab.hypertune("run m.yaml -- true").exits(2);
    for words in ["m.yaml:8:", "m.yaml:4:", "uniform", "minimize"] {
        assert!(ended.stderr.contains(words), "no {words} in\n{}", ended.stderr);
    }
}

#[test]
fn files_that_are_not_a_matrix_are_refused() {
    refused("", "m.yaml");
    refused("just words", "m.yaml");
    refused("- a\n- list\n", "m.yaml");
    refused([0, 159, 146, 150, 255], "m.yaml");
    refused("kind: hyperband\nkind: random\n", "m.yaml:2");
    refused("kind: [\n", "m.yaml");
}

#[test]
fn deep_nested_and_huge_files_are_refused() {
    let levels = (1..12).map(|n| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", ")));
    let laughs: String = std::iter::once("a0: &a0 [lol]\n".to_owned()).chain(levels).collect();
    refused(laughs, "m.yaml");
    refused("[".repeat(100_000), "m.yaml");
    refused("{a: ".repeat(100_000), "m.yaml");
    refused(HYPERBAND.replace("maxIterations: 9", "maxIterations: 1e300"), "m.yaml");
    refused(HYPERBAND.replace("[0, 1]", "[-1e308, 1e308]"), "finite");
    refused("kind: random\nnumRuns: 99999999999\nparams:\n  x: {kind: uniform, value: [0, 1]}\n", "10000000");
}

#[test]
fn a_command_without_dashes_gets_the_corrected_command_line() {
    let lab = Lab::new(HYPERBAND);
    let ended = lab.hypertune("run m.yaml -j 2 python3 train.py --lr 3").exits(2);
    ended
        .output_contains("unexpected argument 'python3'")
        .output_contains("\n  hypertune run m.yaml -j 2 -- python3 train.py --lr 3");
    assert!(!lab.path("m.study").exists());
}

#[test]
fn fixing_the_last_parameter_that_varies_warns() {
    let lab =
        Lab::new(&HYPERBAND.replace("value: [0, 1]}", "value: [0, 1]}\n  units: {kind: choice, value: [16, 32]}"));
    let warns = |options: &str| {
        lab.hypertune(&format!("check m.yaml {options}")).exits(0).stderr.contains("no parameter varies")
    };
    assert!(warns("-P lr=0.5 -P units=16"));
    assert!(!warns("-P lr=0.5") && !warns(""));
}
