//! The command that `best` and `run` print gives the value of the best trial again.

use hypertune_test_support::{Lab, RunOutput};

/// Its value depends on a parameter, a seed, the resource before, and what is in its checkpoint folder.
const TRAINER: &str = "#!/bin/sh
dir=${HYPERTUNE_CHECKPOINT_DIR:?}
start=$HYPERTUNE_PREVIOUS_RESOURCE
[ -f \"$dir/saved\" ] || [ \"$start\" = 0 ] || { echo no checkpoint >&2; exit 5; }
[ -f \"$dir/saved\" ] && [ \"$start\" = 0 ] && { echo trained before >&2; exit 6; }
echo \"$*\" > \"$dir/saved\"
echo \"{\\\"epochs\\\": $HYPERTUNE_RESOURCE, \\\"loss\\\": 0.$HYPERTUNE_SEED}\"
";

const HALVING: &str = "kind: halving\nresume: true\nmaxIterations: 4\neta: 2\nseed: 3\nresource: {name: epochs, type: int}\n\
     metric: {name: loss, optimization: minimize}\nparams:\n  x: {kind: choice, value: [\"a b\", \"it's\", \"$HOME\"]}\n";

/// The line after `run it again with`.
fn printed(output: &RunOutput) -> String {
    let mut lines = output.stdout.lines().skip_while(|line| *line != "run it again with");
    lines.nth(1).unwrap_or_else(|| panic!("no command in {}", output.stdout)).trim_start().to_owned()
}

/// What the line prints in a shell that starts in `directory`.
fn in_shell(lab: &Lab, directory: &str, line: &str) -> RunOutput {
    RunOutput::of(lab.program("sh").args(["-c", line]).current_dir(lab.path(directory)))
}

#[test]
fn the_printed_command_trains_from_the_start_and_keeps_the_checkpoint() {
    let lab = Lab::new(HALVING);
    lab.script("train.sh", TRAINER);
    let run = lab.hypertune("run m.yaml -q -- ./train.sh").exits(0);
    let best = lab.hypertune("best m.study --format json").exits(0).json();
    let checkpoint = lab.path(best["checkpoint"].as_str().expect("a kept checkpoint")).join("saved");
    let kept = std::fs::read_to_string(&checkpoint).unwrap();
    std::fs::create_dir(lab.path("other")).unwrap();
    let elsewhere = RunOutput::of(lab.command("best ../m.study").current_dir(lab.path("other")));
    let elsewhere = elsewhere.exits(0).output_contains("its checkpoint is ../m.study/trials/");
    for (directory, line) in [(".", printed(&run)), ("other", printed(&elsewhere))] {
        assert!(line.starts_with("cd /"), "{line}");
        assert!(!line.contains("HYPERTUNE_RUNG"), "the script does not use it: {line}");
        let again = in_shell(&lab, directory, &line).exits(0);
        assert_eq!(again.json()["loss"], best["value"], "{line}");
    }
    assert_eq!(best["shell"], printed(&lab.hypertune("best m.study")));
    assert_eq!(
        best["directory"].as_str().map(std::fs::canonicalize).unwrap().unwrap(),
        lab.path("").canonicalize().unwrap()
    );
    assert_eq!(best["env"]["HYPERTUNE_RUNG"].as_str().map(str::len), Some(1));
    assert_eq!(std::fs::read_to_string(&checkpoint).unwrap(), kept);
}

#[test]
fn parameters_in_the_environment_and_the_checkpoint_folder_in_arguments_are_repeated() {
    let lab = Lab::new(&HALVING.replace("resume: true\n", "resume: true\nargStyle: env\n"));
    lab.script("train.sh", &format!("{TRAINER}echo \"{{\\\"loss\\\": ${{#X}}.5}}\" >&2\ntest -d \"${{1#--to=}}\" && touch \"${{1#--to=}}/mark\"\n"));
    let run = RunOutput::of(lab.command("run m.yaml -q -- ./train.sh").arg("--to={{ checkpoint_dir }}")).exits(0);
    let line = printed(&run);
    let again = in_shell(&lab, ".", &line).exits(0);
    let best = lab.hypertune("best m.study --format json").exits(0).json();
    assert_eq!(again.json()["loss"], best["value"], "{line}");
    let length = best["params"]["x"].as_str().map(str::len).unwrap();
    assert_eq!(again.stderr.trim(), format!("{{\"loss\": {length}.5}}"), "{line}");
    assert!(best["command"].as_array().is_some_and(|command| command[0] == "./train.sh"), "{best}");
    assert_eq!(best["env"]["X"], best["params"]["x"]);
}

#[test]
fn a_study_without_checkpoints_names_the_folder_of_the_trial() {
    let lab = Lab::random(2);
    lab.script("train.sh", "#!/bin/sh\necho \"{\\\"loss\\\": 0.5}\"\n");
    let run = lab.hypertune("run m.yaml -q -- ./train.sh").exits(0);
    assert!(printed(&run).contains(" && ./train.sh --x="), "{}", run.stdout);
    run.output_contains("its folder is m.study/trials/0\n");
    assert_eq!(lab.hypertune("best m.study --format json").json()["checkpoint"], serde_json::Value::Null);
}

/// Adds to `model` in its directory and in the folder of the trial; refuses to train over a model.
const SAVES: &str = "#!/bin/sh
[ -e model ] && { echo a model is here >&2; exit 6; }
for word; do case $word in --to=*) to=${word#--to=} ;; esac; done
[ -e \"$to/log\" ] && { echo a log is here >&2; exit 7; }
echo new > model
echo new > \"$to/log\"
echo \"{\\\"loss\\\": 0.5}\"
";

#[test]
fn a_job_with_a_directory_of_its_own_is_repeated_in_a_new_one() {
    let lab = Lab::random(1);
    lab.script("train.sh", SAVES);
    let mut command = lab.command("run m.yaml -q --workdir");
    let run = RunOutput::of(command.args(["{{ trial_dir }}/w", "--", "./train.sh", "--to={{ trial_dir }}"])).exits(0);
    for file in ["w/model", "log"] {
        lab.file(&format!("m.study/trials/0/{file}"), "kept");
    }
    let line = printed(&run);
    for directory in [".", "/"] {
        assert_eq!(in_shell(&lab, directory, &line).exits(0).json()["loss"], 0.5, "{line}");
    }
    for file in ["w/model", "log"] {
        assert_eq!(lab.read(&format!("m.study/trials/0/{file}")), "kept", "{line}");
    }
}

#[test]
fn a_directory_elsewhere_that_belongs_to_the_job_is_copied() {
    let lab = Lab::random(1);
    std::fs::create_dir_all(lab.path("runs/0")).unwrap();
    lab.script("train.sh", "#!/bin/sh\ncat data >&2\necho new > data\necho \"{\\\"loss\\\": 0.5}\"\n")
        .file("runs/0/data", "1");
    let mut command = lab.command("run m.yaml -q --workdir");
    let run = RunOutput::of(command.args(["runs/{{ trial }}", "--", "./train.sh"])).exits(0);
    let line = printed(&run);
    lab.file("runs/0/data", "kept");
    assert_eq!(in_shell(&lab, "/", &line).exits(0).stderr, "kept", "{line}");
    assert_eq!(lab.read("runs/0/data"), "kept", "{line}");
}

#[test]
fn any_value_reaches_the_program_again_from_another_folder() {
    let texts =
        ["a\nb\n", "it's \"x\"", "$HOME `id` \\", "-x", "--a=b", "", "tab\t\u{1b}[2J", "é ☃", "!", "a,b", "%s \\n"];
    for style in ["equals", "space", "fire", "hydra", "assign", "env"] {
        let row: Vec<String> =
            texts.iter().enumerate().map(|(at, text)| format!("p{at}: {}", serde_json::json!(text))).collect();
        let lab = Lab::new(&format!(
            "kind: mapping\nmetric: {{name: loss, optimization: minimize}}\nvalues:\n  - {{{}}}\n",
            row.join(", ")
        ));
        lab.script("train.sh", "#!/bin/sh\nfor w; do printf '<%s>' \"$w\" >&2; done\nprintf '{%s}' \"$P0$P1$P2$P3$P4$P5$P6$P7$P8$P9$P10\" >&2\necho 'loss: 1'\n");
        let mut command = lab.command("run m.yaml -q --arg-style");
        RunOutput::of(command.args([style, "--", "./train.sh"])).exits(0);
        let first = lab.read("m.study/trials/0/rung-0.stderr.log");
        let best = lab.hypertune("best m.study --format json").exits(0).json();
        let again = in_shell(&lab, "/", best["shell"].as_str().unwrap()).exits(0);
        let trial_dir = |text: &str| text.split("<hydra.run.dir").next().unwrap().to_owned();
        assert_eq!(trial_dir(&again.stderr), trial_dir(&first), "{style}");
    }
}

#[test]
fn the_variable_of_a_parameter_that_is_null_is_not_inherited() {
    for launcher in ["local", "std"] {
        let lab = Lab::new(
            "kind: grid\nargStyle: env\nmetric: {name: loss, optimization: minimize}\nparams:\n  wd: {kind: choice, value: [null]}\n",
        );
        lab.script("train.sh", "#!/bin/sh\n[ -z \"${WD+set}\" ] || exit 9\necho '{\"loss\": 1}'\n");
        let mut command = lab.command("run m.yaml -q -- ./train.sh");
        let run = RunOutput::of(command.env("WD", "-5").env("HYPERTUNE_LAUNCHER", launcher)).exits(0);
        let line = printed(&run);
        assert!(line.ends_with("env -u WD ./train.sh"), "{launcher}: {line}");
        RunOutput::of(lab.program("sh").args(["-c", &line]).current_dir(lab.path("")).env("WD", "-5")).exits(0);
        assert_eq!(lab.hypertune("best m.study --format json").json()["unset"][0], "WD", "{launcher}");
        let plan = lab.hypertune("plan m.yaml -- ./train.sh").exits(0);
        assert!(plan.stdout.contains("env -u WD ./train.sh"), "{}", plan.stdout);
    }
}
