//! Devices and slot numbers.

use std::env;
use std::fs;

use hypertune_test_support::{Lab, RunOutput};

fn variables(lab: &Lab) -> Vec<String> {
    let logs = fs::read_dir(lab.study().join("trials")).unwrap().flatten();
    let log = |trial: fs::DirEntry| fs::read_to_string(trial.path().join("rung-0.stdout.log")).unwrap();
    let expected =
        |line: &&str| line.contains("DEVICES") || line.contains("ZE_") || line.starts_with("HYPERTUNE_SLOT=");
    let mut all: Vec<String> =
        logs.flat_map(|t| log(t).lines().filter(expected).map(str::to_owned).collect::<Vec<_>>()).collect();
    all.sort();
    all.dedup();
    all
}

#[test]
fn each_slot_has_its_own_devices() {
    let lab = Lab::random(6);
    lab.run("--gpus 0,1,5 --gpus-per-job 1", "variables sleep=30").exits(0);
    let expected: Vec<String> = ["CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ZE_AFFINITY_MASK"]
        .iter()
        .flat_map(|name| ["0", "1", "5"].map(|d| format!("{name}={d}")))
        .chain(["0", "1", "2"].map(|s| format!("HYPERTUNE_SLOT={s}")))
        .collect();
    let mut expected = expected;
    expected.sort();
    assert_eq!(variables(&lab), expected);
    lab.assert_slots_are_exclusive();
}

#[test]
fn several_devices_a_job_and_several_jobs_a_device() {
    for (options, concurrency, expected) in [
        ("--gpus none -j 2", 2, vec![]),
        ("--gpus 0,1,2,3 --gpus-per-job 2", 2, vec!["0,1", "2,3"]),
        ("--gpus 4,7 --jobs-per-gpu 2", 4, vec!["4", "7"]),
        ("--gpus GPU-8932f937,GPU-46309b33 -j 1", 1, vec!["GPU-8932f937"]),
    ] {
        let lab = Lab::random(6);
        lab.run(options, "variables sleep=30").exits(0);
        assert_eq!(lab.records("session")[0]["concurrency"], concurrency, "{options}");
        for name in ["CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ZE_AFFINITY_MASK"] {
            let seen: Vec<String> = variables(&lab).into_iter().filter(|v| v.starts_with(name)).collect();
            assert_eq!(seen, expected.iter().map(|w| format!("{name}={w}")).collect::<Vec<_>>(), "{options}");
        }
    }
}

#[test]
fn without_nvidia_smi_auto_means_no_devices() {
    let lab = Lab::random(2);
    let mut command = lab.command(&lab.run_line("--gpus auto -j 2", "variables"));
    RunOutput::of(command.env("PATH", lab.path(""))).exits(0);
    assert_eq!(variables(&lab), ["HYPERTUNE_SLOT=0", "HYPERTUNE_SLOT=1"]);
}

/// PATH with an `nvidia-smi` before all others that prints `lines`.
fn path_with_smi(lab: &Lab, lines: &str) -> String {
    lab.script("nvidia-smi", &format!("#!/bin/sh\nprintf '{lines}'\n"));
    format!("{}:{}", lab.path("").display(), env::var("PATH").unwrap())
}

const TWO_GPUS: &str = "GPU 0: NVIDIA A100 (UUID: GPU-5d5b)\\nGPU 1: NVIDIA A100 (UUID: GPU-c7a1)\\n";

#[test]
fn devices_that_nvidia_smi_lists_are_used_without_an_option() {
    for (options, visible, concurrency, expected) in [
        ("", None, 2, vec!["0", "1"]),
        ("--gpus auto", None, 2, vec!["0", "1"]),
        ("-j 1", None, 1, vec!["0"]),
        ("-j 3", None, 2, vec!["0", "1"]),
        ("--jobs-per-gpu 2", None, 4, vec!["0", "1"]),
        ("", Some("1"), 1, vec!["1"]),
        ("-j 3", Some(""), 3, vec![""]),
        ("-j 3 --gpus none", None, 3, vec![]),
    ] {
        let lab = Lab::random(6);
        let mut command = lab.command(&lab.run_line(options, "variables sleep=30"));
        command
            .env("PATH", path_with_smi(&lab, TWO_GPUS))
            .envs(visible.map(|visible| ("CUDA_VISIBLE_DEVICES", visible)));
        let output = RunOutput::of(&mut command).exits(0);
        let seen: Vec<String> = variables(&lab).into_iter().filter(|v| v.starts_with("CUDA")).collect();
        let expected: Vec<String> = expected.iter().map(|device| format!("CUDA_VISIBLE_DEVICES={device}")).collect();
        assert_eq!(seen, expected, "{options} {visible:?}");
        assert_eq!(lab.records("session")[0]["concurrency"], concurrency, "{options} {visible:?}");
        let is_default = !options.contains("--gpus ") && visible != Some("");
        assert_eq!(output.stderr.contains("use --gpus none"), is_default, "{options}: {}", output.stderr);
    }
}

#[test]
fn a_machine_without_devices_is_not_changed_by_its_environment() {
    let lab = Lab::random(2);
    let mut command = lab.command(&lab.run_line("-j 2", "variables sleep=30"));
    command.env("PATH", path_with_smi(&lab, "No devices were found\\n")).env("CUDA_VISIBLE_DEVICES", "0");
    let output = RunOutput::of(&mut command).exits(0);
    assert_eq!(variables(&lab), ["CUDA_VISIBLE_DEVICES=0", "HYPERTUNE_SLOT=0", "HYPERTUNE_SLOT=1"]);
    assert!(!output.stderr.contains("GPU"), "{}", output.stderr);
}

#[test]
fn a_slot_runs_one_job_at_a_time() {
    let lab = Lab::hyperband();
    let log = lab.path("log");
    lab.run("-j 3 --retries 1 --keep-going", &format!("log={} fail-first=1", log.display())).exits(0);
    lab.assert_slots_are_exclusive();
    // Failed attempts write no `end` line; before each `end` line the last `begin` line of its slot is of the same job.
    let text = fs::read_to_string(log).unwrap();
    let mut current: [Option<String>; 3] = [const { None }; 3];
    for line in text.lines() {
        let (what, job) = line.split_once(' ').unwrap();
        let slot: usize = job.rsplit(' ').next().unwrap().parse().unwrap();
        if what == "begin" {
            current[slot] = Some(job.to_owned());
        } else {
            assert_eq!(current[slot].take().as_deref(), Some(job));
        }
    }
}
