//! `clone` with the driver's memory shared until `exec`, as `posix_spawn` does it. The child's stack is an array on the caller's own
//! stack: mapping and unmapping one per child would interrupt every other processor that runs a slot.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_int, c_void};
use std::io;
use std::mem::{MaybeUninit, zeroed};
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::ptr::null_mut;

use super::spawning_child::SpawningChild;
use super::syscalls::{Pid, Signal, reap, signal_process};
use crate::launch::error::SpawnError;

/// What the child reads before `exec`, and where it writes its error. All pointers are valid until [`clone_child`] returns.
pub(super) struct ChildArgs<'a> {
    /// The executable's path.
    pub program: *const c_char,
    /// Null-terminated.
    pub argv: *const *const c_char,
    /// Null-terminated.
    pub env: *const *const c_char,
    /// Become the child's stdin, stdout and stderr.
    pub streams: [RawFd; 3],
    /// Signals that the driver handles: first element and length.
    pub handled: (*const c_int, usize),
    /// Gets the child's number.
    pub child: &'a SpawningChild,
    /// RLIMIT_NOFILE of the child, where it differs from the driver's.
    pub open_files: Option<libc::rlimit>,
    /// `errno` of the call that failed in the child; 0 if none did.
    pub errno: c_int,
}

/// Bytes of stack for [`child_main`], which calls nothing but thin wrappers of system calls.
const STACK: usize = 32 << 10;

/// Clones this process into [`child_main`]. Returns the child and its pidfd once its program is loaded.
pub(super) fn clone_child(args: &mut ChildArgs<'_>) -> Result<(Pid, OwnedFd), SpawnError> {
    let mut stack = MaybeUninit::<[u8; STACK]>::uninit();
    let mut ended: RawFd = -1;
    // SAFETY: all pointers are to live locals or into vectors that the caller holds, and the child is done with them when `clone`
    // returns, because of CLONE_VFORK. All signals are blocked meanwhile, so no handler of ours runs in the child. The stack's end is
    // aligned as the C library wants it (it aligns it itself); nobody else uses the array.
    let pid = unsafe {
        let (mut all, mut before): (libc::sigset_t, libc::sigset_t) = (zeroed(), zeroed());
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const all, &raw mut before);
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD | libc::SIGCHLD;
        let top = stack.as_mut_ptr().cast::<u8>().add(STACK).cast::<c_void>();
        let pid = libc::clone(child_main, top, flags, (&raw mut *args).cast::<c_void>(), &raw mut ended);
        let error = io::Error::last_os_error();
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, null_mut());
        if pid < 0 { Err(SpawnError::Process(error)) } else { Ok(pid) }
    }?;
    args.child.clear();
    if ended < 0 {
        // A kernel that ignores CLONE_PIDFD: the check at start refuses those.
        Pid::new(pid).into_iter().for_each(|pid| {
            signal_process(pid, Signal::Kill);
            let _ = reap(pid);
        });
        return Err(SpawnError::Process(io::Error::from_raw_os_error(libc::ENOSYS)));
    }
    // SAFETY: the kernel has just put the child's descriptor there, closed on exec; nobody else owns it.
    let ended = unsafe { OwnedFd::from_raw_fd(ended) };
    let pid = Pid::new(pid).ok_or_else(|| SpawnError::Process(io::Error::other("the child has no valid number")))?;
    match args.errno {
        0 => Ok((pid, ended)),
        errno => {
            let _ = reap(pid);
            Err(SpawnError::Program(io::Error::from_raw_os_error(errno)))
        }
    }
}

/// Runs in the child, in the driver's memory: no allocation, no lock, nothing but system calls.
///
/// Handlers are removed before signals are unblocked, since they would run in that memory. The signals are ignored first, which
/// drops pending ones: a Ctrl-Z or Ctrl-C that came while the child was still in the driver's group was not meant for it.
extern "C" fn child_main(args: *mut c_void) -> c_int {
    // SAFETY: `args` is what `clone_child` passed and outlives this function: the caller waits. The calls take integers and pointers
    // into it or to live locals; all-zero values of sigset_t (nothing blocked) are valid.
    unsafe {
        let args = &mut *args.cast::<ChildArgs<'_>>();
        let is_set_up =
            libc::setpgid(0, 0) == 0 && args.streams.iter().zip(0..).all(|(from, to)| libc::dup2(*from, to) == to);
        if is_set_up {
            for i in 0..args.handled.1 {
                let signal = *args.handled.0.add(i);
                libc::signal(signal, libc::SIG_IGN);
                libc::signal(signal, libc::SIG_DFL);
            }
            // Rust's runtime ignores it, which a program would inherit.
            libc::signal(libc::SIGPIPE, libc::SIG_DFL);
            if let Some(limit) = &args.open_files {
                libc::setrlimit(libc::RLIMIT_NOFILE, limit);
            }
            // From here on a signal ends this process, also while `execve` waits for a file system.
            args.child.set(libc::getpid());
            let nothing: libc::sigset_t = zeroed();
            libc::sigprocmask(libc::SIG_SETMASK, &raw const nothing, null_mut());
            libc::execve(args.program, args.argv, args.env);
        }
        args.errno = *libc::__errno_location();
        libc::_exit(127)
    }
}
