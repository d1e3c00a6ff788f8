//! The way into a child: `clone` with the driver's memory shared until the program is in place, as `posix_spawn` does it, less what a
//! tuner has no use for. Four things that the C library does anew for every child are done once: the environment is laid out, a null
//! device opened, the signals with handlers are looked up, and the child's stack is a piece of the caller's own. The last spares
//! an unmapping, which interrupts every other processor that runs a slot.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, OsString, c_char, c_int, c_void};
use std::fs::File;
use std::io;
use std::mem::{MaybeUninit, zeroed};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::open_files;
use super::signals::Signals;
use super::syscalls::{Disposition, Pid, Signal, disposition, reap, signal_process};
use crate::run::error::RunError;

/// What is spawned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JobCommand {
    /// The executable's path: it is not looked up in `PATH`.
    pub program: PathBuf,
    /// What the program is told that it was called by.
    pub name: OsString,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Added to the driver's own environment.
    pub env: Vec<(&'static str, OsString)>,
}

/// What all children have in common.
#[derive(Debug)]
pub struct Spawner {
    /// The driver's environment, each as `NAME=VALUE`.
    inherited: Vec<CString>,
    null: File,
    /// Signals that the driver handles.
    handled: Vec<c_int>,
    /// The limit of open files of children, where it is not the driver's own.
    open_files: Option<libc::rlimit>,
}

/// A child just spawned, the leader of its own group.
#[derive(Debug)]
pub struct Spawned {
    /// Its number.
    pub pid: Pid,
    /// Becomes readable when it has ended.
    pub ended: OwnedFd,
    /// What it prints.
    pub stdout: File,
    /// What it complains about.
    pub stderr: File,
}

/// A child between `clone` and its program, where the thread that spawns it waits for as long as the program's file system takes.
/// Through this, other threads can signal it.
#[derive(Debug, Default)]
pub struct SpawningChild {
    /// Written by the child itself; 0 if there is none.
    pid: AtomicI32,
    /// Held while the child is signalled, and before it is reaped, so that its number is not given to another process meanwhile.
    signalling: Mutex<()>,
}

impl SpawningChild {
    /// Signals the child; whether there is one.
    pub fn signal(&self, signal: Signal) -> bool {
        let _held = self.hold();
        let Some(pid) = Pid::new(self.pid.load(Ordering::Acquire)) else { return false };
        signal_process(pid, signal);
        true
    }

    fn clear(&self) {
        let _held = self.hold();
        self.pid.store(0, Ordering::Release);
    }

    fn hold(&self) -> MutexGuard<'_, ()> {
        self.signalling.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Refuses a kernel on which children cannot be watched; `probe` is the result of [`crate::launch::process::pidfd::probe_pidfd`].
pub fn check_kernel(probe: io::Result<()>) -> Result<(), RunError> {
    let Err(error) = probe else { return Ok(()) };
    match error.raw_os_error() {
        Some(libc::ENOSYS) => {
            Err(RunError::Unsupported("this kernel lacks pidfd_open (Linux 5.3 or later is needed)".into()))
        }
        Some(libc::EPERM | libc::EACCES) => {
            let what = format!("pidfd_open is forbidden here, as a rule by the seccomp filter of a container: {error}");
            Err(RunError::Unsupported(what))
        }
        _ => Err(RunError::System { operation: "open a pidfd", source: error }),
    }
}

impl Spawner {
    /// `_caught` are the signals that this process handles from now on: a child starts with their defaults.
    pub fn new(_caught: &Signals) -> io::Result<Spawner> {
        let inherited = std::env::vars_os().map(|(name, value)| variable(name.as_bytes(), value.as_bytes()));
        Ok(Spawner {
            inherited: inherited.collect::<io::Result<_>>()?,
            null: File::open("/dev/null")?,
            handled: (1..=libc::SIGRTMAX()).filter(|signal| disposition(*signal) == Disposition::Handled).collect(),
            open_files: open_files::of_children(),
        })
    }

    /// Spawns `command` in the current directory, with a null stdin and pipes for the rest. Until it returns, `child` reaches the
    /// new process.
    pub fn spawn(&self, command: &JobCommand, child: &SpawningChild) -> Result<Spawned, SpawnError> {
        let text = |text: &[u8]| CString::new(text).map_err(|e| SpawnError::Command(e.into()));
        let program = text(command.program.as_os_str().as_bytes())?;
        let argv = std::iter::once(&command.name).chain(&command.args).map(|arg| text(arg.as_bytes()));
        let argv = argv.collect::<Result<Vec<CString>, _>>()?;
        let added = command.env.iter().map(|(name, value)| variable(name.as_bytes(), value.as_bytes()));
        let added = added.collect::<io::Result<Vec<CString>>>().map_err(SpawnError::Command)?;
        let is_replaced = |entry: &CString| command.env.iter().any(|(name, _)| sets(entry, name));
        let env: Vec<&CStr> =
            self.inherited.iter().filter(|entry| !is_replaced(entry)).chain(&added).map(CString::as_c_str).collect();
        let (stdout, stdout_end) = io::pipe().map_err(SpawnError::Process)?;
        let (stderr, stderr_end) = io::pipe().map_err(SpawnError::Process)?;
        let (argv, env) = (pointers(argv.iter().map(CString::as_c_str)), pointers(env.into_iter()));
        let mut way = ChildArgs {
            program: program.as_ptr(),
            argv: argv.as_ptr(),
            env: env.as_ptr(),
            streams: [self.null.as_raw_fd(), stdout_end.as_raw_fd(), stderr_end.as_raw_fd()],
            handled: (self.handled.as_ptr(), self.handled.len()),
            child,
            open_files: self.open_files,
            fault: 0,
        };
        let (pid, ended) = go(&mut way)?;
        let (stdout, stderr) = (OwnedFd::from(stdout).into(), OwnedFd::from(stderr).into());
        Ok(Spawned { pid, ended, stdout, stderr })
    }
}

fn variable(name: &[u8], value: &[u8]) -> io::Result<CString> {
    CString::new([name, b"=", value].concat()).map_err(io::Error::from)
}

/// Whether an environment's `entry` is that of `name`.
fn sets(entry: &CString, name: &str) -> bool {
    entry.as_bytes().strip_prefix(name.as_bytes()).is_some_and(|rest| rest.starts_with(b"="))
}

/// The strings as C wants a list of them: pointers with a null after the last.
fn pointers<'a>(strings: impl Iterator<Item = &'a CStr>) -> Vec<*const c_char> {
    strings.map(CStr::as_ptr).chain([null()]).collect()
}

/// Why there is no process.
#[derive(Debug)]
pub enum SpawnError {
    /// An argument or a variable has a NUL in it.
    Command(io::Error),
    /// Pipes or a process cannot be had.
    Process(io::Error),
    /// The program cannot be run.
    Program(io::Error),
}

/// All that the child reads on its way, and where it leaves word if it fails.
struct ChildArgs<'a> {
    program: *const c_char,
    argv: *const *const c_char,
    env: *const *const c_char,
    streams: [RawFd; 3],
    handled: (*const c_int, usize),
    child: &'a SpawningChild,
    open_files: Option<libc::rlimit>,
    fault: c_int,
}

/// Bytes of stack for [`arrive`], which calls nothing but thin wrappers of system calls.
const STACK: usize = 32 << 10;

/// Clones this process into [`arrive`], and comes back when the child is the program or has failed to become it.
fn go(way: &mut ChildArgs<'_>) -> Result<(Pid, OwnedFd), SpawnError> {
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
        let pid = libc::clone(arrive, top, flags, (&raw mut *way).cast::<c_void>(), &raw mut ended);
        let refused = io::Error::last_os_error();
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, null_mut());
        if pid < 0 { Err(SpawnError::Process(refused)) } else { Ok(pid) }
    }?;
    // From here on it is signalled as a job, or not at all.
    way.child.clear();
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
    let pid = Pid::new(pid)
        .ok_or_else(|| SpawnError::Process(io::Error::other("the system gave the child an impossible number")))?;
    match way.fault {
        0 => Ok((pid, ended)),
        fault => {
            let _ = reap(pid);
            Err(SpawnError::Program(io::Error::from_raw_os_error(fault)))
        }
    }
}

/// The child's first steps, in the driver's memory: no allocation, no lock, nothing but system calls.
///
/// Handlers are taken off before signals are let through, since they would run in that memory. They are set to be ignored first,
/// which drops what is pending: a Ctrl-Z or Ctrl-C that came while the child was still in the driver's group was not meant for it.
extern "C" fn arrive(way: *mut c_void) -> c_int {
    // SAFETY: `way` is what `go` passed and outlives this function: the caller waits. The calls take integers and pointers into it or
    // to live locals; all-zero values of sigset_t (nothing blocked) are valid.
    unsafe {
        let way = &mut *way.cast::<ChildArgs<'_>>();
        let in_place =
            libc::setpgid(0, 0) == 0 && way.streams.iter().zip(0..).all(|(from, to)| libc::dup2(*from, to) == to);
        if in_place {
            for i in 0..way.handled.1 {
                let signal = *way.handled.0.add(i);
                libc::signal(signal, libc::SIG_IGN);
                libc::signal(signal, libc::SIG_DFL);
            }
            // Rust's own start-up had it ignored, which a program would inherit.
            libc::signal(libc::SIGPIPE, libc::SIG_DFL);
            if let Some(limit) = &way.open_files {
                libc::setrlimit(libc::RLIMIT_NOFILE, limit);
            }
            // From here on a signal to this process ends it, also while `execve` waits for a file system.
            way.child.pid.store(libc::getpid(), Ordering::Release);
            let nothing: libc::sigset_t = zeroed();
            libc::sigprocmask(libc::SIG_SETMASK, &raw const nothing, null_mut());
            libc::execve(way.program, way.argv, way.env);
        }
        way.fault = *libc::__errno_location();
        libc::_exit(127)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn cause(error: SpawnError) -> io::Error {
        match error {
            SpawnError::Command(cause) | SpawnError::Process(cause) | SpawnError::Program(cause) => cause,
        }
    }

    fn said(program: &str, args: &[&str], env: Vec<(&'static str, OsString)>) -> io::Result<String> {
        let args = args.iter().map(OsString::from).collect();
        let command = JobCommand { program: program.into(), name: "name".into(), args, env };
        let mut child = Spawner::new(&Signals::catch()?)?.spawn(&command, &SpawningChild::default()).map_err(cause)?;
        let mut said = String::new();
        child.stdout.read_to_string(&mut said)?;
        reap(child.pid)?;
        Ok(said)
    }

    #[test]
    fn the_program_hears_its_name_its_arguments_and_nothing_on_stdin() {
        assert_eq!(said("/bin/sh", &["-c", "echo $0 $1; cat", "a", "b c"], vec![]).unwrap(), "a b c\n");
        assert_eq!(said("/bin/sh", &["-c", "echo $0"], vec![]).unwrap(), "name\n");
    }

    #[test]
    fn variables_are_added_and_replaced_and_the_others_stay() {
        let path = std::env::var("PATH").unwrap();
        let found = said("/usr/bin/env", &[], vec![("HOME", "x=y".into()), ("A_NEW_ONE", "1".into())]).unwrap();
        let lines: Vec<&str> = found.lines().collect();
        for line in ["HOME=x=y", "A_NEW_ONE=1", &format!("PATH={path}")] {
            assert_eq!(lines.iter().filter(|other| **other == line).count(), 1, "{line}");
        }
        assert_eq!(lines.iter().filter(|line| line.starts_with("HOME=")).count(), 1);
    }

    #[test]
    fn a_name_is_not_mistaken_for_a_longer_one() {
        let entry = CString::new("HOMESTEAD=1").unwrap();
        assert!(!sets(&entry, "HOME") && sets(&entry, "HOMESTEAD"));
    }

    #[test]
    fn what_cannot_be_spawned_is_an_error_and_leaves_no_child() {
        let kind = |program: &str, arg: &str| said(program, &[arg], vec![]).unwrap_err().kind();
        assert_eq!(kind("/nowhere/at/all", ""), io::ErrorKind::NotFound);
        assert_eq!(kind("/", ""), io::ErrorKind::PermissionDenied);
        assert_eq!(kind("/bin/true", "nul \0 inside"), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn a_kernel_without_pidfds_is_refused_with_a_sentence() {
        let said = |code| check_kernel(Err(io::Error::from_raw_os_error(code))).unwrap_err().to_string();
        assert_eq!(said(libc::ENOSYS), "this kernel lacks pidfd_open (Linux 5.3 or later is needed)");
        assert!(said(libc::EPERM).contains("seccomp"));
        assert!(said(libc::EMFILE).starts_with("cannot open a pidfd: "));
        check_kernel(crate::launch::process::pidfd::probe_pidfd()).unwrap();
    }

    #[test]
    fn after_a_spawn_that_succeeded_or_failed_there_is_no_spawning_child() {
        let spawner = Spawner::new(&Signals::catch().unwrap()).unwrap();
        for (program, starts) in [("/bin/true", true), ("/nowhere/at/all", false)] {
            let command = JobCommand { program: program.into(), name: "name".into(), args: vec![], env: vec![] };
            let child = SpawningChild::default();
            let spawned = spawner.spawn(&command, &child);
            assert_eq!(spawned.is_ok(), starts);
            assert!(!child.signal(Signal::Kill));
            if let Ok(spawned) = spawned {
                assert!(reap(spawned.pid).unwrap().status.success());
            }
        }
    }

    #[test]
    fn no_signal_is_blocked_or_ignored_in_a_child_that_is_not_for_us_too() {
        let found = said("/bin/cat", &["/proc/self/status"], vec![]).unwrap();
        let ours = std::fs::read_to_string("/proc/self/status").unwrap();
        let mask = |text: &str, name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.map(|mask| u64::from_str_radix(mask.trim(), 16).unwrap()).unwrap()
        };
        assert_eq!((mask(&found, "SigBlk:"), mask(&found, "SigCgt:")), (0, 0));
        let pipe = 1 << (libc::SIGPIPE - 1);
        assert_eq!(mask(&found, "SigIgn:"), mask(&ours, "SigIgn:") & !pipe);
    }
}
