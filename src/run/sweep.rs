//! Finding processes by a variable of their environment: what left its process group cannot hide from that.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::sys::{Pid, Signal, signal_group, signal_process};

/// The study's folder, in every job's environment.
pub const STUDY_VARIABLE: &str = "HYPERTUNE_STUDY_DIR";
/// The session of the driver that spawned it, in every job's environment.
pub const SESSION_VARIABLE: &str = "HYPERTUNE_SESSION";

/// Between SIGTERM and SIGKILL.
const PATIENCE: Duration = Duration::from_secs(1);
/// For how long SIGKILL is repeated where processes appear faster than they are found.
const INSISTENCE: Duration = Duration::from_secs(5);
/// How often to look.
const PAUSE: Duration = Duration::from_millis(50);

/// What to look for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mark {
    entry: Vec<u8>,
}

impl Mark {
    /// Processes that were started with `variable` set to `value`.
    pub fn new(variable: &str, value: impl AsRef<std::ffi::OsStr>) -> Mark {
        let mut entry = variable.as_bytes().to_vec();
        entry.push(b'=');
        entry.extend_from_slice(value.as_ref().as_bytes());
        Mark { entry }
    }

    fn is_on(&self, environment: &[u8]) -> bool {
        environment.split(|b| *b == 0).any(|entry| entry == self.entry)
    }
}

/// Every living process with the mark, ourselves excepted.
pub fn marked(mark: &Mark) -> Vec<Pid> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let own = std::process::id();
    let number = |entry: fs::DirEntry| entry.file_name().to_str()?.parse::<i32>().ok();
    let others = entries.flatten().filter_map(number).filter(|pid| u32::try_from(*pid) != Ok(own));
    // The environment of a zombie and of another user's process reads as empty or not at all.
    others
        .filter(|pid| fs::read(format!("/proc/{pid}/environ")).is_ok_and(|e| mark.is_on(&e)))
        .filter_map(Pid::new)
        .collect()
}

/// Ends the process groups `leaders` and every process with the mark: SIGTERM, a second, SIGKILL until none is left. How many
/// marked processes there were.
pub fn end(leaders: &[Pid], mark: &Mark) -> usize {
    let strays = marked(mark);
    let send = |strays: &[Pid], signal| {
        leaders.iter().for_each(|leader| signal_group(*leader, signal));
        strays.iter().for_each(|stray| signal_process(*stray, signal));
    };
    send(&strays, Signal::Terminate);
    let begun = Instant::now();
    let mut left = marked(mark);
    while !left.is_empty() && begun.elapsed() < PATIENCE {
        sleep(PAUSE);
        left = marked(mark);
    }
    send(&left, Signal::Kill);
    while !left.is_empty() && begun.elapsed() < PATIENCE + INSISTENCE {
        sleep(PAUSE);
        left = marked(mark);
        send(&left, Signal::Kill);
    }
    strays.len()
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_process_that_left_its_group_is_found_and_ended() {
        let value = format!("sweep-test-{}", std::process::id());
        let mark = Mark::new(SESSION_VARIABLE, &value);
        let script = "trap '' TERM; setsid sh -c \"trap '' TERM; echo up; sleep 600; sleep 600\" & wait";
        let mut child = Command::new("/bin/sh")
            .args(["-c", script])
            .env(SESSION_VARIABLE, &value)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut up = [0; 3];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut up).unwrap();
        assert!(end(&[], &mark) >= 2);
        assert_eq!(marked(&mark), []);
        child.wait().unwrap();
    }

    #[test]
    fn a_mark_is_a_whole_entry() {
        let mark = Mark::new("A", "b");
        assert!(mark.is_on(b"X=1\0A=b\0"));
        assert!(!mark.is_on(b"AA=b\0A=bb\0"));
    }
}
