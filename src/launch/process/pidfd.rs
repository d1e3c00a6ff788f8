//! Process file descriptors (pidfd_open(2)), which identify a process even after its number is reused.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::time::{Duration, Instant};

use super::syscalls::{Pid, Signal, checked, signal_group, wait_readable};
use crate::launch::error::LaunchError;

/// Opens a descriptor that becomes readable when the child `pid` exits. The child must not have been reaped.
pub fn pidfd(pid: Pid) -> io::Result<OwnedFd> {
    // SAFETY: pidfd_open takes two integers and accesses no memory of this process. Its result is closed on exec.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid.number(), 0) };
    let fd = i32::try_from(fd).map_err(io::Error::other)?;
    checked(fd).map(owned)
}

/// Sends `signal` to the process of `pidfd`, never to another one with a reused number. Does nothing if the process has been reaped.
pub fn signal_pidfd(pidfd: BorrowedFd<'_>, signal: Signal) {
    pidfd_send_signal(pidfd, signal.number(), 0);
}

/// Whether the process of `pidfd` may be signalled; not if it belongs to another user or has been reaped.
pub fn can_signal(pidfd: BorrowedFd<'_>) -> bool {
    pidfd_send_signal(pidfd, 0, 0)
}

/// Sends `signal` to the process group led by the process of `pidfd`, whose number is `leader`, also if the leader has exited.
pub fn signal_group_of(pidfd: BorrowedFd<'_>, leader: Pid, signal: Signal) {
    if pidfd_send_signal(pidfd, signal.number(), PIDFD_SIGNAL_PROCESS_GROUP) {
        return;
    }
    // Before Linux 6.9. As long as the process can be signalled, no other group has its number.
    if can_signal(pidfd) {
        signal_group(leader, signal);
    }
}

/// `include/uapi/linux/pidfd.h`, since Linux 6.9.
const PIDFD_SIGNAL_PROCESS_GROUP: libc::c_uint = 1 << 2;

fn pidfd_send_signal(pidfd: BorrowedFd<'_>, signal: i32, flags: libc::c_uint) -> bool {
    let no_info = std::ptr::null::<libc::siginfo_t>();
    // SAFETY: the call takes a descriptor, two integers and a null pointer, which means the siginfo of `kill`.
    unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), signal, no_info, flags) == 0 }
}

/// Waits until the process of `pidfd` exits, at most `timeout`. Returns whether it has exited.
pub fn ends_within(pidfd: BorrowedFd<'_>, timeout: Duration) -> bool {
    let deadline = Instant::now() + timeout;
    loop {
        let remaining = deadline.saturating_duration_since(Instant::now());
        match wait_readable([Some(pidfd)], Some(remaining)) {
            Ok([true]) => return true,
            // A signal handler may have interrupted the wait.
            Ok([false]) if remaining > Duration::ZERO => {}
            Ok([false]) | Err(_) => return false,
        }
    }
}

/// Checks that this process can open a pidfd of itself.
pub fn probe_pidfd() -> io::Result<()> {
    let own = i32::try_from(std::process::id()).map_err(io::Error::other)?;
    // SAFETY: pidfd_open takes two integers and accesses no memory of this process.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, own, 0) };
    checked(i32::try_from(fd).map_err(io::Error::other)?).map(|fd| drop(owned(fd)))
}

/// Refuses a kernel without pidfds; `probe` is the result of [`probe_pidfd`].
pub fn check_kernel(probe: io::Result<()>) -> Result<(), LaunchError> {
    let Err(error) = probe else { return Ok(()) };
    match error.raw_os_error() {
        Some(libc::ENOSYS) => {
            Err(LaunchError::Unsupported("this kernel lacks pidfd_open (Linux 5.3 or later is needed)".into()))
        }
        Some(libc::EPERM | libc::EACCES) => {
            let message =
                format!("pidfd_open is forbidden here, probably by the seccomp filter of a container: {error}");
            Err(LaunchError::Unsupported(message))
        }
        _ => Err(LaunchError::Pidfd(error)),
    }
}

fn owned(fd: RawFd) -> OwnedFd {
    // SAFETY: callers pass a descriptor that the kernel has just returned; nothing else owns it.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    use super::*;

    #[test]
    fn a_signal_through_a_pidfd_reaches_its_process_or_group_and_no_other() {
        for (whole_group, script) in [(false, "exec sleep 600"), (true, "sleep 600 & sleep 600")] {
            let mut child = Command::new("/bin/sh").args(["-c", script]).process_group(0).spawn().unwrap();
            let pid = Pid::new(i32::try_from(child.id()).unwrap()).unwrap();
            let fd = pidfd(pid).unwrap();
            assert!(!ends_within(fd.as_fd(), Duration::from_millis(1)));
            match whole_group {
                true => signal_group_of(fd.as_fd(), pid, Signal::Kill),
                false => signal_pidfd(fd.as_fd(), Signal::Kill),
            }
            assert!(ends_within(fd.as_fd(), Duration::from_secs(60)));
            child.wait().unwrap();
            signal_pidfd(fd.as_fd(), Signal::Kill);
            signal_group_of(fd.as_fd(), pid, Signal::Kill);
        }
    }

    #[test]
    fn a_kernel_without_pidfds_is_refused() {
        let message = |code| check_kernel(Err(io::Error::from_raw_os_error(code))).unwrap_err().to_string();
        assert_eq!(message(libc::ENOSYS), "this kernel lacks pidfd_open (Linux 5.3 or later is needed)");
        assert!(message(libc::EPERM).contains("seccomp"));
        assert!(message(libc::EMFILE).starts_with("cannot open a pidfd: "));
        check_kernel(probe_pidfd()).unwrap();
    }
}
