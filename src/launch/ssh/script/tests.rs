use std::io::Write;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

fn start(argv: &[&str], env: &[(&str, &str)], mark: &str) -> Child {
    let argv: Vec<String> = argv.iter().map(|arg| (*arg).to_owned()).collect();
    let env: Vec<(String, OsString)> = [(JOB_VARIABLE, mark)]
        .iter()
        .chain(env)
        .map(|(name, value)| ((*name).to_owned(), OsString::from(value)))
        .collect();
    let unset = ["LANG".to_owned()];
    let job = RemoteJob { host: "a", argv: &argv, directory: Path::new("/usr"), env: &env, unset: &unset, mark };
    let mut child = Command::new("sh")
        .args(["-c", BOOTSTRAP])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.as_mut().unwrap().write_all(&job.line()).unwrap();
    child
}

fn run(argv: &[&str], env: &[(&str, &str)]) -> Output {
    // What is left of a job is found by its mark, so each has its own.
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let mark = format!("1-1-{}/{}-0-1", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let mut child = start(argv, env, &mark);
    let stdin = child.stdin.take();
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    output
}

fn end(script: &str) -> (Option<i32>, String) {
    let output = run(&["sh", "-c", script], &[]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<&str> = stderr.lines().collect();
    assert!(lines[0].starts_with("hypertune: started on a "), "{stderr}");
    (output.status.code(), lines[1..].join("\n"))
}

#[test]
fn exit_codes_and_signals_are_told_apart() {
    for code in [0, 3, 143, 254] {
        assert_eq!(end(&format!("exit {code}")), (Some(code), String::new()));
    }
    assert_eq!(end("exit 255"), (Some(255), EXITED_WITH_255.to_owned()));
    for signal in [6, 9, 11, 15] {
        assert_eq!(end(&format!("kill -{signal} $$")), (Some(128 + signal), format!("{ENDED_BY_SIGNAL}{signal}")));
    }
    let missing = run(&["/no/such/program"], &[]);
    assert_eq!(missing.status.code(), Some(127));
}

#[test]
fn the_end_of_stdin_ends_the_job() {
    for (script, mark, longest) in
        [("sleep 600", "1-1-2/0-0-1", 2), ("trap '' TERM; sleep 600; sleep 600", "1-1-2/1-0-1", 20)]
    {
        let mut child = start(&["sh", "-c", script], &[], mark);
        std::thread::sleep(Duration::from_millis(300));
        let began = Instant::now();
        drop(child.stdin.take());
        assert!(child.wait().unwrap().code().unwrap() > 128);
        assert!(began.elapsed() < Duration::from_secs(longest), "{script}: {:?}", began.elapsed());
    }
}

#[test]
fn what_a_job_leaves_running_is_ended_with_it() {
    let began = Instant::now();
    // The pipes of stdout and stderr close only when all its processes have ended.
    assert_eq!(end("sleep 600 & setsid sleep 600 & exit 4").0, Some(4));
    assert!(began.elapsed() < Duration::from_secs(60));
}

#[test]
fn processes_are_found_by_their_marks() {
    let child =
        start(&["sh", "-c", "setsid sleep 600 & wait"], &[(SESSION_VARIABLE, "7-7-7/0-0-1/8-8-8")], "7-7-7/0-0-1");
    std::thread::sleep(Duration::from_millis(300));
    let count = |mark: &str| {
        let marks = [Mark::Session(crate::launch::orphans::mark::SessionMark::parse(mark).unwrap())];
        let output = Command::new("sh").args(["-c", &end_marked(&marks)]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().parse::<u32>().unwrap()
    };
    assert_eq!(count("7-7-77"), 0);
    assert!(count("7-7-7") >= 2);
    assert!(child.wait_with_output().unwrap().status.code().unwrap() > 128);
    assert!(!end_marked(&[Mark::Job("1-1-1/0-0-1".into())]).replacen('\'', "", 2).contains('\''));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]
    #[test]
    fn arguments_and_variables_arrive_as_they_were(
        args in prop::collection::vec("[\\PC\n\t\r'\"\\\\$`!%\u{1}-\u{7f}\u{80}-\u{100}]{0,12}", 0..8),
        value in "[\\PC\n\t'\"\\\\$`!]{0,20}",
    ) {
        let script = "printf '%s\\0' \"$V\" \"$PWD\" \"${LANG-none}\" \"${HYPERTUNE_NODE-none}\" \"$@\"";
        let argv: Vec<&str> = ["sh", "-c", script, "sh"].into_iter().chain(args.iter().map(String::as_str)).collect();
        let output = run(&argv, &[("V", &value)]);
        let expected: Vec<&str> = [value.as_str(), "/usr", "none", "none"].into_iter().chain(args.iter().map(String::as_str)).collect();
        let printed = String::from_utf8(output.stdout).unwrap();
        prop_assert_eq!(printed, expected.iter().map(|text| format!("{text}\0")).collect::<String>());
    }
}
