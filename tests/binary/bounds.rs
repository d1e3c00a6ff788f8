//! Numbers at and beyond their limits, and files that are pipes, devices, folders or too large: a message, no crash, no wait
//! without a timeout.

use hypertune_test_support::{Lab, RunOutput, hypertune};

use crate::HYPERBAND;

const RANDOM: &str = "\
kind: random
numRuns: 2
seed: 1
metric: {name: loss, optimization: minimize}
params: {x: {kind: uniform, value: [0, 1]}}
";

#[test]
fn the_largest_values_of_every_option_work() {
    for options in [
        "--grace 876600h --job-timeout 876600h --time-limit 876600h",
        "--job-timeout 1ms --grace 876600h",
        "--grace 0s --log-limit 0",
        "--log-limit 8999999GB",
        "--retries 4294967295 --max-jobs 18446744073709551615 --seed 18446744073709551615",
        "-j 1024",
        "--gpus 0 --jobs-per-gpu 4294967295 -j 2",
        "--gpus 0 --jobs-per-gpu 1024",
    ] {
        let lab = Lab::new(RANDOM);
        let ended = lab.run(&format!("-q {options}"), "");
        assert!(matches!(ended.code(), Some(0 | 3)), "{options}: {:?}\n{}", ended.code(), ended.stderr);
        assert!(!ended.stderr.contains("internal error"), "{options}: {}", ended.stderr);
    }
    Lab::new(HYPERBAND).run("-q --max-resource 1e308", "").exits(0);
}

#[test]
fn values_out_of_range_are_usage_errors() {
    let lab = Lab::new(RANDOM);
    for options in [
        "--grace 876601h",
        "--grace 9223372036854775807s",
        "--job-timeout 99999999999999999999s",
        "--time-limit -1s",
        "--log-limit 1e300",
        "--retries 4294967296",
        "--max-jobs 18446744073709551616",
        "--max-resource 1e309",
        "-j 1025",
        "-j 0",
        "--gpus 0 --jobs-per-gpu 1025",
        "--gpus 0 --jobs-per-gpu 4294967295",
        "--gpus 0,1 --gpus-per-job 4294967295",
        "--gpus 0,0",
    ] {
        lab.run(options, "").exits(2);
        assert_eq!(lab.names(), ["m.yaml"], "{options}");
    }
    let timeout = format!(
        "version: 1.1\nkind: operation\ntermination: {{timeout: 1e300}}\nmatrix:\n{}",
        RANDOM.lines().map(|line| format!("  {line}\n")).collect::<String>()
    );
    lab.file("o.yaml", timeout)
        .hypertune("check o.yaml -- echo")
        .exits(2)
        .output_contains("`timeout` must be between 0 and");
}

#[test]
fn devices_folders_and_endless_files_are_refused() {
    let lab = Lab::new(RANDOM);
    let component = "version: 1.1\nkind: operation\npathRef: /dev/zero\nmatrix:\n".to_owned()
        + &RANDOM.lines().map(|line| format!("  {line}\n")).collect::<String>();
    lab.file("o.yaml", component).hypertune("check o.yaml").exits(2).output_contains("larger than 4 MiB");
    for (file, as_matrix, as_points) in [
        ("/dev/zero", "larger than 4 MiB", "larger than 4 MiB"),
        ("/dev/null", "empty", "the file has no starting points"),
        ("/", "directory", "directory"),
    ] {
        lab.hypertune(&format!("check {file} -- echo")).exits(2).output_contains(as_matrix);
        lab.hypertune(&format!("check m.yaml --enqueue {file} -- echo")).exits(2).output_contains(as_points);
    }
    lab.hypertune("check m.yaml --warm-start /dev/zero -- echo").exits(2);
    std::fs::create_dir(lab.path("fake.study")).expect("a folder");
    std::os::unix::fs::symlink("/dev/zero", lab.path("fake.study/journal.jsonl")).expect("a link");
    lab.hypertune("check m.yaml --warm-start fake.study -- echo").exits(2).output_contains("it is a device");
    lab.hypertune("best fake.study").output_contains("it is a device");
}

#[test]
fn the_total_size_of_starting_points_is_limited() {
    let long = "a".repeat(100_000);
    let lab = Lab::new(&RANDOM.replace("uniform, value: [0, 1]", &format!("choice, value: [{long}]")));
    lab.file("points", format!("- {{x: {long}}}\n").repeat(40));
    let files = "--enqueue points ".repeat(5);
    lab.hypertune(&format!("check m.yaml {files} -- echo"))
        .exits(2)
        .output_contains("the starting points take more than 16 MiB");
}

#[test]
fn pipes_are_read_with_a_timeout() {
    let lab = Lab::new(RANDOM);
    let bash = |script: &str| RunOutput::of(lab.program("bash").env("HYPERTUNE", hypertune()).args(["-c", script]));
    let read = bash(r#""$HYPERTUNE" check <(sleep 0.3; cat m.yaml) --enqueue <(echo '{"x": 0.5}') -- echo"#).exits(0);
    assert_eq!(read.stderr, "");
    let read = bash(r#"cat m.yaml | "$HYPERTUNE" check /dev/stdin -- echo"#).exits(0);
    assert_eq!(read.stderr, "");
    bash(r#""$HYPERTUNE" check <(true) -- echo"#).exits(2).stderr_contains("the file is empty");
    let endless = bash(r#""$HYPERTUNE" check m.yaml --enqueue <(yes '{"x": 0.5}') -- echo"#).exits(2);
    endless.stderr_contains("larger than 4 MiB");
    let without_writer = bash(r#"mkfifo pipe; "$HYPERTUNE" check m.yaml --enqueue pipe -- echo"#).exits(2);
    without_writer.stderr_contains("nothing was written to it for 10 s");
}
