//! Ctrl-C, Ctrl-Z and closed windows on a terminal, which `script` provides.

use std::fs;
use std::io::Write;
use std::process::{Child, ChildStdin, Stdio};
use std::thread::sleep;
use std::time::Duration;

use hypertune_test_support::{Lab, RunOutput, hypertune, send_signal};

const CTRL_C: &[u8] = b"\x03";
const CTRL_Z: &[u8] = b"\x1a";

/// A terminal window with hypertune in it.
struct Window {
    script: Child,
    keys: ChildStdin,
}

impl Window {
    fn open(lab: &Lab, options: &str, words: &str) -> Window {
        // A parent such as nohup may ignore SIGHUP.
        let line = format!("exec env --default-signal=HUP {} {}", hypertune(), lab.run_line(options, words));
        let mut script = lab.terminal(&line);
        let mut script = script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let keys = script.stdin.take().unwrap();
        Window { script, keys }
    }

    fn press(&mut self, keys: &[u8]) {
        self.keys.write_all(keys).unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits until hypertune has exited.
    fn end(self) -> RunOutput {
        let ended = RunOutput::new("script", self.script.wait_with_output().unwrap());
        drop(self.keys);
        ended
    }
}

#[test]
fn ctrl_c_gives_jobs_their_grace_period_and_restores_the_terminal() {
    let lab = Lab::random(2);
    let log = lab.path("log");
    let mut window = Window::open(&lab, "-j 2", &format!("catch log={} save=400", log.display()));
    lab.wait_until("two jobs", || fs::read_to_string(&log).unwrap_or_default().lines().count() == 2);
    window.press(CTRL_C);
    let ended = window.end().exits(130);
    assert!(ended.stdout.contains("hypertune resume"), "{}", ended.stdout);
    let hidden = ended.stdout.matches("\u{1b}[?25l").count();
    assert_eq!(hidden, ended.stdout.matches("\u{1b}[?25h").count(), "the cursor stays hidden");
    let ends = lab.records("end");
    assert!(ends.iter().all(|e| e["exit_code"] == 0 && e["by"]["rule"] == "interrupted"), "{ends:?}");
    assert_eq!(ends.len(), 2);
}

#[test]
fn a_closed_window_interrupts_the_study() {
    let lab = Lab::random(2);
    let window = Window::open(&lab, "-j 2 -v", "child detached sleep=600000");
    lab.wait_until("two jobs", || lab.job_processes().len() == 6);
    send_signal(window.script.id(), 9);
    window.end();
    lab.wait_until("the journal's end", || lab.records("finish").len() == 1);
    assert_eq!(lab.records("finish")[0]["signal"], 1);
    lab.wait_for_no_processes();
}

#[test]
fn a_closed_window_does_not_end_a_driver_that_ignores_sighup() {
    let lab = Lab::random(6);
    let line = format!("trap '' HUP; exec {} {}", hypertune(), lab.run_line("-j 1 -v", "pace=50"));
    let mut script = lab.terminal(&line);
    let mut script = script.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    lab.wait_until("a job", || !lab.records("end").is_empty());
    script.kill().unwrap();
    script.wait().unwrap();
    lab.wait_until("the journal's end", || lab.records("finish").len() == 1);
    assert_eq!(lab.records("finish")[0]["reason"], "completed");
    assert_eq!(lab.outcome().values.len(), 6);
}

#[test]
fn a_suspended_driver_continues() {
    let lab = Lab::random(150);
    // A shell with job control: Ctrl-Z returns to the shell, `fg` continues hypertune.
    let hypertune = format!("{} {}", hypertune(), lab.run_line("-j 2", ""));
    let command = format!("bash -c 'set -m; {hypertune}{}'", "; fg".repeat(200));
    let mut script = lab.terminal(&command);
    let mut script = script.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut keys = script.stdin.take().unwrap();
    // Repeated, so that some of them interrupt the start of a job.
    for _ in 0..100 {
        sleep(Duration::from_millis(10));
        let _ = keys.write_all(CTRL_Z);
    }
    lab.wait_until("its end", || lab.records("finish").len() == 1);
    drop(keys);
    script.wait().unwrap();
    assert_eq!(lab.records("finish")[0]["reason"], "completed");
    assert_eq!(lab.outcome().values.len(), 150);
    lab.assert_slots_are_exclusive();
}
