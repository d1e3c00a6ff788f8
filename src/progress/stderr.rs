//! The only code that writes to stderr.
//!
//! Lines are queued and written by a thread that does nothing else, so that no caller ever waits for stderr to be read: a pager that
//! waits for a key, a full pipe, a terminal stopped by Ctrl-S. What cannot be written is dropped.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::line_queue::{Importance, LineQueue};
use crate::launch::process::syscalls::{Interest, wait_ready};
use crate::types::printable::{printable_lines, printable_styled};

/// How long the end of the program, and whatever must appear after the lines on stderr, waits for them to be written.
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
    /// When the write under way began.
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
            let spawned = thread::Builder::new().name("stderr".into()).spawn(|| self.write_for_ever());
            state.has_thread = spawned.is_ok();
        }
        self.changed.notify_all();
    }

    fn write_for_ever(&self) {
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
            // No thread could be started: there is nothing else to do, and no lock of the study is held here.
            while let Some(batch) = state.queue.take_batch() {
                write(&batch);
            }
            return;
        }
        // A write that has been stuck for that long already is not waited for again.
        let begun = state.writing_since.unwrap_or_else(Instant::now);
        let left = timeout.saturating_sub(begun.elapsed());
        let pending = |state: &mut WriterState| state.writing_since.is_some() || !state.queue.is_empty();
        drop(self.changed.wait_timeout_while(state, left, pending));
    }
}

/// Queues an error, a warning or a note of one or more lines.
pub fn print_message(text: &str) {
    WRITER.push(&printable_lines(text), Importance::Message);
}

/// The same with colours. What comes from outside must be printable already.
pub fn print_styled(text: &str) {
    WRITER.push(&printable_styled(text), Importance::Message);
}

/// Queues a line that is dropped first if stderr is not read.
pub fn print_progress(text: &str) {
    WRITER.push(&printable_lines(text), Importance::Progress);
}

/// Waits until all lines are written, for `timeout` at most. To be called without any lock.
pub fn flush(timeout: Duration) {
    WRITER.flush(timeout);
}

/// Writes `text` in the calling thread, which may block for ever; without colours where they are not wanted. What cannot be
/// written (a closed terminal, a full disk) is dropped.
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
            // The parent process may have made it non-blocking.
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                if wait_ready([Some((stderr.as_fd(), Interest::Writable))], None).is_err() {
                    return;
                }
            }
            Err(_) => return,
        }
    }
}
