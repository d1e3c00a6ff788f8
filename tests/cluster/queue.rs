//! Jobs of their own in the queue of the cluster, submitted from outside of an allocation.

use std::collections::BTreeSet;

use hypertune_test_support::{Driver, Lab, RunOutput};

use crate::cluster::Cluster;

#[test]
fn waiting_in_the_queue_counts_neither_as_run_time_nor_against_the_timeout() {
    let Some(cluster) = Cluster::start() else { return };
    let id = cluster.allocate(&[]);
    let lab = Lab::random(3);
    let line = lab.run_line("--launcher slurm -j 3 --job-timeout 2s", "pace=10");
    let driver = Driver::start(&mut cluster.outside(lab.command(&line)));
    lab.wait_until("jobs in the queue", || cluster.jobs().iter().filter(|job| job.contains(" ht:")).count() == 3);
    let status = lab.hypertune("status m.study").exits(0).stdout;
    let queued = status.lines().filter(|line| line.starts_with("trial ") && line.contains("queued "));
    assert_eq!((queued.count(), status.contains("3 queued")), (3, true), "{status}");
    // Longer than the timeout.
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert!(lab.records("started").is_empty() && lab.records("end").is_empty());
    cluster.slurm("scancel", &[&id]);
    driver.wait().exits(0);
    for end in lab.records("end") {
        assert!(end["status"] == "succeeded" && end["duration_s"].as_f64().is_some_and(|run| run < 2.0), "{end}");
    }
    let exported = lab.hypertune("export m.study --format csv").exits(0).stdout;
    let header = exported.lines().next().expect("a header");
    assert!(header.ends_with("node,scheduler_id,queued_s"), "{header}");
    let queued = exported.lines().skip(1).filter_map(|line| line.rsplit(',').next()?.parse::<f64>().ok());
    assert!(queued.clone().count() == 3 && queued.into_iter().all(|queued| queued > 3.0), "{exported}");
    let jobs: BTreeSet<String> = lab.records("started").iter().map(|start| start["scheduler_id"].to_string()).collect();
    assert_eq!(jobs.len(), 3, "a Slurm job for each: {jobs:?}");
}

#[test]
fn a_number_of_jobs_is_needed_and_rejected_jobs_end_the_study() {
    let Some(cluster) = Cluster::start() else { return };
    let lab = Lab::random(5);
    let run = |line: &str| RunOutput::of(&mut cluster.outside(lab.command(&lab.run_line(line, ""))));
    run("--launcher slurm").exits(2).stderr_contains("add -j N");
    assert!(!lab.study().exists());
    let mut command = lab.command("run m.yaml -j 5");
    command.args(["--launcher", "{kind: slurm, partition: nowhere}", "--", "true"]);
    let refused = RunOutput::of(&mut cluster.outside(command)).exits(1);
    assert_eq!(refused.stderr.matches("invalid partition specified").count(), 1, "said once: {}", refused.stderr);
    assert!(lab.records("end").is_empty());
}

#[test]
fn the_command_that_hypertune_prints_continues_in_the_queue() {
    let Some(cluster) = Cluster::start() else { return };
    let lab = Lab::random(3);
    let run = |line: &str| RunOutput::of(&mut cluster.outside(lab.command(line)));
    run(&lab.run_line("--launcher slurm -j 2 --max-jobs 1", "")).exits(4);
    run("resume m.study").exits(0).stderr_contains("jobs run by the launcher `slurm`");
    let sessions = lab.records("session");
    assert_eq!((&sessions[1]["launcher"], &sessions[1]["concurrency"]), (&"slurm".into(), &2.into()));
    assert_eq!(lab.records("started").len(), 3);
}

#[test]
fn queued_and_running_jobs_end_with_the_driver() {
    let Some(cluster) = Cluster::start() else { return };
    let lab = Lab::random(30);
    let line = lab.run_line("--launcher slurm -j 12", "pace=5000");
    let start = || Driver::start(&mut cluster.outside(lab.command(&line)));
    let all_are_there = || {
        lab.wait_until("running and queued jobs", || {
            let jobs = cluster.jobs();
            jobs.len() == 12 && jobs.iter().filter(|job| job.contains("RUNNING")).count() == 8
        })
    };
    let driver = start();
    all_are_there();
    driver.kill();
    lab.wait_until("an empty queue", || cluster.jobs().is_empty());
    let driver = start();
    all_are_there();
    driver.signal(2);
    driver.wait().exits(130);
    lab.wait_until("an empty queue", || cluster.jobs().is_empty());
}

#[test]
fn a_queued_or_running_job_that_somebody_cancels_does_not_end_the_study() {
    let Some(cluster) = Cluster::start() else { return };
    let all = cluster.allocate(&[]);
    let lab = Lab::random(2);
    let line = lab.run_line("--launcher slurm -j 2 --retries 2", "pace=3000");
    let driver = Driver::start(&mut cluster.outside(lab.command(&line)));
    let of_study = || cluster.jobs().into_iter().filter(|job| job.contains(" ht:")).collect::<Vec<_>>();
    lab.wait_until("jobs in the queue", || of_study().len() == 2);
    let queued = of_study()[0].split(' ').next().expect("an id").to_owned();
    cluster.slurm("scancel", &[&queued]);
    lab.wait_until("the end of the cancelled job", || lab.records("end").len() == 1);
    cluster.slurm("scancel", &[&all]);
    lab.wait_until("running jobs", || lab.records("started").len() == 2);
    let running = lab.records("started")[0]["scheduler_id"].as_str().expect("a step").to_owned();
    cluster.slurm("scancel", &[running.split('.').next().expect("a job")]);
    driver.wait().exits(0);
    let ends = lab.records("end");
    let cancelled = ends.iter().filter(|end| end["failure"]["kind"] == "cancelled").count();
    let succeeded = ends.iter().filter(|end| end["status"] == "succeeded").count();
    assert_eq!((cancelled, succeeded, ends.len()), (2, 2, 4), "{ends:#?}");
}

#[test]
fn jobs_that_are_preempted_run_again_without_using_a_retry() {
    let Some(cluster) = Cluster::start() else { return };
    let lab = Lab::random(6);
    let driver = Driver::start(&mut cluster.outside(lab.command(&lab.run_line("--launcher slurm -j 4", "pace=6000"))));
    lab.wait_until("running jobs", || lab.records("started").len() == 4);
    cluster.preempt(2);
    driver.wait().exits(0);
    let ends = lab.records("end");
    let preempted = ends.iter().filter(|end| end["failure"]["kind"] == "infrastructure").count();
    assert!(preempted >= 1, "{ends:#?}");
    assert_eq!(ends.iter().filter(|end| end["status"] == "succeeded").count(), 6);
    assert_eq!(ends.len(), preempted + 6, "no job failed otherwise: {ends:#?}");
}
