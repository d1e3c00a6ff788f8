//! Spawns jobs faster than `std::process`. Work that the C library repeats for each child is done once per session: building the
//! environment, opening `/dev/null`, finding the signals that have handlers.

use std::borrow::Cow;
use std::ffi::{CStr, CString, OsString, c_char, c_int};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::ptr::null;

use super::child::Child;
use super::clone_child::{ChildArgs, FailedCall, clone_child};
use super::open_files;
use super::signals::Signals;
use super::spawning_child::SpawningChild;
use super::syscalls::{Disposition, disposition};
use crate::launch::error::SpawnError;

/// The program to spawn, with arguments and environment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JobCommand {
    /// The executable's path: it is not looked up in `PATH`.
    pub program: PathBuf,
    /// The program's `argv[0]`.
    pub name: OsString,
    /// The other arguments.
    pub args: Vec<OsString>,
    /// Added to the driver's environment.
    pub env: Vec<(Cow<'static, str>, OsString)>,
    /// Names of variables that are not inherited from the driver.
    pub unset: Vec<String>,
    /// The absolute path of its working directory; `None` for the driver's.
    pub directory: Option<PathBuf>,
}

/// The state that all children of a session share.
#[derive(Debug)]
pub struct Spawner {
    /// The driver's environment as `NAME=VALUE`.
    inherited: Vec<CString>,
    null: File,
    /// Signals that the driver handles or ignores, also where its parent did: jobs start with the default actions.
    reset: Vec<c_int>,
    /// The children's limit of open files, if it differs from the driver's.
    open_files: Option<libc::rlimit>,
}

impl Spawner {
    /// Requires that the signals of `_caught` have their handlers: a child starts with the default actions.
    pub fn new(_caught: &Signals) -> io::Result<Spawner> {
        let inherited = std::env::vars_os().map(|(name, value)| variable(name.as_bytes(), value.as_bytes()));
        Ok(Spawner {
            inherited: inherited.collect::<io::Result<_>>()?,
            null: File::open("/dev/null")?,
            reset: (1..=libc::SIGRTMAX()).filter(|signal| disposition(*signal) != Disposition::Default).collect(),
            open_files: open_files::child_limit(),
        })
    }

    /// Children do not inherit the variables `names`.
    pub fn without_variables(mut self, names: &[&str]) -> Spawner {
        self.inherited.retain(|entry| !names.iter().any(|name| sets(entry, name)));
        self
    }

    /// Spawns `command` in its directory, as the leader of a process group, with `/dev/null` as stdin and pipes for stdout
    /// and stderr. Until this returns, other threads signal the new process through `child`.
    pub fn spawn(&self, command: &JobCommand, child: &SpawningChild) -> Result<Child, SpawnError> {
        self.spawn_with_stdin(command, self.null.as_fd(), child)
    }

    /// As [`Spawner::spawn`], with `stdin`.
    pub fn spawn_with_stdin(
        &self,
        command: &JobCommand,
        stdin: BorrowedFd<'_>,
        child: &SpawningChild,
    ) -> Result<Child, SpawnError> {
        let text = |text: &[u8]| CString::new(text).map_err(|e| SpawnError::Command(e.into()));
        let program = text(command.program.as_os_str().as_bytes())?;
        let argv = std::iter::once(&command.name).chain(&command.args).map(|arg| text(arg.as_bytes()));
        let argv = argv.collect::<Result<Vec<CString>, _>>()?;
        let added = command.env.iter().map(|(name, value)| variable(name.as_bytes(), value.as_bytes()));
        let added = added.collect::<io::Result<Vec<CString>>>().map_err(SpawnError::Command)?;
        let names = || command.env.iter().map(|(name, _)| &**name).chain(command.unset.iter().map(String::as_str));
        let is_replaced = |entry: &CString| names().any(|name| sets(entry, name));
        let env: Vec<&CStr> =
            self.inherited.iter().filter(|entry| !is_replaced(entry)).chain(&added).map(CString::as_c_str).collect();
        let directory =
            command.directory.as_ref().map(|directory| text(directory.as_os_str().as_bytes())).transpose()?;
        let (stdout, stdout_end) = io::pipe().map_err(SpawnError::Process)?;
        let (stderr, stderr_end) = io::pipe().map_err(SpawnError::Process)?;
        let (argv, env) = (pointers(argv.iter().map(CString::as_c_str)), pointers(env.into_iter()));
        let mut args = ChildArgs {
            program: program.as_ptr(),
            argv: argv.as_ptr(),
            env: env.as_ptr(),
            directory: directory.as_ref().map_or(null(), |directory| directory.as_ptr()),
            streams: [stdin.as_raw_fd(), stdout_end.as_raw_fd(), stderr_end.as_raw_fd()],
            reset: (self.reset.as_ptr(), self.reset.len()),
            child,
            open_files: self.open_files,
            errno: 0,
            failed: FailedCall::Exec,
        };
        let (pid, pidfd) = clone_child(&mut args)?;
        Ok(Child::new(pid, pidfd, OwnedFd::from(stdout).into(), OwnedFd::from(stderr).into()))
    }
}

fn variable(name: &[u8], value: &[u8]) -> io::Result<CString> {
    CString::new([name, b"=", value].concat()).map_err(io::Error::from)
}

/// Whether the environment entry `entry` sets `name`.
fn sets(entry: &CString, name: &str) -> bool {
    let entry = entry.as_bytes();
    // First, because for almost all pairs it decides.
    entry.get(name.len()) == Some(&b'=') && entry.starts_with(name.as_bytes())
}

/// A null-terminated array of C strings.
fn pointers<'a>(strings: impl Iterator<Item = &'a CStr>) -> Vec<*const c_char> {
    strings.map(CStr::as_ptr).chain([null()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::launch::process::child::tests::{TextOutput, UNLIMITED};
    use crate::launch::process::syscalls::Signal;

    fn cause(error: SpawnError) -> io::Error {
        match error {
            SpawnError::Command(cause)
            | SpawnError::Process(cause)
            | SpawnError::Directory(cause)
            | SpawnError::Program(cause) => cause,
            SpawnError::NotReady(reason) | SpawnError::Queued(reason) | SpawnError::Unusable(reason) => {
                panic!("{reason}")
            }
        }
    }

    fn output(program: &str, args: &[&str], env: Vec<(Cow<'static, str>, OsString)>) -> io::Result<String> {
        let args = args.iter().map(OsString::from).collect();
        let command =
            JobCommand { program: program.into(), name: "name".into(), args, env, unset: vec![], directory: None };
        let mut child = Spawner::new(&Signals::catch()?)?.spawn(&command, &SpawningChild::default()).map_err(cause)?;
        let mut output = TextOutput::default();
        let Ok(()) = child.follow(&mut output, &mut [0; 4096], UNLIMITED);
        child.reap()?;
        Ok(output.stdout)
    }

    #[test]
    fn a_program_gets_its_name_and_arguments_and_an_empty_stdin() {
        assert_eq!(output("/bin/sh", &["-c", "echo $0 $1; cat", "a", "b c"], vec![]).unwrap(), "a b c\n");
        assert_eq!(output("/bin/sh", &["-c", "echo $0"], vec![]).unwrap(), "name\n");
    }

    #[test]
    fn variables_are_added_or_replaced_and_the_others_are_inherited() {
        let path = std::env::var("PATH").unwrap();
        let env =
            output("/usr/bin/env", &[], vec![("HOME".into(), "x=y".into()), ("A_NEW_ONE".into(), "1".into())]).unwrap();
        let lines: Vec<&str> = env.lines().collect();
        for line in ["HOME=x=y", "A_NEW_ONE=1", &format!("PATH={path}")] {
            assert_eq!(lines.iter().filter(|other| **other == line).count(), 1, "{line}");
        }
        assert_eq!(lines.iter().filter(|line| line.starts_with("HOME=")).count(), 1);
    }

    #[test]
    fn a_program_starts_in_its_directory() {
        let spawn = |directory: &str| {
            let args = vec!["-P".into()];
            let directory = Some(directory.into());
            let command = JobCommand {
                program: "/bin/pwd".into(),
                name: "pwd".into(),
                args,
                env: vec![],
                unset: vec![],
                directory,
            };
            Spawner::new(&Signals::catch().unwrap()).unwrap().spawn(&command, &SpawningChild::default())
        };
        let mut child = spawn("/usr").unwrap();
        let mut output = TextOutput::default();
        let Ok(()) = child.follow(&mut output, &mut [0; 4096], UNLIMITED);
        child.reap().unwrap();
        assert_eq!(output.stdout, "/usr\n");
        let Err(SpawnError::Directory(error)) = spawn("/nowhere/at/all") else { panic!("it is missing") };
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_variable_is_matched_by_its_whole_name() {
        let entry = CString::new("HOMESTEAD=1").unwrap();
        assert!(!sets(&entry, "HOME") && sets(&entry, "HOMESTEAD"));
    }

    #[test]
    fn a_command_that_cannot_be_spawned_is_an_error() {
        let kind = |program: &str, arg: &str| output(program, &[arg], vec![]).unwrap_err().kind();
        assert_eq!(kind("/nowhere/at/all", ""), io::ErrorKind::NotFound);
        assert_eq!(kind("/", ""), io::ErrorKind::PermissionDenied);
        assert_eq!(kind("/bin/true", "nul \0 inside"), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn after_a_spawn_the_spawning_child_is_cleared() {
        let spawner = Spawner::new(&Signals::catch().unwrap()).unwrap();
        for (program, starts) in [("/bin/true", true), ("/nowhere/at/all", false)] {
            let command = JobCommand {
                program: program.into(),
                name: "name".into(),
                args: vec![],
                env: vec![],
                unset: vec![],
                directory: None,
            };
            let child = SpawningChild::default();
            let spawned = spawner.spawn(&command, &child);
            assert_eq!(spawned.is_ok(), starts);
            assert!(!child.signal(Signal::Kill));
            if let Ok(mut spawned) = spawned {
                let Ok(()) = spawned.follow(&mut TextOutput::default(), &mut [0; 4096], UNLIMITED);
                assert!(spawned.reap().unwrap().status.success());
            }
        }
    }

    #[test]
    fn a_child_blocks_and_ignores_no_signals() {
        let status = output("/bin/cat", &["/proc/self/status"], vec![]).unwrap();
        let mask = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.map(|mask| u64::from_str_radix(mask.trim(), 16).unwrap()).unwrap()
        };
        // Signals 32 and 33 are the C library's own.
        let of_c_library = 3 << 31;
        assert_eq!(["SigBlk:", "SigCgt:", "SigIgn:"].map(|name| mask(name) & !of_c_library), [0, 0, 0]);
    }
}
