//! `doctor`.

use hypertune_test_support::{Driver, Lab, RunOutput, trainer};
use serde_json::Value;

const SIGINT: i32 = 2;

/// Rungs of 1, 3 and 9 epochs.
pub const MATRIX: &str = "
kind: hyperband
maxIterations: 9
eta: 3
seed: 7
resume: true
resource: {name: epochs, type: int}
metric: {name: loss, optimization: minimize}
params:
  x: {kind: uniform, value: [0.4, 1]}
  y: {kind: choice, value: [0.5, 0.6, 0.7]}
";

/// The first lines of a shell script that has its arguments in `$x`, `$y` and `$epochs`, and its saved epochs in `$done`.
const SCRIPT: &str = "#!/bin/sh\nfor a; do case $a in --*) eval \"${a#--}\";; esac; done\n\
                      state=$HYPERTUNE_CHECKPOINT_DIR/state\ndone=$(cat $state 2>/dev/null || echo 0)\n";

/// The last lines of such a script that continues its checkpoint: the `loss` of each epoch is `$1` and the epoch.
const TRAIN: &str = "\nfor e in $(seq $((done + 1)) $epochs); do echo \"{\\\"epochs\\\": $e, \\\"loss\\\": $loss$e}\"; done\n\
                     echo $epochs > $state\n";

/// A `loss` that both parameters change.
const LOSS: &str = "loss=${y#0.}$x";

pub struct Scene {
    pub lab: Lab,
}

impl Scene {
    pub fn new(matrix: &str) -> Scene {
        let lab = Lab::new(matrix);
        std::fs::create_dir(lab.path("tmp")).unwrap();
        Scene { lab }
    }

    fn command(&self, options: &str, command: &str) -> std::process::Command {
        let line = format!("doctor m.yaml -j 2 --grace 300ms {options} -- {command}");
        let mut command = self.lab.command(&line);
        command.env("TMPDIR", self.lab.path("tmp"));
        command
    }

    fn doctor(&self, options: &str, command: &str) -> RunOutput {
        RunOutput::of(&mut self.command(options, command))
    }

    /// The JSON of a command that leaves nothing; its exit code is the one of its checks.
    pub fn json(&self, options: &str, command: &str) -> Value {
        let output = self.doctor(&format!("--gpus none --format json {options}"), command);
        let json = output.json();
        let failed = json["checks"].as_array().unwrap().iter().any(|check| check["status"] == "failed");
        assert_eq!((output.code(), &json["healthy"]), (Some(if failed { 3 } else { 0 }), &Value::from(!failed)));
        self.nothing_is_left();
        json
    }

    fn nothing_is_left(&self) {
        assert_eq!(std::fs::read_dir(self.lab.path("tmp")).unwrap().count(), 0);
        assert!(!self.lab.study().exists());
    }
}

/// The status of the check `name`, and its text.
fn outcome(json: &Value, name: &str) -> (String, String) {
    let checks = json["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["name"] == name).unwrap();
    (found["status"].as_str().unwrap().to_owned(), found["text"].as_str().unwrap().to_owned())
}

#[track_caller]
pub fn has(json: &Value, name: &str, status: &str, text: &str) {
    let found = outcome(json, name);
    assert!(found.0 == status && found.1.contains(text), "{name}: {found:?}");
}

/// The checks of a shell script with these lines after [`SCRIPT`].
fn script(lines: &str) -> Value {
    let scene = Scene::new(MATRIX);
    scene.lab.script("t.sh", &format!("{SCRIPT}{lines}"));
    scene.json("", "./t.sh")
}

fn of_trainer(options: &str, words: &str) -> Value {
    Scene::new(MATRIX).json(options, &format!("{} {words}", trainer()))
}

#[test]
fn a_good_script_passes_all_checks() {
    let scene = Scene::new(MATRIX);
    let output = scene.doctor("", &format!("{} pace=300 checkpoint", trainer())).exits(0);
    assert!(!output.stdout.contains('✗'), "{}", output.stdout);
    assert_eq!(output.stdout.matches('✓').count(), 9, "{}", output.stdout);
    for text in ["another value of x, y changes", "continues after 1", "with 2 slots", "after SIGTERM", "per epoch"] {
        assert!(output.stdout.contains(text), "{text}: {}", output.stdout);
    }
    assert!(!output.stdout.contains('\u{1b}') && output.stderr.contains("a job with 1 epoch, then with 3 epochs"));
    scene.nothing_is_left();
    assert_eq!(scene.lab.names(), ["m.yaml", "tmp"]);
}

#[test]
fn all_metrics_and_the_measured_numbers_are_in_the_json() {
    let json = script(&format!("{LOSS}\necho \"{{\\\"acc\\\": 0.5}}\"{TRAIN}"));
    has(&json, "metric", "passed", "by the collector `auto` from JSON on stdout");
    let names: Vec<&str> = json["measured"]["metrics"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(["acc", "loss", "epochs"].iter().all(|name| names.contains(name)), "{names:?}");
    assert_eq!((&json["measured"]["collector"], &json["cost"]["slots"]), (&Value::from("auto"), &Value::from(2)));
    for name in ["startup_s", "seconds_per_unit", "max_rss_bytes"] {
        assert!(json["measured"][name].is_number(), "{name}: {json}");
    }
    assert_eq!(json["measured"]["gpu"]["kind"], "not_assigned");
}

#[test]
fn a_command_that_fails_at_once_is_shown_with_its_output() {
    let json = of_trainer("", "say=boom exit=4");
    has(&json, "command", "failed", "exit code 4");
    assert_eq!(json["checks"][0]["output"][0], "boom");
    assert_eq!((&json["cost"], &json["measured"]["jobs"]), (&Value::Null, &Value::from(2)));
}

#[test]
fn a_missing_metric_is_shown_with_the_names_that_were_read() {
    has(&of_trainer("", "metric=cost"), "metric", "failed", "`cost`");
    let json = Scene::new(MATRIX).json("--collect regex=nothing=(.*)", &trainer());
    has(&json, "metric", "failed", "(collector `regex`)");
    assert!(json["checks"][1]["advice"].as_str().unwrap().contains("--collect auto, which reads loss"), "{json}");
}

#[test]
fn parameters_without_effect_are_named() {
    has(&script(&format!("loss=$x{TRAIN}")), "parameters", "failed", "nothing with 1 epoch: y");
    has(&of_trainer("", "value=0.5"), "parameters", "failed", "no parameter has an effect");
}

#[test]
fn a_resource_that_is_ignored_is_found() {
    let ignored = "echo \"{\\\"epochs\\\": 1, \\\"loss\\\": $loss}\"";
    has(&script(&format!("{LOSS}\n{ignored}")), "resource", "failed", "the last reading is at 1");
    let more = format!("{LOSS}\nfor e in 1 2 3 4; do echo \"{{\\\"epochs\\\": $e, \\\"loss\\\": $loss}}\"; done");
    has(&script(&more), "resource", "failed", "allotted 1 epoch has a reading at 4");
}

#[test]
fn a_checkpoint_that_is_missing_or_not_loaded_is_found() {
    has(&of_trainer("", ""), "checkpoint", "failed", "nothing is written");
    let over = script(&format!("done=0\n{LOSS}{TRAIN}"));
    has(&over, "checkpoint", "failed", "trains from scratch: its first reading is at 1");
    has(&script(&format!("{LOSS}{TRAIN}")), "checkpoint", "passed", "continues after 1");
}

#[test]
fn values_that_do_not_depend_on_the_seed_are_found() {
    let json = script(&format!("loss=0.1$(date +%N){TRAIN}"));
    has(&json, "seed", "failed", "the same job gives");
    has(&json, "parameters", "unknown", "differ from run to run");
}

#[test]
fn a_script_that_ignores_sigterm_is_killed_and_found() {
    has(&of_trainer("", "ignore=term pace=300"), "signals", "failed", "killed 0.3s later");
    has(&of_trainer("", "ignore=int pace=300"), "signals", "passed", "after SIGTERM");
    has(&of_trainer("", ""), "signals", "unknown", "too short");
}

#[test]
fn a_script_that_does_not_end_is_ended_at_the_timeout() {
    let scene = Scene::new(MATRIX);
    let output = scene.doctor("--job-timeout 300ms", &format!("{} child sleep=600000", trainer())).exits(3);
    assert!(output.stdout.contains("✗ command") && output.stdout.contains("--job-timeout"), "{}", output.stdout);
    scene.nothing_is_left();
}

#[test]
fn nothing_is_left_after_ctrl_c() {
    let scene = Scene::new(MATRIX);
    let log = scene.lab.path("log");
    let words = format!("{} detached log={} sleep=600000", trainer(), log.display());
    let driver = Driver::start(&mut scene.command("", &words));
    scene.lab.wait_until("the first job has started", || log.exists());
    driver.signal(SIGINT);
    driver.wait().exits(130).stderr_contains("interrupted by SIGINT before the checks were complete");
    scene.nothing_is_left();
    no_process_mentions(&scene);
}

#[test]
fn a_warning_about_all_jobs_is_printed_once() {
    let scene = Scene::new(MATRIX);
    scene.lab.script("t.sh", &format!("{SCRIPT}{LOSS}\necho \"val loss: $loss\""));
    let output = scene.doctor("", "./t.sh");
    assert_eq!(output.stderr.matches("was not printed alone").count(), 1, "{}", output.stderr);
}

#[test]
fn what_a_job_leaves_running_is_ended() {
    let scene = Scene::new(MATRIX);
    scene.json("", &format!("{} detached checkpoint", trainer()));
    no_process_mentions(&scene);
}

/// No process has the scratch folder in its environment.
fn no_process_mentions(scene: &Scene) {
    let folder = scene.lab.path("tmp").join("hypertune-doctor-");
    let folder = folder.to_str().unwrap();
    let environments = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path().join("environ"));
    let left = environments.filter_map(|path| std::fs::read(path).ok());
    let left = left.filter(|bytes| String::from_utf8_lossy(bytes).contains(&format!("HYPERTUNE_STUDY_DIR={folder}")));
    assert_eq!(left.count(), 0);
}

#[test]
fn without_resume_and_without_a_resource_the_rest_is_checked() {
    let scene = Scene::new(&MATRIX.replace("resume: true", "resume: false"));
    let json = scene.json("", &trainer());
    has(&json, "checkpoint", "unknown", "none is needed");
    has(&json, "resource", "passed", "with 3 epochs at 3");
    let random = "kind: random\nnumRuns: 5\nseed: 7\nmetric: {name: loss, optimization: minimize}\n\
                  params:\n  x: {kind: uniform, value: [0.4, 1]}\n";
    let json = Scene::new(random).json("", &format!("{} pace=500", trainer()));
    has(&json, "resource", "unknown", "no resource");
    has(&json, "parameters", "passed", "another value of x");
    has(&json, "signals", "passed", "after SIGTERM");
    assert_eq!(json["cost"]["expected"]["jobs"], 5);
}

#[test]
fn grids_lists_models_and_tuners_are_tried_too() {
    let metric = "seed: 7\nmetric: {name: loss, optimization: minimize}\n";
    let params = "params: {x: {kind: choice, value: [1, 2]}, y: {kind: choice, value: [3, 4]}}\n";
    let mapping = "kind: mapping\nvalues: [{x: 1, y: 3}, {x: 2, y: 3}, {x: 1, y: 5}]\n".to_owned() + metric;
    let grid = format!("kind: grid\n{metric}{params}");
    let bayes = format!("kind: bayes\nnumInitialRuns: 2\nmaxIterations: 4\n{metric}{params}");
    let asha = MATRIX.replace("hyperband", "asha").replace("eta: 3", "eta: 3\nnumRuns: 9");
    let auto = MATRIX.replace("hyperband", "auto").replace("eta: 3", "numRuns: 9");
    for matrix in [mapping, grid, bayes, asha, auto] {
        let json = Scene::new(&matrix).json("", &trainer());
        assert_eq!(outcome(&json, "command").0, "passed", "{matrix}\n{json}");
        has(&json, "parameters", "passed", "another value of x, y");
    }
}

#[test]
fn a_matrix_without_a_file_is_enough_and_the_folder_is_kept_on_request() {
    let scene = Scene::new(MATRIX);
    let line = format!("doctor -s x=uniform(0.4,1) --metric loss:minimize --trials 3 --seed 1 --keep -- {}", trainer());
    let mut command = scene.lab.command(&line);
    command.env("TMPDIR", scene.lab.path("tmp"));
    let output = RunOutput::of(&mut command).exits(0).stderr_contains("hypertune-doctor-");
    assert!(output.stdout.contains("another value of x"), "{}", output.stdout);
    assert_eq!(std::fs::read_dir(scene.lab.path("tmp")).unwrap().count(), 1);
    scene.lab.hypertune("doctor m.yaml").exits(2).stderr_contains("m.yaml has no command");
    scene.lab.hypertune("doctor").exits(2).stderr_contains("no matrix and no parameter");
    scene.lab.hypertune("doctor m.yaml -- /no/such/program").exits(2);
}

#[test]
fn gpu_memory_is_read_from_nvidia_smi_while_a_job_runs() {
    let gpu = |job: &str| {
        let scene = Scene::new(MATRIX);
        let smi = "#!/bin/sh\ncase $1 in\n-L) echo 'GPU 0: X (UUID: GPU-1)';;\n--query-gpu*) cat used 2>/dev/null || echo 5;;\n\
                   *) cat process 2>/dev/null;;\nesac\n";
        std::fs::create_dir(scene.lab.path("bin")).unwrap();
        scene.lab.script("bin/nvidia-smi", smi);
        scene.lab.script("t.sh", &format!("{SCRIPT}{job}\nsleep 0.6\n{LOSS}{TRAIN}"));
        let path = format!("{}:{}", scene.lab.path("bin").display(), std::env::var("PATH").unwrap());
        let mut command = scene.command("--format json -q", "./t.sh");
        RunOutput::of(command.env("PATH", path)).json()
    };
    has(&gpu("echo \"$$, 2048\" > process"), "gpu", "passed", "up to 2.1 GB");
    has(&gpu("echo 1029 > used"), "gpu", "passed", "1.1 GB more GPU memory is used");
    has(&gpu("echo \"1, 2048\" > process"), "gpu", "failed", "no job had memory on it");
}
