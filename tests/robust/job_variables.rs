//! Variables that jobs get, and those that the caller's environment keeps.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::process::Command;
use std::thread;

use hypertune_test_support::{Lab, RunOutput};

const THREADS: [&str; 4] = ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"];

/// The variables that each job printed.
fn variables(lab: &Lab) -> Vec<HashMap<String, String>> {
    let trials = fs::read_dir(lab.study().join("trials")).unwrap().flatten();
    let log = |trial: fs::DirEntry| fs::read_to_string(trial.path().join("rung-0.stdout.log")).unwrap();
    let pair = |line: &str| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    trials.map(|trial| log(trial).lines().filter_map(pair).collect()).collect()
}

fn run(lab: &Lab, options: &str, set: impl FnOnce(&mut Command)) -> Vec<HashMap<String, String>> {
    let mut command = lab.command(&lab.run_line(options, "variables sleep=300"));
    set(&mut command);
    RunOutput::of(&mut command).exits(0);
    variables(lab)
}

#[test]
fn processors_are_shared_and_python_does_not_buffer() {
    let processors = thread::available_parallelism().unwrap().get();
    for (options, expected) in [
        ("-j 1", Some(processors)),
        ("-j 2", Some((processors / 2).max(1))),
        // No more jobs run at once than there are trials.
        ("-j 8", Some((processors / 2).max(1))),
        ("--threads 3", Some(3)),
        ("--threads none", None),
    ] {
        let lab = Lab::random(2);
        for job in run(&lab, options, |_| {}) {
            assert_eq!(job["PYTHONUNBUFFERED"], "1", "{options}");
            for name in THREADS {
                assert_eq!(job.get(name).cloned(), expected.map(|count| count.to_string()), "{options}: {name}");
            }
        }
    }
}

#[test]
fn variables_of_the_caller_are_kept() {
    let lab = Lab::random(1);
    let set = |command: &mut Command| {
        command.env("PYTHONUNBUFFERED", "").env("OMP_NUM_THREADS", "7");
    };
    let jobs = run(&lab, "--threads 2", set);
    let [job] = jobs.as_slice() else { panic!("one job") };
    assert_eq!([&job["PYTHONUNBUFFERED"], &job["OMP_NUM_THREADS"], &job["MKL_NUM_THREADS"]], ["", "7", "2"]);
}

#[test]
fn jobs_that_run_at_once_have_different_ports() {
    let lab = Lab::random(4);
    let ports: HashSet<u16> =
        run(&lab, "-j 4", |_| {}).iter().map(|job| job["HYPERTUNE_PORT"].parse().unwrap()).collect();
    assert!(ports.len() == 4 && ports.iter().all(|port| (20_000..32_768).contains(port)), "{ports:?}");
}

#[test]
fn templates_name_slot_and_port() {
    let lab = Lab::new("kind: mapping\nmetric: {name: port, optimization: minimize}\nvalues: [{x: 1}, {x: 2}]\n");
    lab.script("job", "#!/bin/sh\necho \"{\\\"port\\\": $1}\"\ntest \"$1-$2\" = \"$HYPERTUNE_PORT-$HYPERTUNE_SLOT\"\n");
    let mut command = lab.command("run m.yaml -j 1 -- ./job");
    RunOutput::of(command.args(["{{ port }}", "{{ slot }}", "{{ x }}"])).exits(0);
}
