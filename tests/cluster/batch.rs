//! `hypertune slurm`: the driver in a batch job that is queued again until the study is finished.

use std::time::{Duration, Instant};

use hypertune_test_support::{Lab, RunOutput, send_signal, trainer};

use crate::cluster::{CPUS, Cluster};

const SIGKILL: i32 = 9;
/// A study of several allocations may take minutes on a busy machine.
const LIMIT: Duration = Duration::from_secs(400);

/// Submits `line`, the arguments of `hypertune slurm`, and returns the id of the job.
fn submit(cluster: &Cluster, lab: &Lab, line: &str) -> String {
    let command = lab.command(&format!("slurm --format json {line}"));
    let submitted = RunOutput::of(&mut cluster.outside(command)).exits(0).json();
    submitted["job"].as_str().expect("the id of a job").to_owned()
}

/// A field of the job `id`, as scontrol shows it.
fn field(cluster: &Cluster, id: &str, name: &str) -> String {
    let text = cluster.lines("scontrol", &["show", "job", "--oneliner", id]).join(" ");
    let value = text.split_whitespace().find_map(|word| word.strip_prefix(&format!("{name}=")));
    value.unwrap_or_else(|| panic!("no {name} in {text}")).to_owned()
}

/// Lets a job start that was queued again, once its last script has been killed for certain: Slurm delays that by two minutes.
fn release(cluster: &Cluster, id: &str) {
    if field(cluster, id, "JobState") == "PENDING" {
        std::thread::sleep(Duration::from_secs(6));
        cluster.slurm("scontrol", &["update", &format!("JobId={id}"), "StartTime=now"]);
    }
}

/// Waits for the job to end; returns its state.
fn wait_for_end(cluster: &Cluster, lab: &Lab, id: &str) -> String {
    let start = Instant::now();
    loop {
        let state = field(cluster, id, "JobState");
        if ["COMPLETED", "FAILED", "CANCELLED", "TIMEOUT"].contains(&state.as_str()) {
            return state;
        }
        release(cluster, id);
        let log = || std::fs::read_to_string(lab.path("m.study.slurm.log")).unwrap_or_default();
        assert!(start.elapsed() < LIMIT, "the job is {state}; its output:\n{}", log());
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Number of jobs of the study that have ended by themselves.
fn ended(lab: &Lab) -> usize {
    lab.records("end").iter().filter(|end| end["by"]["rule"] != "interrupted").count()
}

#[test]
fn a_study_whose_allocation_ends_three_times_has_the_outcome_of_an_uninterrupted_one() {
    let Some(cluster) = Cluster::start() else { return };
    let lab = Lab::hyperband();
    let id = submit(&cluster, &lab, &format!("m.yaml --nodes 2 -- {} checkpoint pace=1200", trainer()));
    for session in 1..=3 {
        // Some of the 20 jobs have ended, and others run.
        let is_due = || lab.records("session").len() == session && ended(&lab) >= 5 * session - 2;
        lab.wait_until("ended jobs", is_due);
        cluster.slurm("scancel", &["--batch", "--signal=TERM", &id]);
        if session == 1 {
            lab.wait_until("the job in the queue", || field(&cluster, &id, "JobState") == "PENDING");
            let status = RunOutput::of(&mut cluster.outside(lab.command("status m.study"))).exits(0).stdout;
            let next = format!("Slurm job {id} is in the queue (BeginTime) and continues it; scancel {id} ends it");
            assert!(status.contains(&next) && !status.contains("hypertune resume"), "{status}");
            let log = lab.read("m.study.slurm.log");
            assert!(
                log.contains(&format!("Slurm job {id} queues itself again")) && !log.contains("hypertune resume"),
                "{log}"
            );
            assert!(log.contains(&format!("Slurm job {id} is queued again and continues the study")), "{log}");
        }
        lab.wait_until("the next allocation", || {
            assert!(
                !["FAILED", "COMPLETED"].contains(&field(&cluster, &id, "JobState").as_str()),
                "{}",
                lab.read("m.study.slurm.log")
            );
            release(&cluster, &id);
            lab.records("session").len() > session
        });
    }
    assert_eq!(wait_for_end(&cluster, &lab, &id), "COMPLETED", "{}", lab.read("m.study.slurm.log"));
    assert_eq!(field(&cluster, &id, "Restarts"), "3");
    assert!(lab.records("session").iter().all(|session| session["launcher"] == "slurm"
        && session["concurrency"] == 2 * CPUS
        && session["batch_job"] == id));
    let interrupted = lab.records("end").iter().filter(|end| end["by"]["rule"] == "interrupted").count();
    assert!(interrupted > 0, "jobs were ended before their allocation");
    let reference = Lab::hyperband();
    reference.run("-j 9", "checkpoint pace=1200").exits(0);
    assert!(lab.outcome() == reference.outcome());
    assert!(cluster.steps().is_empty() && cluster.jobs().is_empty());
}

/// The shortest time limit of Slurm is a minute, and it looks at it twice a minute.
#[test]
fn a_study_outlives_the_time_limit_of_its_allocation() {
    let Some(cluster) = Cluster::start() else { return };
    let lab = Lab::random(10);
    let line = format!("m.yaml -j 2 --time 1 --sbatch=--signal=B:TERM@10 -- {} pace=15000", trainer());
    let id = submit(&cluster, &lab, &line);
    assert_eq!(wait_for_end(&cluster, &lab, &id), "COMPLETED", "{}", lab.read("m.study.slurm.log"));
    assert!(field(&cluster, &id, "Restarts").parse::<u32>().expect("a number") >= 1);
    let reference = Lab::random(10);
    reference.run("-j 10", "pace=15000").exits(0);
    assert!(lab.outcome() == reference.outcome());
}

#[test]
fn a_cancelled_study_ends_and_is_not_queued_again() {
    let Some(cluster) = Cluster::start() else { return };
    let lab = Lab::random(8);
    let id = submit(&cluster, &lab, &format!("m.yaml --nodes 1 -- {} pace=60000", trainer()));
    lab.wait_until("running jobs", || lab.records("started").len() == CPUS);
    cluster.slurm("scancel", &[&id]);
    assert_eq!(wait_for_end(&cluster, &lab, &id), "CANCELLED");
    lab.wait_until("an empty queue", || cluster.jobs().is_empty() && cluster.steps().is_empty());
    lab.wait_for_no_processes();
    std::thread::sleep(Duration::from_secs(3));
    assert!(cluster.jobs().is_empty() && field(&cluster, &id, "Restarts") == "0");
    assert_eq!(ended(&lab), 0, "no job counts as failed: {:#?}", lab.records("end"));
    // The study continues from there.
    lab.hypertune("check m.study").exits(0);
}

#[test]
fn a_batch_job_whose_driver_was_killed_is_queued_again_and_nothing_runs_in_between() {
    let Some(cluster) = Cluster::start() else { return };
    let lab = Lab::hyperband();
    let line = format!("m.yaml --nodes 2 -- {} pace=300", trainer());
    let id = submit(&cluster, &lab, &line);
    lab.wait_until("ended jobs", || lab.records("end").len() > 2);
    let refused = RunOutput::of(&mut cluster.outside(lab.command(&format!("slurm {line}")))).exits(2);
    refused.stderr_contains(&format!("Slurm job {id} runs this study"));
    let pid = lab.records("session")[0]["pid"].as_u64().expect("a process id");
    send_signal(u32::try_from(pid).expect("a process id"), SIGKILL);
    lab.wait_until("the job in the queue", || field(&cluster, &id, "JobState") == "PENDING");
    assert!(cluster.steps().is_empty());
    lab.wait_for_no_processes();
    let status = RunOutput::of(&mut cluster.outside(lab.command("status m.study"))).exits(0).stdout;
    assert!(status.contains("crashed") && status.contains(&format!("Slurm job {id} is in the queue")), "{status}");
    assert_eq!(wait_for_end(&cluster, &lab, &id), "COMPLETED", "{}", lab.read("m.study.slurm.log"));
    assert_eq!(field(&cluster, &id, "Restarts"), "1");
    let reference = Lab::hyperband();
    reference.run("-j 9", "pace=300").exits(0);
    assert!(lab.outcome() == reference.outcome());
}

#[test]
fn arguments_and_options_arrive_as_they_were_given() {
    let Some(cluster) = Cluster::start() else { return };
    let lab = Lab::random(1);
    lab.script("job.sh", "#!/bin/sh\nfor arg; do printf '<%s>' \"$arg\"; done > seen\necho '{\"loss\": 1}'\n");
    let arguments =
        ["a  b", "it's \"quoted\" $HOME `id` \\", "two\nlines\n", "", "#SBATCH --hold", "\r\n\t", "é*?[x]!"];
    let mut command = lab.command("slurm m.yaml -q --format json");
    command.arg("--sbatch=--comment=a \"b\" #c \\'d'").args(["--", "./job.sh"]).args(arguments);
    let submitted = RunOutput::of(&mut cluster.outside(command)).exits(0).json();
    let id = submitted["job"].as_str().expect("the id of a job");
    assert_eq!(wait_for_end(&cluster, &lab, id), "COMPLETED", "{}", lab.read("m.study.slurm.log"));
    let expected: String = arguments.iter().map(|argument| format!("<{argument}>")).collect();
    let seen = lab.read("seen");
    assert!(seen.starts_with(&expected), "{seen:?}");
    let shown = cluster.lines("scontrol", &["show", "job", id]);
    assert!(shown.contains(&"Comment=a \"b\" #c \\'d'".to_owned()), "{shown:#?}");
}

#[test]
fn each_job_has_its_share_of_an_allocation_for_so_many_jobs() {
    let Some(cluster) = Cluster::start() else { return };
    for (launcher, size, concurrency) in [
        ("{kind: slurm, gpus: 1, mem: 200M}", "-j 3", 3),
        ("{kind: slurm, gpus: 2}", "--nodes 3", 3),
        ("{kind: slurm, cpus: 2, mem: 500M}", "--nodes 2", 2),
    ] {
        let lab = Lab::random(4);
        let mut command = lab.command(&format!("slurm m.yaml --format json {size} --launcher"));
        command.args([launcher, "--", &trainer(), "pace=10"]);
        let submitted = RunOutput::of(&mut cluster.outside(command)).exits(0).json();
        let id = submitted["job"].as_str().expect("the id of a job");
        assert_eq!(wait_for_end(&cluster, &lab, id), "COMPLETED", "{}", lab.read("m.study.slurm.log"));
        assert_eq!(lab.records("session")[0]["concurrency"], concurrency, "{launcher}");
    }
}

#[test]
fn a_study_that_fails_is_not_queued_again_and_a_refused_job_is_an_error() {
    let Some(cluster) = Cluster::start() else { return };
    let lab = Lab::random(20);
    let id = submit(&cluster, &lab, &format!("m.yaml --nodes 1 -- {} exit=3", trainer()));
    assert_eq!(wait_for_end(&cluster, &lab, &id), "FAILED");
    assert_eq!((field(&cluster, &id, "Restarts"), field(&cluster, &id, "ExitCode")), ("0".into(), "3:0".into()));

    let lab = Lab::random(1);
    let line = format!("slurm m.yaml --sbatch=--partition=nowhere -- {}", trainer());
    let refused = RunOutput::of(&mut cluster.outside(lab.command(&line))).exits(2);
    let refused = refused.stderr_contains("sbatch refused the job: invalid partition specified: nowhere");
    refused.stderr_contains("sinfo lists the partitions");
    assert!(!lab.study().exists());
}

#[test]
fn a_study_that_is_preempted_continues_afterwards() {
    let Some(cluster) = Cluster::start() else { return };
    let lab = Lab::hyperband();
    let id = submit(&cluster, &lab, &format!("m.yaml --nodes 2 -- {} checkpoint pace=500", trainer()));
    lab.wait_until("ended jobs", || lab.records("end").len() > 3);
    cluster.preempt(2);
    assert_eq!(wait_for_end(&cluster, &lab, &id), "COMPLETED", "{}", lab.read("m.study.slurm.log"));
    assert_eq!(field(&cluster, &id, "Restarts"), "1");
    // A driver that Slurm kills before its jobs have ended finds them lost.
    let is_of_cluster =
        |end: &serde_json::Value| end["failure"]["kind"] == "infrastructure" || end["failure"]["kind"] == "lost";
    let ends = lab.records("end");
    assert!(ends.iter().filter(|end| end["status"] == "failed").all(is_of_cluster), "{ends:#?}");
    let reference = Lab::hyperband();
    reference.run("-j 9", "checkpoint pace=500").exits(0);
    assert!(lab.outcome() == reference.outcome());
}
