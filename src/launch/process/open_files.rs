//! The limit of open files (RLIMIT_NOFILE): raised at start for the requested slots, and restored in jobs.
#![allow(unsafe_code)]

use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::OnceLock;

use crate::launch::error::OpenFilesError;

/// Descriptors of one slot: both ends of two pipes while a job is spawned, its pidfd, and the files of its two logs or of a checkpoint
/// that is being copied.
const PER_SLOT: u64 = 8;
/// Descriptors of one slot that copies a checkpoint of nested directories: two for each of up to 16 levels. With fewer, slots wait
/// for each other.
const PER_COPYING_SLOT: u64 = 40;
/// Descriptors of a session: journal, locks, signals' sockets, guard (19 measured), external tuner (6), searches in `/proc`.
const PER_SESSION: u64 = 28;

/// The limit before it was raised, if it was. Global, as the limit is per process.
static ORIGINAL_LIMIT: OnceLock<libc::rlimit> = OnceLock::new();

/// Number of slots that the limit allows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SlotCapacity {
    /// At least 1, at most the requested number.
    pub slots: u32,
    /// A note for the user if there are fewer than requested.
    pub note: Option<String>,
}

/// Raises the soft limit for `slots` (≥ 1) concurrent jobs, at most to the hard limit.
///
/// # Errors
/// The hard limit is too low for one job.
pub fn raise_limit(slots: u32) -> Result<SlotCapacity, OpenFilesError> {
    // With an unknown limit, let later calls fail instead.
    let Ok(limit) = current() else { return Ok(SlotCapacity { slots, note: None }) };
    let (capacity, soft) = capacity(limit, open_count(), slots)?;
    if soft > limit.rlim_cur {
        let raised = libc::rlimit { rlim_cur: soft, ..limit };
        // SAFETY: setrlimit reads a live local.
        if unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const raised) } == 0 {
            let _ = ORIGINAL_LIMIT.set(limit);
        }
    }
    Ok(capacity)
}

/// The limit of child processes, if it differs from this process's.
pub(super) fn child_limit() -> Option<libc::rlimit> {
    ORIGINAL_LIMIT.get().copied()
}

/// Makes `command` start with the limit that this process was started with.
pub fn restore_in_child(command: &mut Command) {
    let Some(limit) = child_limit() else { return };
    // SAFETY: the closure makes one system call and allocates nothing.
    unsafe {
        command.pre_exec(move || match libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        });
    }
}

fn current() -> io::Result<libc::rlimit> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: getrlimit writes into a live local.
    match unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } {
        0 => Ok(limit),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Number of open descriptors of this process; 3 if unknown.
fn open_count() -> u64 {
    fs::read_dir("/proc/self/fd").map_or(3, |entries| entries.count() as u64)
}

/// How many of `slots` the hard limit allows, and the soft limit for them, if `open` descriptors are in use.
fn capacity(limit: libc::rlimit, open: u64, slots: u32) -> Result<(SlotCapacity, u64), OpenFilesError> {
    let hard = limit.rlim_max;
    let session = open + PER_SESSION;
    let required = session + PER_SLOT * u64::from(slots);
    if required <= hard {
        let for_copies = session + PER_COPYING_SLOT * u64::from(slots);
        return Ok((SlotCapacity { slots, note: None }, for_copies.min(hard)));
    }
    let allowed = u32::try_from(hard.saturating_sub(session) / PER_SLOT).unwrap_or(u32::MAX);
    if allowed == 0 {
        return Err(OpenFilesError { hard, required: session + PER_SLOT });
    }
    let note = format!(
        "the limit of open files is {hard}, enough for {allowed} jobs at once; {slots} jobs need {required} (ulimit -n)"
    );
    Ok((SlotCapacity { slots: allowed, note: Some(note) }, hard))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(soft: u64, hard: u64) -> libc::rlimit {
        libc::rlimit { rlim_cur: soft, rlim_max: hard }
    }

    #[test]
    fn the_limit_is_raised_as_far_as_needed() {
        let (allowed, soft) = capacity(limit(256, 4096), 4, 200).unwrap();
        assert_eq!((allowed, soft), (SlotCapacity { slots: 200, note: None }, 4096));
        let (_, soft) = capacity(limit(256, 4096), 4, 10).unwrap();
        assert_eq!(soft, 4 + PER_SESSION + 10 * PER_COPYING_SLOT);
    }

    #[test]
    fn a_low_hard_limit_allows_fewer_slots_and_one_too_low_for_a_job_is_an_error() {
        let (allowed, soft) = capacity(limit(64, 64), 4, 16).unwrap();
        assert_eq!((allowed.slots, soft), (4, 64));
        assert!(allowed.note.unwrap().contains("is 64, enough for 4 jobs at once; 16 jobs need 160"));
        let error = capacity(limit(32, 32), 4, 1).unwrap_err().to_string();
        assert_eq!(error, "the limit of open files is 32, and one job needs 40; raise it with ulimit -n");
    }

    #[test]
    fn an_unlimited_number_allows_all_slots() {
        let (allowed, _) = capacity(limit(1024, libc::RLIM_INFINITY), 4, u32::MAX).unwrap();
        assert_eq!(allowed, SlotCapacity { slots: u32::MAX, note: None });
    }
}
