//! Removes a checkpoint, whatever permissions its owner left on it.

use std::ffi::CStr;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use rustix::fs::{self, AtFlags, Stat};

use super::directory;
use super::file_error::FileError;
use super::walk::{Visitor, walk};

/// How often a tree is walked to which another process still adds files, and the pause between.
const MAX_ATTEMPTS: u32 = 4;
const RETRY_DELAY: Duration = Duration::from_millis(10);

/// Removes `name` in `home` with all that is in it; that there is nothing of the name is no error. What cannot be removed stays,
/// the rest goes; the first failure is returned. Links are removed, not followed.
pub fn remove(home: BorrowedFd<'_>, name: &CStr, path: &Path) -> Result<(), FileError> {
    let mut attempt = 1;
    loop {
        let mut remover = Remover::default();
        let walked = walk(home, name, path, &mut remover);
        match walked.and(remover.first.map_or(Ok(()), Err)) {
            Err(error) if is_busy(&error) && attempt < MAX_ATTEMPTS => attempt += 1,
            other => return other,
        }
        sleep(RETRY_DELAY);
    }
}

fn is_busy(error: &FileError) -> bool {
    matches!(error.source.kind(), io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::ResourceBusy)
        || directory::has_changed(&error.source)
}

#[derive(Default)]
struct Remover {
    first: Option<FileError>,
}

impl Visitor for Remover {
    fn open(&mut self, parent: BorrowedFd<'_>, name: &CStr) -> io::Result<OwnedFd> {
        directory::open_writable(parent, name)
    }

    fn file(&mut self, parent: BorrowedFd<'_>, name: &CStr, _stat: &Stat) -> io::Result<()> {
        Ok(fs::unlinkat(parent, name, AtFlags::empty())?)
    }

    fn leave(&mut self, _directory: BorrowedFd<'_>, _stat: &Stat) -> io::Result<()> {
        Ok(())
    }

    fn left(&mut self, parent: BorrowedFd<'_>, name: &CStr) -> io::Result<()> {
        Ok(fs::unlinkat(parent, name, AtFlags::REMOVEDIR)?)
    }

    fn failed(&mut self, error: FileError) -> Result<(), FileError> {
        // Of a directory that is not empty, the reason was noted before.
        self.first.get_or_insert(error);
        Ok(())
    }
}
