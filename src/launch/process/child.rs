//! A child process that leads its own process group: reads its output until it exits, then kills the rest of its group.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use super::pidfd::ends_within;
use super::syscalls::{Pid, Reaped, Signal, reap, signal_child, signal_group, wait_readable};

/// Maximum number of bytes read from a stream after the child's exit: the largest capacity of a pipe (pipe(7); the default is 64 KiB).
/// Anything beyond was written by a process that outlived the child.
const MAX_DRAIN: usize = 1 << 20;

/// Jobs that exit within this time are drained once, at exit; saves a wake-up.
const SHORT_JOB: Duration = Duration::from_millis(2);

/// Longest wait for the exit of a child after SIGKILL.
const REAP_TIMEOUT: Duration = Duration::from_secs(1);

/// The limit of a wait for a child.
#[derive(Clone, Copy, Debug)]
pub struct WaitLimit<'a> {
    /// Readable once no child is to be waited for.
    pub abandoned: Option<BorrowedFd<'a>>,
    /// The time at which the wait ends.
    pub deadline: Option<Instant>,
}

/// Receives the output of a child, in chunks of any length.
pub trait OutputSink {
    type Error;
    fn stdout(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;
    fn stderr(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;
    /// The longest time between two calls of [`OutputSink::look`]; `None` for never.
    fn interval(&self) -> Option<Duration> {
        None
    }
    /// Called from time to time while the child runs.
    fn look(&mut self) {}
}

/// A child that has not been reaped, so that its number is not reused.
#[derive(Debug)]
pub struct Child {
    pid: Pid,
    pidfd: OwnedFd,
    stdout: Option<File>,
    stderr: Option<File>,
    /// Whether it is known to have exited.
    has_exited: bool,
}

impl Child {
    /// `pidfd` becomes readable when the process exits; `stdout` and `stderr` are the read ends of its pipes.
    pub fn new(pid: Pid, pidfd: OwnedFd, stdout: File, stderr: File) -> Child {
        Child { pid, pidfd, stdout: Some(stdout), stderr: Some(stderr), has_exited: false }
    }

    /// The number of the process and of its group.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Passes the output to `sink` until the child exits or `limit` is reached. Does not wait for other processes that keep its
    /// stdout open.
    ///
    /// # Errors
    /// The first error of `sink`; call this again with another sink to continue.
    pub fn follow<S: OutputSink>(
        &mut self,
        sink: &mut S,
        buffer: &mut [u8],
        limit: WaitLimit<'_>,
    ) -> Result<(), S::Error> {
        self.has_exited |= self.ends_within(SHORT_JOB);
        let mut is_done = self.has_exited;
        while !is_done {
            let fds = [self.stdout.as_ref().map(File::as_fd), self.stderr.as_ref().map(File::as_fd)];
            let remaining = limit.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let interval = sink.interval();
            let longest = remaining.into_iter().chain(interval).min();
            let waited = wait_readable([fds[0], fds[1], Some(self.pidfd.as_fd()), limit.abandoned], longest);
            // After a failed poll the child cannot be followed; `reap` kills it.
            let Ok([out, err, exited, abandoned]) = waited else { return Ok(()) };
            self.forward([out, err], sink, buffer)?;
            if interval.is_some() {
                sink.look();
            }
            self.has_exited = exited;
            is_done = exited || abandoned || remaining == Some(Duration::ZERO);
        }
        self.drain(sink, buffer)
    }

    fn ends_within(&self, timeout: Duration) -> bool {
        ends_within(self.pidfd.as_fd(), timeout)
    }

    /// Reads once from each stream that is ready. Returns the number of bytes.
    fn forward<S: OutputSink>(&mut self, ready: [bool; 2], sink: &mut S, buffer: &mut [u8]) -> Result<usize, S::Error> {
        let [out, err] = ready;
        let mut length = 0;
        if out {
            length += forward(&mut self.stdout, buffer, |bytes| sink.stdout(bytes))?;
        }
        if err {
            length += forward(&mut self.stderr, buffer, |bytes| sink.stderr(bytes))?;
        }
        Ok(length)
    }

    /// Reads what is in the pipes, without waiting.
    fn drain<S: OutputSink>(&mut self, sink: &mut S, buffer: &mut [u8]) -> Result<(), S::Error> {
        let mut remaining = 2 * MAX_DRAIN;
        while remaining > 0 && (self.stdout.is_some() || self.stderr.is_some()) {
            let fds = [self.stdout.as_ref().map(File::as_fd), self.stderr.as_ref().map(File::as_fd)];
            let ready = wait_readable(fds, Some(Duration::ZERO)).unwrap_or_default();
            if ready == [false; 2] {
                break;
            }
            remaining = remaining.saturating_sub(self.forward(ready, sink, buffer)?);
        }
        (self.stdout, self.stderr) = (None, None);
        Ok(())
    }

    /// Kills the remaining processes of its group (data loaders that use a device) and the child itself if it still runs; then reaps
    /// it.
    ///
    /// # Errors
    /// The child does not exit within a second; it is not reaped.
    pub fn reap(self) -> io::Result<Reaped> {
        // Before the child is reaped, its number and that of its group are not reused.
        if self.has_exited {
            signal_group(self.pid, Signal::Kill);
            return reap(self.pid);
        }
        signal_child(self.pid, Signal::Kill);
        if !self.ends_within(REAP_TIMEOUT) {
            let message = format!("process {} does not exit after SIGKILL", self.pid.number());
            return Err(io::Error::new(io::ErrorKind::TimedOut, message));
        }
        reap(self.pid)
    }
}

/// Reads once from `stream` and returns the number of bytes. Closes the stream at end-of-file.
fn forward<E>(
    stream: &mut Option<File>,
    buffer: &mut [u8],
    sink: impl FnOnce(&[u8]) -> Result<(), E>,
) -> Result<usize, E> {
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
