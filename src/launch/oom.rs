//! Detects that memory ran out: by the counters of the kernel and the control group, and by error messages of programs.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Error messages of failed allocations: Python, PyTorch, CUDA, C++, the JVM, TensorFlow.
const OUT_OF_MEMORY_MESSAGES: [&str; 8] = [
    "CUDA out of memory",
    "MemoryError",
    "OutOfMemoryError",
    "CUDA_ERROR_OUT_OF_MEMORY",
    "std::bad_alloc",
    "RESOURCE_EXHAUSTED: Out of memory",
    "Cannot allocate memory",
    "_STATUS_ALLOC_FAILED",
];

/// A job killed by SIGKILL within this time after an increase of a counter counts as killed by the same OOM event.
const SAME_OOM_EVENT: Duration = Duration::from_secs(1);

/// Monitors the counters of OOM kills. They are read only after a job was killed by SIGKILL.
#[derive(Debug)]
pub struct OomMonitor {
    counters: Vec<PathBuf>,
    last_count: Mutex<KillCount>,
}

#[derive(Debug)]
struct KillCount {
    kills: u64,
    increased_at: Option<Instant>,
}

impl OomMonitor {
    /// Counts kills from now on.
    pub fn start() -> OomMonitor {
        let cgroups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let counters: Vec<PathBuf> = cgroups
            .lines()
            .filter_map(counter_of)
            .chain([PathBuf::from("/proc/vmstat")])
            .filter(|p| p.exists())
            .collect();
        let last_count = Mutex::new(KillCount { kills: total(&counters), increased_at: None });
        OomMonitor { counters, last_count }
    }

    /// The reason for the journal if the kernel has killed a process for lack of memory since the last call or within
    /// [`SAME_OOM_EVENT`] before now.
    pub fn recent_kill(&self) -> Option<String> {
        let mut last = self.last_count.lock().unwrap_or_else(PoisonError::into_inner);
        let kills = total(&self.counters);
        if kills > last.kills {
            *last = KillCount { kills, increased_at: Some(Instant::now()) };
        }
        let recent = last.increased_at.is_some_and(|at| at.elapsed() < SAME_OOM_EVENT);
        recent.then(|| "killed by the system because memory ran out".to_owned())
    }
}

/// The last line of `stderr_tail` with an out-of-memory message, at most 200 characters of it.
pub fn out_of_memory_line(stderr_tail: &str) -> Option<String> {
    let line =
        stderr_tail.lines().rev().find(|line| OUT_OF_MEMORY_MESSAGES.iter().any(|message| line.contains(message)))?;
    Some(line.trim().chars().take(200).collect())
}

/// The counter file for a line of `/proc/self/cgroup`. In version 2 the list of controllers is empty.
fn counter_of(line: &str) -> Option<PathBuf> {
    let mut parts = line.splitn(3, ':').skip(1);
    let (controllers, group) = (parts.next()?, parts.next()?.trim_start_matches('/'));
    let root = Path::new("/sys/fs/cgroup");
    match controllers {
        "" => Some(root.join(group).join("memory.events")),
        "memory" => Some(root.join("memory").join(group).join("memory.oom_control")),
        _ => None,
    }
}

/// The sum of all `oom_kill` lines; an OOM kill increases at least one of them.
fn total(counters: &[PathBuf]) -> u64 {
    let count = |text: String| text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse::<u64>().ok());
    counters.iter().filter_map(|path| count(fs::read_to_string(path).ok()?)).fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_increased_counter_applies_to_all_jobs_killed_within_the_event() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("memory.events");
        fs::write(&path, "low 0\noom 3\noom_kill 3\n").unwrap();
        let last_count = Mutex::new(KillCount { kills: 3, increased_at: None });
        let monitor = OomMonitor { last_count, counters: vec![path.clone()] };
        assert_eq!(monitor.recent_kill(), None);
        fs::write(&path, "low 0\noom 4\noom_kill 4\n").unwrap();
        assert!(monitor.recent_kill().is_some() && monitor.recent_kill().is_some(), "two at once");
        monitor.last_count.lock().unwrap().increased_at = Instant::now().checked_sub(2 * SAME_OOM_EVENT);
        assert_eq!(monitor.recent_kill(), None);
    }

    #[test]
    fn both_versions_of_control_groups_are_supported() {
        let found = |line| counter_of(line).map(|p| p.display().to_string());
        assert_eq!(found("0::/user.slice").as_deref(), Some("/sys/fs/cgroup/user.slice/memory.events"));
        assert_eq!(found("4:memory:/a/b").as_deref(), Some("/sys/fs/cgroup/memory/a/b/memory.oom_control"));
        assert_eq!(found("3:cpuset:/"), None);
    }

    #[test]
    fn an_out_of_memory_message_is_found_in_the_last_lines() {
        let tail = "Traceback (most recent call last):\n  File \"t.py\"\ntorch.cuda.OutOfMemoryError: CUDA out of memory. Tried\n";
        assert_eq!(out_of_memory_line(tail).unwrap(), "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried");
        assert_eq!(out_of_memory_line("ValueError: learning rate"), None);
    }
}
