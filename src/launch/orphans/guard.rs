//! One small process per session that outlives the driver just long enough to end its jobs, however the driver died.
//!
//! It waits for the driver's end, or for a message over a pipe that nothing is left to do. If the driver ended without one, the guard
//! ends the process groups that the driver noted in a file both have open, and every process that has the session's mark in its
//! environment: so a job caught between spawn and note, and a grandchild in a session of its own, are found. Noting a job is one
//! write of sixteen bytes into memory; nothing else is done per job. The guard's own environment has no mark, so that neither
//! another guard nor a later session takes it for a job.

use std::env;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use super::mark::{Mark, SessionMark};
use super::marked_processes::{HeldProcess, Sweep, Whose};
use super::process_table::ProcessTable;
use crate::launch::process::pidfd::{ends_within, pidfd};
use crate::launch::process::syscalls::{
    Pid, memory_file, session_and_parent, stand_apart, time_since_boot, wait_readable, without_ctrl_z,
};
use crate::types::ids::Slot;

/// The hidden subcommand under which the binary is the guard; its one argument is the session's mark.
pub const SUBCOMMAND: &str = "guard";

const GOODBYE: &[u8] = b"goodbye";
/// Bytes of a note: a process number and nanoseconds since the machine's start.
const NOTE: u64 = 16;
/// How long a dismissed guard may take to end, and again after SIGKILL.
const DISMISSAL: Duration = Duration::from_secs(5);

/// The driver's end.
#[derive(Debug)]
pub struct Guard {
    process: Child,
    notes: File,
}

/// A process group that was noted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Noted {
    leader: Pid,
    /// When, as time since the machine's start: its leader was started before.
    at: Duration,
}

impl Guard {
    /// Starts a guard: `program` is this binary, called as `program guard SESSION`.
    pub fn post(program: &Path, session: &SessionMark) -> io::Result<Guard> {
        let notes = memory_file()?;
        let mut command = Command::new(program);
        command
            .arg0("hypertune-guard")
            .args([SUBCOMMAND, session.as_str()])
            .current_dir("/")
            // Out of reach of the terminal's Ctrl-C from its first moment.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(notes.try_clone()?)
            .stderr(Stdio::null());
        for (name, _) in env::vars_os().filter(|(name, _)| name.as_bytes().starts_with(b"HYPERTUNE_")) {
            command.env_remove(name);
        }
        let process = without_ctrl_z(|| command.spawn())?;
        Ok(Guard { process, notes })
    }

    /// Notes the process group that runs in `slot`, or that none does any more: before its leader is reaped.
    pub fn note(&self, slot: Slot, leader: Option<Pid>) -> io::Result<()> {
        let number = i64::from(leader.map_or(0, Pid::number));
        let at = u64::try_from(time_since_boot().as_nanos()).unwrap_or(u64::MAX);
        let mut note = [0; NOTE as usize];
        note[..8].copy_from_slice(&number.to_le_bytes());
        note[8..].copy_from_slice(&at.to_le_bytes());
        self.notes.write_all_at(&note, u64::from(slot.0) * NOTE)
    }

    /// All jobs have ended: so does the guard, or it is killed.
    pub fn dismiss(self) -> io::Result<()> {
        self.dismiss_within(DISMISSAL)
    }

    fn dismiss_within(mut self, patience: Duration) -> io::Result<()> {
        if let Some(mut pipe) = self.process.stdin.take() {
            // A guard that is gone already needs no message.
            let _ = pipe.write_all(GOODBYE);
        }
        let number = i32::try_from(self.process.id()).ok().and_then(Pid::new);
        let ended = number.map(pidfd).transpose()?;
        let ends = || ended.as_ref().is_some_and(|ended| ends_within(ended.as_fd(), patience));
        if !ends() {
            self.process.kill()?;
            ends();
        }
        self.process.try_wait().map(drop)
    }
}

/// The guard process itself. Returns when the driver has dismissed it or its jobs are ended.
pub fn main(session: &str) -> io::Result<()> {
    let (home, parent) = session_and_parent();
    stand_apart();
    let driver = parent.and_then(|driver| pidfd(driver).ok());
    if is_dismissed(driver.as_ref()) {
        return Ok(());
    }
    let session = SessionMark::parse(session).ok_or_else(|| io::Error::other("no mark of a session"))?;
    let notes = io::stdout().as_fd().try_clone_to_owned().map(File::from);
    let groups = notes.map(|notes| noted(&notes)).unwrap_or_default();
    let table = ProcessTable::default();
    let (leaders, members) = (leaders(&groups, &table), members(&groups, home, &table));
    Sweep::new(vec![Mark::Session(session)], Whose::ThisSession).end_with(leaders, members);
    Ok(())
}

/// Waits for the driver's message or its end. The pipe alone would not do: a process that the driver is just spawning holds it open.
fn is_dismissed(driver: Option<&OwnedFd>) -> bool {
    let stdin = io::stdin();
    let mut received = Vec::new();
    loop {
        let waited = wait_readable([Some(stdin.as_fd()), driver.map(AsFd::as_fd)], None);
        let Ok([message, ended]) = waited else {
            // Without memory for a poll, say. The driver lives as far as we know.
            sleep(DISMISSAL);
            continue;
        };
        if message {
            let mut bytes = [0; 64];
            match stdin.lock().read(&mut bytes) {
                Ok(length @ 1..) => received.extend_from_slice(&bytes[..length]),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                // An unreadable pipe is as good as a closed one.
                Ok(_) | Err(_) => return false,
            }
            if received.starts_with(GOODBYE) {
                return true;
            }
        } else if ended {
            return false;
        }
    }
}

fn noted(notes: &File) -> Vec<Noted> {
    let slots = notes.metadata().map_or(0, |m| m.len() / NOTE);
    let read = |slot| {
        let (mut number, mut at) = ([0; 8], [0; 8]);
        notes.read_exact_at(&mut number, slot * NOTE).ok()?;
        notes.read_exact_at(&mut at, slot * NOTE + 8).ok()?;
        let leader = Pid::new(i32::try_from(i64::from_le_bytes(number)).ok()?)?;
        Some(Noted { leader, at: Duration::from_nanos(u64::from_le_bytes(at)) })
    };
    (0..slots).filter_map(read).collect()
}

/// The leaders of `groups` that still are there. Their numbers were theirs while the driver lived, because it had not reaped them; a
/// process that was given one of them since was started after the note.
fn leaders(groups: &[Noted], table: &ProcessTable) -> Vec<HeldProcess> {
    // Without `/proc` nothing is known of starts; the driver has ended just now.
    let is_mounted = !table.pids().is_empty();
    let is_same = |noted: &Noted, pid| table.stat(pid).map_or(!is_mounted, |stat| stat.started() <= noted.at);
    groups.iter().filter_map(|noted| HeldProcess::open(noted.leader, |pid| is_same(noted, pid))).collect()
}

/// All processes of `groups`, also where the leader is gone. The groups belong to `session`, the driver's: a group of the same number
/// in another session is a later one, and so is one whose leader was started after the note.
fn members(groups: &[Noted], session: i32, table: &ProcessTable) -> Vec<HeldProcess> {
    let is_later = |noted: &Noted| table.stat(noted.leader).is_some_and(|stat| stat.started() > noted.at);
    let numbers: Vec<i32> = groups.iter().filter(|noted| !is_later(noted)).map(|noted| noted.leader.number()).collect();
    let is_member = |pid| table.stat(pid).is_some_and(|stat| stat.session == session && numbers.contains(&stat.group));
    let pids = table.pids().into_iter().filter(|pid| is_member(*pid));
    pids.filter_map(|pid| HeldProcess::open(pid, is_member)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(child: &Child) -> Pid {
        Pid::new(i32::try_from(child.id()).unwrap()).unwrap()
    }

    /// `sh guard SESSION` fails at once; the notes do not need the process.
    fn guard() -> Guard {
        Guard::post(Path::new("/bin/sh"), &SessionMark::new()).unwrap()
    }

    #[test]
    fn notes_are_read_back_and_can_be_taken_back() {
        let guard = guard();
        let pid = Pid::new(i32::MAX).unwrap();
        let read = || noted(&guard.notes).iter().map(|noted| noted.leader).collect::<Vec<_>>();
        guard.note(Slot(2), Some(pid)).unwrap();
        guard.note(Slot(0), Some(pid)).unwrap();
        assert_eq!(read(), [pid, pid]);
        guard.note(Slot(0), None).unwrap();
        assert_eq!(read(), [pid]);
        guard.dismiss().unwrap();
    }

    #[test]
    fn a_group_is_found_with_its_leader_and_a_later_one_of_its_number_is_not() {
        let mut leader = Command::new("/bin/sleep").arg("600").process_group(0).spawn().unwrap();
        let group = leader.id().try_into().unwrap();
        let mut member = Command::new("/bin/sleep").arg("600").process_group(group).spawn().unwrap();
        let table = ProcessTable::default();
        let home = session_and_parent().0;
        let found = |at| {
            let groups = [Noted { leader: number(&leader), at }];
            (leaders(&groups, &table).len(), members(&groups, home, &table).len())
        };
        assert_eq!(found(time_since_boot()), (1, 2));
        let before = table.stat(number(&leader)).unwrap().started() - Duration::from_millis(10);
        assert_eq!(found(before), (0, 0));
        let groups = [Noted { leader: number(&leader), at: time_since_boot() }];
        assert_eq!(members(&groups, home + 1, &table).len(), 0);
        leader.kill().unwrap();
        leader.wait().unwrap();
        assert_eq!(leaders(&groups, &table).len(), 0);
        let left: Vec<Pid> = members(&groups, home, &table).iter().map(|held| held.pid).collect();
        assert_eq!(left, [number(&member)]);
        member.kill().unwrap();
        member.wait().unwrap();
    }

    #[test]
    fn a_guard_that_does_not_end_is_killed() {
        let process = Command::new("/bin/sleep").arg("600").stdin(Stdio::piped()).spawn().unwrap();
        let pid = number(&process);
        // The end of a killed process takes less.
        Guard { process, notes: memory_file().unwrap() }.dismiss_within(Duration::from_millis(200)).unwrap();
        assert_eq!(ProcessTable::default().stat(pid), None);
    }
}
