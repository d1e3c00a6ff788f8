//! `plan`, `run --dry-run` and `check`.

use hypertune_test_support::{Lab, RunOutput, trainer};

use crate::HYPERBAND;

#[test]
fn a_plan_shows_table_sums_parameters_and_the_first_commands() {
    let lab = Lab::new(HYPERBAND);
    let plan = lab.hypertune("plan m.yaml -- true --fast").exits(0);
    insta::assert_snapshot!(plan.stdout, @r"
    hyperband, eta 3, minimize loss, seed 5

                bracket 2             bracket 1             bracket 0
                      num  resource         num  resource         num  resource
    iteration     configs     alloc     configs     alloc     configs     alloc
            0           9         1           3         3           3         9
            1           3         3           1         9
            2           1         9

    trials              15
    jobs                20
    resource            72 epochs
    all trials in full  135 epochs, 1.9 times as much

    parameters
      lr  uniform  0 to 1

    first commands
      true --fast --lr=0.08120607990769502 --epochs=1
      true --fast --lr=0.4248389824072675 --epochs=1
      true --fast --lr=0.5973782323337015 --epochs=1
    ");
    assert_eq!(plan.stderr, "");
}

#[test]
fn a_plan_as_json_has_the_documented_keys() {
    let lab = Lab::new(HYPERBAND);
    let plan = lab.hypertune("plan m.yaml --format json -- train").exits(0).json();
    assert_eq!(plan["kind"], "hyperband");
    assert_eq!(plan["eta"], 3);
    assert_eq!(plan["brackets"][0]["bracket"], 2);
    assert_eq!(plan["brackets"][0]["rungs"][1], serde_json::json!({"configs": 3, "resource": 3}));
    assert_eq!((&plan["trials"], &plan["jobs"], &plan["resource_total"]), (&15.into(), &20.into(), &72.into()));
    assert_eq!(plan["commands"].as_array().map(Vec::len), Some(3));
    assert_eq!(plan["commands"][0][0], "train");
    assert!(plan["params"]["lr"].is_object());
}

#[test]
fn a_dry_run_prints_the_plan_and_writes_nothing() {
    let lab = Lab::new(HYPERBAND);
    let plan = lab.hypertune("plan m.yaml -- train").exits(0);
    let dry = lab.hypertune("run m.yaml --dry-run -- train").exits(0);
    assert_eq!(plan.stdout, dry.stdout);
    assert_eq!(lab.names(), ["m.yaml"]);
}

#[test]
fn the_first_commands_are_those_that_run() {
    let lab = Lab::new(HYPERBAND);
    let planned = lab.hypertune(&format!("plan m.yaml --format json -- {}", trainer())).exits(0).json();
    lab.run("-j 1", "").exits(0);
    let jobs = lab.hypertune("export m.study").exits(0).json_lines();
    for (argv, job) in planned["commands"].as_array().expect("a list").iter().zip(&jobs) {
        assert_eq!(argv[1], format!("--lr={}", job["params"]["lr"]));
        assert_eq!(argv[2], format!("--epochs={}", job["resource"]));
    }
}

#[test]
fn a_missing_seed_is_drawn_and_printed() {
    let lab = Lab::new(&HYPERBAND.replace("seed: 5\n", ""));
    let seeds: Vec<_> =
        (0..2).map(|_| lab.hypertune("plan m.yaml --format json").exits(0).json()["seed"].clone()).collect();
    assert!(seeds.iter().all(|s| s.as_u64().is_some_and(|s| s <= u64::from(u32::MAX))));
    assert_ne!(seeds[0], seeds[1]);
    let run = lab.run("--max-jobs 1", "").exits(4);
    let seed = run.stderr.split_whitespace().nth(1).expect("a seed");
    assert_eq!(lab.hypertune("run m.yaml -q --format json --seed 0 --study zero.study -- true").json()["seed"], 0);
    lab.run(&format!("--max-jobs 2 --seed {seed}"), "").exits(4);
    lab.run("--max-jobs 3", "").exits(4).output_contains(seed);
}

#[test]
fn plan_explains_what_is_missing() {
    let lab = Lab::new(HYPERBAND);
    lab.hypertune("plan m.yaml").exits(0).output_contains("no command: add it after `--`");
    lab.hypertune("check m.yaml").exits(0).output_contains("no command is given");
    for line in
        ["plan m.yaml -- no-such-program", "check m.yaml -- no-such-program", "run m.yaml --dry-run -- no-such-program"]
    {
        let ended = lab.hypertune(line).exits(0);
        assert!(
            ended.stderr.contains("warning: the command `no-such-program` is not in any folder of PATH"),
            "{}",
            ended.stderr
        );
    }
    lab.file("tuner.sh", "exit 1\n");
    lab.file("t.yaml", format!("{HYPERBAND}tuner: {{command: [sh, tuner.sh]}}\n"));
    lab.hypertune("plan t.yaml -- true").exits(0).output_contains("proposed by the tuner");
}

#[test]
fn the_last_of_several_values_of_a_parameter_is_used() {
    let lab =
        Lab::new(&HYPERBAND.replace("value: [0, 1]}", "value: [0, 1]}\n  units: {kind: choice, value: [16, 32]}"));
    let plan = lab.hypertune("plan m.yaml -P lr=7 -P lr=0.5 --format json -- true").exits(0);
    assert_eq!(plan.stderr, "");
    assert_eq!(plan.json()["commands"][0][1], "--lr=0.5");
}

#[test]
fn check_reports_all_errors_or_none() {
    let lab = Lab::new(HYPERBAND);
    lab.hypertune("check m.yaml").exits(0).output_contains("15 trials, 20 jobs; no errors");
    assert_eq!(lab.hypertune("check m.yaml --format json").exits(0).json()["errors"], 0);
    lab.file("bad.yaml", "kind: hyperband\nmaxIterations: -1\nmetrik: {}\n");
    let json = lab.hypertune("check bad.yaml --format json").exits(2).json();
    assert!(json["errors"].as_u64() > Some(1), "{json}");
    let lines: Vec<_> = json["diagnostics"].as_array().expect("a list").iter().map(|d| d["line"].clone()).collect();
    assert!(lines.contains(&2.into()) && lines.contains(&3.into()), "{json}");
}

const ASHA: &str = "\
kind: asha
maxIterations: 9
resource: {name: epochs}
metric: {name: loss, optimization: minimize}
seed: 5
params:
  lr: {kind: uniform, value: [0, 1]}
";

#[test]
fn an_unlimited_study_shows_no_number_of_jobs() {
    let lab = Lab::new(ASHA);
    let plan = lab.hypertune("plan m.yaml").exits(0).output_contains("--max-jobs").stdout;
    let check = lab.hypertune("check m.yaml").exits(0).output_contains("unlimited").stdout;
    let run = lab.run("-j 2 --max-jobs 12", "").exits(4).output_contains("12 launched: 12 succeeded");
    for text in [plan, check, run.stdout, run.stderr] {
        assert!(!text.contains("18446744073709551615") && !text.contains("18,446,744"), "{text}");
    }
    let plan = lab.hypertune("plan m.yaml --format json").exits(0).json();
    assert!(plan["trials"].is_null() && plan["brackets"][0]["rungs"][0]["configs"].is_null(), "{plan}");
    let summary = lab.run("-q --max-jobs 12 --format json", "").exits(4).json();
    assert!(summary["jobs"]["planned"].is_null(), "{summary}");
}

#[test]
fn without_a_terminal_studies_without_rungs_report_ended_jobs() {
    let lab = Lab::new(ASHA);
    let stderr = lab.run("-v -j 1 --max-jobs 20", "").exits(4).stderr;
    let lines: Vec<_> = stderr.lines().filter(|line| line.starts_with("trial ") && line.contains(" best ")).collect();
    assert_eq!(lines.len(), 20, "{stderr}");
}

#[test]
fn a_plan_takes_every_option_of_run() {
    let lab = Lab::new(HYPERBAND);
    let options = "-j 4 -q --time-limit 1h --max-jobs 3 --retries 1 --gpus none --overwrite --study other";
    let planned = lab.hypertune(&format!("plan m.yaml {options} -- true")).exits(0).stdout;
    assert_eq!(planned, lab.hypertune(&format!("run m.yaml --dry-run {options} -- true")).exits(0).stdout);
    assert_eq!(lab.names(), ["m.yaml"]);
}

#[test]
fn commands_that_only_a_shell_understands_are_explained() {
    let lab = Lab::new(HYPERBAND);
    lab.file("t.py", "");
    let cases: [(&[&str], &str); 5] = [
        (&["--", "sh t.sh"], "  leave the quotes out, each argument is a word of its own: sh t.sh\n"),
        (&["--", "SEED=1", "sh", "t.sh"], "so write `env` before the variable: env SEED=1 sh t.sh\n"),
        (&["--", "/"], "the command `/` is a folder\n"),
        (&["--", "t.py"], "  write python3 t.py\n"),
        (&["sh", "t.sh"], "put `--` before the training command:\n  hypertune plan m.yaml -- sh t.sh\n"),
    ];
    for (words, expected) in cases {
        let name = lab.program(hypertune_test_support::hypertune()).get_program().to_owned();
        let planned = RunOutput::of(lab.program(&name).args(["plan", "m.yaml"]).args(words));
        let stderr = planned.stderr.replace(&*name.to_string_lossy(), "hypertune");
        assert!(stderr.contains(expected), "{words:?}: {stderr}");
        let run = RunOutput::of(lab.program(&name).args(["run", "m.yaml"]).args(words)).exits(2);
        assert!(!run.stderr.is_empty() && lab.names() == ["m.yaml", "t.py"], "{words:?}");
    }
}

#[test]
fn a_plan_shows_its_limits() {
    let lab = Lab::new(HYPERBAND);
    let line = "plan m.yaml --max-jobs 5 --max-resource 30 --time-limit 90s";
    lab.hypertune(&format!("{line} -- true")).exits(0).output_contains("5 jobs of 20, 30 epochs of 72, 1m30s");
    let limits = lab.hypertune(&format!("{line} --format json -- true")).exits(0).json()["limits"].clone();
    assert_eq!(limits, serde_json::json!({"jobs": 5, "resource": 30, "time_s": 90.0}));
    lab.hypertune("plan m.yaml --max-jobs 20 -- true").exits(0).stderr_contains("--max-jobs 20 has no effect");
}

#[test]
fn what_does_not_exist_is_neither_a_matrix_nor_a_study() {
    let lab = Lab::new(HYPERBAND);
    lab.hypertune("check nosuch.study").exits(2).stderr_contains("there is no file or folder nosuch.study");
    lab.file("m.yaml", format!("resume: true\nmatrix:\n  {}", HYPERBAND.trim_end().replace('\n', "\n  ")));
    lab.hypertune("check m.yaml").exits(2).stderr_contains("the field `resume` belongs in `matrix:`");
}

#[test]
fn a_plan_has_a_time_and_a_price() {
    let lab = Lab::random(6);
    let plan = |options: &str| lab.hypertune(&format!("plan m.yaml --seed 1 {options} -- true"));
    let text = plan("--seconds-per-unit 1800 --startup 30m --price 2.5/h -j 2").exits(0).stdout;
    assert!(
        text.contains("cost\n  time        3h00m with 2 slots, 100% busy\n  slot hours  6\n  price       15\n"),
        "{text}"
    );
    let json = plan("--seconds-per-unit 1800 --startup 30m -j 2 --format json").exits(0).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&json["cost"]["expected"]["time_s"], &json["cost"]["expected"]["price"]),
        (&10800.into(), &serde_json::Value::Null)
    );
    assert_eq!(json["jobs"], 6);
    plan("--price 2/h").exits(2).stderr_contains("--seconds-per-unit");
    plan("--seconds-per-unit=-1").exits(2);
}

#[test]
fn plans_that_fill_a_time_are_proposed() {
    let lab = Lab::random(6);
    let plan = |options: &str| lab.hypertune(&format!("plan m.yaml --seed 1 {options} -- true"));
    let text = plan("--seconds-per-unit 60 -j 4 --fit 1h").exits(0).stdout;
    assert!(text.contains("plans that take at most 1h00m") && text.contains("numRuns: 240"), "{text}");
    let json = plan("--seconds-per-unit 60 -j 4 --fit 1h --format json").exits(0).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["fits"][0]["fields"][0]["field"], "numRuns");
    plan("--seconds-per-unit 60 -j 4 --fit 10s").exits(3).stderr_contains("no plan fits in 10s");
}

#[test]
fn the_cost_counts_the_slots_of_the_launcher_that_the_matrix_names() {
    let lab = Lab::random(9);
    lab.file("s.yaml", format!("{}launcher: slurm\n", lab.read("m.yaml")));
    let plan = |options: &str| lab.hypertune(&format!("plan s.yaml --seconds-per-unit 10 --format json {options}"));
    plan("").exits(2).stderr_contains("-j N");
    assert_eq!(plan("-j 3").exits(0).json()["cost"]["slots"], 3);
}

#[test]
fn the_help_of_status_and_explain_says_what_dropped_means() {
    let lab = Lab::random(1);
    for command in ["status", "explain"] {
        lab.hypertune(&format!("{command} --help")).exits(0).output_contains("A trial is dropped if");
    }
}

#[test]
fn a_plan_checks_the_launcher_where_it_counts_no_slots() {
    let lab = Lab::new(HYPERBAND);
    for (options, error) in [
        ("--allocation 8h", "`allocation` must be a number of allocations"),
        ("--allocation 4x8h --launcher local", "the launcher `local` has no option `allocation`"),
        ("--allocation 4x8h --launcher local --seconds-per-unit 60", "the launcher `local` has no option `allocation`"),
    ] {
        let refused = lab.hypertune(&format!("plan m.yaml {options} -- true")).exits(2).stderr_contains(error);
        assert!(!refused.stderr.contains("-j N"), "no number of jobs helps: {}", refused.stderr);
    }
}
