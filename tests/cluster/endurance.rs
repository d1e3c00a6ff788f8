//! Studies whose nodes, controller or driver fail.

use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use hypertune_test_support::{Driver, Lab, RunOutput, hypertune, trainer};

use crate::cluster::Cluster;

#[test]
fn jobs_of_a_lost_node_run_again_elsewhere_without_using_a_retry() {
    let Some(mut cluster) = Cluster::start() else { return };
    let id = cluster.allocate(&[]);
    let lab = Lab::hyperband();
    let driver = cluster.start_study(&id, &lab, "--launcher slurm --verbose", "pace=400");
    lab.wait_until("jobs on all nodes", || lab.records("started").len() >= 8);
    cluster.lose_node(2);
    driver.wait().exits(0);
    let ends = lab.records("end");
    let lost: Vec<_> = ends.iter().filter(|end| end["failure"]["kind"] == "infrastructure").collect();
    // A step that begins while the node is lost fails to launch there.
    let names_node = |end: &&serde_json::Value| {
        end["failure"]["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("on n2") || detail.contains("on node n2"))
    };
    assert!(!lost.is_empty() && lost.iter().all(names_node), "{ends:#?}");
    let failed = ends.iter().filter(|end| end["status"] == "failed").count();
    assert_eq!(failed, lost.len(), "no other job failed");
    let reference = Lab::hyperband();
    reference.run("-j 8", "pace=400").exits(0);
    assert!(lab.outcome() == reference.outcome());
}

#[test]
fn a_controller_that_is_restarted_costs_no_trial() {
    let Some(mut cluster) = Cluster::start() else { return };
    let id = cluster.allocate(&[]);
    let lab = Lab::hyperband();
    let driver = cluster.start_study(&id, &lab, "--launcher slurm", "pace=300");
    lab.wait_until("running jobs", || lab.records("started").len() >= 8);
    cluster.stop_controller();
    sleep(Duration::from_secs(12));
    cluster.start_controller();
    driver.wait().exits(0);
    let failures = lab.records("end").into_iter().filter(|end| end["status"] == "failed");
    assert_eq!(
        failures.filter(|end| end["failure"]["kind"] != "infrastructure").count(),
        0,
        "{:#?}",
        lab.records("end")
    );
    let reference = Lab::hyperband();
    reference.run("-j 8", "pace=300").exits(0);
    assert!(lab.outcome() == reference.outcome());
}

#[test]
fn slurm_jobs_whose_end_the_controller_missed_are_cancelled() {
    let Some(mut cluster) = Cluster::start() else { return };
    let lab = Lab::random(5);
    let line = lab.run_line("--launcher slurm -j 3", "pace=2000");
    let driver = Driver::start(&mut cluster.outside(lab.command(&line)));
    lab.wait_until("running jobs", || lab.records("started").len() == 3);
    cluster.stop_controller();
    // As long as srun tries to tell the controller.
    sleep(Duration::from_secs(40));
    cluster.start_controller();
    driver.wait().exits(0);
    let running: Vec<String> = cluster.jobs().into_iter().filter(|job| job.contains("RUNNING ht:")).collect();
    assert!(running.is_empty(), "{running:?}");
}

/// A study whose jobs first wait as long as the file `pause` says.
fn paused_lab(seconds: &str) -> Lab {
    let lab = Lab::hyperband();
    lab.script("job.sh", &format!("#!/bin/sh\nsleep \"$(cat pause)\"\nexec {} \"$@\"\n", trainer()));
    lab.file("pause", seconds);
    lab
}

fn assert_same_as_local(lab: &Lab) {
    let reference = paused_lab("0");
    reference.hypertune("run m.yaml -j 8 -- ./job.sh").exits(0);
    assert!(lab.outcome() == reference.outcome());
}

const PAUSED_RUN: &str = "run m.yaml --launcher slurm -- ./job.sh";

#[test]
fn nothing_runs_after_the_driver_was_killed() {
    let Some(cluster) = Cluster::start() else { return };
    let id = cluster.allocate(&[]);
    let lab = paused_lab("60");
    let driver = Driver::start(&mut cluster.inside(&id, lab.command(PAUSED_RUN)));
    lab.wait_until("running jobs", || lab.records("started").len() >= 8);
    driver.kill();
    lab.wait_for_no_processes();
    lab.wait_until("the end of all steps", || cluster.steps().is_empty());
    lab.file("pause", "0");
    RunOutput::of(&mut cluster.inside(&id, lab.command(PAUSED_RUN))).exits(0);
    assert_same_as_local(&lab);
}

/// The driver's machine loses power: driver, guard and srun end at once, and cannot cancel anything.
#[test]
fn steps_that_outlived_the_machine_of_the_driver_are_cancelled_before_others_start() {
    let Some(cluster) = Cluster::start() else { return };
    let id = cluster.allocate(&[]);
    let lab = paused_lab("60");
    // In a PID namespace that ends with its first process, so that guard and srun end too and see no processes of jobs.
    let mut command = lab.program("unshare");
    command.args(["--pid", "--fork", "--mount-proc", "--kill-child", &hypertune()]);
    command.args(PAUSED_RUN.split_whitespace());
    let driver = Driver::start(&mut cluster.inside(&id, command));
    lab.wait_until("running jobs", || lab.records("started").len() >= 8);
    let before = cluster.steps();
    driver.kill();
    eprintln!("steps after the machine of the driver failed: {} of {}", cluster.steps().len(), before.len());
    lab.file("pause", "0.3");
    let driver = Driver::start(&mut cluster.inside(&id, lab.command(PAUSED_RUN)));
    lab.wait_until("a job of the second session", || lab.records("started").len() > 8);
    let after = cluster.steps();
    assert!(after.iter().all(|step| !before.contains(step)), "before: {before:?}, after: {after:?}");
    driver.wait().exits(0);
    assert_same_as_local(&lab);
}

#[test]
fn a_second_driver_is_refused() {
    let Some(cluster) = Cluster::start() else { return };
    let id = cluster.allocate(&[]);
    let lab = Lab::random(8);
    let driver = cluster.start_study(&id, &lab, "--launcher slurm", "pace=2000");
    lab.wait_until("running jobs", || !lab.records("started").is_empty());
    // On a node of the cluster.
    let mut srun = Command::new("srun");
    srun.args(["--overlap", "--nodes=1", "--ntasks=1", "--nodelist=n3", "--mem=0", &hypertune()])
        .current_dir(lab.path(""));
    srun.args(lab.run_line("--launcher slurm", "pace=2000").split_whitespace());
    let refused = cluster.inside(&id, srun).output().expect("srun starts");
    let stderr = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{stderr}");
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").expect("a host name");
    assert!(stderr.contains(&format!("process {} on {} is driving", driver.pid(), host.trim())), "{stderr}");
    driver.signal(2);
    driver.wait().exits(130);
    assert!(cluster.steps().is_empty());
}
