//! Jobs packed into allocations that a driver outside of one keeps.

use std::collections::BTreeSet;
use std::time::Instant;

use hypertune_test_support::{Driver, Lab};

use crate::cluster::Cluster;

/// Two allocations of two jobs each.
const LAUNCHER: &str = "{kind: slurm, allocation: 2x1h, jobs: 2}";

fn start(cluster: &Cluster, lab: &Lab, launcher: &str, options: &str, words: &str) -> Driver {
    let mut command = lab.command("run m.yaml --launcher");
    command.arg(launcher).args(options.split_whitespace()).args(["--", &hypertune_test_support::trainer()]);
    command.args(words.split_whitespace());
    Driver::start(&mut cluster.outside(command))
}

/// The Slurm jobs in which jobs of the study ran.
fn allocations(lab: &Lab) -> BTreeSet<String> {
    let job = |id: &str| id.split('.').next().expect("a job").to_owned();
    lab.records("started").iter().filter_map(|start| start["scheduler_id"].as_str().map(job)).collect()
}

#[test]
fn a_packed_study_has_the_outcome_of_a_local_one_in_as_few_allocations() {
    let Some(cluster) = Cluster::start() else { return };
    let lab = Lab::hyperband();
    let driver = start(&cluster, &lab, LAUNCHER, "", "pace=30");
    driver.wait().exits(0);
    let local = Lab::hyperband();
    local.run("-j 4", "pace=30").exits(0);
    assert!(lab.outcome() == local.outcome());
    assert_eq!(lab.records("session")[0]["concurrency"], 4);
    let allocations = allocations(&lab);
    assert!((1..=2).contains(&allocations.len()), "{allocations:?}");
    lab.wait_until("an empty queue", || cluster.jobs().is_empty());
}

#[test]
fn whole_nodes_hold_as_many_jobs_as_fit_each_with_its_share() {
    let Some(cluster) = Cluster::start() else { return };
    let lab = Lab::random(8);
    let script = "#!/bin/sh\necho \"$CUDA_VISIBLE_DEVICES $SLURMD_NODENAME\" >> seen\nsleep 1\necho '{\"loss\": 1}'\n";
    lab.script("job.sh", script);
    let mut command = lab.command("run m.yaml -j 4 --allocation 2x1h --launcher");
    command.args(["{kind: slurm, gpus: 1, nodes: 1}", "--", "./job.sh"]);
    Driver::start(&mut cluster.outside(command)).wait().exits(0);
    let seen = lab.read("seen");
    let first: BTreeSet<&str> = seen.lines().take(2).collect();
    assert!(first.len() == 2 && first.iter().all(|line| line.len() == "0 n1".len()), "{seen}");
    assert_eq!(lab.records("end").len(), 8);
    assert!(allocations(&lab).len() <= 2);
}

#[test]
fn a_cancelled_allocation_is_replaced_and_its_jobs_run_again_without_using_a_retry() {
    let Some(cluster) = Cluster::start() else { return };
    let lab = Lab::random(6);
    let driver = start(&cluster, &lab, LAUNCHER, "", "pace=3000");
    lab.wait_until("running jobs", || lab.records("started").len() == 4);
    let cancelled = allocations(&lab).pop_first().expect("an allocation");
    cluster.slurm("scancel", &[&cancelled]);
    driver.wait().exits(0);
    let ends = lab.records("end");
    let lost = ends.iter().filter(|end| end["failure"]["kind"] == "infrastructure").count();
    assert!(lost >= 1, "{ends:#?}");
    assert_eq!(ends.iter().filter(|end| end["status"] == "succeeded").count(), 6, "{ends:#?}");
    assert_eq!(ends.len(), lost + 6, "no job failed otherwise: {ends:#?}");
    lab.wait_until("an empty queue", || cluster.jobs().is_empty());
}

#[test]
fn allocations_end_with_the_driver_and_what_is_left_before_the_study_continues() {
    let Some(cluster) = Cluster::start() else { return };
    let lab = Lab::random(20);
    // The other one waits in the queue: there are eight processors.
    let launcher = "{kind: slurm, allocation: 2x1h, jobs: 6}";
    let run = || start(&cluster, &lab, launcher, "-j 12", "pace=60000");
    let count = |state: &str| cluster.jobs().iter().filter(|job| job.contains(state)).count();
    let are_there = || lab.wait_until("allocations", || count("RUNNING") == 1 && count("PENDING") == 1);
    let driver = run();
    are_there();
    lab.wait_until("running jobs", || lab.records("started").len() == 6);
    let status = lab.hypertune("status m.study").exits(0).stdout;
    let queued = status.lines().filter(|line| line.starts_with("trial ") && line.contains("queued "));
    assert_eq!((queued.count(), status.contains("6 queued")), (6, true), "{status}");
    driver.kill();
    let killed = Instant::now();
    lab.wait_until("an empty queue", || cluster.jobs().is_empty());
    assert!(killed.elapsed().as_secs() < 30, "{:?}", killed.elapsed());

    // What nothing has ended has the name of its session.
    let session = lab.records("session")[0]["mark"].as_str().expect("a mark").to_owned();
    let name = format!("--job-name=ht:{session}/allocation");
    cluster.slurm("sbatch", &[&name, "--output=/dev/null", "--wrap=sleep 600"]);
    let driver = run();
    lab.wait_until("the second session", || lab.records("session").len() == 2);
    lab.wait_until("its end", || !cluster.jobs().iter().any(|job| job.contains(&session)));
    are_there();
    driver.signal(2);
    driver.wait().exits(130);
    lab.wait_until("an empty queue", || cluster.jobs().is_empty());
}

#[test]
fn a_job_that_ends_with_the_time_limit_of_its_allocation_runs_again_in_another() {
    let Some(cluster) = Cluster::start() else { return };
    let lab = Lab::random(1);
    lab.script("job.sh", "#!/bin/sh\n[ -e ran ] || { touch ran; sleep 600; }\necho '{\"loss\": 1}'\n");
    let driver = Driver::start(&mut cluster.outside(lab.command("run m.yaml --allocation 1x1h -- ./job.sh")));
    lab.wait_until("the start of the job", || !lab.records("started").is_empty());
    // The shortest limit that can be asked for is a minute.
    let id = allocations(&lab).pop_first().expect("an allocation");
    cluster.slurm("scontrol", &["update", &format!("JobId={id}"), "TimeLimit=0"]);
    driver.wait().exits(0);
    let ends = lab.records("end");
    assert_eq!((&ends[0]["failure"]["kind"], &ends[1]["status"]), (&"infrastructure".into(), &"succeeded".into()));
    assert_eq!((ends.len(), allocations(&lab).len()), (2, 2), "{ends:#?}");
}

#[test]
fn allocations_that_slurm_rejects_end_the_study_with_one_message() {
    let Some(cluster) = Cluster::start() else { return };
    let lab = Lab::random(5);
    let launcher = "{kind: slurm, allocation: 2x1h, partition: nowhere}";
    let refused = start(&cluster, &lab, launcher, "", "").wait().exits(1);
    assert_eq!(refused.stderr.matches("invalid partition specified").count(), 1, "said once: {}", refused.stderr);
    assert!(lab.records("end").is_empty());
    let local = "run m.yaml --launcher local --allocation 4x8h -- true";
    lab.hypertune(local).exits(2).stderr_contains("the launcher `local` has no option `allocation`");
}
