//! Rouses the coordinating thread: a pipe, so that it can wait for this and for signals at once.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};

/// Both ends. However often it is rung before it is heard, one byte lies in the pipe.
#[derive(Debug)]
pub struct Wakeup {
    reader: PipeReader,
    writer: PipeWriter,
    rung: AtomicBool,
}

impl Wakeup {
    /// A silent one.
    pub fn new() -> io::Result<Wakeup> {
        let (reader, writer) = io::pipe()?;
        Ok(Wakeup { reader, writer, rung: AtomicBool::new(false) })
    }

    /// Rouses the thread that waits for [`Wakeup::descriptor`].
    pub fn ring(&self) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            // One byte always fits, and the reader lives as long as we do.
            let _ = (&self.writer).write(&[1]);
        }
    }

    /// Whether it was rung and not heard yet.
    pub fn is_rung(&self) -> bool {
        self.rung.load(Ordering::Acquire)
    }

    /// Readable once it was rung.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }

    /// It was heard: to be called when the descriptor is readable, before looking at what changed.
    pub fn hear(&self) {
        let _ = (&self.reader).read(&mut [0; 1]);
        self.rung.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::launch::process::syscalls::wait_readable;

    #[test]
    fn every_ring_after_a_hearing_is_heard() {
        let wake = Wakeup::new().unwrap();
        for _ in 0..2 {
            wake.ring();
            wake.ring();
            assert_eq!(wait_readable([Some(wake.descriptor())], None).unwrap(), [true]);
            wake.hear();
            let none = wait_readable([Some(wake.descriptor())], Some(std::time::Duration::ZERO));
            assert_eq!(none.unwrap(), [false]);
        }
    }
}
