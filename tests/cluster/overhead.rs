//! What hypertune adds to the cost of a step, against a bare loop of srun with the same concurrency.

use std::fs;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use hypertune_test_support::{Lab, trainer};

use crate::cluster::{Cluster, NODES};

const STEPS: u32 = 1000;
const AT_ONCE: usize = 64;
/// Clock ticks of /proc/PID/stat per second (proc_pid_stat(5); 100 on all of Linux's common machines).
const TICKS: f64 = 100.0;

/// The wall time of the bare loop.
fn bare_loop(cluster: &Cluster, id: &str) -> Duration {
    let next = AtomicU32::new(0);
    let started = Instant::now();
    scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while next.fetch_add(1, Ordering::Relaxed) < STEPS {
                    let mut srun = Command::new("srun");
                    srun.args(["--nodes=1", "--ntasks=1", "--unbuffered", "--input=none", "--export=ALL", "--exact"]);
                    srun.args(["--cpus-per-task=1", "--gres=none", "--mem=0", &trainer(), "--x=0.5"]);
                    srun.stdin(Stdio::null());
                    let output = cluster.inside(id, srun).output().expect("srun starts");
                    assert!(output.status.success(), "{output:?}");
                }
            });
        }
    });
    started.elapsed()
}

/// CPU time of the process itself, and its resident set in KiB; `None` once it has ended.
fn usage(pid: u32) -> Option<(Duration, u64)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit(") ").next()?.split(' ').collect();
    let ticks: f64 = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some((Duration::from_secs_f64(ticks / TICKS), resident.split_whitespace().next()?.parse().ok()?))
}

#[test]
#[ignore = "takes minutes; cargo test --release --test cluster -- --ignored --nocapture overhead"]
fn overhead_of_a_thousand_steps_at_64_at_once() {
    let Some(cluster) = Cluster::with_processors(AT_ONCE / NODES) else { return };
    let id = cluster.allocate(&[]);
    for round in 1..=2 {
        let bare = bare_loop(&cluster, &id);
        let lab = Lab::random(STEPS);
        let started = Instant::now();
        let driver = cluster.start_study(&id, &lab, "--launcher slurm -q", "");
        let (mut used, mut resident) = (Duration::ZERO, Vec::new());
        while let Some((cpu, kib)) = usage(driver.pid()) {
            used = cpu;
            resident.push(kib);
            sleep(Duration::from_millis(100));
        }
        let wall = started.elapsed();
        driver.wait().exits(0);
        assert_eq!(lab.records("end").len(), STEPS as usize);
        let per_step = |time: Duration| time.as_secs_f64() * 1000.0 / f64::from(STEPS);
        let memory = |share: f64| resident[((resident.len() - 1) as f64 * share) as usize] / 1024;
        println!(
            "round {round}: bare loop {:.1} ms per step, hypertune {:.1} ms per step; its own CPU time {:.2} ms per step; \
             resident set {} MiB after a quarter, {} MiB at three quarters",
            per_step(bare),
            per_step(wall),
            per_step(used),
            memory(0.25),
            memory(0.75)
        );
    }
}

#[test]
#[ignore = "takes a minute; cargo test --release --test cluster -- --ignored --nocapture queue_cost"]
fn queue_cost_of_jobs_of_their_own_and_of_packed_ones() {
    let Some(cluster) = Cluster::start() else { return };
    let (jobs, at_once) = (200, NODES * crate::cluster::CPUS);
    let packed = format!("{{kind: slurm, allocation: 1x1h, jobs: {at_once}}}");
    for (name, launcher) in [("a Slurm job each", "slurm"), ("packed", &packed)].repeat(2) {
        let lab = Lab::random(jobs);
        let mut command = lab.command(&format!("run m.yaml -q -j {at_once} --launcher"));
        command.args([launcher, "--", &trainer()]);
        let started = Instant::now();
        let output = hypertune_test_support::RunOutput::of(&mut cluster.outside(command)).exits(0);
        let wall = started.elapsed().as_secs_f64() * 1000.0 / f64::from(jobs);
        assert!(output.stderr.is_empty(), "{}", output.stderr);
        println!("{name}: {wall:.1} ms per job, {at_once} at once");
    }
}
