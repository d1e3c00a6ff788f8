//! The tuner's process: a line to its stdin, a line from its stdout, in bounded time whatever it does.
//!
//! Both pipes never block and are served together, so that a tuner that prints before it has read everything cannot stop the
//! driver, nor itself. Its stderr is a file and needs no reader.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use crate::launch::process::syscalls::{
    Pid, Ready, Reaped, Signal, never_block, reap, signal_child, wait_readable, wait_ready,
};

/// Longest answer that is read.
pub const MAX_ANSWER: usize = 16 << 20;
/// What is read at once: as much as a pipe holds.
const CHUNK: usize = 64 << 10;
/// How long a tuner whose stdin is closed may take to end, and again after SIGTERM.
const FAREWELL: Duration = Duration::from_secs(2);
/// How long after its stdout its process may end, to be told by its exit code.
const LAST_BREATH: Duration = Duration::from_secs(1);

/// A running tuner. It leads a process group of its own.
#[derive(Debug)]
pub struct TunerProcess {
    /// Its number, and its group's, ours until it is reaped.
    pub pid: Pid,
    /// Readable once it has ended.
    pub ended: OwnedFd,
    stdin: Option<File>,
    stdout: Option<File>,
    heard: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum ProtocolError {
    /// The study is over before it came.
    Cancelled,
    /// It ended; [`TunerProcess::end`] tells how.
    Ended,
    /// It lives on without a stdout.
    ClosedStdout,
    /// It said nothing for too long.
    Silent,
    /// Its answer does not end.
    TooLong,
    /// It spoke before it was asked.
    Unasked(Vec<u8>),
    /// A service of the operating system.
    System(io::Error),
}

impl From<io::Error> for ProtocolError {
    fn from(error: io::Error) -> ProtocolError {
        ProtocolError::System(error)
    }
}

/// How a tuner is sent away.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shutdown {
    /// Its stdin is closed, and it may set its things in order.
    Politely,
    /// It is killed.
    AtOnce,
}

impl TunerProcess {
    /// A process just spawned, with its ends of the pipes.
    pub fn new(pid: Pid, ended: OwnedFd, stdin: File, stdout: File) -> io::Result<TunerProcess> {
        never_block(stdin.as_fd())?;
        never_block(stdout.as_fd())?;
        Ok(TunerProcess { pid, ended, stdin: Some(stdin), stdout: Some(stdout), heard: Vec::new() })
    }

    /// Sends `question` (a line with its newline) and waits for a line, until `deadline` or until `cancel` is readable.
    pub fn exchange(
        &mut self,
        question: &[u8],
        deadline: Instant,
        cancel: BorrowedFd<'_>,
    ) -> Result<Vec<u8>, ProtocolError> {
        self.hear()?;
        if let Some(line) = self.next_line() {
            return Err(ProtocolError::Unasked(line));
        }
        let mut left = question;
        loop {
            if left.is_empty()
                && let Some(line) = self.next_line()
            {
                return Ok(line);
            }
            if self.heard.len() > MAX_ANSWER {
                return Err(ProtocolError::TooLong);
            }
            if self.stdout.is_none() {
                return Err(self.without_stdout());
            }
            let writes = self.stdin.as_ref().filter(|_| !left.is_empty()).map(|pipe| (pipe.as_fd(), Ready::ToWrite));
            let reads = self.stdout.as_ref().map(|pipe| (pipe.as_fd(), Ready::ToRead));
            let others = [cancel, self.ended.as_fd()].map(|fd| Some((fd, Ready::ToRead)));
            let patience = deadline.saturating_duration_since(Instant::now());
            let [cancelled, ended, room, words] = wait_ready([others[0], others[1], writes, reads], Some(patience))?;
            if cancelled {
                return Err(ProtocolError::Cancelled);
            }
            if room {
                left = self.tell(left);
            }
            if words || ended {
                self.hear()?;
            }
            if ended {
                let last = self.next_line().filter(|_| left.is_empty());
                return last.ok_or(ProtocolError::Ended);
            }
            if !room && !words && Instant::now() >= deadline {
                return Err(ProtocolError::Silent);
            }
        }
    }

    /// Ends it and its process group, and frees its number. How it ended.
    ///
    /// # Errors
    /// It does not end after SIGKILL; it is left to the system.
    pub fn end(mut self, manner: Shutdown) -> io::Result<Reaped> {
        self.stdin = None;
        if manner == Shutdown::Politely && !self.ends_within(FAREWELL) {
            signal_child(self.pid, Signal::Terminate);
            self.ends_within(FAREWELL);
        }
        signal_child(self.pid, Signal::Kill);
        if !self.ends_within(FAREWELL) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        reap(self.pid)
    }

    /// Writes what fits; what is left. A tuner that has closed its stdin is given the rest for nothing: it may still answer.
    fn tell<'q>(&mut self, question: &'q [u8]) -> &'q [u8] {
        let Some(pipe) = &mut self.stdin else { return &[] };
        match pipe.write(question) {
            Ok(written) => &question[written..],
            Err(e) if [io::ErrorKind::WouldBlock, io::ErrorKind::Interrupted].contains(&e.kind()) => question,
            Err(_) => {
                self.stdin = None;
                &[]
            }
        }
    }

    /// Reads what is there, up to a little more than the longest answer.
    fn hear(&mut self) -> io::Result<()> {
        while let Some(pipe) = self.stdout.as_mut().filter(|_| self.heard.len() <= MAX_ANSWER) {
            let known = self.heard.len();
            self.heard.resize(known + CHUNK, 0);
            let read = pipe.read(&mut self.heard[known..]);
            self.heard.truncate(known + read.as_ref().map_or(0, |length| *length));
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

    /// The next whole line that is not blank.
    fn next_line(&mut self) -> Option<Vec<u8>> {
        loop {
            let end = self.heard.iter().position(|b| *b == b'\n')?;
            let mut line: Vec<u8> = self.heard.drain(..=end).collect();
            line.pop();
            if !line.trim_ascii().is_empty() {
                return Some(line);
            }
        }
    }

    fn without_stdout(&self) -> ProtocolError {
        match wait_readable([Some(self.ended.as_fd())], Some(LAST_BREATH)) {
            Ok([true]) => ProtocolError::Ended,
            Ok([false]) => ProtocolError::ClosedStdout,
            Err(e) => ProtocolError::System(e),
        }
    }

    /// Whether it ends in time. What it still prints is thrown away, so that it is not held up by it.
    fn ends_within(&mut self, span: Duration) -> bool {
        let deadline = Instant::now() + span;
        loop {
            self.heard.clear();
            // A stdout that cannot be read is as good as a closed one.
            if self.hear().is_err() {
                self.stdout = None;
            }
            let patience = deadline.saturating_duration_since(Instant::now());
            let words = self.stdout.as_ref().map(AsFd::as_fd);
            let waited = wait_readable([Some(self.ended.as_fd()), words], Some(patience));
            if let Ok([true, _]) = waited {
                return true;
            }
            if waited.is_err() || patience.is_zero() {
                return false;
            }
        }
    }
}
