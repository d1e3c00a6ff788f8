//! Wakes a thread in `poll`: a pipe, so that the thread can wait for it and for signals at once.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag with a descriptor. The pipe holds one byte while the flag is set.
#[derive(Debug)]
pub struct Wakeup {
    reader: PipeReader,
    writer: PipeWriter,
    is_set: AtomicBool,
}

impl Wakeup {
    pub fn new() -> io::Result<Wakeup> {
        let (reader, writer) = io::pipe()?;
        Ok(Wakeup { reader, writer, is_set: AtomicBool::new(false) })
    }

    /// Wakes the thread that waits for [`Wakeup::descriptor`].
    pub fn set(&self) {
        if !self.is_set.swap(true, Ordering::AcqRel) {
            // Cannot fail: the pipe is empty and its reader is open.
            let _ = (&self.writer).write(&[1]);
        }
    }

    pub fn is_set(&self) -> bool {
        self.is_set.load(Ordering::Acquire)
    }

    /// Readable while the flag is set.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }

    /// Clears the flag. Call it before looking at what changed, so that no wakeup is lost.
    pub fn clear(&self) {
        let _ = (&self.reader).read(&mut [0; 1]);
        self.is_set.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::launch::process::syscalls::wait_readable;

    #[test]
    fn the_descriptor_is_readable_after_set_until_clear() {
        let wake = Wakeup::new().unwrap();
        for _ in 0..2 {
            wake.set();
            wake.set();
            assert_eq!(wait_readable([Some(wake.descriptor())], None).unwrap(), [true]);
            wake.clear();
            let none = wait_readable([Some(wake.descriptor())], Some(std::time::Duration::ZERO));
            assert_eq!(none.unwrap(), [false]);
        }
    }
}
