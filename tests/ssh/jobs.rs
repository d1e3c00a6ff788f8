//! Where jobs run, and what they get.

use std::collections::BTreeSet;
use std::fs;

use hypertune_test_support::{HYPERBAND, Lab};
use serde_json::Value;

use crate::servers::Servers;

pub const RANDOM: &str = "kind: random\nnumRuns: 1\nseed: 7\nmetric: {name: loss, optimization: minimize}\n\
    params:\n  x: {kind: uniform, value: [0, 1]}\n";

#[test]
fn a_study_over_two_hosts_has_the_outcome_of_a_local_one() {
    let Some(servers) = Servers::start() else { return };
    let lab = servers.lab(HYPERBAND, ["slots: 2", "slots: 2"]);
    lab.run("", "pace=20").exits(0);
    let local = Lab::hyperband();
    local.run("-j 4", "pace=20").exits(0);
    assert!(lab.outcome() == local.outcome());
    assert_eq!(lab.records("session")[0]["concurrency"], 4);
    let started = lab.records("started");
    assert_eq!(started.len(), lab.records("end").len());
    let nodes: BTreeSet<&str> = started.iter().filter_map(|start| start["node"].as_str()).collect();
    assert_eq!(nodes, BTreeSet::from(["a", "b"]));
    let exported = lab.hypertune("export m.study --format jsonl").exits(0);
    let has_node = |job: &Value| job["node"] == "a" || job["node"] == "b";
    assert!(exported.json_lines().iter().all(has_node), "{}", exported.stdout);
    lab.wait_for_no_processes();
}

#[test]
fn each_gpu_is_given_to_one_job_at_a_time_and_more_sessions_than_a_connection_allows_run() {
    let Some(servers) = Servers::start() else { return };
    let lab = servers
        .lab(&RANDOM.replace("numRuns: 1", "numRuns: 14"), ["gpus: [0, 1]", "slots: 7, gpus: [2, 3, 4, 5, 6, 7, 8]"]);
    let script = "#!/bin/sh\nset -e\nmkdir \"$1/$CUDA_VISIBLE_DEVICES\"\nsleep 0.3\nrmdir \"$1/$CUDA_VISIBLE_DEVICES\"\n\
        echo \"$CUDA_VISIBLE_DEVICES $HIP_VISIBLE_DEVICES\" >> \"$1/seen\"\necho '{\"loss\": 1}'\n";
    lab.script("job.sh", script);
    fs::create_dir(lab.path("used")).unwrap();
    lab.hypertune("run m.yaml -- ./job.sh used").exits(0);
    let seen = lab.read("used/seen");
    assert_eq!(seen.lines().count(), 14, "{seen}");
    assert!(seen.lines().all(|line| line.split_once(' ').is_some_and(|(cuda, hip)| cuda == hip)), "{seen}");
    lab.hypertune("run m.yaml --study other.study --gpus 0 -- ./job.sh used").exits(2);
}

#[test]
fn invalid_hosts_are_errors_at_their_lines() {
    let lab = Lab::new(&format!(
        "{RANDOM}launcher:\n  kind: ssh\n  hosts:\n  - {{name: a, slots: 3, gpus: [0, 1]}}\n  - {{nam: b}}\n"
    ));
    let checked = lab.hypertune("check m.yaml");
    let checked = checked.output_contains("m.yaml:10:").output_contains("cannot be divided among 3 slots");
    checked.output_contains("m.yaml:11:").output_contains("a host has no field `nam`");
}
