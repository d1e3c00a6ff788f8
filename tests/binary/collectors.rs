//! Metrics as scripts print and write them.

use std::fs;
use std::path::Path;

use hypertune_test_support::{Lab, RunOutput};

fn matrix(metric: &str, more: &str) -> String {
    format!(
        "kind: grid\nmetric: {{{metric}}}\nconcurrency: 1\n{more}params: {{x: {{kind: choice, value: [3, 1, 2]}}}}\n"
    )
}

/// Runs a shell script on a grid of x; `$1` is `--x=3` and so on.
fn run(metric: &str, more: &str, script: &str, options: &str) -> (Lab, RunOutput) {
    let lab = Lab::new(&matrix(metric, more));
    lab.file("train.sh", format!("x=${{1#--x=}}\n{script}"));
    let output = lab.hypertune(&format!("run m.yaml {options} -- sh train.sh"));
    (lab, output)
}

fn best(lab: &Lab) -> f64 {
    lab.hypertune("best m.study --format json").exits(0).json()["value"].as_f64().unwrap()
}

const LOSS: &str = "name: loss, optimization: minimize";

#[test]
fn text_dicts_and_nested_json_are_read_from_stdout_and_stderr() {
    let scripts = [
        ("name: loss, optimization: minimize", "echo \"epoch 1 loss: 9\"; echo \"epoch 2 loss: $x\""),
        ("name: loss, optimization: minimize", "echo \"epoch 1 loss: $x\" >&2"),
        ("name: loss, optimization: minimize", "printf '\\r10%%| loss=9\\r\\033[1m99%%\\033[0m| loss=%s' $x"),
        ("name: loss, optimization: minimize", "echo \"4/4 [==] {'loss': '$x', 'note': None}\""),
        ("name: val.loss, optimization: minimize", "echo \"{\\\"val\\\": {\\\"loss\\\": $x}}\""),
        ("name: val/loss, optimization: minimize", "echo \"INFO {\\\"val\\\": {\\\"loss\\\": $x}}\" >&2"),
    ];
    for (metric, script) in scripts {
        let (lab, output) = run(metric, "", script, "-q");
        output.exits(0);
        assert_eq!(best(&lab), 1.0, "{script}");
    }
}

#[test]
fn the_best_reading_counts_if_the_matrix_says_so() {
    let script = "echo \"loss: $x\"; echo loss: 9";
    let (lab, output) = run(&format!("{LOSS}, value: best"), "", script, "-q");
    output.exits(0);
    assert_eq!(best(&lab), 1.0);
    let (lab, _) = run(LOSS, "", script, "-q");
    assert_eq!(best(&lab), 9.0);
}

#[test]
fn a_missing_metric_is_explained_with_what_was_printed() {
    let (_, output) = run(LOSS, "", "echo \"step 1 val_loss=$x\"", "");
    output
        .exits(3)
        .output_contains("`loss` was never printed with a number; names with numbers in the output: `val_loss`")
        .output_contains("saw `val_loss: 3` in 1 line: set `metric.name: val_loss`")
        .output_contains("the last lines of stdout:");
    let (_, output) = run(LOSS, "", "echo \"loss: $x\"", "--collect json");
    output.exits(3).output_contains("saw `loss: 3` in 1 line: set `metric.collect: auto`");
}

#[test]
fn a_pattern_is_given_in_the_matrix_or_on_the_command_line() {
    let script = "echo \"the loss is $x here\"";
    let (lab, output) = run(&format!("{LOSS}, collect: {{kind: regex, pattern: 'loss is (\\S+)'}}"), "", script, "-q");
    output.exits(0);
    assert_eq!(best(&lab), 1.0);
    let lab = Lab::new(&matrix(LOSS, ""));
    lab.file("train.sh", format!("x=${{1#--x=}}\n{script}"));
    let line = ["run", "m.yaml", "-q", "--collect", r"regex=loss is (\S+)", "--", "sh", "train.sh"];
    RunOutput::of(lab.command("").args(line)).exits(0);
    assert_eq!(best(&lab), 1.0);
    lab.hypertune("run m.yaml -q -- sh train.sh")
        .exits(2)
        .output_contains("metric.collect: started with {\"kind\":\"regex\"")
        .output_contains("now {\"kind\":\"auto\"}");
}

#[test]
fn invalid_collectors_are_errors_with_their_place() {
    let check = |collect: &str| {
        let lab = Lab::new(&matrix(&format!("{LOSS}, collect: {collect}"), ""));
        lab.hypertune("check m.yaml -- true").exits(2)
    };
    check("atuo").output_contains("unknown collector `atuo`").output_contains("did you mean `auto`?");
    check("{kind: regex, pattern: '('}").output_contains("invalid regular expression");
    check("{kind: json, pattern: x}").output_contains("the collector `json` has no option `pattern`");
    check("file").output_contains("the collector `file` needs `path`");
    check("{kind: file, path: '{{ nowhere }}'}").output_contains("unknown variable `nowhere`");
    let (_, output) = run(LOSS, "", "", "--collect xml");
    output.exits(2).output_contains("the collectors are auto, json, regex, file, tensorboard");
}

#[test]
fn files_are_read_as_they_grow_and_at_the_end() {
    let collect = "collect: {kind: file, path: '{{ trial_dir }}/metrics.csv'}";
    let script = "f=$HYPERTUNE_TRIAL_DIR/metrics.csv; echo epoch,loss > $f; echo 1,9 >> $f; printf '2,%s' $x >> $f";
    let (lab, output) = run(&format!("{LOSS}, {collect}"), "", script, "-q");
    output.exits(0);
    assert_eq!(best(&lab), 1.0);
    let (_, output) = run(&format!("{LOSS}, {collect}"), "", "true", "");
    output.exits(3).output_contains("the job did not write {{ trial_dir }}/metrics.csv, from which `loss` is read");
    let stopping = "earlyStopping: [{metric: loss, value: 5, optimization: minimize}]\n";
    let script = "f=$HYPERTUNE_TRIAL_DIR/metrics.csv; printf 'loss\\n4\\n' > $f; sleep 60";
    let (_, output) = run(&format!("{LOSS}, {collect}"), stopping, script, "--grace 1s");
    output.exits(0).output_contains("trial 0 reached loss 4");
}

#[test]
fn scalars_of_event_files_are_read() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/metrics/tensorboard-torch");
    let script = format!(
        "mkdir -p $HYPERTUNE_TRIAL_DIR/runs/1; cat {0}/* > $HYPERTUNE_TRIAL_DIR/runs/1/events.out.tfevents.1",
        data.display()
    );
    let (lab, output) = run("name: val/loss, optimization: minimize, collect: tensorboard", "", &script, "-q");
    output.exits(0);
    assert_eq!(best(&lab), 0.3333333432674408);
    let readings = fs::read_to_string(lab.study().join("readings.jsonl")).unwrap();
    assert_eq!(readings.lines().count(), 9);
}

#[test]
fn remarks_about_the_output_are_given_once() {
    let script = "head -c 2000000 /dev/zero | tr '\\0' x; echo; for r in 0 1; do echo \"{\\\"epochs\\\": 1, \\\"loss\\\": $r}\"; done";
    let lab = Lab::new(
        "kind: hyperband\nmaxIterations: 2\neta: 2\nresource: {name: epochs}\nmetric: {name: loss, optimization: minimize}\nseed: 1\nparams: {x: {kind: uniform, value: [0, 1]}}\n",
    );
    lab.file("train.sh", script);
    let output = lab.hypertune("run m.yaml -- sh train.sh").exits(0);
    let count = |text: &str| output.stderr.matches(text).count();
    assert_eq!(
        count("a line of 2000000 bytes on stdout was not read for metrics; the limit is 1 MiB"),
        1,
        "{}",
        output.stderr
    );
    assert_eq!(count("`loss` was 0 and then 1 at step 1"), 1, "{}", output.stderr);
}

#[test]
fn a_rule_on_a_metric_that_nobody_prints_is_noted() {
    let stopping = "earlyStopping: [{metric: accuracy, value: 5, optimization: maximize}]\n";
    let (_, output) = run(LOSS, stopping, "echo \"{\\\"loss\\\": $x, \\\"acc\\\": 1}\"", "");
    let note = "no reading of the first 2 jobs has `accuracy`, the metric of an early-stopping rule; the readings have `loss`, `acc`";
    output.exits(0).output_contains(note);
    let stopping = "earlyStopping: [{metric: loss, value: 0, optimization: maximize}]\n";
    let (_, output) = run(LOSS, stopping, "echo \"loss: $x\"", "");
    output.exits(0).output_contains("has `optimization: maximize` for `loss`, but the study has `minimize`");
}

#[test]
fn python_does_not_buffer_its_output_unless_the_caller_says_so() {
    let lab = Lab::new(&matrix("name: n, optimization: minimize", ""));
    lab.file("train.sh", "echo \"n: $PYTHONUNBUFFERED\"");
    lab.hypertune("run m.yaml -q -- sh train.sh").exits(0);
    assert_eq!(best(&lab), 1.0);
    let mut command = lab.command("run m.yaml -q --overwrite -- sh train.sh");
    RunOutput::of(command.env("PYTHONUNBUFFERED", "7")).exits(0);
    assert_eq!(best(&lab), 7.0);
}

#[test]
fn a_plain_name_counts_more_than_others_and_what_was_read_is_named_even_when_quiet() {
    let script = "echo \"loss: $x\"; echo 'best loss: 0.1'; echo 'Namespace(loss=7)'; echo 'https://h/?loss=9&a=1'";
    let (lab, output) = run(LOSS, "", script, "-q");
    assert_eq!(output.exits(0).stderr, "");
    assert_eq!(best(&lab), 1.0);
    let (lab, output) = run(LOSS, "", "echo \"train loss: $x\"", "-q");
    output.exits(0).stderr_contains("warning: trial 0: `loss` was not printed alone and was read from `train loss`");
    assert_eq!(best(&lab), 1.0);
    let (_, output) = run(LOSS, "", "echo \"loss: 1.234,5\"", "-q");
    output.exits(3).stderr_contains("`loss` was printed as `1.234,5`, which was not read");
}

#[test]
fn utf_16_is_named() {
    let (_, output) = run(LOSS, "", r"printf 'l\0o\0s\0s\0:\0 \0001\0\n\0'", "");
    output.exits(3).output_contains("the output is UTF-16");
}

#[test]
fn a_pattern_with_a_colon_is_a_pattern() {
    let lab = Lab::new(&matrix(LOSS, ""));
    lab.file("train.sh", "echo \"my loss: ${1#--x=}\"");
    let words = ["run", "m.yaml", "-q", "--collect", r"regex=loss: (\S+)", "--", "sh", "train.sh"];
    RunOutput::of(lab.command("").args(words)).exits(0);
    assert_eq!(best(&lab), 1.0);
}

/// Appends its value to `results.csv` in the working directory.
const WRITER: &str = "echo loss >> results.csv; echo $x >> results.csv; sleep 0.1";

#[test]
fn a_file_of_metrics_that_concurrent_jobs_share_is_refused() {
    let lab = Lab::new(&matrix(LOSS, "").replace("concurrency: 1", "concurrency: 3"));
    lab.file("train.sh", format!("x=${{1#--x=}}\n{WRITER}"));
    fn run(lab: &Lab, subcommand: &str, options: &[&str]) -> RunOutput {
        RunOutput::of(lab.command(subcommand).arg("m.yaml").args(options).args(["--", "sh", "train.sh"]))
    }
    let message = "3 jobs would run at once and have the same file, results.csv, from which the metric is read";
    for subcommand in ["check", "plan", "run"] {
        let output = run(&lab, subcommand, &["--collect", "file=results.csv"]).exits(2);
        output.output_contains(message).output_contains("--workdir '{{ trial_dir }}'").output_contains("-j 1");
    }
    let json = run(&lab, "check", &["--collect", "file=results.csv", "--format", "json"]).exits(2).json();
    assert_eq!((json["errors"].as_u64(), json["diagnostics"][0]["message"].as_str()), (Some(1), Some(message)));
    assert!(!lab.study().exists());
    run(&lab, "run", &["--collect", "tensorboard=runs"])
        .exits(2)
        .output_contains("the same folder of event files, runs");
    let absolute = format!("file={}", lab.path("results.csv").display());
    run(&lab, "run", &["--collect", &absolute, "--workdir", "{{ trial_dir }}"]).exits(2);
    run(&lab, "run", &["--collect", "file=results.csv", "--workdir", "{{ trial_dir }}", "-q"]).exits(0);
    assert_eq!(best(&lab), 1.0);
}

#[test]
fn with_one_job_at_a_time_only_the_rows_of_each_job_count() {
    let lab = Lab::new(&matrix(LOSS, "").replace("concurrency: 1", "concurrency: 3"));
    // The job with x = 2 opens the file and writes no value.
    let script = "x=${1#--x=}\necho loss >> results.csv; [ $x = 2 ] || echo $x >> results.csv";
    lab.file("train.sh", script);
    let run = |options: &str| lab.hypertune(&format!("run m.yaml {options} --collect file=results.csv -- sh train.sh"));
    run("-j 1 --keep-going").exits(0).output_contains("results.csv has no number under `loss`");
    let trials = lab.hypertune("trials m.study --format json").exits(0).json();
    let values: Vec<Option<f64>> = trials.as_array().unwrap().iter().map(|trial| trial["value"].as_f64()).collect();
    let mut numbers: Vec<f64> = values.iter().copied().flatten().collect();
    numbers.sort_by(f64::total_cmp);
    assert_eq!((numbers, values.len()), (vec![1.0, 3.0], 3));
    run("--overwrite -j 2").exits(2);
}

#[test]
fn tables_of_python_s_csv_module_are_read() {
    let (lab, output) = run(LOSS, "", r#"printf 'epoch,loss\r\n1,9\r\n2,%s\r\n' $x"#, "-q");
    output.exits(0);
    assert_eq!(best(&lab), 1.0);
}

#[test]
fn a_crash_that_a_pipe_hides_is_warned_about_once() {
    let script = "echo loss: $x\n(echo 'Traceback (most recent call last):'; echo '  File \"a.py\", line 1'; echo 'ValueError: lr') 2>&1 | cat";
    let (_, output) = run(LOSS, "", script, "-q");
    let output = output.exits(0);
    let count =
        output.stderr.matches("the output ends with a traceback (ValueError: lr), but the exit code is 0").count();
    assert_eq!(count, 1, "{}", output.stderr);
    output.stderr_contains("set -o pipefail");
}

#[test]
fn the_printed_pattern_reads_what_is_printed() {
    let script = "echo \"epoch 3 loss $x\"";
    let (_, output) = run(LOSS, "", script, "");
    output.exits(3).output_contains(r"--collect 'regex=loss (\S+)'");
    let lab = Lab::new(&matrix(LOSS, ""));
    lab.file("train.sh", format!("x=${{1#--x=}}\n{script}"));
    let words = ["run", "m.yaml", "-q", "--collect", r"regex=loss (\S+)", "--", "sh", "train.sh"];
    RunOutput::of(lab.command("").args(words)).exits(0);
    assert_eq!(best(&lab), 1.0);
}
