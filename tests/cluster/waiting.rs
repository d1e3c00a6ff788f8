//! What is said about requests that Slurm accepts and does not start.

use std::process::Command;

use hypertune_test_support::{Driver, Lab, RunOutput, hypertune, trainer};
use serde_json::Value;

use crate::cluster::Cluster;

/// hypertune with `words`, its stderr in the file `stderr` of `lab`.
fn with_stderr(lab: &Lab, words: &[&str]) -> Command {
    let mut command = lab.program("sh");
    command.args(["-c", "exec \"$0\" \"$@\" 2>stderr", &hypertune()]).args(words);
    command
}

/// What it has printed so far.
fn stderr(lab: &Lab) -> String {
    std::fs::read_to_string(lab.path("stderr")).unwrap_or_default()
}

/// Slurm accepts jobs for more processors than any node of the partition has, and keeps them in the queue.
#[test]
fn a_job_that_no_node_can_run_is_named_once_with_what_to_do() {
    let Some(cluster) = Cluster::start() else { return };
    let lab = Lab::random(3);
    let words = ["run", "m.yaml", "-j", "3", "--launcher", "{kind: slurm, cpus: 9}", "--", &trainer()];
    let driver = Driver::start(&mut cluster.outside(with_stderr(&lab, &words)));
    lab.wait_until("a warning", || stderr(&lab).contains("warning"));
    let status = RunOutput::of(&mut cluster.outside(lab.command("status m.study"))).exits(0).stdout;
    assert_eq!(status.matches("queued").count(), 4, "{status}");
    assert!(status.contains("(PartitionConfig)") && status.contains("0 of 3 done, 3 queued"), "{status}");
    let json = RunOutput::of(&mut cluster.outside(lab.command("status m.study --format json"))).exits(0).json();
    let job = &json["running"][0];
    assert_eq!((&job["queue_reason"], &job["elapsed_s"]), (&"PartitionConfig".into(), &0.0.into()), "{job}");
    assert!(job["queued_s"].as_f64().is_some_and(|waited| waited > 0.0), "{job}");
    driver.signal(2);
    driver.wait().exits(130);
    let stderr = stderr(&lab);
    assert_eq!(stderr.matches("(PartitionConfig)").count(), 1, "{stderr}");
    assert!(stderr.contains("jobs wait in the queue of Slurm (PartitionConfig), such as Slurm job "), "{stderr}");
    assert!(stderr.contains("ask for less with cpus, gpus, mem, time"), "{stderr}");
    lab.wait_until("an empty queue", || cluster.jobs().is_empty());
}

#[test]
fn allocations_that_wait_for_drained_nodes_are_named_and_start_once_the_nodes_are_back() {
    let Some(cluster) = Cluster::start() else { return };
    let all = "NodeName=n[1-4]";
    assert!(cluster.slurm("scontrol", &["update", all, "State=DRAIN", "Reason=maintenance"]).status.success());
    let lab = Lab::random(2);
    let words = ["run", "m.yaml", "--allocation", "1x1h", "--", &trainer()];
    let driver = Driver::start(&mut cluster.outside(with_stderr(&lab, &words)));
    lab.wait_until("a warning", || stderr(&lab).contains("warning"));
    assert!(stderr(&lab).contains("1 allocation waits in the queue of Slurm ("), "{}", stderr(&lab));
    assert!(stderr(&lab).contains("`sinfo -R` says why"), "{}", stderr(&lab));
    let json = RunOutput::of(&mut cluster.outside(lab.command("status m.study --format json"))).exits(0).json();
    assert!(json["running"][0]["queue_reason"].is_string(), "{json}");
    assert!(cluster.slurm("scontrol", &["update", all, "State=RESUME"]).status.success());
    driver.wait().exits(0);
    assert_eq!(stderr(&lab).matches("warning").count(), 1, "{}", stderr(&lab));
}

#[test]
fn a_batch_job_is_submitted_once_and_what_it_waits_for_is_named() {
    let Some(cluster) = Cluster::start() else { return };
    let lab = Lab::random(1);
    let slurm =
        |line: &str| RunOutput::of(&mut cluster.outside(lab.command(&format!("slurm {line} -- {}", trainer()))));
    let first = slurm("m.yaml --nodes 9 --format json").exits(0);
    let submitted: Value = first.json();
    assert_eq!(submitted["reason"], "PartitionConfig");
    let id = submitted["job"].as_str().expect("the id of a job").to_owned();
    first.stderr_contains(&format!("warning: Slurm job {id} waits in the queue (PartitionConfig): "));
    // From another folder, and through a link.
    std::fs::create_dir(lab.path("sub")).expect("a folder");
    std::os::unix::fs::symlink(lab.path(""), lab.path("sub/link")).expect("a link");
    for folder in ["", "sub/link"] {
        let mut command = lab.command(&format!("slurm m.yaml -- {}", trainer()));
        command.current_dir(lab.path(folder));
        let refused = RunOutput::of(&mut cluster.outside(command)).exits(2);
        let refused = refused.stderr_contains(&format!("Slurm job {id} is in the queue (PartitionConfig)"));
        refused.stderr_contains(&format!("scancel {id}"));
    }
    assert_eq!(cluster.jobs().len(), 1);
    // Another study of the same name is another study.
    let other = Lab::random(1);
    let line = format!("slurm m.yaml -- {}", trainer());
    RunOutput::of(&mut cluster.outside(other.command(&line))).exits(0);
    cluster.slurm("scancel", &[&id]);
    slurm("m.yaml --nodes 1").exits(0);
    lab.wait_until("the end of both studies", || cluster.jobs().is_empty());
    assert_eq!((lab.records("end").len(), other.records("end").len()), (1, 1));
}

#[test]
fn of_two_batch_jobs_that_are_submitted_at_once_one_remains() {
    let Some(cluster) = Cluster::start() else { return };
    let lab = Lab::random(1);
    let line = format!("slurm m.yaml --nodes 9 -- {}", trainer());
    let both = [(); 2].map(|()| Driver::start(&mut cluster.outside(lab.command(&line))));
    let mut codes = both.map(|driver| driver.wait().code());
    codes.sort_unstable();
    assert_eq!(codes, [Some(0), Some(2)]);
    lab.wait_until("one job", || cluster.jobs().len() == 1);
}
