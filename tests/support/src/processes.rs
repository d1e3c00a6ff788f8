//! Signals, and processes found by their environment.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};

/// Processes that were started with `entry`, a `NAME=value`, in their environment.
pub fn processes_with_variable(entry: &str) -> Vec<u32> {
    let pids = fs::read_dir("/proc").expect("/proc").flatten().filter_map(|e| e.file_name().to_str()?.parse().ok());
    let has_entry = |pid: &u32| {
        fs::read(format!("/proc/{pid}/environ")).is_ok_and(|e| e.split(|b| *b == 0).any(|v| v == entry.as_bytes()))
    };
    pids.filter(has_entry).collect()
}

/// Sends `signal` to a process, which must exist.
#[track_caller]
pub fn send_signal(pid: u32, signal: i32) {
    assert!(try_send_signal(pid, signal), "cannot send signal {signal} to process {pid}");
}

/// Sends `signal` to a process; false if it no longer exists.
pub fn try_send_signal(pid: u32, signal: i32) -> bool {
    let mut kill = Command::new("kill");
    kill.args([format!("-{signal}"), pid.to_string()]).stderr(Stdio::null());
    kill.status().expect("kill starts").success()
}

/// Whether the tests run as root.
pub fn is_root() -> bool {
    fs::metadata("/proc/self").expect("/proc").uid() == 0
}

/// Whether programs can be started as another user.
pub fn can_change_user() -> bool {
    let status = Command::new("setpriv").args(["--reuid=65534", "true"]).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
