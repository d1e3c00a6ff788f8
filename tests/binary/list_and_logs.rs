//! `list` and `logs`.

use std::fs;
use std::time::Duration;

use hypertune_test_support::Lab;
use serde_json::Value;

#[test]
fn studies_are_listed_with_their_state() {
    let lab = Lab::random(3);
    assert_eq!(lab.hypertune("list").exits(0).stdout, "no studies\n");
    lab.run("-q --study out/done.study", "").exits(0);
    lab.run("-q --study out/half.study --max-jobs 1", "").exits(4);
    fs::create_dir_all(lab.path("out/broken")).expect("a folder");
    lab.file("out/broken/journal.jsonl", "{\"type\":\"study\",\n{}\n");
    let rows = lab.hypertune("list out --format json").exits(0).json();
    let column = |key: &str| rows.as_array().expect("an array").iter().map(|row| row[key].clone()).collect::<Vec<_>>();
    assert_eq!(column("study"), ["out/broken", "out/done.study", "out/half.study"]);
    assert_eq!(column("state"), [Value::Null, "finished".into(), "interrupted".into()]);
    assert_eq!(column("done"), [0, 3, 1]);
    assert_eq!(column("kind"), [Value::Null, "random".into(), "random".into()]);
    assert!(rows[0]["error"].as_str().is_some_and(|error| error.contains("out/broken/journal.jsonl:1")), "{rows}");
    assert!(rows[1]["value"].is_f64() && rows[1]["disk_bytes"].as_u64() > Some(0));
    let text = lab.hypertune("list").exits(0).stdout;
    assert!(text.contains("out/half.study  interrupted  random"), "{text}");
    assert_eq!(lab.hypertune("list --depth 1").exits(0).stdout, "no studies\n");
    lab.hypertune("list m.yaml").exits(2).stderr_contains("is not a folder");
}

#[test]
fn a_log_is_printed_as_it_is() {
    let lab = Lab::hyperband();
    lab.run("-q -j 2", "say=hello fail-below=0.1").exits(0);
    let log = |arguments: &str| lab.hypertune(&format!("logs m.study {arguments}")).exits(0);
    let trial = lab.records("promoted")[0]["trial"].as_u64().expect("a number");
    let file = |name: &str| lab.read(&format!("m.study/trials/{trial}/{name}.log"));
    assert_eq!(log(&format!("{trial} --rung 0")).stdout, file("rung-0.stdout"));
    assert_eq!(log(&format!("{trial} --rung 0 --attempt 1 --stderr")).stdout, file("rung-0.stderr"));
    let last = log(&trial.to_string());
    assert_ne!(last.stdout, file("rung-0.stdout"));
    lab.hypertune("logs m.study 99").exits(2).stderr_contains("its trials have the numbers 0 to 14");
    lab.hypertune(&format!("logs m.study {trial} --rung 7")).exits(2).stderr_contains("it has rung 0 attempt 1");
}

#[test]
fn a_job_without_output_is_a_note() {
    let lab = Lab::random(1);
    lab.run("-q", "nothing say=only-here exit=1").exits(3);
    let none = lab.hypertune("logs m.study 0").exits(0);
    assert_eq!(none.stdout, "");
    none.stderr_contains("has printed nothing on stdout; --stderr shows its stderr");
}

#[test]
fn following_ends_with_the_job() {
    let lab = Lab::random(1);
    let driver = lab.start("-q", "lines=1 sleep=2500 lines=1");
    lab.wait_until("a first line", || lab.path("m.study/trials/0/rung-0.stdout.log").exists());
    let started = std::time::Instant::now();
    let followed = lab.hypertune("logs m.study 0 -f").exits(0);
    assert!(started.elapsed() > Duration::from_millis(500));
    driver.wait().exits(0);
    assert_eq!(followed.stdout, lab.read("m.study/trials/0/rung-0.stdout.log"));
    assert!(followed.stdout.lines().count() >= 3, "{}", followed.stdout);
}
