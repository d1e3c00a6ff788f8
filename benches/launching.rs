//! How fast hypertune launches jobs with each of its launchers, next to a bare loop: two threads that spawn the same program, read
//! its stdout and wait.
//!
//! `cargo bench --bench launching` prints a table of ratios measured in one run. Rounds of both alternate, so that
//! other load affects both; CPU time is that of the whole process tree, which other load affects least. Studies are deleted at the
//! end: after many deletions, ext4 takes several times as long to create a directory.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const TINY_C: &str = r#"
#include <stdio.h>
#include <time.h>
#include <unistd.h>
int main(int argc, char **argv) {
    static const char line[] = "{\"epochs\": 1, \"loss\": 0.5}\n";
    if (argc > 1 && argv[1][0] == 't') {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        printf("%lld%09ld\n", (long long)now.tv_sec, now.tv_nsec);
        fflush(stdout);
    }
    return write(1, line, sizeof line - 1) < 0;
}
"#;

/// Wall and CPU time of a run, and the driver's peak resident set.
#[derive(Clone, Copy)]
struct Cost {
    wall: f64,
    cpu: f64,
    rss_mib: f64,
}

fn main() {
    let mut args = std::env::args().skip(1);
    if args.next().as_deref() == Some("bare") {
        let (program, jobs) = (args.next().expect("a program"), args.next().expect("a count"));
        return bare_loop(Path::new(&program), jobs.parse().expect("a count"));
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let tiny = compile(folder.path());
    println!("jobs    launcher  bare/s  hypertune/s  rate ratio  CPU ratio  driver RSS");
    let mut rates = Vec::new();
    for (jobs, rounds) in [(1_000, 7), (10_000, 3)] {
        let (mut bare, mut local, mut std) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..rounds {
            bare.push(measure(&mut bare_command(&tiny, jobs)));
            for (launcher, costs) in [("local", &mut local), ("std", &mut std)] {
                let study = folder.path().join(format!("{jobs}-{round}-{launcher}.study"));
                let mut command = hypertune(folder.path(), &study, &tiny, jobs);
                costs.push(measure(command.env("HYPERTUNE_LAUNCHER", launcher)));
            }
        }
        let [bare, local, std] = [median(bare), median(local), median(std)];
        let rate = |cost: Cost| f64::from(jobs) / cost.wall;
        rates.push(rate(local));
        for (launcher, cost) in [("local", local), ("std", std)] {
            println!(
                "{jobs:<7} {launcher:<9} {:<7.0} {:<12.0} {:<11.3} {:<10.3} {:.1} MiB",
                rate(bare),
                rate(cost),
                rate(cost) / rate(bare),
                cost.cpu / bare.cpu,
                cost.rss_mib
            );
        }
        println!("{jobs:<7} local/std: rate {:.3}, CPU {:.3}", rate(local) / rate(std), local.cpu / std.cpu);
    }
    println!("rate at 10,000 jobs over rate at 1,000: {:.3}", rates[1] / rates[0]);
    let mut starts: Vec<f64> = (0..15).map(|round| start_up(folder.path(), &tiny, round)).collect();
    starts.sort_by(f64::total_cmp);
    println!("start-up to first launch: median {:.1} ms, best {:.1} ms", starts[7], starts[0]);
}

fn bare_loop(program: &Path, jobs: i64) {
    let left = AtomicI64::new(jobs);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut said = Vec::new();
                while left.fetch_sub(1, Ordering::Relaxed) > 0 {
                    said.clear();
                    let mut child = Command::new(program).stdout(Stdio::piped()).spawn().expect("it starts");
                    child.stdout.take().expect("a pipe").read_to_end(&mut said).expect("it is read");
                    child.wait().expect("it ends");
                }
            });
        }
    });
}

fn bare_command(tiny: &Path, jobs: u32) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.arg("bare").arg(tiny).arg(jobs.to_string());
    command
}

fn hypertune(folder: &Path, study: &Path, tiny: &Path, jobs: u32) -> Command {
    let matrix = folder.join(format!("{jobs}.yaml"));
    let text = format!(
        "kind: random\nnumRuns: {jobs}\nseed: 1\nmetric: {{name: loss, optimization: minimize}}\n\
         params:\n  x: {{kind: uniform, value: [0, 1]}}\n  y: {{kind: loguniform, value: {{min: 0.001, max: 1}}}}\n"
    );
    fs::write(&matrix, text).expect("the matrix is written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_hypertune"));
    command.args(["run", "-q", "-j", "2"]).arg(&matrix).arg("--study").arg(study).arg("--").arg(tiny);
    command
}

fn measure(command: &mut Command) -> Cost {
    let (cpu, start) = (children_cpu(), Instant::now());
    let mut child = command.stdout(Stdio::null()).spawn().expect("it starts");
    let mut rss_mib = 0.0;
    let status = loop {
        if let Some(status) = child.try_wait().expect("it can be waited for") {
            break status;
        }
        rss_mib = peak_rss_mib(child.id()).unwrap_or(rss_mib);
        std::thread::sleep(Duration::from_millis(2));
    };
    assert!(status.success(), "{command:?} ended with {status}");
    Cost { wall: start.elapsed().as_secs_f64(), cpu: children_cpu() - cpu, rss_mib }
}

/// Seconds of all ended descendants, from the last two of `/proc/self/stat`'s four times, in ticks of 10 ms.
fn children_cpu() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("proc is mounted");
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<f64> = after_name.split_whitespace().map(|f| f.parse().unwrap_or(0.0)).collect();
    (fields[13] + fields[14]) / 100.0
}

fn peak_rss_mib(pid: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok().map(|kib: f64| kib / 1024.0)
}

fn median(mut costs: Vec<Cost>) -> Cost {
    let mut middle = |key: fn(&Cost) -> f64| {
        costs.sort_by(|a, b| key(a).total_cmp(&key(b)));
        key(&costs[costs.len() / 2])
    };
    Cost { wall: middle(|c| c.wall), cpu: middle(|c| c.cpu), rss_mib: middle(|c| c.rss_mib) }
}

/// Milliseconds from the start of hypertune to the first instruction of its first job.
fn start_up(folder: &Path, tiny: &Path, round: u32) -> f64 {
    let study = folder.join(format!("start-{round}.study"));
    let mut command = hypertune(folder, &study, tiny, 1);
    command.arg("t");
    let started = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_nanos();
    measure(&mut command);
    let log = fs::read_to_string(study.join("trials/0/rung-0.stdout.log")).expect("the job's log");
    let at: u128 = log.lines().next().and_then(|line| line.parse().ok()).expect("a time");
    at.saturating_sub(started) as f64 / 1e6
}

fn compile(folder: &Path) -> PathBuf {
    let (source, program) = (folder.join("tiny.c"), folder.join("tiny"));
    fs::write(&source, TINY_C).expect("the source is written");
    let compiled = Command::new("cc").args(["-O2", "-static", "-o"]).arg(&program).arg(&source).status();
    assert!(compiled.is_ok_and(|status| status.success()), "this bench needs a C compiler that links statically");
    program
}
