//! The few system calls the standard library lacks, each behind a safe function. With `pidfd`, `spawn` and `open_files`, the crate's only
//! unsafe code.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Mutex;
use std::time::Duration;

/// A process, and the process group of the same number that it leads.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Pid(i32);

impl Pid {
    /// `None` for 0 and negative numbers, which mean other things to `kill`, and for 1, which is nobody's child.
    pub fn new(number: i32) -> Option<Pid> {
        (number > 1).then_some(Pid(number))
    }

    /// The plain number.
    pub fn number(self) -> i32 {
        self.0
    }
}

/// A signal hypertune sends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signal {
    /// As Ctrl-C.
    Interrupt,
    /// A polite end.
    Terminate,
    /// An end that cannot be refused.
    Kill,
}

impl Signal {
    /// The number that system calls take.
    pub fn number(self) -> i32 {
        match self {
            Signal::Interrupt => libc::SIGINT,
            Signal::Terminate => libc::SIGTERM,
            Signal::Kill => libc::SIGKILL,
        }
    }
}

/// How a child ended and what it used.
#[derive(Clone, Copy, Debug)]
pub struct Reaped {
    /// Exit code or signal.
    pub status: ExitStatus,
    /// Largest resident set of it or of any of its own children.
    pub max_rss_bytes: u64,
    /// User and system time.
    pub cpu: Duration,
}

/// The system's error in the place of a negative result.
pub fn checked(result: i32) -> io::Result<i32> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

fn owned(fd: RawFd) -> OwnedFd {
    // SAFETY: callers pass a descriptor the kernel just gave them; nobody else owns it.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// Blocks until one of `fds` can be read or is closed at the other end, or `timeout` is over: which can be. `None` entries
/// are left out. A signal handler's run ends the wait early with none.
pub fn wait_readable<const N: usize>(
    fds: [Option<BorrowedFd<'_>>; N],
    timeout: Option<Duration>,
) -> io::Result<[bool; N]> {
    wait_ready(fds.map(|fd| fd.map(|fd| (fd, Ready::ToRead))), timeout)
}

/// What a descriptor is waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ready {
    /// There is something to read.
    ToRead,
    /// There is room to write.
    ToWrite,
}

/// [`wait_readable`] with a say in what each descriptor is waited for.
pub fn wait_ready<const N: usize>(
    fds: [Option<(BorrowedFd<'_>, Ready)>; N],
    timeout: Option<Duration>,
) -> io::Result<[bool; N]> {
    let mut polled = fds.map(|entry| {
        let events = if entry.is_some_and(|(_, ready)| ready == Ready::ToWrite) { libc::POLLOUT } else { libc::POLLIN };
        libc::pollfd { fd: entry.map_or(-1, |(fd, _)| fd.as_raw_fd()), events, revents: 0 }
    });
    // Rounded up: a deadline is over when the wait for it is.
    let millis = timeout.map_or(-1, |t| i32::try_from(t.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX));
    // SAFETY: `polled` is an array of N pollfds that lives through the call; negative descriptors are ignored.
    let result = checked(unsafe { libc::poll(polled.as_mut_ptr(), N as libc::nfds_t, millis) });
    match result {
        Ok(_) => Ok(polled.map(|p| p.revents != 0)),
        Err(e) if e.kind() == io::ErrorKind::Interrupted => Ok([false; N]),
        Err(e) => Err(e),
    }
}

/// Lets reads and writes of `fd` return at once.
pub fn never_block(fd: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: fcntl with these commands takes and gives integers and touches no memory of ours.
    let flags = checked(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFL) })?;
    // SAFETY: as above.
    checked(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFL, flags | libc::O_NONBLOCK) }).map(drop)
}

/// Waits for the child `pid` to end and frees its number.
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
        // Linux gives kibibytes.
        max_rss_bytes: usage.ru_maxrss.unsigned_abs() * 1024,
        cpu: span(usage.ru_utime) + span(usage.ru_stime),
    })
}

/// Sends `signal` to every process of the group that `leader` leads or led; no such group is no error.
pub fn signal_group(leader: Pid, signal: Signal) {
    // SAFETY: kill takes two integers; a Pid is above 1, so this is never "every process" or our own group.
    unsafe { libc::kill(-leader.0, signal.number()) };
}

/// Sends `signal` to one process; a process that is gone is no error.
pub fn signal_process(pid: Pid, signal: Signal) {
    // SAFETY: kill takes two integers; a Pid is above 1.
    unsafe { libc::kill(pid.0, signal.number()) };
}

/// Sends `signal` to the child `pid`, wherever it is, and to the process group that it led when it was spawned. The child must not
/// have been reaped. A child that still is in that group receives the signal once.
pub fn signal_child(pid: Pid, signal: Signal) {
    // SAFETY: getpgid takes an integer.
    let left_its_group = unsafe { libc::getpgid(pid.0) } != pid.0;
    signal_group(pid, signal);
    if left_its_group {
        signal_process(pid, signal);
    }
}

/// The number of this process's session, and of its parent.
pub fn session_and_parent() -> (i32, Option<Pid>) {
    // SAFETY: both calls take integers or nothing.
    unsafe { (libc::getsid(0), Pid::new(libc::getppid())) }
}

/// Time since the machine was started, suspension included; starts of processes are counted in it.
pub fn time_since_boot() -> Duration {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a live local of the type that clock_gettime wants.
    unsafe { libc::clock_gettime(libc::CLOCK_BOOTTIME, &raw mut now) };
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// Ticks of a second in `/proc/PID/stat`.
pub fn ticks_per_second() -> u64 {
    // SAFETY: sysconf takes an integer.
    u64::try_from(unsafe { libc::sysconf(libc::_SC_CLK_TCK) }).unwrap_or(100).max(1)
}

/// Leaves the terminal's session and ignores what a terminal or a scheduler sends to end a process.
pub fn detach() {
    // SAFETY: setsid takes nothing; it fails harmlessly for a group leader. SIG_IGN is a valid disposition.
    unsafe {
        libc::setsid();
        for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT, libc::SIGPIPE] {
            libc::signal(signal, libc::SIG_IGN);
        }
    }
}

/// What becomes of a signal that comes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Disposition {
    /// What the system does with it.
    Default,
    /// Nothing: whoever started us wants it so, or we do.
    Ignored,
    /// It is caught.
    Handled,
}

/// What becomes of `signal` now; of what is no signal, what the system does.
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

/// Undoes what a parent may have done to signals that processes are run with: SIGCHLD, which must not be ignored for children to be
/// waited for, gets its default, and the signals that end, stop and continue a process are unblocked.
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
    // SAFETY: SIG_DFL is a valid disposition; `set` is a live local, made empty before use.
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

/// Does `work` while Ctrl-Z is ignored, here and in what `work` spawns: it would stop a child in the middle of being spawned, and
/// us with it, in a way that no shell notices.
pub fn without_ctrl_z<T>(work: impl FnOnce() -> T) -> T {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock();
    // SAFETY: all-zero sigactions are valid values, one of them with the null mask and SIG_IGN as its action; both live through
    // the calls.
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

/// A file that lies in memory only and goes with its last descriptor.
pub fn memory_file() -> io::Result<File> {
    // SAFETY: the name is a C string literal.
    let fd = unsafe { libc::memfd_create(c"hypertune-slots".as_ptr(), libc::MFD_CLOEXEC) };
    Ok(File::from(owned(checked(fd)?)))
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    use super::*;

    #[test]
    fn a_child_s_end_is_seen_and_accounted() {
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
    fn no_pid_means_everybody() {
        assert_eq!([-1, 0, 1].map(Pid::new), [None; 3]);
    }
}
