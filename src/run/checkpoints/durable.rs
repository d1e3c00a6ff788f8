//! Syncs checkpoints to the disk.

use std::ffi::CStr;
use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use rustix::fs::{self, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use super::file_error::FileError;
use super::walk::{Visitor, walk};

/// Maximum number of files of one checkpoint that are synced one by one, each of which may cost a commit of the file system. With more,
/// the whole file system is synced.
const MAX_FILE_SYNCS: u32 = 32;

/// The system calls that make files durable; a trait so that tests can record them.
pub trait Disk: fmt::Debug + Send + Sync {
    /// Returns once the content and the attributes of `file`, or the entries of a directory, are on the disk.
    fn sync(&self, file: BorrowedFd<'_>) -> io::Result<()>;

    /// The same for the whole file system of `file`.
    fn sync_file_system(&self, file: BorrowedFd<'_>) -> io::Result<()>;
}

/// Calls the kernel.
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

/// Some file systems have nothing to sync and return an error.
fn without_unsupported(result: Result<(), Errno>) -> io::Result<()> {
    match result {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) | Ok(()) => Ok(()),
        Err(e) => Err(e.into()),
    }
}

/// Syncs `name` in `home`, whose path is `path`, and all that is in it. Links are not followed.
///
/// # Errors
/// Of the machine only: if an entry cannot be opened, the whole file system is synced.
pub fn sync_tree(disk: &dyn Disk, home: BorrowedFd<'_>, name: &CStr, path: &Path) -> Result<(), FileError> {
    let mut syncer = Syncer { disk, files: 0, syncs_file_system: false };
    walk(home, name, path, &mut syncer)?;
    if syncer.syncs_file_system {
        disk.sync_file_system(home).map_err(|source| FileError { path: path.to_owned(), source })?;
    }
    Ok(())
}

struct Syncer<'a> {
    disk: &'a dyn Disk,
    files: u32,
    /// Whether the whole file system must be synced.
    syncs_file_system: bool,
}

impl Syncer<'_> {
    fn sync(&mut self, file: BorrowedFd<'_>) -> io::Result<()> {
        self.files += 1;
        self.syncs_file_system |= self.files > MAX_FILE_SYNCS;
        if self.syncs_file_system { Ok(()) } else { self.disk.sync(file) }
    }
}

impl Visitor for Syncer<'_> {
    fn file(&mut self, parent: BorrowedFd<'_>, name: &CStr, stat: &Stat) -> io::Result<()> {
        if self.syncs_file_system || FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Ok(());
        }
        let how = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let opened = match fs::openat(parent, name, OFlags::RDONLY | how, Mode::empty()) {
            Err(Errno::ACCESS) => fs::openat(parent, name, OFlags::WRONLY | how, Mode::empty()),
            other => other,
        };
        self.sync(opened?.as_fd())
    }

    fn leave(&mut self, directory: BorrowedFd<'_>, _stat: &Stat) -> io::Result<()> {
        self.sync(directory)
    }

    fn failed(&mut self, error: FileError) -> Result<(), FileError> {
        if error.is_machine_error() {
            return Err(error);
        }
        self.syncs_file_system = true;
        Ok(())
    }
}
