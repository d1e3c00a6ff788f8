//! A list of running process groups, in memory shared with the guard.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use super::marked_processes::HeldProcess;
use super::process_table::ProcessTable;
use crate::launch::process::syscalls::{Pid, memory_file, time_since_boot};
use crate::types::ids::Slot;

/// Length of an entry in bytes: a process number and nanoseconds since boot.
const ENTRY: u64 = 16;

/// The running process groups of a session, one per slot, in an anonymous file that driver and guard share.
#[derive(Debug)]
pub struct ProcessGroups(File);

impl ProcessGroups {
    /// Creates an empty list.
    pub fn new() -> io::Result<ProcessGroups> {
        memory_file().map(ProcessGroups)
    }

    /// Opens the list that another process has created as `file`.
    pub fn from(file: File) -> ProcessGroups {
        ProcessGroups(file)
    }

    /// Duplicates the file, for the guard.
    pub fn file(&self) -> io::Result<File> {
        self.0.try_clone()
    }

    /// Sets or removes the process group of `slot`. It must be removed before its leader is reaped.
    pub fn set(&self, slot: Slot, leader: Option<Pid>) -> io::Result<()> {
        let number = i64::from(leader.map_or(0, Pid::number));
        let at = u64::try_from(time_since_boot().as_nanos()).unwrap_or(u64::MAX);
        let mut entry = [0; ENTRY as usize];
        entry[..8].copy_from_slice(&number.to_le_bytes());
        entry[8..].copy_from_slice(&at.to_le_bytes());
        self.0.write_all_at(&entry, u64::from(slot.0) * ENTRY)
    }

    /// Opens the processes of all groups: the leaders that still run, and all members. `session` is the session (setsid(2)) of the
    /// process that recorded them.
    pub fn open_processes(&self, session: i32, table: &ProcessTable) -> (Vec<HeldProcess>, Vec<HeldProcess>) {
        let groups = self.read();
        (leaders(&groups, table), members(&groups, session, table))
    }

    fn read(&self) -> Vec<ProcessGroup> {
        let slots = self.0.metadata().map_or(0, |m| m.len() / ENTRY);
        let read = |slot| {
            let (mut number, mut at) = ([0; 8], [0; 8]);
            self.0.read_exact_at(&mut number, slot * ENTRY).ok()?;
            self.0.read_exact_at(&mut at, slot * ENTRY + 8).ok()?;
            let leader = Pid::new(i32::try_from(i64::from_le_bytes(number)).ok()?)?;
            Some(ProcessGroup { leader, set_at: Duration::from_nanos(u64::from_le_bytes(at)) })
        };
        (0..slots).filter_map(read).collect()
    }
}

/// An entry of [`ProcessGroups`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct ProcessGroup {
    leader: Pid,
    /// Time of the entry since boot; its leader was started before.
    set_at: Duration,
}

/// The leaders of `groups` that still run. While the driver ran, their numbers were not reused, because it had not reaped them; a later
/// process with the same number was started after the group was recorded.
fn leaders(groups: &[ProcessGroup], table: &ProcessTable) -> Vec<HeldProcess> {
    // Without `/proc` start times are unknown, but the driver has just exited.
    let is_mounted = !table.pids().is_empty();
    let is_same =
        |group: &ProcessGroup, pid| table.stat(pid).map_or(!is_mounted, |stat| stat.started() <= group.set_at);
    groups.iter().filter_map(|group| HeldProcess::open(group.leader, |pid| is_same(group, pid))).collect()
}

/// All processes of `groups`, also if the leader has exited. A group in another session than `session`, or whose leader was started
/// after the group was recorded, is a later one with the same number.
fn members(groups: &[ProcessGroup], session: i32, table: &ProcessTable) -> Vec<HeldProcess> {
    let is_later = |group: &ProcessGroup| table.stat(group.leader).is_some_and(|stat| stat.started() > group.set_at);
    let numbers: Vec<i32> = groups.iter().filter(|group| !is_later(group)).map(|group| group.leader.number()).collect();
    let is_member = |pid| table.stat(pid).is_some_and(|stat| stat.session == session && numbers.contains(&stat.group));
    let pids = table.pids().into_iter().filter(|pid| is_member(*pid));
    pids.filter_map(|pid| HeldProcess::open(pid, is_member)).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::process::{Child, Command};

    use super::*;
    use crate::launch::process::syscalls::session_and_parent;

    fn number(child: &Child) -> Pid {
        Pid::new(i32::try_from(child.id()).unwrap()).unwrap()
    }

    #[test]
    fn groups_are_read_back_and_can_be_removed() {
        let groups = ProcessGroups::new().unwrap();
        let pid = Pid::new(i32::MAX).unwrap();
        let read = || groups.read().iter().map(|group| group.leader).collect::<Vec<_>>();
        groups.set(Slot(2), Some(pid)).unwrap();
        groups.set(Slot(0), Some(pid)).unwrap();
        assert_eq!(read(), [pid, pid]);
        groups.set(Slot(0), None).unwrap();
        assert_eq!(read(), [pid]);
    }

    #[test]
    fn a_group_is_found_and_a_later_one_with_its_number_is_not() {
        let mut leader = Command::new("/bin/sleep").arg("600").process_group(0).spawn().unwrap();
        let group = leader.id().try_into().unwrap();
        let mut member = Command::new("/bin/sleep").arg("600").process_group(group).spawn().unwrap();
        let table = ProcessTable::default();
        let own_session = session_and_parent().0;
        let found = |set_at| {
            let groups = [ProcessGroup { leader: number(&leader), set_at }];
            (leaders(&groups, &table).len(), members(&groups, own_session, &table).len())
        };
        assert_eq!(found(time_since_boot()), (1, 2));
        let before = table.stat(number(&leader)).unwrap().started() - Duration::from_millis(10);
        assert_eq!(found(before), (0, 0));
        let groups = [ProcessGroup { leader: number(&leader), set_at: time_since_boot() }];
        assert_eq!(members(&groups, own_session + 1, &table).len(), 0);
        leader.kill().unwrap();
        leader.wait().unwrap();
        assert_eq!(leaders(&groups, &table).len(), 0);
        let found: Vec<Pid> = members(&groups, own_session, &table).iter().map(|held| held.pid).collect();
        assert_eq!(found, [number(&member)]);
        member.kill().unwrap();
        member.wait().unwrap();
    }
}
