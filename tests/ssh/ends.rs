//! How jobs end, and how they are ended.

use std::time::Duration;

use crate::jobs::RANDOM;
use crate::servers::Servers;

const SIGINT: i32 = 2;

#[test]
fn exit_codes_and_signals_are_those_of_the_job() {
    let Some(servers) = Servers::start() else { return };
    for (words, kind, detail) in [
        ("exit=3", "exit", 3),
        ("exit=143", "exit", 143),
        ("exit=255", "exit", 255),
        ("kill=9", "signal", 9),
        ("kill=15", "signal", 15),
    ] {
        let lab = servers.lab(RANDOM, ["slots: 1", "slots: 1"]);
        lab.run("--keep-going", words).exits(3);
        let ends = lab.records("end");
        assert_eq!(ends.len(), 1, "{words}: {ends:?}");
        assert_eq!(
            (&ends[0]["failure"]["kind"], &ends[0]["failure"]["detail"]),
            (&kind.into(), &detail.into()),
            "{words}"
        );
    }
    let lab = servers.lab(RANDOM, ["slots: 1", "slots: 1"]);
    lab.hypertune("run m.yaml -- no-such-program-anywhere").exits(3);
    assert_eq!(lab.records("end")[0]["failure"]["kind"], "bad_command");
}

#[test]
fn a_job_is_interrupted_by_ctrl_c_and_killed_after_its_timeout() {
    let Some(servers) = Servers::start() else { return };
    let lab = servers.lab(RANDOM, ["slots: 1", "slots: 1"]);
    let driver = lab.start("--grace 30s", "catch save=1 pace=5000 checkpoint");
    lab.wait_until("a running job", || !lab.records("started").is_empty());
    std::thread::sleep(Duration::from_millis(500));
    driver.signal(SIGINT);
    driver.wait().exits(130);
    lab.wait_for_no_processes();

    let stubborn = servers.lab(RANDOM, ["slots: 1", "slots: 1"]);
    stubborn.run("--job-timeout 1s --grace 500ms", "ignore=term detached sleep=600000");
    assert_eq!(stubborn.records("end")[0]["failure"]["kind"], "timeout");
    stubborn.wait_for_no_processes();
}
