//! The tuner's process: writes a line to its stdin and reads a line from its stdout, in bounded time.
//!
//! Both pipes are non-blocking and polled together, so a tuner that prints before it has read the whole request cannot cause a
//! deadlock. Its stderr is a file and needs no reader.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use super::response::excerpt;
use crate::launch::orphans::descendants::{Descendants, ProcessSnapshot};
use crate::launch::process::syscalls::{
    Interest, Pid, Reaped, Signal, reap, set_nonblocking, signal_child, wait_readable, wait_ready,
};

/// Longest response, in bytes.
const MAX_RESPONSE: usize = 16 << 20;
/// Bytes per read: the default capacity of a pipe.
const CHUNK: usize = 64 << 10;
/// How long a tuner may take to exit after its stdin was closed, and again after SIGTERM.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a tuner may take to exit after it closed its stdout; if it does, the message has its exit code.
const EXIT_TIMEOUT: Duration = Duration::from_secs(1);

/// A running tuner, leader of its process group.
#[derive(Debug)]
pub struct TunerProcess {
    /// ID of the process and its group, valid until the process is reaped.
    pub pid: Pid,
    /// Readable once the process has exited.
    pidfd: OwnedFd,
    stdin: Option<File>,
    stdout: Option<File>,
    received: Vec<u8>,
}

/// Why there is no response. The message continues a sentence that starts with the tuner's name.
#[derive(Debug, thiserror::Error)]
pub enum ProtocolError {
    /// The study ended before the response.
    #[error("was cancelled")]
    Cancelled,
    /// The process exited.
    #[error("exited before it responded")]
    Exited,
    /// The process runs, but closed its stdout.
    #[error("closed its stdout")]
    ClosedStdout,
    /// No response in time.
    #[error("did not respond within {} s; raise `timeout` (in seconds) in the matrix's `tuner`", .0.as_secs_f64())]
    Timeout(Duration),
    /// The response exceeds the limit.
    #[error("sent more than {} MiB on one line", MAX_RESPONSE >> 20)]
    TooLong,
    /// A line on stdout before a request.
    #[error("printed {} without a request; its stdout is for responses only", excerpt(.0))]
    Unrequested(Vec<u8>),
    /// A failed system call.
    #[error("cannot be read from or written to: {0}")]
    System(#[from] io::Error),
}

/// How a tuner is ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shutdown {
    /// Closes its stdin and waits before it sends signals.
    Graceful,
    /// Kills it at once.
    Immediate,
}

impl TunerProcess {
    /// A process just spawned, with the driver's ends of its pipes.
    pub fn new(pid: Pid, pidfd: OwnedFd, stdin: File, stdout: File) -> io::Result<TunerProcess> {
        set_nonblocking(stdin.as_fd())?;
        set_nonblocking(stdout.as_fd())?;
        Ok(TunerProcess { pid, pidfd, stdin: Some(stdin), stdout: Some(stdout), received: Vec::new() })
    }

    /// Sends `request`, a line with its newline, and waits up to `timeout` for the response, or until `cancel` is readable.
    pub fn exchange(
        &mut self,
        request: &[u8],
        timeout: Duration,
        cancel: BorrowedFd<'_>,
    ) -> Result<Vec<u8>, ProtocolError> {
        let deadline = Instant::now() + timeout;
        self.receive()?;
        if let Some(line) = self.next_line() {
            return Err(ProtocolError::Unrequested(line));
        }
        let mut unsent = request;
        loop {
            if unsent.is_empty()
                && let Some(line) = self.next_line()
            {
                return Ok(line);
            }
            if self.received.len() > MAX_RESPONSE {
                return Err(ProtocolError::TooLong);
            }
            if self.stdout.is_none() {
                return Err(self.closed_stdout());
            }
            let remaining = deadline.saturating_duration_since(Instant::now());
            let [cancelled, exited, writable, readable] = self.poll(unsent, cancel, remaining)?;
            if cancelled {
                return Err(ProtocolError::Cancelled);
            }
            if writable {
                unsent = self.send(unsent);
            }
            if readable || exited {
                self.receive()?;
            }
            if exited {
                return self.next_line().filter(|_| unsent.is_empty()).ok_or(ProtocolError::Exited);
            }
            if !writable && !readable && Instant::now() >= deadline {
                return Err(ProtocolError::Timeout(timeout));
            }
        }
    }

    /// Waits up to `timeout`: whether `cancel` is readable, the process has exited, stdin can take `unsent`, stdout is readable.
    fn poll(&self, unsent: &[u8], cancel: BorrowedFd<'_>, timeout: Duration) -> io::Result<[bool; 4]> {
        let [cancelled, exited] = [cancel, self.pidfd.as_fd()].map(|fd| Some((fd, Interest::Readable)));
        let writable =
            self.stdin.as_ref().filter(|_| !unsent.is_empty()).map(|pipe| (pipe.as_fd(), Interest::Writable));
        let readable = self.stdout.as_ref().map(|pipe| (pipe.as_fd(), Interest::Readable));
        wait_ready([cancelled, exited, writable, readable], Some(timeout))
    }

    /// Ends the process with its group and its descendants, and reaps it.
    ///
    /// # Errors
    /// The process does not exit after SIGKILL; it is not waited for any longer.
    pub fn end(mut self, shutdown: Shutdown) -> io::Result<Reaped> {
        let mut descendants = Descendants::default();
        descendants.add(self.pid, &ProcessSnapshot::default());
        self.stdin = None;
        if shutdown == Shutdown::Graceful && !self.exits_within(SHUTDOWN_TIMEOUT) {
            signal_child(self.pid, Signal::Terminate);
            self.exits_within(SHUTDOWN_TIMEOUT);
        }
        // The tuner may have started more since.
        descendants.add(self.pid, &ProcessSnapshot::default());
        signal_child(self.pid, Signal::Kill);
        let has_exited = self.exits_within(SHUTDOWN_TIMEOUT);
        let reaped = if has_exited { reap(self.pid) } else { Err(io::ErrorKind::TimedOut.into()) };
        descendants.end();
        reaped
    }

    /// Writes what fits into the pipe and returns the rest. If the tuner closed its stdin, nothing more is sent: it may still respond.
    fn send<'q>(&mut self, request: &'q [u8]) -> &'q [u8] {
        let Some(pipe) = &mut self.stdin else { return &[] };
        match pipe.write(request) {
            Ok(written) => &request[written..],
            Err(e) if [io::ErrorKind::WouldBlock, io::ErrorKind::Interrupted].contains(&e.kind()) => request,
            Err(_) => {
                self.stdin = None;
                &[]
            }
        }
    }

    /// Reads what is in the pipe, up to one chunk more than [`MAX_RESPONSE`].
    fn receive(&mut self) -> io::Result<()> {
        while let Some(pipe) = self.stdout.as_mut().filter(|_| self.received.len() <= MAX_RESPONSE) {
            let length = self.received.len();
            self.received.resize(length + CHUNK, 0);
            let read = pipe.read(&mut self.received[length..]);
            self.received.truncate(length + read.as_ref().map_or(0, |read| *read));
            match read {
                Ok(0) => self.stdout = None,
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// The next complete line that is not blank.
    fn next_line(&mut self) -> Option<Vec<u8>> {
        loop {
            let end = self.received.iter().position(|b| *b == b'\n')?;
            let mut line: Vec<u8> = self.received.drain(..=end).collect();
            line.pop();
            if !line.trim_ascii().is_empty() {
                return Some(line);
            }
        }
    }

    fn closed_stdout(&self) -> ProtocolError {
        match wait_readable([Some(self.pidfd.as_fd())], Some(EXIT_TIMEOUT)) {
            Ok([true]) => ProtocolError::Exited,
            Ok([false]) => ProtocolError::ClosedStdout,
            Err(e) => ProtocolError::System(e),
        }
    }

    /// Whether the process exits within `timeout`. Discards its output meanwhile, so that a full pipe does not block it.
    fn exits_within(&mut self, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        loop {
            self.received.clear();
            if self.receive().is_err() {
                self.stdout = None;
            }
            let remaining = deadline.saturating_duration_since(Instant::now());
            let stdout = self.stdout.as_ref().map(AsFd::as_fd);
            let ready = wait_readable([Some(self.pidfd.as_fd()), stdout], Some(remaining));
            if let Ok([true, _]) = ready {
                return true;
            }
            if ready.is_err() || remaining.is_zero() {
                return false;
            }
        }
    }
}
