//! One small process per session that outlives the driver just long enough to end its jobs, however the driver died.
//!
//! It holds the reading end of a pipe. The driver says goodbye over it; where the pipe closes without a goodbye, the driver is
//! gone, and the guard ends the process groups that the driver noted in a file both have open, and every process that carries
//! the session in its environment: so a job caught between spawn and note, and a grandchild in a session of its own, are found.
//! Noting a job is one write of eight bytes into memory; nothing else is done per job.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::sweep::{self, Mark, SESSION_VARIABLE};
use super::sys::{Pid, memory_file, stand_apart, without_ctrl_z};
use crate::words::ids::Slot;

/// The hidden subcommand under which the binary is the guard; its one argument is the session.
pub const SUBCOMMAND: &str = "guard";

const GOODBYE: &[u8] = b"goodbye";
const NOTE: u64 = 8;

/// The driver's end.
#[derive(Debug)]
pub struct Guard {
    process: Child,
    notes: File,
}

impl Guard {
    /// Starts a guard: `program` is this binary, called as `program guard SESSION`.
    pub fn post(program: &Path, session: &str) -> io::Result<Guard> {
        let notes = memory_file()?;
        let mut command = Command::new(program);
        command
            .arg0("hypertune-guard")
            .args([SUBCOMMAND, session])
            .current_dir("/")
            // Out of reach of the terminal's Ctrl-C from its first moment.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(notes.try_clone()?)
            .stderr(Stdio::null());
        let process = without_ctrl_z(|| command.spawn())?;
        Ok(Guard { process, notes })
    }

    /// Notes the process group that runs in `slot`, or that none does any more.
    pub fn note(&self, slot: Slot, leader: Option<Pid>) -> io::Result<()> {
        let number = i64::from(leader.map_or(0, Pid::number));
        self.notes.write_all_at(&number.to_le_bytes(), u64::from(slot.0) * NOTE)
    }

    /// All jobs have ended: the guard may go.
    pub fn dismiss(mut self) -> io::Result<()> {
        if let Some(mut pipe) = self.process.stdin.take() {
            pipe.write_all(GOODBYE)?;
        }
        self.process.wait().map(drop)
    }
}

/// The guard process itself. Returns when the driver has said goodbye or its jobs are ended.
pub fn main(session: &str) -> io::Result<()> {
    stand_apart();
    let mut heard = Vec::new();
    // An unreadable pipe is as good as a closed one.
    let _ = io::stdin().lock().take(64).read_to_end(&mut heard);
    if heard == GOODBYE {
        return Ok(());
    }
    let notes = io::stdout().as_fd().try_clone_to_owned().map(File::from);
    let leaders = notes.map(|notes| noted(&notes)).unwrap_or_default();
    sweep::end(&leaders, &Mark::new(SESSION_VARIABLE, session));
    Ok(())
}

fn noted(notes: &File) -> Vec<Pid> {
    let slots = notes.metadata().map_or(0, |m| m.len() / NOTE);
    let read = |slot| {
        let mut bytes = [0; NOTE as usize];
        notes.read_exact_at(&mut bytes, slot * NOTE).ok()?;
        Pid::new(i32::try_from(i64::from_le_bytes(bytes)).ok()?)
    };
    (0..slots).filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_read_back_and_can_be_taken_back() {
        // `sh guard SESSION` fails at once; the notes do not need the process.
        let guard = Guard::post(Path::new("/bin/sh"), "none").unwrap();
        let pid = Pid::new(i32::MAX).unwrap();
        guard.note(Slot(2), Some(pid)).unwrap();
        guard.note(Slot(0), Some(pid)).unwrap();
        assert_eq!(noted(&guard.notes), [pid, pid]);
        guard.note(Slot(0), None).unwrap();
        assert_eq!(noted(&guard.notes), [pid]);
        let mut process = guard.process;
        process.wait().unwrap();
    }
}
