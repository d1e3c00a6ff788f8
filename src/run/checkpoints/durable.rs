//! Puts checkpoints on the disk.

use std::ffi::CStr;
use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use rustix::fs::{self, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use super::file_error::FileError;
use super::walk::{Visitor, walk};

/// Files of one checkpoint that are synced one by one. Each may cost a commit of the file system; the whole file system is synced
/// where there are more.
const MAX_FILE_SYNCS: u32 = 32;

/// The system calls that make files durable; tests record them.
pub trait Disk: fmt::Debug + Send + Sync {
    /// Returns once the content and the attributes of `file`, or the entries of a directory, are on the disk.
    fn sync(&self, file: BorrowedFd<'_>) -> io::Result<()>;

    /// The same of all that was written to the file system that holds `file`.
    fn sync_file_system(&self, file: BorrowedFd<'_>) -> io::Result<()>;
}

/// The real one.
#[derive(Clone, Copy, Debug)]
pub struct KernelDisk;

impl Disk for KernelDisk {
    fn sync(&self, file: BorrowedFd<'_>) -> io::Result<()> {
        without_unsupported(fs::fsync(file))
    }

    fn sync_file_system(&self, file: BorrowedFd<'_>) -> io::Result<()> {
        without_unsupported(fs::syncfs(file))
    }
}

/// Some file systems have nothing to sync and say so with an error.
fn without_unsupported(result: Result<(), Errno>) -> io::Result<()> {
    match result {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) | Ok(()) => Ok(()),
        Err(e) => Err(e.into()),
    }
}

/// Syncs `name` in `home`, whose path is `path`, and all that is in it. Links are not followed.
///
/// # Errors
/// Trouble of the machine only: what cannot be opened is synced with its whole file system.
pub fn sync_tree(disk: &dyn Disk, home: BorrowedFd<'_>, name: &CStr, path: &Path) -> Result<(), FileError> {
    let mut syncer = Syncer { disk, files: 0, rest: false };
    walk(home, name, path, &mut syncer)?;
    if syncer.rest {
        disk.sync_file_system(home).map_err(|source| FileError { path: path.to_owned(), source })?;
    }
    Ok(())
}

struct Syncer<'a> {
    disk: &'a dyn Disk,
    files: u32,
    /// Something is left for a sync of the file system.
    rest: bool,
}

impl Syncer<'_> {
    fn one(&mut self, file: BorrowedFd<'_>) -> io::Result<()> {
        self.files += 1;
        self.rest |= self.files > MAX_FILE_SYNCS;
        if self.rest { Ok(()) } else { self.disk.sync(file) }
    }
}

impl Visitor for Syncer<'_> {
    fn file(&mut self, parent: BorrowedFd<'_>, name: &CStr, stat: &Stat) -> io::Result<()> {
        if self.rest || FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Ok(());
        }
        let how = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let opened = match fs::openat(parent, name, OFlags::RDONLY | how, Mode::empty()) {
            Err(Errno::ACCESS) => fs::openat(parent, name, OFlags::WRONLY | how, Mode::empty()),
            other => other,
        };
        self.one(opened?.as_fd())
    }

    fn leave(&mut self, directory: BorrowedFd<'_>, _stat: &Stat) -> io::Result<()> {
        self.one(directory)
    }

    fn failed(&mut self, error: FileError) -> Result<(), FileError> {
        if error.is_machine_error() {
            return Err(error);
        }
        self.rest = true;
        Ok(())
    }
}
