//! Large outputs and many readings do not use memory, and no reading that counts is lost.

use std::fs;

use hypertune_test_support::{Driver, Lab, RunOutput, rounds};

const MIB: u64 = 1 << 20;

/// Largest resident set of the driver so far, in bytes.
fn peak(driver: &Driver) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", driver.pid())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? * 1024)
}

#[test]
fn large_outputs_do_not_use_memory() {
    let lab = Lab::random(1);
    let words = "flood=200000000 flood-err=100000000";
    let mut driver = lab.start("--log-limit 1MB", words);
    let mut largest = 0;
    while !driver.has_exited() {
        largest = peak(&driver).unwrap_or(largest);
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    driver.wait().exits(0);
    assert!(largest > 0 && largest < 50 * MIB, "{} MiB", largest / MIB);
    for stream in ["stdout", "stderr"] {
        let log = fs::metadata(lab.study().join(format!("trials/0/rung-0.{stream}.log"))).unwrap();
        assert!((900_000..1_100_000).contains(&log.len()), "{stream}: {}", log.len());
    }
    let log = fs::read_to_string(lab.study().join("trials/0/rung-0.stdout.log")).unwrap();
    assert!(log.contains("--log-limit 1000000"), "the truncation is not noted");
    assert!(log.trim_end().ends_with('}'), "the last line is missing");
    assert_eq!(lab.records("end")[0]["status"], "succeeded");
}

#[test]
fn the_last_of_many_readings_counts() {
    let readings = 200_000 * rounds();
    let lab = Lab::random(1);
    lab.run("", &format!("lines={readings} exit=0")).exits(0);
    let end = &lab.records("end")[0];
    assert_eq!(end["score"], readings as f64 + 0.5);
    assert!(end["curve"].as_array().unwrap().len() <= 64);
}

#[test]
fn readings_of_a_mebibyte_do_not_use_memory() {
    let lab = Lab::random(2);
    let mut driver = lab.start("-j 2 --log-limit 1MB", "objects=12 exit=0");
    let mut largest = 0;
    while !driver.has_exited() {
        largest = peak(&driver).unwrap_or(largest);
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    driver.wait().exits(0);
    assert!(largest > 0 && largest < 50 * MIB, "{} MiB", largest / MIB);
    assert!(lab.records("end").iter().all(|e| e["score"] == 12.0 && e["metrics"] == serde_json::json!({"loss": 12})));
}

#[test]
fn rules_on_many_readings_do_not_use_memory_and_see_the_last() {
    let rule = "earlyStopping:\n  - {metric: loss, optimization: minimize, policy: {kind: median, minSamples: 1}}\n\
                \x20 - {metric: loss, optimization: minimize, value: -1}\n";
    let lab = Lab::random(1);
    fs::write(lab.path("m.yaml"), fs::read_to_string(lab.path("m.yaml")).unwrap() + rule).unwrap();
    let mut driver = lab.start("--log-limit 1MB", "lines=100000 value=-2");
    let mut largest = 0;
    while !driver.has_exited() {
        largest = peak(&driver).unwrap_or(largest);
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    driver.wait().exits(0);
    assert!(largest > 0 && largest < 50 * MIB, "{} MiB", largest / MIB);
    assert_eq!(lab.records("finish")[0]["reason"], "metric_reached");
}

#[test]
fn a_line_that_is_too_long_is_skipped() {
    let lab = Lab::random(1);
    fs::write(lab.path("long.py"), "").unwrap();
    let script = "head -c 5000000 /dev/zero | tr '\\0' x; echo; echo '{\"loss\": 0.25}'";
    let mut command = lab.command("run m.yaml --");
    RunOutput::of(command.args(["sh", "-c", script, "{{ x }}"])).exits(0);
    assert_eq!(lab.records("end")[0]["score"], 0.25);
}
