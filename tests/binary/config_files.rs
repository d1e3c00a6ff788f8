//! `--config-template`: configuration files of jobs.

use std::fs;

use hypertune_test_support::{Lab, RunOutput};
use serde_json::{Value, json};

const VALUES: &str = r#"
kind: mapping
metric: {name: loss, optimization: minimize}
values:
  - {model.hidden: 128, lr: 0.0000001, amp: true, layers: [1, 2.5, "x"], decay: null, name: "no: #'\"\\{{ x }}é"}
"#;

/// Prints the metric; reads no file.
const TRAIN: &str = "#!/bin/sh\necho loss: 1\nfor word; do echo \"argument $word\"; done\n";

fn lab(matrix: &str) -> Lab {
    let lab = Lab::new(matrix);
    lab.script("job", TRAIN);
    lab
}

fn run(lab: &Lab, options: &[&str], command: &[&str]) -> RunOutput {
    RunOutput::of(lab.command("run m.yaml").args(options).arg("--").args(command))
}

fn arguments(lab: &Lab, trial: usize) -> Vec<String> {
    let log = lab.read(&format!("m.study/trials/{trial}/rung-0.stdout.log"));
    log.lines().filter_map(|line| line.strip_prefix("argument ").map(str::to_owned)).collect()
}

/// What Python's own parser reads in the copy of the first trial.
fn read_by_python(lab: &Lab, name: &str, reader: &str) -> Value {
    let path = lab.study().join("trials/0").join(name);
    let script = format!("import json, sys; {reader}\nprint(json.dumps(config))");
    RunOutput::of(lab.program("python3").args(["-c", &script]).arg(path)).exits(0).json()
}

#[test]
fn each_format_gets_values_with_their_types() {
    let lab = lab(VALUES);
    lab.file(
        "c.json",
        r#"{"kept": [1, "a"], "model": {"hidden": 64, "act": "relu"}, "lr": 0.1, "amp": false,
        "layers": [], "decay": 0.5, "name": ""}"#,
    );
    run(&lab, &["--config-template", "c.json"], &["./job"]).exits(0);
    let expected = json!({"kept": [1, "a"], "model": {"hidden": 128, "act": "relu"}, "lr": 1e-7, "amp": true,
        "layers": [1, 2.5, "x"], "decay": null, "name": "no: #'\"\\{{ x }}é"});
    assert_eq!(read_by_python(&lab, "rung-0.config.json", "config = json.load(open(sys.argv[1]))"), expected);
    let path = lab.study().join("trials/0/rung-0.config.json");
    assert_eq!(arguments(&lab, 0), [format!("--config={}", path.canonicalize().unwrap().display())]);

    let toml =
        "name = ''\nlr = 0.1 # rate\namp = false\nlayers = []\ndecay = 0.5\n[model]\nhidden = 64\nact = 'relu'\n";
    let toml_lab = self::lab(VALUES);
    toml_lab.file("c.toml", toml);
    run(&toml_lab, &["--config-template", "c.toml"], &["./job", "{{ config }}"]).exits(0);
    let has_tomllib = RunOutput::of(toml_lab.program("python3").args(["-c", "import tomllib"])).code() == Some(0);
    if has_tomllib {
        let reader = "import tomllib; config = tomllib.load(open(sys.argv[1], 'rb'))";
        let mut expected = expected.clone();
        expected.as_object_mut().unwrap().retain(|key, _| key != "kept" && key != "decay");
        assert_eq!(read_by_python(&toml_lab, "rung-0.config.toml", reader), expected);
    } else {
        println!("skipped: this Python has no tomllib");
    }
    assert!(arguments(&toml_lab, 0)[0].ends_with("/rung-0.config.toml"));

    let yaml_lab = self::lab(VALUES);
    yaml_lab
        .file("c.yml", "# c\nmodel: {hidden: 64, act: relu}\nlr: 0.1\namp: off\nlayers: []\ndecay: 1\nname: x # n\n");
    run(&yaml_lab, &["--config-template", "c.yml"], &["./job"]).exits(0);
    let copy = yaml_lab.read("m.study/trials/0/rung-0.config.yml");
    insta::assert_snapshot!(copy, @r#"
        # c
        model: {hidden: 128, act: relu}
        lr: 1.0e-7
        amp: true
        layers: [1, 2.5, "x"]
        decay: null
        name: "no: #'\"\\{{ x }}é" # n
        "#);
}

#[test]
fn a_resource_and_each_rung_have_their_own_copy() {
    let lab = lab("kind: halving\nmaxIterations: 2\neta: 2\nresource: {name: train.epochs}\nseed: 1\n\
         metric: {name: loss, optimization: minimize}\nparams: {lr: {kind: uniform, value: [0, 1]}}\n");
    lab.file("c.yaml", "lr: 1\ntrain:\n  epochs: 100\n");
    run(&lab, &["--config-template", "c.yaml", "-j", "1"], &["./job"]).exits(0);
    assert!(lab.read("m.study/trials/0/rung-0.config.yaml").ends_with("train:\n  epochs: 1\n"));
    assert!(lab.read("m.study/trials/0/rung-1.config.yaml").ends_with("train:\n  epochs: 2\n"));
    let best = lab.hypertune("best m.study").exits(0);
    assert!(best.stdout.contains("/trials/0/rung-1.config.yaml"), "{}", best.stdout);
}

#[test]
fn parameters_that_the_file_lacks_are_warnings() {
    let lab = lab("kind: mapping\nmetric: {name: loss, optimization: minimize}\nvalues: [{model.hiden: 1, lr: 2}]\n");
    lab.file("c.yaml", "model: {hidden: 64}\noptim: {lr: 1}\n");
    for subcommand in ["check", "plan", "run"] {
        let mut command = lab.command(&format!("{subcommand} m.yaml --config-template c.yaml -- ./job"));
        let output = RunOutput::of(&mut command).exits(0);
        output
            .stderr_contains("c.yaml has no `model.hiden`, which is added to each copy")
            .stderr_contains("did you mean `model.hidden`?")
            .stderr_contains("did you mean `optim.lr`?");
    }
    assert_eq!(
        lab.read("m.study/trials/0/rung-0.config.yaml"),
        "lr: 2\nmodel: {\"hiden\": 1, hidden: 64}\noptim: {lr: 1}\n"
    );
}

#[test]
fn values_reach_the_file_or_the_command() {
    let matrix = "kind: random\nnumRuns: 1\nseed: 1\nmetric: {name: loss, optimization: minimize}\nparams:\n  \
                  a: {kind: choice, value: [1]}\n  b: {kind: choice, value: [2], arg: equals}\n  \
                  c: {kind: choice, value: [3], arg: {name: deep.c}}\n";
    let lab = lab(matrix);
    lab.file("c.yaml", "a: 0\nb: 0\ndeep: {c: 0}\n");
    run(&lab, &["--config-template", "c.yaml", "--arg-style", "space"], &["./job"]).exits(0);
    assert_eq!(lab.read("m.study/trials/0/rung-0.config.yaml"), "a: 1\nb: 0\ndeep: {c: 3}\n");
    let words = arguments(&lab, 0);
    assert!(words[0] == "--b=2" && words[1] == "--config" && words.len() == 3, "{words:?}");
    // What the command uses is not added to a file that lacks it.
    let lab = self::lab(matrix);
    lab.file("c.yaml", "b: 0\ndeep: {c: 0}\n");
    let output = run(&lab, &["--config-template", "c.yaml"], &["./job", "--a={{ a }}"]).exits(0);
    assert!(!output.stderr.contains("c.yaml has no"), "{}", output.stderr);
    assert_eq!(lab.read("m.study/trials/0/rung-0.config.yaml"), "b: 0\ndeep: {c: 3}\n");
    assert_eq!(arguments(&lab, 0)[0], "--a=1");
}

#[test]
fn a_study_continues_without_its_file_and_not_with_another_one() {
    let lab = lab("kind: random\nnumRuns: 3\nseed: 1\nmetric: {name: loss, optimization: minimize}\n\
         params: {lr: {kind: uniform, value: [0, 1]}}\n");
    lab.file("c.yaml", "lr: 1\nsize: 8\n");
    let options = ["--config-template", "c.yaml", "-j", "1"];
    let run = |limit: &str| self::run(&lab, &[&options[..], &["--max-jobs", limit]].concat(), &["./job"]);
    run("1").exits(4);
    // The parameter's own value and comments do not count.
    lab.file("c.yaml", "# c\nsize: 8\nlr: 7\n");
    run("1").exits(4);
    lab.file("c.yaml", "lr: 1\nsize: 9\n");
    run("2").exits(2).stderr_contains("config_template.size: started with 8, now 9");
    self::run(&lab, &[], &["./job"]).exits(2).stderr_contains("config_template: started with c.yaml, now not given");
    fs::remove_file(lab.path("c.yaml")).unwrap();
    run("2").exits(2).stderr_contains("the configuration file cannot be read");
    lab.hypertune("resume m.study").exits(0);
    assert!(lab.read("m.study/trials/2/rung-0.config.yaml").contains("size: 8"));
    assert!(lab.hypertune("best m.study").exits(0).stdout.contains("config.yaml"));
}

#[test]
fn the_matrix_may_name_the_file_beside_it() {
    let lab = lab("");
    fs::create_dir(lab.path("sub")).unwrap();
    let matrix = "kind: random\nnumRuns: 1\nconfigTemplate: c.json\nworkdir: '{{ trial_dir }}'\n\
                  metric: {name: loss, optimization: minimize}\nparams: {lr: {kind: uniform, value: [0, 1]}}\n";
    lab.file("sub/m.yaml", matrix).file("sub/c.json", r#"{"lr": 1}"#);
    lab.hypertune("run sub/m.yaml -- ./job").exits(0);
    let copy: Value = serde_json::from_str(&lab.read("m.study/trials/0/rung-0.config.json")).unwrap();
    assert!(copy["lr"].as_f64().unwrap() < 1.0);
    lab.file("sub/c.json", "{");
    lab.hypertune("check sub/m.yaml -- ./job").exits(2).stderr_contains("not valid JSON").stderr_contains("m.yaml:3");
}

#[test]
fn files_and_values_that_cannot_be_used_are_errors_before_anything_runs() {
    let lab = lab(VALUES);
    lab.file("c.py", "").file("c.yaml", "a: [").file("m.toml", "model = 1\n").file("n.toml", "layers = 1\n");
    for (file, message) in [
        ("none.yaml", "the configuration file cannot be read"),
        ("c.py", "its name must end in .yaml, .yml, .json, .toml"),
        ("c.yaml", "not valid YAML"),
        ("m.toml", "`model` is a single value, not a mapping"),
    ] {
        let mut command = lab.command(&format!("run m.yaml --config-template {file} -- ./job"));
        RunOutput::of(&mut command).exits(2).stderr_contains(message);
    }
    run(&lab, &[], &["./job", "{{ config }}"]).exits(2).stderr_contains("give the file with --config-template");
    lab.file("m.yaml", "kind: random\nnumRuns: 1\nparams: {layers: {kind: choice, value: [1, [null]]}}\n");
    let output = run(&lab, &["--config-template", "n.toml"], &["./job"]);
    output.exits(2).stderr_contains("`layers` cannot be set in the configuration file: TOML has no null");
    lab.file("c.json", "{\"layers\": 1}");
    let output = run(&lab, &["--config-template", "c.json"], &["./job", "c.json", "--dry"]).exits(0);
    output.stderr_contains("the command has c.json, not the copy with the parameters");
    assert!(lab.study().exists());
}

#[test]
fn retries_get_a_new_copy_with_both_launchers() {
    for launcher in ["local", "std"] {
        let lab = lab("kind: random\nnumRuns: 1\nseed: 1\nparams: {lr: {kind: choice, value: [3]}}\n");
        lab.file("c.json", r#"{"lr": 1}"#);
        lab.script(
            "job",
            "#!/bin/sh\ntest $HYPERTUNE_ATTEMPT = 2 && exec grep 3 \"$1\"\nrm -r \"$HYPERTUNE_TRIAL_DIR\"; exit 1\n",
        );
        let mut command = lab.command("run m.yaml --config-template c.json --retries 1 -- ./job");
        RunOutput::of(command.arg("{{ config }}").env("HYPERTUNE_LAUNCHER", launcher)).exits(0);
        assert_eq!(lab.read("m.study/trials/0/rung-0.attempt-2.config.json"), r#"{"lr": 3}"#);
    }
}

#[test]
fn two_parameters_for_one_key_are_refused_by_every_subcommand() {
    let param = |name: &str, more: &str| format!("  {name}: {{kind: choice, value: [1, 2]{more}}}\n");
    let cases = [
        (param("a.lr", "") + &param("lr", ", arg: {name: a.lr}"), "set the same key `a.lr` of the configuration file"),
        (param("a", "") + &param("a.b", ""), "the key `a.b` is in the value of `a`"),
        (param("a.b", "") + &param("a", ""), "the key `a.b` is in the value of `a`"),
    ];
    for (params, expected) in &cases {
        let lab = lab(&format!("kind: grid\nmetric: {{name: loss, optimization: minimize}}\nparams:\n{params}"));
        lab.file("c.yaml", "a:\n  lr: 0.1\n");
        for subcommand in ["check", "plan", "run"] {
            let mut command = lab.command(&format!("{subcommand} m.yaml --config-template c.yaml -- ./job"));
            RunOutput::of(&mut command).exits(2).output_contains(expected).output_contains("m.yaml:5:3");
        }
        assert!(!lab.study().exists());
    }
    // Only one of them is active.
    let exclusive = format!(
        "{}{}{}",
        param("opt", ""),
        param("x", ", arg: {name: a.lr}, when: {opt: 1}"),
        param("y", ", arg: {name: a.lr}, when: {opt: 2}")
    );
    let lab = lab(&format!("kind: grid\nmetric: {{name: loss, optimization: minimize}}\nparams:\n{exclusive}"));
    lab.file("c.yaml", "a:\n  lr: 0.1\nopt: 0\n");
    run(&lab, &["--config-template", "c.yaml"], &["./job"]).exits(0);
}
