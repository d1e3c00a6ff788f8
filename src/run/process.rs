//! One child process, leader of its own group: followed until it ends, nothing of its group left behind.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use super::spawn::Spawned;
use super::sys::{Pid, Reaped, Signal, reap, signal_group, wait_readable};

/// Most bytes read of a stream after the child's own end. A pipe holds 64 KiB unless somebody enlarged it, to at most this;
/// whatever comes later was written by a process that outlived the child.
const LAST_WORDS: usize = 1 << 20;

/// Takes what a child prints.
pub trait Sink {
    /// What can go wrong in taking it.
    type Fault;
    /// Some bytes of stdout.
    fn stdout(&mut self, bytes: &[u8]) -> Result<(), Self::Fault>;
    /// Some bytes of stderr.
    fn stderr(&mut self, bytes: &[u8]) -> Result<(), Self::Fault>;
}

/// A child whose number is still ours, because it has not been reaped.
#[derive(Debug)]
pub struct Child {
    pid: Pid,
    ended: OwnedFd,
    stdout: Option<File>,
    stderr: Option<File>,
}

impl Child {
    /// What was just spawned.
    pub fn new(spawned: Spawned) -> Child {
        let Spawned { pid, ended, stdout, stderr } = spawned;
        Child { pid, ended, stdout: Some(stdout), stderr: Some(stderr) }
    }

    /// Its number, and its group's.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Hands what it prints to `sink` until it has ended. A process that holds its stdout open any longer is not waited for.
    /// Stops at the first fault of `sink`; call again, with a sink that has none, to go on.
    pub fn follow<S: Sink>(&mut self, sink: &mut S, buffer: &mut [u8]) -> Result<(), S::Fault> {
        loop {
            let fds = [self.stdout.as_ref().map(File::as_fd), self.stderr.as_ref().map(File::as_fd)];
            // A failing poll means a descriptor that is not ours to poll: the blocking reap still works.
            let Ok([out, err, ended]) = wait_readable([fds[0], fds[1], Some(self.ended.as_fd())], None) else {
                return Ok(());
            };
            if out {
                pass_on(&mut self.stdout, buffer, |bytes| sink.stdout(bytes))?;
            }
            if err {
                pass_on(&mut self.stderr, buffer, |bytes| sink.stderr(bytes))?;
            }
            if ended {
                break;
            }
        }
        drain(&mut self.stdout, buffer, |bytes| sink.stdout(bytes))?;
        drain(&mut self.stderr, buffer, |bytes| sink.stderr(bytes))
    }

    /// Kills what is left of its group (data loaders that hold a device), then frees its number. To be called when it has ended.
    pub fn reap(self) -> io::Result<Reaped> {
        // Until the child itself is reaped, its number and so its group's cannot be given to anybody else.
        signal_group(self.pid, Signal::Kill);
        reap(self.pid)
    }
}

/// One read; a stream at its end is closed.
fn pass_on<F>(
    stream: &mut Option<File>,
    buffer: &mut [u8],
    mut sink: impl FnMut(&[u8]) -> Result<(), F>,
) -> Result<(), F> {
    let Some(pipe) = stream else { return Ok(()) };
    match pipe.read(buffer) {
        Ok(0) => *stream = None,
        Ok(length) => sink(&buffer[..length])?,
        Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
        Err(_) => *stream = None,
    }
    Ok(())
}

/// What a stream holds at the end of its child, without waiting for more.
fn drain<F>(
    stream: &mut Option<File>,
    buffer: &mut [u8],
    mut sink: impl FnMut(&[u8]) -> Result<(), F>,
) -> Result<(), F> {
    let mut left = LAST_WORDS;
    while let Some(pipe) = stream.as_ref().filter(|_| left > 0) {
        if !matches!(wait_readable([Some(pipe.as_fd())], Some(Duration::ZERO)), Ok([true])) {
            break;
        }
        pass_on(stream, buffer, |bytes| {
            left = left.saturating_sub(bytes.len());
            sink(bytes)
        })?;
    }
    *stream = None;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::os::unix::process::ExitStatusExt;
    use std::time::Instant;

    use super::super::spawn::{JobCommand, Spawner};
    use super::*;

    #[derive(Default)]
    struct Heard(String, String);

    impl Sink for Heard {
        type Fault = Infallible;
        fn stdout(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
            self.0 += &String::from_utf8_lossy(bytes);
            Ok(())
        }
        fn stderr(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
            self.1 += &String::from_utf8_lossy(bytes);
            Ok(())
        }
    }

    fn run(script: &str) -> (Heard, Reaped) {
        let command = JobCommand {
            program: "/bin/sh".into(),
            name: "sh".into(),
            args: vec!["-c".into(), script.into()],
            env: vec![("GREETING", "hello".into())],
        };
        let spawned = Spawner::new().unwrap().spawn(&command).unwrap();
        let (mut child, mut heard) = (Child::new(spawned), Heard::default());
        let Ok(()) = child.follow(&mut heard, &mut [0; 4096]);
        (heard, child.reap().unwrap())
    }

    #[test]
    fn both_streams_the_environment_and_the_exit_code_come_through() {
        let (Heard(out, err), reaped) = run("echo $GREETING; echo oh >&2; cat; exit 3");
        assert_eq!((out.as_str(), err.as_str(), reaped.status.code()), ("hello\n", "oh\n", Some(3)));
    }

    #[test]
    fn a_grandchild_that_holds_stdout_open_is_not_waited_for() {
        let begun = Instant::now();
        let (Heard(out, _), reaped) = run("sleep 600 & setsid sleep 600 & echo $!; echo done");
        assert!(begun.elapsed() < Duration::from_secs(300));
        assert!(out.ends_with("done\n") && reaped.status.success());
        let stray = out.lines().next().unwrap().parse().ok().and_then(Pid::new).unwrap();
        signal_group(stray, Signal::Kill);
    }

    #[test]
    fn what_a_killed_child_said_last_is_heard() {
        let (Heard(out, _), reaped) = run("echo last; kill -9 $$");
        assert_eq!((out.as_str(), reaped.status.signal()), ("last\n", Some(9)));
    }

    #[test]
    fn the_rest_of_the_group_goes_with_its_leader() {
        let (Heard(out, _), _) = run("sleep 600 > /dev/null 2>&1 & echo $!");
        let state = || std::fs::read_to_string(format!("/proc/{}/stat", out.trim()));
        // Reaped by whoever adopts it; until then a zombie at most.
        let gone = |stat: String| stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with(['Z', 'X']));
        while !state().map_or(true, gone) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
