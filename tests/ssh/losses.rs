//! Lost drivers, clients, connections and hosts.

use hypertune_test_support::{HYPERBAND, Lab, processes_with_variable, send_signal};

use crate::jobs::RANDOM;
use crate::servers::Servers;

const SIGKILL: i32 = 9;

/// The outcome of the study is that of a local one without losses, whose trainer has the same `words`.
fn assert_same_outcome(lab: &Lab, words: &str) {
    let local = Lab::hyperband();
    local.run("-j 4", words).exits(0);
    assert!(lab.outcome() == local.outcome());
}

#[test]
fn jobs_end_with_a_killed_driver() {
    let Some(servers) = Servers::start() else { return };
    for with_guard in [false, true] {
        let lab = servers.lab(HYPERBAND, ["slots: 2", "slots: 2"]);
        let driver = lab.start("", "pace=300");
        lab.wait_until("running jobs", || lab.records("started").len() >= 4);
        if with_guard {
            driver.kill_with_guard()
        } else {
            driver.kill()
        }
        // Also those that ignore the end of their connection.
        lab.wait_for_no_processes();
        lab.run("", "pace=300").exits(0);
        assert_same_outcome(&lab, "pace=300");
    }
}

#[test]
fn a_job_whose_client_is_killed_runs_again() {
    let Some(servers) = Servers::start() else { return };
    let lab = servers.lab(RANDOM, ["slots: 1", "slots: 1"]);
    let driver = lab.start("", "log=log sleep-trial-0=3000");
    lab.wait_until("a running job", || !lab.records("started").is_empty());
    let job = format!("HYPERTUNE_SESSION={}", lab.records("session")[0]["mark"].as_str().unwrap());
    let is_client =
        |pid: &u32| std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.starts_with(b"ssh\0"));
    let clients: Vec<u32> = processes_with_variable(&job).into_iter().filter(is_client).collect();
    assert_eq!(clients.len(), 1);
    send_signal(clients[0], SIGKILL);
    driver.wait().exits(0);
    let ends = lab.records("end");
    assert_eq!(
        (ends.len(), &ends[0]["failure"]["kind"], &ends[1]["status"]),
        (2, &"infrastructure".into(), &"succeeded".into())
    );
    lab.wait_for_no_processes();
}

#[test]
fn a_host_that_is_lost_is_set_aside_and_used_again() {
    let Some(mut servers) = Servers::start() else { return };
    let lab = servers.lab(HYPERBAND, ["slots: 2", "slots: 2"]);
    let driver = lab.start("", "pace=500");
    lab.wait_until("jobs on both hosts", || lab.records("started").len() >= 4);
    servers.kill_server(1);
    let lost = |lab: &Lab| lab.records("end").iter().filter(|end| end["failure"]["kind"] == "infrastructure").count();
    lab.wait_until("lost jobs", || lost(&lab) >= 1);
    servers.start_server(1);
    let before = lab.records("started").len();
    let is_back = || lab.records("started")[before..].iter().any(|start| start["node"] == "b");
    let mut driver = driver;
    lab.wait_until("the host to be used again, or the end", || is_back() || driver.has_exited());
    driver.wait().exits(0);
    assert_same_outcome(&lab, "pace=500");
}

#[test]
fn a_study_runs_on_the_hosts_that_answer() {
    let Some(mut servers) = Servers::start() else { return };
    servers.kill_server(1);
    let lab = servers.lab(HYPERBAND, ["slots: 2", "slots: 2"]);
    lab.run("", "").exits(0);
    assert!(lab.records("started").iter().all(|start| start["node"] == "a"));
    assert_same_outcome(&lab, "");
    servers.kill_server(0);
    let lab = servers.lab(RANDOM, ["slots: 1", "slots: 1"]);
    lab.run("", "").exits(1).stderr_contains("no host can be used: a: ").stderr_contains("Connection refused");
}

#[test]
fn nothing_is_left_of_the_connections() {
    let Some(servers) = Servers::start() else { return };
    let lab = servers.lab(RANDOM, ["slots: 1", "slots: 1"]);
    lab.run("", "").exits(0);
    let mark = lab.records("session")[0]["mark"].as_str().unwrap().to_owned();
    assert!(processes_with_variable(&format!("HYPERTUNE_SESSION={mark}")).is_empty());
}
