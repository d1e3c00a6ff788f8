//! Removes a checkpoint, with any permissions.

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

/// Maximum number of walks of a tree to which another process adds files.
const MAX_ATTEMPTS: u32 = 4;
/// Time between two walks.
const RETRY_DELAY: Duration = Duration::from_millis(10);

/// Removes `name` in `home` with all its entries, as far as possible. A missing entry is not an error. Links are removed, not followed.
///
/// # Errors
/// The first entry that could not be removed.
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

    fn after_leave(&mut self, parent: BorrowedFd<'_>, name: &CStr) -> io::Result<()> {
        Ok(fs::unlinkat(parent, name, AtFlags::REMOVEDIR)?)
    }

    fn failed(&mut self, error: FileError) -> Result<(), FileError> {
        // The first error is the cause; that its directory is then not empty is a consequence.
        self.first.get_or_insert(error);
        Ok(())
    }
}
