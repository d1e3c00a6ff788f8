//! How jobs end: by themselves, by hypertune, and from outside.

use std::time::Instant;

use hypertune_test_support::Lab;

use crate::cluster::Cluster;

const SIGINT: i32 = 2;

/// Ends of one job each, as the journal records them.
#[test]
fn exit_codes_signals_and_lack_of_memory_are_told_apart() {
    let Some(cluster) = Cluster::start() else { return };
    let id = cluster.allocate(&[]);
    let end = |words: &str| {
        let lab = Lab::random(1);
        cluster.run(&id, &lab, "--launcher slurm --keep-going", words);
        lab.records("end").remove(0)
    };
    for (words, kind, detail) in [
        ("exit=3", "exit", 3.into()),
        ("exit=143", "exit", 143.into()),
        ("kill=9", "signal", 9.into()),
        ("kill=15", "signal", 15.into()),
    ] {
        let end = end(words);
        assert_eq!((&end["failure"]["kind"], &end["failure"]["detail"]), (&kind.into(), &detail), "{end}");
    }
    assert_eq!(end("say=MemoryError exit=1")["failure"]["kind"], "out_of_memory");
    assert_eq!(end("nothing")["failure"]["kind"], "no_metric");
    let lab = Lab::random(1);
    let mut command = lab.command("run m.yaml --launcher slurm -- sh -c");
    command.arg("exec /nowhere/program");
    hypertune_test_support::RunOutput::of(&mut cluster.inside(&id, command));
    assert_eq!(lab.records("end")[0]["failure"]["kind"], "bad_command");
}

#[test]
fn a_step_that_somebody_cancels_is_called_cancelled_and_is_retried() {
    let Some(cluster) = Cluster::start() else { return };
    let id = cluster.allocate(&[]);
    let lab = Lab::random(1);
    let driver = cluster.start_study(&id, &lab, "--launcher slurm --retries 1", "pace=600");
    lab.wait_until("the start of the job", || !lab.records("started").is_empty());
    let step = lab.records("started")[0]["scheduler_id"].as_str().expect("a step").to_owned();
    cluster.slurm("scancel", &[&step]);
    driver.wait().exits(0);
    let ends = lab.records("end");
    assert_eq!(
        (&ends[0]["failure"]["kind"], &ends[1]["status"]),
        (&"cancelled".into(), &"succeeded".into()),
        "{ends:?}"
    );
    assert_eq!(ends[0]["failure"]["detail"], "cancelled in Slurm (scancel), not by hypertune");
}

/// The shortest time limit of Slurm is a minute.
#[test]
fn the_time_limit_of_a_step_is_a_timeout() {
    let Some(cluster) = Cluster::start() else { return };
    let id = cluster.allocate(&[]);
    let lab = Lab::random(1);
    let mut command = lab.command("run m.yaml --launcher");
    command.args(["{kind: slurm, time: 1}", "--", "sh", "-c", "sleep 300"]);
    hypertune_test_support::RunOutput::of(&mut cluster.inside(&id, command)).exits(3);
    assert_eq!(lab.records("end")[0]["failure"]["kind"], "timeout", "{:?}", lab.records("end"));
    assert!(cluster.steps().is_empty());
}

#[test]
fn jobs_get_their_grace_and_are_then_killed() {
    let Some(cluster) = Cluster::start() else { return };
    let id = cluster.allocate(&[]);
    // The job continues after SIGINT until it has saved its state.
    let lab = Lab::random(1);
    let driver = cluster.start_study(&id, &lab, "--launcher slurm", "log=log catch save=300");
    lab.wait_until("the start of the job", || lab.path("log").exists() && !lab.records("started").is_empty());
    driver.signal(SIGINT);
    driver.wait().exits(130);
    assert!(lab.read("log").contains("end"), "{}", lab.read("log"));
    assert_eq!(lab.records("end")[0]["by"]["rule"], "interrupted");

    // It ignores all signals but SIGKILL.
    let lab = Lab::random(1);
    let started = Instant::now();
    let options = "--launcher slurm --job-timeout 1s --grace 1s";
    cluster.run(&id, &lab, options, "ignore=int ignore=term sleep=60000").exits(3);
    assert_eq!(lab.records("end")[0]["failure"]["kind"], "timeout");
    assert!(started.elapsed().as_secs() < 30, "{:?}", started.elapsed());
    assert!(cluster.steps().is_empty());
}

#[test]
fn early_stopping_ends_steps() {
    let Some(cluster) = Cluster::start() else { return };
    let id = cluster.allocate(&[]);
    let lab = Lab::new(
        "kind: random\nnumRuns: 8\nseed: 7\nmetric: {name: loss, optimization: minimize}\nlauncher: slurm\n\
         earlyStopping:\n- {metric: loss, value: 100, optimization: minimize}\nparams:\n  x: {kind: uniform, value: [0, 1]}\n",
    );
    cluster.run(&id, &lab, "", "lines=1 sleep=60000").exits(0);
    let stopped = lab.records("end").iter().filter(|end| end["status"] == "stopped").count();
    assert!(stopped >= 1, "{:?}", lab.records("end"));
    assert!(cluster.steps().is_empty());
}
