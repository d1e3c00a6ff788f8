//! Options of `run`, and the streams of its output.

use hypertune_test_support::{Lab, RunOutput, trainer};

use crate::HYPERBAND;

#[test]
fn without_a_terminal_each_finished_rung_is_one_plain_line() {
    let lab = Lab::new(HYPERBAND);
    let ended = lab.run("-j 1", "").exits(0);
    assert!(!ended.stderr.contains('\u{1b}'), "{:?}", ended.stderr);
    let rungs: Vec<&str> = ended.stderr.lines().filter(|line| line.starts_with("bracket ")).collect();
    insta::assert_snapshot!(rungs.join("\n"), @r"
    bracket 2, rung 0 (epochs=1): 9 configurations, best loss 1.03072 (trial 6), 3 promoted
    bracket 2, rung 1 (epochs=3): 3 configurations, best loss 0.364055 (trial 6), 1 promoted
    bracket 2, rung 2 (epochs=9): 1 configuration, best loss 0.141833 (trial 6)
    bracket 1, rung 0 (epochs=3): 3 configurations, best loss 0.48903 (trial 11), 1 promoted
    bracket 1, rung 1 (epochs=9): 1 configuration, best loss 0.266808 (trial 11)
    bracket 0, rung 0 (epochs=9): 3 configurations, best loss 0.227568 (trial 12)
    ");
}

/// The lines about jobs, and how many lines those that say `… and 12 more` stand for.
fn job_lines(stderr: &str) -> (Vec<&str>, usize) {
    let more = stderr.lines().filter_map(|line| line.strip_prefix("… and ")?.split(' ').next()?.parse::<usize>().ok());
    (stderr.lines().filter(|line| line.starts_with("trial ")).collect(), more.sum())
}

#[test]
fn without_a_terminal_jobs_are_shown_as_they_end_a_few_per_second() {
    let lab = Lab::new(HYPERBAND);
    let stderr = lab.run("-j 1", "").exits(0).stderr;
    let (jobs, more) = job_lines(&stderr);
    assert_eq!(jobs.len() + more, 20, "{stderr}");
    let words: Vec<&str> = jobs[0].split(" · ").collect();
    assert!(
        words[0].starts_with("trial 0, bracket 2, rung 0 (epochs=1): loss ") && words[1].starts_with("lr 0."),
        "{}",
        jobs[0]
    );
    assert!(words[2].starts_with("best ") && words[2].ends_with(" (trial 0)"), "{}", jobs[0]);
    assert_eq!(job_lines(&lab.run("-q --overwrite", "").exits(0).stderr), (vec![], 0));
}

#[test]
fn without_a_terminal_failures_name_their_reason_and_log() {
    let lab = Lab::new("kind: grid\nparams: {x: {kind: choice, value: [1, 2]}}\n");
    lab.script("train", "#!/bin/sh\n[ $1 = --x=1 ] || { echo broken >&2; exit 7; }\n");
    let stderr = lab.hypertune("run m.yaml -j 1 -- ./train").stderr;
    let failed = stderr.lines().find(|line| line.contains("failed: ")).expect("a line about the failure");
    assert!(failed.starts_with("trial 1, rung 0: failed: exit code 7, "), "{failed}");
    assert!(failed.ends_with(" · x 2 · log m.study/trials/1/rung-0.stderr.log"), "{failed}");
    assert!(lab.path("m.study/trials/1/rung-0.stderr.log").exists());
}

#[test]
fn quiet_prints_nothing_and_verbose_prints_every_job() {
    let lab = Lab::new(HYPERBAND);
    assert_eq!(lab.run("-q --study q.study", "").exits(0).stderr, "");
    let stderr = lab.run("-v --study v.study", "").exits(0).stderr;
    assert_eq!(stderr.lines().filter(|line| line.starts_with("trial ")).count(), 20, "{stderr}");
    let has = |name: &str, result: &str| stderr.lines().any(|line| line.starts_with(name) && line.contains(result));
    assert!(has("trial 6, bracket 2, rung 0 (epochs=1): ", " loss 1.03072, "), "{stderr}");
    assert!(has("trial 6, bracket 2, rung 2 (epochs=9): ", " loss 0.141833, "), "{stderr}");
}

#[test]
fn a_resumed_study_does_not_repeat_progress() {
    let lab = Lab::new(HYPERBAND);
    lab.run("-j 1 --max-jobs 14", "").exits(4).output_contains("bracket 2, rung 0");
    let again = lab.run("-j 1", "").exits(0);
    assert!(!again.stderr.contains("bracket 2, rung 0"), "{}", again.stderr);
    assert!(again.stderr.contains("bracket 0, rung 0"), "{}", again.stderr);
}

#[test]
fn parameters_are_passed_in_the_style_of_arg_style() {
    let lab = Lab::new(HYPERBAND);
    let folder = lab.path("m.study/trials/0");
    let run_dir = format!("lr=0.5 epochs=1 hydra.run.dir={}", folder.display());
    for (style, expected) in [
        ("equals", "--lr=0.5 --epochs=1"),
        ("space", "--lr 0.5 --epochs 1"),
        ("hydra", &run_dir),
        ("assign", "lr=0.5 epochs=1"),
        ("env", "LR=0.5 EPOCHS=1 train"),
        ("none", ""),
    ] {
        let line = format!("plan m.yaml --format json -P lr=0.5 --arg-style {style} -- train");
        let plan = lab.hypertune(&line).exits(0).json();
        let argv: Vec<_> = plan["commands"][0].as_array().expect("a list").iter().filter_map(|a| a.as_str()).collect();
        assert_eq!(argv[1..].join(" "), expected);
    }
}

#[test]
fn the_command_may_be_in_the_file() {
    let lab = Lab::new("");
    let matrix: String = HYPERBAND.lines().map(|line| format!("  {line}\n")).collect();
    let component = format!(
        "component:\n  container:\n    command: [{}]\n    args: ['--lr={{{{ lr }}}}', '--epochs={{{{ epochs }}}}']\n",
        trainer()
    );
    lab.file("m.yaml", format!("matrix:\n{matrix}{component}"));
    let summary = lab.hypertune("run m.yaml -q --format json").exits(0).json();
    assert_eq!(summary["command"].as_array().map(Vec::len), Some(3));
}

#[test]
fn retries_run_failed_jobs_again() {
    let lab = Lab::new("kind: mapping\nseed: 1\nvalues: [{lr: 0.5}]\n");
    lab.run("-q --retries 1 --keep-going", "fail-first=3")
        .exits(0)
        .output_contains("2 launched, 1 planned: 1 succeeded, 0 failed, 1 repeated");
    let jobs = lab.hypertune("export m.study").exits(0).json_lines();
    let seen: Vec<_> = jobs.iter().map(|j| (j["attempt"].clone(), j["status"].clone())).collect();
    assert_eq!(seen, [(1.into(), "failed".into()), (2.into(), "succeeded".into())]);
}

#[test]
fn a_job_that_exceeds_its_timeout_fails() {
    let lab = Lab::new("kind: mapping\nseed: 1\nvalues: [{lr: 0.5}]\n");
    lab.run("-q --job-timeout 100ms", "sleep=60000").exits(3).output_contains("timeout");
    assert_eq!(lab.hypertune("export m.study").exits(0).json_lines()[0]["status"], "timeout");
}

#[test]
fn all_forms_of_help_print_the_short_help() {
    let lab = Lab::new(HYPERBAND);
    for subcommand in ["run", "plan", "check", "best", "trials", "export", "resume"] {
        let short = lab.hypertune(&format!("{subcommand} -h")).exits(0).stdout;
        assert_eq!(lab.hypertune(&format!("{subcommand} --help")).exits(0).stdout, short);
        assert_eq!(lab.hypertune(&format!("help {subcommand}")).exits(0).stdout, short);
        assert!(short.lines().all(|line| line.chars().count() <= 100), "{short}");
    }
}

#[test]
fn more_slots_than_trials_are_allowed() {
    let lab = Lab::new("kind: mapping\nseed: 1\nvalues: [{lr: 0.5}, {lr: 0.6}]\n");
    lab.run("-q -j 1024", "").exits(0).output_contains("2 launched, 2 planned: 2 succeeded");
    lab.hypertune("run m.yaml -j 1025 -- true").exits(2).output_contains("1025 is not in 1..=1024");
}

#[test]
fn a_first_job_has_no_previous_resource_in_any_type() {
    for kind in ["int", "float"] {
        let lab = Lab::new(&HYPERBAND.replace("{name: epochs}", &format!("{{name: epochs, type: {kind}}}")));
        lab.run("-q -j 1 --max-jobs 1", "variables").exits(4);
        let seen = lab.read("m.study/trials/0/rung-0.stdout.log");
        assert!(seen.lines().any(|line| line == "HYPERTUNE_PREVIOUS_RESOURCE=0"), "{seen}");
    }
}

#[test]
fn a_launcher_and_a_collector_with_options_are_mappings() {
    let lab = Lab::new(HYPERBAND);
    let run = |options: &[&str]| {
        let mut command = lab.command("run m.yaml -q --overwrite");
        RunOutput::of(command.args(options).arg("--").arg(trainer()))
    };
    run(&["--launcher", "{template: ['{{ command }}']}"]).exits(0);
    run(&["--launcher", "{kind: template, template: ['{{ command }}']}"]).exits(0);
    run(&["--launcher", "{slots: 1}"]).exits(2).stderr_contains("the mapping names no launcher");
    run(&["--collect", "{kind: json}"]).exits(0);
    run(&["--collect", "{pattern: x}"]).exits(2).stderr_contains("unknown collector");
    // A launcher that runs jobs elsewhere decides which programs there are.
    let mut doctor = lab.command("doctor m.yaml --launcher");
    doctor.args(["{template: [sh, -c, 'echo loss=0.5', '{{ command }}']}", "--", "no-such-program"]);
    let doctor = RunOutput::of(&mut doctor);
    assert!(doctor.stdout.contains("loss is 0.5"), "{} {}", doctor.stdout, doctor.stderr);
}
