//! The only code that writes to stderr.
//!
//! A dedicated thread writes queued lines, so that no caller blocks while stderr is not read: a pager that waits for a key, a full
//! pipe, a terminal stopped by Ctrl-S. Lines that cannot be written are dropped.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::line_queue::{Importance, LineQueue};
use crate::launch::process::syscalls::{Interest, wait_ready};
use crate::types::printable::{printable_lines, printable_styled};

/// Longest wait for queued lines to be written before the program exits or prints to stdout.
pub const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

static WRITER: StderrWriter = StderrWriter {
    state: Mutex::new(WriterState { queue: LineQueue::new(), writing_since: None, has_thread: false }),
    changed: Condvar::new(),
};

struct StderrWriter {
    state: Mutex<WriterState>,
    changed: Condvar,
}

struct WriterState {
    queue: LineQueue,
    /// Start of the current write.
    writing_since: Option<Instant>,
    has_thread: bool,
}

impl StderrWriter {
    fn lock(&self) -> MutexGuard<'_, WriterState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&'static self, text: &str, importance: Importance) {
        let mut state = self.lock();
        state.queue.push(text, importance);
        if !state.has_thread {
            let spawned = thread::Builder::new().name("stderr".into()).spawn(|| self.write_forever());
            state.has_thread = spawned.is_ok();
        }
        self.changed.notify_all();
    }

    fn write_forever(&self) {
        let mut state = self.lock();
        loop {
            let Some(batch) = state.queue.take_batch() else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            state.writing_since = Some(Instant::now());
            drop(state);
            write(&batch);
            state = self.lock();
            state.writing_since = None;
            self.changed.notify_all();
        }
    }

    fn flush(&self, timeout: Duration) {
        let mut state = self.lock();
        if !state.has_thread {
            // No thread could be started: write here, where no lock of the study is held.
            while let Some(batch) = state.queue.take_batch() {
                write(&batch);
            }
            return;
        }
        // The timeout includes the time that the current write has already taken.
        let started = state.writing_since.unwrap_or_else(Instant::now);
        let remaining = timeout.saturating_sub(started.elapsed());
        let pending = |state: &mut WriterState| state.writing_since.is_some() || !state.queue.is_empty();
        drop(self.changed.wait_timeout_while(state, remaining, pending));
    }
}

/// Queues an error, a warning or a note; may have several lines.
pub fn print_message(text: &str) {
    WRITER.push(&printable_lines(text), Importance::Message);
}

/// [`print_message`] with colours. Text from outside must be escaped already.
pub fn print_styled(text: &str) {
    WRITER.push(&printable_styled(text), Importance::Message);
}

/// Queues a line that is dropped first if stderr is not read.
pub fn print_progress(text: &str) {
    WRITER.push(&printable_lines(text), Importance::Progress);
}

/// Waits until all lines are written, at most `timeout`. Must not be called with a lock held.
pub fn flush(timeout: Duration) {
    WRITER.flush(timeout);
}

/// Writes `text` in the calling thread, which may block forever; without colours if they are disabled. Text that cannot be written
/// (a closed terminal, a full disk) is dropped.
pub(super) fn write(text: &str) {
    let mut stderr = io::stderr();
    let plain = match anstream::AutoStream::choice(&stderr) {
        anstream::ColorChoice::Never => Some(anstream::adapter::strip_str(text).to_string()),
        _ => None,
    };
    let mut rest = plain.as_deref().unwrap_or(text).as_bytes();
    while !rest.is_empty() {
        match stderr.write(rest) {
            Ok(0) => return,
            Ok(written) => rest = &rest[written..],
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            // The descriptor may be non-blocking, set by the parent process.
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                if wait_ready([Some((stderr.as_fd(), Interest::Writable))], None).is_err() {
                    return;
                }
            }
            Err(_) => return,
        }
    }
}
