//! `clone` with the driver's memory shared until `exec`, as in `posix_spawn`. The child's stack is an array on the caller's stack:
//! mapping and unmapping one per child would cause TLB shootdowns on all processors that run slots.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_int, c_void};
use std::io;
use std::mem::{MaybeUninit, zeroed};
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::ptr::null_mut;

use super::spawning_child::SpawningChild;
use super::syscalls::{Pid, Signal, reap, signal_process};
use crate::launch::error::SpawnError;

/// Input of the child before `exec`, and its error. All pointers are valid until [`clone_child`] returns.
pub(super) struct ChildArgs<'a> {
    /// The executable's path.
    pub program: *const c_char,
    /// Null-terminated.
    pub argv: *const *const c_char,
    /// Null-terminated.
    pub env: *const *const c_char,
    /// The child's working directory; null for the driver's.
    pub directory: *const c_char,
    /// Become the child's stdin, stdout and stderr.
    pub streams: [RawFd; 3],
    /// Signals that the driver handles or ignores, which get their default action: pointer and length.
    pub reset: (*const c_int, usize),
    /// Receives the child's number.
    pub child: &'a SpawningChild,
    /// RLIMIT_NOFILE of the child, if it differs from the driver's.
    pub open_files: Option<libc::rlimit>,
    /// `errno` of the call that failed in the child, or 0.
    pub errno: c_int,
    /// The call that failed.
    pub failed: FailedCall,
}

/// What the child was doing when a call failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum FailedCall {
    /// Setting itself up, or executing the program.
    Exec,
    /// Entering its working directory.
    ChangeDirectory,
}

/// Size of the stack of [`child_main`], in bytes; it calls only thin wrappers of system calls.
const STACK_SIZE: usize = 32 << 10;

/// Clones this process into [`child_main`]. Returns the child and its pidfd once its program is loaded.
pub(super) fn clone_child(args: &mut ChildArgs<'_>) -> Result<(Pid, OwnedFd), SpawnError> {
    let mut stack = MaybeUninit::<[u8; STACK_SIZE]>::uninit();
    let mut pidfd: RawFd = -1;
    // SAFETY: all pointers are to live locals or into vectors that the caller owns. Because of CLONE_VFORK the child no longer uses
    // them when `clone` returns. All signals are blocked meanwhile, so no handler runs in the child. The C library aligns the stack's
    // end; only the child uses the array.
    let pid = unsafe {
        let (mut all, mut before): (libc::sigset_t, libc::sigset_t) = (zeroed(), zeroed());
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const all, &raw mut before);
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD | libc::SIGCHLD;
        let top = stack.as_mut_ptr().cast::<u8>().add(STACK_SIZE).cast::<c_void>();
        let pid = libc::clone(child_main, top, flags, (&raw mut *args).cast::<c_void>(), &raw mut pidfd);
        let error = io::Error::last_os_error();
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, null_mut());
        if pid < 0 { Err(SpawnError::Process(error)) } else { Ok(pid) }
    }?;
    args.child.clear();
    if pidfd < 0 {
        // The kernel ignores CLONE_PIDFD; the check at start normally refuses such kernels.
        Pid::new(pid).into_iter().for_each(|pid| {
            signal_process(pid, Signal::Kill);
            let _ = reap(pid);
        });
        return Err(SpawnError::Process(io::Error::from_raw_os_error(libc::ENOSYS)));
    }
    // SAFETY: the kernel has just stored the child's descriptor, closed on exec; nothing else owns it.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    let pid = Pid::new(pid).ok_or_else(|| SpawnError::Process(io::Error::other("the child has no valid number")))?;
    match args.errno {
        0 => Ok((pid, pidfd)),
        errno => {
            let _ = reap(pid);
            let error = io::Error::from_raw_os_error(errno);
            Err(match args.failed {
                FailedCall::Exec => SpawnError::Program(error),
                FailedCall::ChangeDirectory => SpawnError::Directory(error),
            })
        }
    }
}

/// Runs in the child, in the driver's memory: makes only system calls, without allocations or locks.
///
/// Handlers are removed before signals are unblocked, since they would run in that memory. The signals are ignored first, which
/// discards pending ones: a Ctrl-Z or Ctrl-C received while the child was in the driver's group was not meant for it.
extern "C" fn child_main(args: *mut c_void) -> c_int {
    // SAFETY: `args` is what `clone_child` passed and outlives this function: the caller waits. The calls take integers and pointers
    // into it or to live locals; all-zero values of sigset_t (nothing blocked) are valid.
    unsafe {
        let args = &mut *args.cast::<ChildArgs<'_>>();
        let is_set_up =
            libc::setpgid(0, 0) == 0 && args.streams.iter().zip(0..).all(|(from, to)| libc::dup2(*from, to) == to);
        if is_set_up {
            for i in 0..args.reset.1 {
                let signal = *args.reset.0.add(i);
                libc::signal(signal, libc::SIG_IGN);
                libc::signal(signal, libc::SIG_DFL);
            }
            if let Some(limit) = &args.open_files {
                libc::setrlimit(libc::RLIMIT_NOFILE, limit);
            }
            // From here on signals can end this process, also while `chdir` or `execve` waits for a file system.
            args.child.set(libc::getpid());
            let empty: libc::sigset_t = zeroed();
            libc::sigprocmask(libc::SIG_SETMASK, &raw const empty, null_mut());
            if args.directory.is_null() || libc::chdir(args.directory) == 0 {
                libc::execve(args.program, args.argv, args.env);
            } else {
                args.failed = FailedCall::ChangeDirectory;
            }
        }
        args.errno = *libc::__errno_location();
        libc::_exit(127)
    }
}
