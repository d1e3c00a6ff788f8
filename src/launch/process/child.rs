//! One child process, leader of its own group: followed until it ends, nothing of its group left behind.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use super::pidfd::ends_within;
use super::syscalls::{Pid, Reaped, Signal, reap, signal_child, wait_readable};

/// Most bytes read of a stream after the child's own end. A pipe holds 64 KiB unless somebody enlarged it, to at most this;
/// whatever comes later was written by a process that outlived the child.
const LAST_WORDS: usize = 1 << 20;

/// A job that ends this soon is heard at its end: one waking instead of two. A pipe holds what it prints until then.
const MOMENT: Duration = Duration::from_millis(2);

/// How long a child may take to end that is killed here.
const REAP_PATIENCE: Duration = Duration::from_secs(1);

/// When a child is no longer waited for.
#[derive(Clone, Copy, Debug)]
pub struct Patience<'a> {
    /// Readable when no child is to be waited for any more.
    pub abandoned: Option<BorrowedFd<'a>>,
    /// At the latest, if there is a limit.
    pub until: Option<Instant>,
}

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
    /// `ended` becomes readable when the process has ended; `stdout` and `stderr` are the read ends of its pipes.
    pub fn new(pid: Pid, ended: OwnedFd, stdout: File, stderr: File) -> Child {
        Child { pid, ended, stdout: Some(stdout), stderr: Some(stderr) }
    }

    /// Its number, and its group's.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Hands what it prints to `sink` until it has ended, or `patience` has. A process that holds its stdout open any longer is not
    /// waited for. Stops at the first fault of `sink`; call again, with a sink that has none, to go on.
    pub fn follow<S: Sink>(&mut self, sink: &mut S, buffer: &mut [u8], patience: Patience<'_>) -> Result<(), S::Fault> {
        let mut over = self.ends_within(MOMENT);
        while !over {
            let fds = [self.stdout.as_ref().map(File::as_fd), self.stderr.as_ref().map(File::as_fd)];
            let left = patience.until.map(|until| until.saturating_duration_since(Instant::now()));
            let waited = wait_readable([fds[0], fds[1], Some(self.ended.as_fd()), patience.abandoned], left);
            // A failing poll means a descriptor that is not ours to poll: reaping kills the child.
            let Ok([out, err, ended, abandoned]) = waited else { return Ok(()) };
            self.pass_on([out, err], sink, buffer)?;
            over = ended || abandoned || left == Some(Duration::ZERO);
        }
        self.drain(sink, buffer)
    }

    fn ends_within(&self, patience: Duration) -> bool {
        ends_within(self.ended.as_fd(), patience)
    }

    /// One read of each stream that is ready; how many bytes came.
    fn pass_on<S: Sink>(&mut self, ready: [bool; 2], sink: &mut S, buffer: &mut [u8]) -> Result<usize, S::Fault> {
        let [out, err] = ready;
        let mut passed = 0;
        if out {
            passed += pass_on(&mut self.stdout, buffer, |bytes| sink.stdout(bytes))?;
        }
        if err {
            passed += pass_on(&mut self.stderr, buffer, |bytes| sink.stderr(bytes))?;
        }
        Ok(passed)
    }

    /// What the streams hold at the child's end, without waiting for more.
    fn drain<S: Sink>(&mut self, sink: &mut S, buffer: &mut [u8]) -> Result<(), S::Fault> {
        let mut left = 2 * LAST_WORDS;
        while left > 0 {
            let fds = [self.stdout.as_ref().map(File::as_fd), self.stderr.as_ref().map(File::as_fd)];
            let ready = wait_readable(fds, Some(Duration::ZERO)).unwrap_or_default();
            if ready == [false; 2] {
                break;
            }
            left = left.saturating_sub(self.pass_on(ready, sink, buffer)?);
        }
        (self.stdout, self.stderr) = (None, None);
        Ok(())
    }

    /// Kills what is left of its group (data loaders that hold a device), and the child itself if it has not ended; then frees its
    /// number.
    ///
    /// # Errors
    /// The child does not end; it is left to the system.
    pub fn reap(self) -> io::Result<Reaped> {
        // Until the child itself is reaped, its number and so its group's cannot be given to anybody else.
        signal_child(self.pid, Signal::Kill);
        if !self.ends_within(REAP_PATIENCE) {
            let what = format!("process {} does not end after SIGKILL", self.pid.number());
            return Err(io::Error::new(io::ErrorKind::TimedOut, what));
        }
        reap(self.pid)
    }
}

/// One read, of so many bytes; a stream at its end is closed.
fn pass_on<F>(
    stream: &mut Option<File>,
    buffer: &mut [u8],
    sink: impl FnOnce(&[u8]) -> Result<(), F>,
) -> Result<usize, F> {
    let Some(pipe) = stream else { return Ok(0) };
    let length = match pipe.read(buffer) {
        Ok(length) => length,
        Err(e) if e.kind() == io::ErrorKind::Interrupted => return Ok(0),
        Err(_) => 0,
    };
    if length == 0 {
        *stream = None;
    } else {
        sink(&buffer[..length])?;
    }
    Ok(length)
}

#[cfg(test)]
pub(crate) mod tests;
