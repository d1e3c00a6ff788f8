//! What every launcher must do, with each one that HYPERTUNE_LAUNCHER can name.

use std::process::Command;

use hypertune_test_support::{Driver, Lab, RunOutput, hypertune};

const LAUNCHERS: [&str; 2] = ["local", "std"];
const SIGTERM: i32 = 15;
/// Signals 32 and 33, which `posix_spawn` of the C library ignores in the processes that it starts.
const OF_C_LIBRARY: u64 = 3 << 31;

fn command(lab: &Lab, launcher: &str, options: &str, words: &str) -> Command {
    let mut command = lab.command(&lab.run_line(options, words));
    command.env("HYPERTUNE_LAUNCHER", launcher);
    command
}

fn run(lab: &Lab, launcher: &str, options: &str, words: &str) -> RunOutput {
    RunOutput::of(&mut command(lab, launcher, options, words))
}

#[test]
fn an_unknown_launcher_is_refused_before_anything_is_written() {
    let lab = Lab::random(1);
    let refused = run(&lab, "slrum", "", "").exits(2);
    refused.stderr_contains(
        "unknown launcher `slrum` in HYPERTUNE_LAUNCHER; known launchers: local, std, slurm, template, ssh",
    );
    assert!(!lab.study().exists());
}

#[test]
fn success_failure_and_signals_are_journalled_alike() {
    for launcher in LAUNCHERS {
        let lab = Lab::hyperband();
        run(&lab, launcher, "-j 2", "").exits(0);
        assert_eq!(lab.records("session")[0]["launcher"], launcher);
        let reference = Lab::hyperband();
        reference.run("-j 2", "").exits(0);
        assert!(lab.outcome() == reference.outcome(), "{launcher}");

        for (words, field, value) in [("exit=3", "exit_code", 3), ("kill=9", "signal", 9)] {
            let lab = Lab::random(1);
            run(&lab, launcher, "--keep-going", words);
            let end = &lab.records("end")[0];
            assert_eq!((&end["status"], &end[field]), (&"failed".into(), &value.into()), "{launcher}: {end}");
        }
        let lab = Lab::random(1);
        run(&lab, launcher, "--keep-going", "say=MemoryError exit=1");
        assert_eq!(lab.records("end")[0]["failure"]["kind"], "out_of_memory", "{launcher}");
    }
}

#[test]
fn jobs_start_with_default_signals_and_a_group_of_their_own() {
    for launcher in LAUNCHERS {
        let lab = Lab::random(1);
        let script = "#!/bin/sh\ngrep SigBlk /proc/self/status\ngrep SigIgn /proc/self/status\ncut -d' ' -f5 /proc/$$/stat\necho $$\n\
                      wc -c < /dev/stdin\necho '{\"loss\": 1}'\n";
        lab.script("job.sh", script);
        // As under `nohup` and in the background of a script.
        let mut command = lab.program("env");
        command.args(["--ignore-signal=HUP,INT,QUIT,TSTP,PIPE", &hypertune(), "run", "m.yaml", "--", "./job.sh"]);
        RunOutput::of(command.env("HYPERTUNE_LAUNCHER", launcher)).exits(0);
        let log = lab.read("m.study/trials/0/rung-0.stdout.log");
        let lines: Vec<&str> = log.lines().collect();
        assert!(lines[0].ends_with("\t0000000000000000"), "{launcher}: {log}");
        let ignored = lines[1].strip_prefix("SigIgn:").map(|mask| u64::from_str_radix(mask.trim(), 16).unwrap());
        assert_eq!(ignored.map(|mask| mask & !OF_C_LIBRARY), Some(0), "{launcher}: {log}");
        assert_eq!(lines[2], lines[3], "{launcher}: the job leads its group");
        assert_eq!(lines[4].trim(), "0", "{launcher}: stdin is empty");
    }
}

#[test]
fn a_policy_and_a_timeout_end_jobs_with_all_their_processes() {
    for launcher in LAUNCHERS {
        let lab = Lab::new(
            "kind: halving\nminIterations: 9\nmaxIterations: 27\neta: 3\nseed: 7\n\
             resource: {name: epochs, type: int}\nmetric: {name: loss, optimization: minimize}\n\
             params:\n  x: {kind: uniform, value: [0, 2]}\nearlyStopping:\n  - {metric: loss, optimization: minimize, \
             policy: {kind: diff, percent: 10, evaluationInterval: 1}}\n",
        );
        run(&lab, launcher, "-j 1 --grace 30s", "detached pace=10").exits(0);
        let ends = lab.records("end");
        let stopped = |end: &serde_json::Value| end["by"]["rule"] == "diff" && end["signal"] == SIGTERM;
        assert!(ends.iter().any(stopped), "{launcher}: {ends:?}");

        let lab = Lab::random(1);
        run(
            &lab,
            launcher,
            "--keep-going --job-timeout 200ms --grace 100ms",
            "detached child ignore=term sleep=600000",
        );
        let end = &lab.records("end")[0];
        assert_eq!((&end["failure"]["kind"], &end["signal"]), (&"timeout".into(), &9.into()), "{launcher}");
        lab.wait_for_no_processes();
    }
}

#[test]
fn sigterm_ends_jobs_and_the_study_is_resumed_by_the_other_launcher() {
    for (launcher, other) in [("local", "std"), ("std", "local")] {
        let lab = Lab::random(2);
        let driver = Driver::start(&mut command(&lab, launcher, "-j 2", "child sleep=600000"));
        lab.wait_until("two jobs", || lab.job_processes().len() == 4);
        driver.signal(SIGTERM);
        driver.wait().exits(143);
        lab.wait_for_no_processes();
        let mut command = lab.command("resume m.study");
        let driver = Driver::start(command.env("HYPERTUNE_LAUNCHER", other));
        lab.wait_until("two jobs again", || lab.job_processes().len() == 4);
        driver.kill();
        lab.wait_for_no_processes();
        let sessions = lab.records("session");
        assert_eq!((&sessions[0]["launcher"], &sessions[1]["launcher"]), (&launcher.into(), &other.into()));
    }
}

#[test]
fn jobs_of_a_killed_driver_end_by_its_guard_or_by_the_next_session() {
    for launcher in LAUNCHERS {
        let lab = Lab::random(2);
        lab.script("job.sh", "#!/bin/sh\n[ -e fast ] || { setsid sleep 600 & sleep 600; }\necho '{\"loss\": 1}'\n");
        let start = || {
            let mut command = lab.command("run m.yaml -j 2 -- ./job.sh");
            let driver = Driver::start(command.env("HYPERTUNE_LAUNCHER", launcher));
            lab.wait_until("two jobs", || lab.job_processes().len() == 6);
            driver
        };
        start().kill();
        lab.wait_for_no_processes();
        start().kill_with_guard();
        lab.file("fast", "");
        let mut command = lab.command("resume m.study");
        let resumed = RunOutput::of(command.env("HYPERTUNE_LAUNCHER", launcher)).exits(0);
        resumed.stderr_contains("that an earlier session had left running");
        assert_eq!(lab.job_processes(), [0; 0], "{launcher}");
    }
}

#[test]
fn a_study_continues_with_the_launcher_of_its_last_session() {
    let matrix = |launcher: &str| {
        format!(
            "kind: random\nnumRuns: 9\nseed: 7\nmetric: {{name: loss, optimization: minimize}}\n{launcher}\
             params:\n  x: {{kind: uniform, value: [0, 1]}}\n"
        )
    };
    let lab = Lab::new(&matrix("launcher: local\n"));
    // Each session runs one job more, by the launcher `expected`; whether it says that this is the last session's.
    let continues = |jobs: u32, line: &str, expected: &str| {
        let output = lab.hypertune(&format!("{line} --max-jobs {jobs}")).exits(4);
        assert_eq!(lab.records("session")[jobs as usize - 1]["launcher"], expected, "{line}");
        output.stderr.contains(&format!("jobs run by the launcher `{expected}`, as in the study's last session"))
    };
    let run = |options: &str| lab.run_line(options, "").replace(" -- ", " --max-jobs 1 -- ");
    lab.hypertune(&run("--launcher std")).exits(4);
    assert!(continues(2, "resume m.study", "std"));
    assert!(!continues(3, "resume m.study --launcher local", "local"));
    assert!(!continues(4, "resume m.study", "local"), "as the matrix says");
    assert!(!continues(5, "resume m.study --launcher std", "std"));
    let again = |jobs: u32, expected: &str| {
        let run = lab.run_line(&format!("--max-jobs {jobs}"), "");
        let output = lab.hypertune(&run).exits(4);
        assert_eq!(lab.records("session")[jobs as usize - 1]["launcher"], expected);
        output.stderr.contains("as in the study's last session")
    };
    assert!(again(6, "std"));
    // The matrix was edited meanwhile.
    lab.file("m.yaml", matrix("launcher: {template: [nice, '{{ command }}']}\n"));
    assert!(!again(7, "template"));
    assert!(continues(8, "resume m.study", "template"), "with its options");
    assert_eq!(lab.records("session")[7]["launcher_options"]["template"][0], "nice");
}
