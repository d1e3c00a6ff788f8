//! How parameters are passed, and what is said where the program does not take them so.

use hypertune_test_support::{Lab, RunOutput};

fn run(lab: &Lab, options: &str, words: &[&str]) -> RunOutput {
    RunOutput::of(lab.command(options).args(words))
}

#[test]
fn booleans_are_noted_before_the_first_job() {
    let lab = Lab::new("");
    lab.script("t", "#!/bin/sh\necho \"{\\\"loss\\\": ${#1}}\"\n");
    let note = "note: amp is passed as --amp=true or --amp=false; for a flag set `arg: flag`";
    let options =
        |more: &str| format!("run --kind grid --metric loss:minimize --study s{more} -s amp=choice(true,false)");
    let quiet = run(&lab, &options("1 -q"), &["--", "./t"]).exits(0);
    assert!(!quiet.stderr.contains("is passed as"), "{}", quiet.stderr);
    run(&lab, &options("2"), &["--", "./t"]).exits(0).stderr_contains(note);
    let again = run(&lab, &options("2"), &["--", "./t"]).exits(0);
    assert!(!again.stderr.contains("is passed as"), "once: {}", again.stderr);
    let set = run(&lab, &options("3"), &["--set", "arguments={booleans: flag}", "--", "./t"]).exits(0);
    assert!(!set.stderr.contains("is passed as"), "{}", set.stderr);
}

#[test]
fn rejected_arguments_end_the_study_with_the_setting_that_passes_them() {
    let lab = Lab::new("");
    for (message, space, hint) in [
        ("t.py: error: argument --n: invalid int value: '[32]'", "n=choice([32],[64],[1])", "`arg: words` in it"),
        ("Error: Option '--n' does not take a value.", "n=choice(true,false,1)", "`arg: flag` in it"),
        (
            "Error: Option '--n' requires 2 arguments.",
            "n=choice([3,2],[6,4],[1,2])",
            "--set 'arguments={lists: words}'",
        ),
        ("t.py: error: unrecognized arguments: --n=1", "n=choice(1,2,3)", "`arg: --NAME` in it"),
    ] {
        lab.script("t", &format!("#!/bin/sh\necho \"{message}\" >&2\nexit 2\n"));
        let options = format!("run --kind grid --metric loss:minimize --overwrite --study s -j 1 -s {space}");
        let output = run(&lab, &options, &["--", "./t"]).exits(3).output_contains(hint);
        assert_eq!(std::fs::read_dir(lab.path("s/trials")).unwrap().count(), 2, "{}", output.stderr);
    }
}

#[test]
fn a_constant_for_no_parameter_is_suggested() {
    let lab = Lab::new("");
    let plan = run(&lab, "plan -s lr=choice(1,2) --metric loss -P max-iter=3", &["--", "true"]).exits(2);
    plan.output_contains("unknown parameter or input").output_contains("-s max-iter=3");
}

#[test]
fn parameters_after_the_script_of_a_shell_are_a_warning() {
    let lab = Lab::new("");
    let message = "arguments after the script of the shell, which does not use them";
    let options = "plan -s lr=choice(1,2) --metric loss";
    run(&lab, options, &["--", "sh", "-c", "python3 train.py"]).exits(0).stderr_contains(message);
    for words in [["sh", "-c", "python3 train.py \"$@\"", "sh"], ["sh", "-c", "echo $lr {{ lr }}", "sh"]] {
        let plan = run(&lab, options, &[&["--"], &words[..]].concat()).exits(0);
        assert!(!plan.stderr.contains(message), "{}", plan.stderr);
    }
    let env = run(&lab, &format!("{options} --arg-style env"), &["--", "sh", "-c", "echo $LR"]).exits(0);
    assert!(!env.stderr.contains(message), "{}", env.stderr);
}

#[test]
fn statements_in_a_command_in_the_file_are_not_split() {
    let matrix = "version: 1.1\nkind: operation\nmatrix:\n  kind: grid\n  params:\n    x: {kind: choice, value: [1, 2]}\n\
                  component:\n  run:\n    kind: job\n    container:\n      \
                  command: \"python3 train.py {% if x > 0.1 %}--big{% endif %}\"\n";
    let plan = Lab::new(matrix).hypertune("plan m.yaml").exits(0);
    assert!(plan.stdout.contains("python3 train.py --big"), "{}", plan.stdout);
}
