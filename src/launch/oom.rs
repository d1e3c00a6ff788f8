//! Evidence that memory ran out: the kernel's and the control group's counters, and what programs say of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What programs print when they could not get memory: Python, PyTorch, CUDA, C++, the JVM, TensorFlow.
const COMPLAINTS: [&str; 8] = [
    "CUDA out of memory",
    "MemoryError",
    "OutOfMemoryError",
    "CUDA_ERROR_OUT_OF_MEMORY",
    "std::bad_alloc",
    "RESOURCE_EXHAUSTED: Out of memory",
    "Cannot allocate memory",
    "_STATUS_ALLOC_FAILED",
];

/// Jobs that die of SIGKILL this soon after a counter was seen to grow were killed in the same emergency.
const SAME_EMERGENCY: Duration = Duration::from_secs(1);

/// Watches the counters of processes killed for memory. They are read only where a job died of SIGKILL.
#[derive(Debug)]
pub struct OomMonitor {
    counters: Vec<PathBuf>,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    kills: u64,
    grown_at: Option<Instant>,
}

impl OomMonitor {
    /// From now on: what the counters already hold is no evidence.
    pub fn begin() -> OomMonitor {
        let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let counters: Vec<PathBuf> =
            own.lines().filter_map(counter_of).chain([PathBuf::from("/proc/vmstat")]).filter(|p| p.exists()).collect();
        let seen = Mutex::new(Seen { kills: total(&counters), grown_at: None });
        OomMonitor { counters, seen }
    }

    /// Whether a process was killed for memory since the last such answer, or just before it: the sentence to journal.
    pub fn killed_since(&self) -> Option<String> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let kills = total(&self.counters);
        if kills > seen.kills {
            *seen = Seen { kills, grown_at: Some(Instant::now()) };
        }
        let recent = seen.grown_at.is_some_and(|grown| grown.elapsed() < SAME_EMERGENCY);
        recent.then(|| "killed by the system because memory ran out".to_owned())
    }
}

/// The line of a stderr's end in which the program says that memory ran out.
pub fn complaint(stderr_tail: &str) -> Option<String> {
    let line = stderr_tail.lines().rev().find(|line| COMPLAINTS.iter().any(|c| line.contains(c)))?;
    Some(line.trim().chars().take(200).collect())
}

/// The counter file of one line of `/proc/self/cgroup`: version 2 has an empty list of controllers.
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

/// Sum of all `oom_kill` lines; an OOM kill raises at least one of them.
fn total(counters: &[PathBuf]) -> u64 {
    let count = |text: String| text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse::<u64>().ok());
    counters.iter().filter_map(|path| count(fs::read_to_string(path).ok()?)).fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grown_counter_is_evidence_for_those_killed_then() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("memory.events");
        fs::write(&path, "low 0\noom 3\noom_kill 3\n").unwrap();
        let seen = Mutex::new(Seen { kills: 3, grown_at: None });
        let watch = OomMonitor { seen, counters: vec![path.clone()] };
        assert_eq!(watch.killed_since(), None);
        fs::write(&path, "low 0\noom 4\noom_kill 4\n").unwrap();
        assert!(watch.killed_since().is_some() && watch.killed_since().is_some(), "two at once");
        watch.seen.lock().unwrap().grown_at = Instant::now().checked_sub(2 * SAME_EMERGENCY);
        assert_eq!(watch.killed_since(), None);
    }

    #[test]
    fn both_versions_of_control_groups_are_known() {
        let found = |line| counter_of(line).map(|p| p.display().to_string());
        assert_eq!(found("0::/user.slice").as_deref(), Some("/sys/fs/cgroup/user.slice/memory.events"));
        assert_eq!(found("4:memory:/a/b").as_deref(), Some("/sys/fs/cgroup/memory/a/b/memory.oom_control"));
        assert_eq!(found("3:cpuset:/"), None);
    }

    #[test]
    fn a_program_s_own_complaint_is_found_in_its_last_lines() {
        let tail = "Traceback (most recent call last):\n  File \"t.py\"\ntorch.cuda.OutOfMemoryError: CUDA out of memory. Tried\n";
        assert_eq!(complaint(tail).unwrap(), "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried");
        assert_eq!(complaint("ValueError: learning rate"), None);
    }
}
