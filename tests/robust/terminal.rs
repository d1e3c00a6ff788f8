//! A real terminal, made by `script`: Ctrl-C reaches the driver only, Ctrl-Z and a closed window do no harm.

use std::fs;
use std::io::Write;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use crate::lab::{Ended, Lab, send};

const CTRL_C: &[u8] = b"\x03";
const CTRL_Z: &[u8] = b"\x1a";

/// A terminal window with hypertune in it.
struct Window {
    script: Child,
    keys: ChildStdin,
}

impl Window {
    fn open(lab: &Lab, options: &str, words: &str) -> Window {
        let line = format!("exec {} {}", env!("CARGO_BIN_EXE_hypertune"), lab.line(options, words));
        let mut script = Command::new("script");
        script
            .args(["-qfec", &line, "/dev/null"])
            .current_dir(lab.path(""))
            .env("TERM", "xterm")
            .env("SHELL", "/bin/sh");
        let mut script = script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let keys = script.stdin.take().unwrap();
        Window { script, keys }
    }

    fn press(&mut self, keys: &[u8]) {
        self.keys.write_all(keys).unwrap();
        self.keys.flush().unwrap();
    }

    /// The last words, once hypertune has ended.
    fn end(self) -> Ended {
        let ended = Ended::of(self.script.wait_with_output().unwrap());
        drop(self.keys);
        ended
    }
}

#[test]
fn ctrl_c_ends_jobs_politely_and_gives_the_terminal_back() {
    let lab = Lab::random(2);
    let log = lab.path("log");
    let mut window = Window::open(&lab, "-j 2", &format!("catch log={} save=400", log.display()));
    lab.until("two jobs", || fs::read_to_string(&log).unwrap_or_default().lines().count() == 2);
    window.press(CTRL_C);
    let ended = window.end().exits(130);
    assert!(ended.out.contains("hypertune resume"), "{}", ended.out);
    let hidden = ended.out.matches("\u{1b}[?25l").count();
    assert_eq!(hidden, ended.out.matches("\u{1b}[?25h").count(), "the cursor stays hidden");
    let ends = lab.records("end");
    assert!(ends.iter().all(|e| e["exit_code"] == 0 && e["by"]["rule"] == "interrupted"), "{ends:?}");
    assert_eq!(ends.len(), 2);
}

#[test]
fn a_closed_window_ends_the_study_in_order() {
    let lab = Lab::random(2);
    let window = Window::open(&lab, "-j 2 -v", "breed stray sleep=600000");
    lab.until("two jobs", || lab.living().len() == 6);
    send(window.script.id(), 9);
    window.end();
    lab.until("the journal's end", || lab.records("finish").len() == 1);
    assert_eq!(lab.records("finish")[0]["signal"], 1);
    lab.nothing_lives();
}

#[test]
fn a_window_closed_over_a_driver_that_ignores_it_does_not_end_the_study() {
    let lab = Lab::random(6);
    let line = format!("trap '' HUP; exec {} {}", env!("CARGO_BIN_EXE_hypertune"), lab.line("-j 1 -v", "pace=50"));
    let mut script = Command::new("script");
    script.args(["-qfec", &line, "/dev/null"]).current_dir(lab.path("")).env("SHELL", "/bin/sh");
    let mut script = script.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    lab.until("a job", || !lab.records("end").is_empty());
    script.kill().unwrap();
    script.wait().unwrap();
    lab.until("the journal's end", || lab.records("finish").len() == 1);
    assert_eq!(lab.records("finish")[0]["reason"], "completed");
    assert_eq!(lab.outcome().values.len(), 6);
}

#[test]
fn a_suspended_driver_goes_on() {
    let lab = Lab::random(150);
    // A shell with job control, as a person has it: Ctrl-Z gives the terminal back to it, `fg` goes on.
    let hypertune = format!("{} {}", env!("CARGO_BIN_EXE_hypertune"), lab.line("-j 2", ""));
    let command = format!("bash -c 'set -m; {hypertune}{}'", "; fg".repeat(200));
    let mut script = Command::new("script");
    script.args(["-qfec", &command, "/dev/null"]).current_dir(lab.path("")).env("TERM", "xterm");
    let mut script = script.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut keys = script.stdin.take().unwrap();
    // Again and again, so that some of it falls into the spawning of a job.
    for _ in 0..100 {
        sleep(Duration::from_millis(10));
        let _ = keys.write_all(CTRL_Z);
    }
    lab.until("its end", || lab.records("finish").len() == 1);
    drop(keys);
    script.wait().unwrap();
    assert_eq!(lab.records("finish")[0]["reason"], "completed");
    assert_eq!(lab.outcome().values.len(), 150);
    lab.no_slot_is_doubled();
}
