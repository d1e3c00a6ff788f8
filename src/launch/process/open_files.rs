//! The limit of open files (RLIMIT_NOFILE): raised at start for as many slots as were asked for, and given back to jobs.
#![allow(unsafe_code)]

use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::OnceLock;

/// Descriptors of one slot: two pipes with both ends while a job is spawned, its pidfd, and the files of its two logs or of a checkpoint
/// that is being copied.
const PER_SLOT: u64 = 8;
/// The same where a checkpoint of many nested directories is copied, which needs two handles for each of up to 16 of them. With fewer,
/// slots wait for each other.
const PER_SLOT_AT_EASE: u64 = 40;
/// Descriptors of a session besides: journal, locks, signals' sockets, guard (19 measured), outside tuner (6), searches in `/proc`.
const PER_SESSION: u64 = 28;

/// The limit before it was raised, if it was. Like the limit itself it belongs to the process.
static BEFORE: OnceLock<libc::rlimit> = OnceLock::new();

/// How many slots fit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fitting {
    /// At least 1, at most as many as were asked for.
    pub slots: u32,
    /// What the user should know, if there are fewer.
    pub note: Option<String>,
}

/// Raises the soft limit, up to the hard one, as far as `slots` (≥ 1) jobs at once need it.
///
/// # Errors
/// A sentence, if not even one job fits.
pub fn make_room(slots: u32) -> Result<Fitting, String> {
    // Where the system does not say, there is nothing to be gained by refusing.
    let Ok(limit) = current() else { return Ok(Fitting { slots, note: None }) };
    let (fitting, soft) = fit(limit, open_now(), slots)?;
    if soft > limit.rlim_cur {
        let raised = libc::rlimit { rlim_cur: soft, ..limit };
        // SAFETY: setrlimit reads a live local.
        if unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const raised) } == 0 {
            let _ = BEFORE.set(limit);
        }
    }
    Ok(fitting)
}

/// The limit that programs started by this process are to have, if it is not the process's own.
pub(super) fn of_children() -> Option<libc::rlimit> {
    BEFORE.get().copied()
}

/// Starts `command` with the limit that this process was started with.
pub fn give_back(command: &mut Command) {
    let Some(limit) = of_children() else { return };
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

/// Open descriptors of this process; the three standard ones where the system does not say.
fn open_now() -> u64 {
    fs::read_dir("/proc/self/fd").map_or(3, |entries| entries.count() as u64)
}

/// How many of `slots` fit and the soft limit they need, if `open` descriptors are in use.
fn fit(limit: libc::rlimit, open: u64, slots: u32) -> Result<(Fitting, u64), String> {
    let hard = limit.rlim_max;
    let session = open + PER_SESSION;
    let wanted = session + PER_SLOT * u64::from(slots);
    if wanted <= hard {
        let at_ease = session + PER_SLOT_AT_EASE * u64::from(slots);
        return Ok((Fitting { slots, note: None }, at_ease.min(hard)));
    }
    let fitting = u32::try_from(hard.saturating_sub(session) / PER_SLOT).unwrap_or(u32::MAX);
    if fitting == 0 {
        let needed = session + PER_SLOT;
        return Err(format!("the limit of open files is {hard}, and one job needs {needed}: raise it with ulimit -n"));
    }
    let note = format!(
        "the limit of open files is {hard}, enough for {fitting} jobs at once instead of {slots}: {wanted} would be needed (ulimit -n)"
    );
    Ok((Fitting { slots: fitting, note: Some(note) }, hard))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(soft: u64, hard: u64) -> libc::rlimit {
        libc::rlimit { rlim_cur: soft, rlim_max: hard }
    }

    #[test]
    fn the_limit_is_raised_as_far_as_needed() {
        let (fitting, soft) = fit(limit(256, 4096), 4, 200).unwrap();
        assert_eq!((fitting, soft), (Fitting { slots: 200, note: None }, 4096));
        let (_, soft) = fit(limit(256, 4096), 4, 10).unwrap();
        assert_eq!(soft, 4 + PER_SESSION + 10 * PER_SLOT_AT_EASE);
    }

    #[test]
    fn fewer_slots_where_the_hard_limit_is_too_low_and_none_where_not_one_fits() {
        let (fitting, soft) = fit(limit(64, 64), 4, 16).unwrap();
        assert_eq!((fitting.slots, soft), (4, 64));
        assert!(fitting.note.unwrap().contains("is 64, enough for 4 jobs at once instead of 16"));
        let refused = fit(limit(32, 32), 4, 1).unwrap_err();
        assert_eq!(refused, "the limit of open files is 32, and one job needs 40: raise it with ulimit -n");
    }

    #[test]
    fn an_unlimited_number_is_enough() {
        let (fitting, _) = fit(limit(1024, libc::RLIM_INFINITY), 4, u32::MAX).unwrap();
        assert_eq!(fitting, Fitting { slots: u32::MAX, note: None });
    }
}
