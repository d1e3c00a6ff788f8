//! Jobs as steps of an allocation.

use std::collections::BTreeSet;

use hypertune_test_support::{Lab, RunOutput};
use serde_json::Value;

use crate::cluster::{CPUS, Cluster, GPUS, NODES};

#[test]
fn a_study_over_all_nodes_has_the_outcome_of_a_local_one() {
    let Some(cluster) = Cluster::start() else { return };
    let id = cluster.allocate(&[]);
    let lab = Lab::hyperband();
    cluster.run(&id, &lab, "--launcher slurm", "pace=30").exits(0);
    let local = Lab::hyperband();
    local.run("-j 8", "pace=30").exits(0);
    assert!(lab.outcome() == local.outcome());

    let session = &lab.records("session")[0];
    assert_eq!((&session["launcher"], &session["concurrency"]), (&"slurm".into(), &(NODES * CPUS).into()));
    let started = lab.records("started");
    assert_eq!(started.len(), lab.records("end").len());
    let nodes: BTreeSet<&str> = started.iter().filter_map(|start| start["node"].as_str()).collect();
    assert_eq!(nodes.len(), NODES, "{nodes:?}");

    let exported = lab.hypertune("export m.study --format jsonl").exits(0).stdout;
    let job: Value = serde_json::from_str(exported.lines().next().expect("a job")).expect("JSON");
    assert!(job["scheduler_id"].as_str().is_some_and(|step| step.starts_with(&format!("{id}."))), "{job}");
    assert!(job["node"].is_string() && job["queued_s"].as_f64().is_some_and(|queued| queued >= 0.0), "{job}");
    assert!(job["max_rss_bytes"].is_null(), "of the job, not of srun: {job}");
}

#[test]
fn the_launcher_may_change_from_session_to_session() {
    let Some(cluster) = Cluster::start() else { return };
    let id = cluster.allocate(&[]);
    let lab = Lab::hyperband();
    lab.run("-j 2 --max-jobs 5", "").exits(4);
    cluster.run(&id, &lab, "--launcher slurm --max-jobs 10", "").exits(4);
    lab.run("-j 2 --launcher local", "").exits(0);
    let reference = Lab::hyperband();
    reference.run("-j 2", "").exits(0);
    assert!(lab.outcome() == reference.outcome());
}

#[test]
fn each_job_has_the_share_that_it_asks_for() {
    let Some(cluster) = Cluster::start() else { return };
    let id = cluster.allocate(&[]);
    let lab = Lab::random(8);
    let script = "#!/bin/sh\necho \"$CUDA_VISIBLE_DEVICES|$OMP_NUM_THREADS|$SLURM_CPUS_PER_TASK|$SLURMD_NODENAME\" >> seen\n\
                  sleep 0.5\necho '{\"loss\": 1}'\n";
    lab.script("job.sh", script);
    let launcher = "{kind: slurm, gpus: 1}";
    let mut command = lab.command("run m.yaml");
    command.args(["--launcher", launcher, "--", "./job.sh"]);
    RunOutput::of(&mut cluster.inside(&id, command)).exits(0);
    assert_eq!(lab.records("session")[0]["concurrency"], NODES * GPUS);
    assert_eq!(lab.records("session")[0]["launcher_options"], serde_json::json!({"gpus": 1}));
    let seen = lab.read("seen");
    let first: Vec<&str> = seen.lines().take(NODES * GPUS).collect();
    let places: BTreeSet<&str> = first.iter().copied().collect();
    assert_eq!(places.len(), NODES * GPUS, "no GPU of a node is given twice: {seen}");
    assert!(first.iter().all(|line| line.contains("|1|1|")), "{seen}");
}

#[test]
fn a_job_that_fits_on_no_node_is_refused_before_anything_is_written() {
    let Some(cluster) = Cluster::start() else { return };
    let id = cluster.allocate(&[]);
    let lab = Lab::random(2);
    let mut command = lab.command("run m.yaml");
    command.args(["--launcher", "{kind: slurm, cpus: 9}", "--", "true"]);
    let refused = RunOutput::of(&mut cluster.inside(&id, command)).exits(2);
    let refused = refused.stderr_contains("no job fits into the allocation");
    refused.stderr_contains("4 nodes with 2 processors, 2 GPUs");
    assert!(!lab.study().exists());
}

#[test]
fn a_request_that_slurm_rejects_ends_the_study_with_one_message() {
    let Some(cluster) = Cluster::start() else { return };
    let id = cluster.allocate(&[]);
    let lab = Lab::random(20);
    let mut command = lab.command("run m.yaml");
    command.args(["--launcher", "{kind: slurm, extra: [--no-such-option]}", "--", "true"]);
    let refused = RunOutput::of(&mut cluster.inside(&id, command)).exits(1);
    let refused = refused.stderr_contains("the launcher `slurm` cannot run jobs: unrecognized option");
    assert_eq!(refused.stderr.matches("unrecognized option").count(), 1, "{}", refused.stderr);
    assert!(lab.records("end").is_empty());
}
