//! Reads processes from `/proc`: environment, parent, group, session and start time.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;

use crate::launch::process::syscalls::{Pid, ticks_per_second};

/// Maximum number of ancestors, in case of a cycle.
const MAX_ANCESTORS: usize = 4096;

/// The processes in `/proc`, or in a directory of the same structure.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProcessTable {
    root: PathBuf,
}

/// Fields of `/proc/PID/stat`, proc_pid_stat(5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stat {
    /// Whether it has exited and not been reaped.
    pub zombie: bool,
    /// Number of its parent; may be 0 or 1.
    pub parent: i32,
    /// Number of its process group.
    pub group: i32,
    /// Number of its session.
    pub session: i32,
    /// Start time in clock ticks since boot.
    pub start: u64,
}

impl Stat {
    /// Start time since boot, rounded down to a tick.
    pub fn started(&self) -> Duration {
        let ticks = ticks_per_second();
        Duration::from_secs(self.start / ticks)
            + Duration::from_secs(self.start % ticks) / u32::try_from(ticks).unwrap_or(100)
    }
}

impl Default for ProcessTable {
    fn default() -> Self {
        ProcessTable { root: "/proc".into() }
    }
}

impl ProcessTable {
    /// The processes in the directory `root`.
    #[cfg(test)]
    pub fn at(root: impl Into<PathBuf>) -> ProcessTable {
        ProcessTable { root: root.into() }
    }

    /// All processes except number 1.
    pub fn pids(&self) -> Vec<Pid> {
        let entries = fs::read_dir(&self.root).into_iter().flatten().flatten();
        entries.filter_map(|entry| Pid::new(entry.file_name().to_str()?.parse().ok()?)).collect()
    }

    /// The initial environment of a process. `None` if it belongs to another user; empty for a zombie.
    pub fn environment(&self, pid: Pid) -> Option<Environment> {
        fs::read(self.root.join(format!("{}/environ", pid.number()))).ok().map(Environment)
    }

    /// `None` if there is no such process.
    pub fn stat(&self, pid: Pid) -> Option<Stat> {
        let text = fs::read_to_string(self.root.join(format!("{}/stat", pid.number()))).ok()?;
        // The second field, a name in parentheses, may contain any characters.
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        let number = |index: usize| fields.get(index)?.parse().ok();
        Some(Stat {
            zombie: matches!(fields.first(), Some(&("Z" | "X"))),
            parent: number(1)?,
            group: number(2)?,
            session: number(3)?,
            start: fields.get(19)?.parse().ok()?,
        })
    }

    /// Whether a process has a file with this device and inode number open. `None` if its files cannot be listed, as those of
    /// another user's process.
    pub fn has_open(&self, pid: Pid, (device, inode): (u64, u64)) -> Option<bool> {
        let entries = fs::read_dir(self.root.join(format!("{}/fd", pid.number()))).ok()?;
        let mut opened = entries.flatten().filter_map(|entry| fs::metadata(entry.path()).ok());
        Some(opened.any(|file| (file.dev(), file.ino()) == (device, inode)))
    }

    /// The parent of `pid`, the parent's parent and so on, without process 1.
    pub fn ancestors(&self, pid: Pid) -> Vec<Pid> {
        let parent = |pid: &Pid| Pid::new(self.stat(*pid)?.parent);
        std::iter::successors(parent(&pid), parent).take(MAX_ANCESTORS).collect()
    }
}

/// The environment variables of a process, separated by NUL.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Environment(Vec<u8>);

impl Environment {
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        let value = |entry: &'_ [u8]| -> Option<usize> {
            let rest = entry.strip_prefix(name.as_bytes())?;
            rest.starts_with(b"=").then_some(name.len() + 1)
        };
        self.0.split(|b| *b == 0).find_map(|entry| value(entry).map(|at| &entry[at..]))
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Adds a process to a directory with the structure of `/proc`.
    pub fn add(root: &std::path::Path, pid: i32, parent: i32, environment: &str) {
        add_in_session(root, pid, parent, 7, environment);
    }

    /// As [`add`], with the number of its session.
    pub fn add_in_session(root: &std::path::Path, pid: i32, parent: i32, session: i32, environment: &str) {
        let folder = root.join(pid.to_string());
        fs::create_dir_all(&folder).unwrap();
        let rest = (0..13).map(|_| " 0").collect::<String>();
        fs::write(folder.join("stat"), format!("{pid} (a) b) S {parent} {pid} {session} 0 -1{rest} 1234 0 0\n"))
            .unwrap();
        fs::write(folder.join("environ"), environment).unwrap();
    }

    fn pid(number: i32) -> Pid {
        Pid::new(number).unwrap()
    }

    #[test]
    fn parents_are_followed_to_the_first_process() {
        let dir = tempfile::tempdir().unwrap();
        [(10, 1), (20, 10), (30, 20), (40, 0)].iter().for_each(|(pid, parent)| add(dir.path(), *pid, *parent, ""));
        let table = ProcessTable::at(dir.path());
        assert_eq!(table.ancestors(pid(30)), [pid(20), pid(10)]);
        assert_eq!(table.ancestors(pid(40)), []);
        assert_eq!(table.ancestors(pid(99)), []);
        assert_eq!(table.pids().len(), 4);
    }

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let dir = tempfile::tempdir().unwrap();
        add(dir.path(), 10, 3, "");
        let stat = ProcessTable::at(dir.path()).stat(pid(10)).unwrap();
        assert_eq!(stat, Stat { zombie: false, parent: 3, group: 10, session: 7, start: 1234 });
    }

    #[test]
    fn this_process_is_read_correctly() {
        let own = pid(i32::try_from(std::process::id()).unwrap());
        let table = ProcessTable::default();
        let stat = table.stat(own).unwrap();
        assert_eq!((stat.session, Pid::new(stat.parent)), crate::launch::process::syscalls::session_and_parent());
        assert!(stat.started() <= crate::launch::process::syscalls::time_since_boot());
        assert!(table.pids().contains(&own));
    }

    #[test]
    fn a_variable_is_found_by_its_whole_name() {
        let environment = Environment(b"AB=1\0B=2\0B=3\0C\0D=\0".to_vec());
        let get = |name| environment.get(name);
        assert_eq!([get("A"), get("AB"), get("B"), get("C")], [None, Some(&b"1"[..]), Some(b"2"), None]);
        assert_eq!(get("D"), Some(&b""[..]));
    }
}
