//! Safe functions for system calls that the standard library lacks. With `pidfd`, `clone_child` and `open_files` the crate's only
//! unsafe code.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus};
use std::sync::Mutex;
use std::time::Duration;

/// A process, and the process group of the same number that it leads.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Pid(i32);

impl Pid {
    /// `None` for 0 and negative numbers, which have another meaning in `kill`, and for 1, which is no child.
    pub fn new(number: i32) -> Option<Pid> {
        (number > 1).then_some(Pid(number))
    }

    pub fn number(self) -> i32 {
        self.0
    }
}

/// A signal that hypertune sends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signal {
    /// SIGINT, as sent by Ctrl-C.
    Interrupt,
    /// SIGTERM.
    Terminate,
    /// SIGKILL.
    Kill,
}

impl Signal {
    pub fn number(self) -> i32 {
        match self {
            Signal::Interrupt => libc::SIGINT,
            Signal::Terminate => libc::SIGTERM,
            Signal::Kill => libc::SIGKILL,
        }
    }
}

/// Exit status and resource usage of a child.
#[derive(Clone, Copy, Debug)]
pub struct Reaped {
    /// Exit code or signal.
    pub status: ExitStatus,
    /// Largest resident set of it or of any of its children.
    pub max_rss_bytes: u64,
    /// User and system time.
    pub cpu: Duration,
}

/// Converts a negative result into the error of the last system call.
pub fn checked(result: i32) -> io::Result<i32> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

fn owned(fd: RawFd) -> OwnedFd {
    // SAFETY: callers pass a descriptor that the kernel has just returned; nothing else owns it.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// Waits until one of `fds` is readable or closed at the other end, at most `timeout`. Returns which are. Ignores `None` entries.
/// Returns early, with none, if a signal handler runs.
pub fn wait_readable<const N: usize>(
    fds: [Option<BorrowedFd<'_>>; N],
    timeout: Option<Duration>,
) -> io::Result<[bool; N]> {
    wait_ready(fds.map(|fd| fd.map(|fd| (fd, Interest::Readable))), timeout)
}

/// The event to wait for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Interest {
    Readable,
    Writable,
}

/// [`wait_readable`] with an event for each descriptor.
pub fn wait_ready<const N: usize>(
    fds: [Option<(BorrowedFd<'_>, Interest)>; N],
    timeout: Option<Duration>,
) -> io::Result<[bool; N]> {
    let mut polled = fds.map(|entry| {
        let events = if entry.is_some_and(|(_, interest)| interest == Interest::Writable) {
            libc::POLLOUT
        } else {
            libc::POLLIN
        };
        libc::pollfd { fd: entry.map_or(-1, |(fd, _)| fd.as_raw_fd()), events, revents: 0 }
    });
    // Rounded up, so that the deadline has passed after the wait.
    let millis = timeout.map_or(-1, |t| i32::try_from(t.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX));
    // SAFETY: `polled` is an array of N pollfds that outlives the call; negative descriptors are ignored.
    let result = checked(unsafe { libc::poll(polled.as_mut_ptr(), N as libc::nfds_t, millis) });
    match result {
        Ok(_) => Ok(polled.map(|p| p.revents != 0)),
        Err(e) if e.kind() == io::ErrorKind::Interrupted => Ok([false; N]),
        Err(e) => Err(e),
    }
}

/// Makes reads and writes of `fd` non-blocking.
pub fn set_nonblocking(fd: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: fcntl with these commands takes and returns integers and accesses no memory of this process.
    let flags = checked(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFL) })?;
    // SAFETY: as above.
    checked(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFL, flags | libc::O_NONBLOCK) }).map(drop)
}

/// Waits for the child `pid` to exit and reaps it.
pub fn reap(pid: Pid) -> io::Result<Reaped> {
    // SAFETY: an all-zero rusage is a valid value of that plain C struct.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    let mut status = 0;
    loop {
        // SAFETY: both pointers are to live locals of the types wait4 wants.
        match checked(unsafe { libc::wait4(pid.0, &raw mut status, 0, &raw mut usage) }) {
            Ok(_) => break,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    let span = |t: libc::timeval| {
        Duration::from_secs(t.tv_sec.unsigned_abs()) + Duration::from_micros(t.tv_usec.unsigned_abs())
    };
    Ok(Reaped {
        status: ExitStatus::from_raw(status),
        // In kibibytes on Linux.
        max_rss_bytes: usage.ru_maxrss.unsigned_abs() * 1024,
        cpu: span(usage.ru_utime) + span(usage.ru_stime),
    })
}

/// Sends `signal` to all processes of the group that `leader` leads or led. Does nothing if there is no such group.
pub fn signal_group(leader: Pid, signal: Signal) {
    // SAFETY: kill takes two integers; a Pid is above 1, so this never means all processes or the caller's group.
    unsafe { libc::kill(-leader.0, signal.number()) };
}

/// Sends `signal` to one process. Does nothing if there is no such process.
pub fn signal_process(pid: Pid, signal: Signal) {
    // SAFETY: kill takes two integers; a Pid is above 1.
    unsafe { libc::kill(pid.0, signal.number()) };
}

/// Sends `signal` to the child `pid` and to the process group that it led when it was spawned. The child must not have been reaped.
/// A child that is still in that group receives the signal once.
pub fn signal_child(pid: Pid, signal: Signal) {
    // SAFETY: getpgid takes an integer.
    let left_its_group = unsafe { libc::getpgid(pid.0) } != pid.0;
    signal_group(pid, signal);
    if left_its_group {
        signal_process(pid, signal);
    }
}

/// The session of this process, and its parent.
pub fn session_and_parent() -> (i32, Option<Pid>) {
    // SAFETY: both calls take integers or nothing.
    unsafe { (libc::getsid(0), Pid::new(libc::getppid())) }
}

/// Time since boot, including suspension; the time base of start times in `/proc/PID/stat`.
pub fn time_since_boot() -> Duration {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a live local of the type that clock_gettime wants.
    unsafe { libc::clock_gettime(libc::CLOCK_BOOTTIME, &raw mut now) };
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// Clock ticks per second in `/proc/PID/stat`.
pub fn ticks_per_second() -> u64 {
    // SAFETY: sysconf takes an integer.
    u64::try_from(unsafe { libc::sysconf(libc::_SC_CLK_TCK) }).unwrap_or(100).max(1)
}

/// Leaves the terminal's session and ignores the signals that a terminal or a scheduler sends to end processes.
pub fn detach() {
    // SAFETY: setsid takes nothing; it fails harmlessly for a group leader. SIG_IGN is a valid disposition.
    unsafe {
        libc::setsid();
        for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT, libc::SIGPIPE] {
            libc::signal(signal, libc::SIG_IGN);
        }
    }
}

/// The disposition of a signal, signal(7).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Disposition {
    Default,
    Ignored,
    /// A handler is installed.
    Handled,
}

/// The disposition of `signal`; `Default` for an invalid number.
pub fn disposition(signal: i32) -> Disposition {
    // SAFETY: an all-zero sigaction is a valid value; with a null new action the call only writes into it.
    let action = unsafe {
        let mut current: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &raw mut current);
        current.sa_sigaction
    };
    match action {
        libc::SIG_DFL => Disposition::Default,
        libc::SIG_IGN => Disposition::Ignored,
        _ => Disposition::Handled,
    }
}

/// Resets signal settings inherited from the parent: SIGCHLD gets its default action, since children cannot be waited for while it is
/// ignored, and the signals that end, stop and continue a process are unblocked.
pub fn reset_inherited_signals() {
    let unblocked = [
        libc::SIGHUP,
        libc::SIGINT,
        libc::SIGQUIT,
        libc::SIGTERM,
        libc::SIGCHLD,
        libc::SIGCONT,
        libc::SIGTSTP,
        libc::SIGTTIN,
        libc::SIGTTOU,
    ];
    // SAFETY: SIG_DFL is a valid disposition; `set` is a live local, emptied before use.
    unsafe {
        libc::signal(libc::SIGCHLD, libc::SIG_DFL);
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        for signal in unblocked {
            libc::sigaddset(&raw mut set, signal);
        }
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const set, std::ptr::null_mut());
    }
}

/// Runs `work` with SIGTSTP ignored, in this process and in children that `work` spawns: Ctrl-Z would stop a child while it is being
/// spawned and so block this process, which the shell would not notice.
pub fn without_ctrl_z<T>(work: impl FnOnce() -> T) -> T {
    static LOCK: Mutex<()> = Mutex::new(());
    let _guard = LOCK.lock();
    // SAFETY: all-zero sigactions are valid values, one of them with an empty mask and SIG_IGN as its action; both outlive the
    // calls.
    let before = unsafe {
        let (mut ignore, mut before): (libc::sigaction, libc::sigaction) = (std::mem::zeroed(), std::mem::zeroed());
        ignore.sa_sigaction = libc::SIG_IGN;
        (libc::sigaction(libc::SIGTSTP, &raw const ignore, &raw mut before) == 0).then_some(before)
    };
    let result = work();
    if let Some(before) = before {
        // SAFETY: `before` was filled by the call above.
        unsafe { libc::sigaction(libc::SIGTSTP, &raw const before, std::ptr::null_mut()) };
    }
    result
}

/// The signals that this process ignores, and SIGTSTP, which [`without_ctrl_z`] lets a child ignore.
pub fn ignored_signals() -> Vec<i32> {
    let is_ignored = |signal: &i32| *signal == libc::SIGTSTP || disposition(*signal) == Disposition::Ignored;
    (1..=libc::SIGRTMAX()).filter(is_ignored).collect()
}

/// Gives `signals` their default action in the process that `command` starts.
pub fn reset_signals_in_child(command: &mut Command, signals: Vec<i32>) {
    // SAFETY: the closure makes system calls and allocates nothing; SIG_DFL is a valid disposition.
    unsafe {
        command.pre_exec(move || {
            let failed = signals.iter().any(|signal| libc::signal(*signal, libc::SIG_DFL) == libc::SIG_ERR);
            if failed { Err(io::Error::last_os_error()) } else { Ok(()) }
        });
    }
}

/// An anonymous file in memory, which exists until its last descriptor is closed.
pub fn memory_file() -> io::Result<File> {
    // SAFETY: the name is a C string literal.
    let fd = unsafe { libc::memfd_create(c"hypertune-slots".as_ptr(), libc::MFD_CLOEXEC) };
    Ok(File::from(owned(checked(fd)?)))
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn a_child_s_exit_status_and_usage_are_returned() {
        #[expect(clippy::zombie_processes, reason = "reaped below")]
        let child = Command::new("/bin/sh").args(["-c", "kill -9 $$"]).process_group(0).spawn().unwrap();
        let pid = Pid::new(i32::try_from(child.id()).unwrap()).unwrap();
        let ended = crate::launch::process::pidfd::pidfd(pid).unwrap();
        assert_eq!(wait_readable([None, Some(ended.as_fd())], None).unwrap(), [false, true]);
        signal_group(pid, Signal::Kill);
        let reaped = reap(pid).unwrap();
        assert_eq!(reaped.status.signal(), Some(9));
        assert!(reaped.max_rss_bytes > 1024);
        signal_group(pid, Signal::Kill);
    }

    #[test]
    fn numbers_that_mean_several_processes_are_no_pids() {
        assert_eq!([-1, 0, 1].map(Pid::new), [None; 3]);
    }
}
