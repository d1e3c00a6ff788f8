//! A trial's folder, whose entries are reached through an open handle.

use std::ffi::{CStr, CString, OsStr};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, renameat};

use super::copy::copy;
use super::copy_name;
use super::directory;
use super::file_error::FileError;
use super::remove::remove;

/// A trial's checkpoint directory in its folder.
pub const CHECKPOINT: &CStr = c"checkpoint";

/// A trial's open folder.
pub struct TrialFolder {
    handle: OwnedFd,
    path: PathBuf,
}

impl TrialFolder {
    /// Opens it. The last component of `path` must not be a link.
    pub fn open(path: &Path) -> io::Result<TrialFolder> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let parent = rustix::fs::open(parent, flags, Mode::empty())?;
        let handle = directory::open_writable(&parent, &CString::new(name.as_bytes())?)?;
        Ok(TrialFolder { handle, path: path.to_owned() })
    }

    /// For system calls.
    pub fn handle(&self) -> BorrowedFd<'_> {
        self.handle.as_fd()
    }

    /// The path of an entry, for messages.
    pub fn path_of(&self, name: &CStr) -> PathBuf {
        self.path.join(OsStr::from_bytes(name.to_bytes()))
    }

    /// Adds the path of an entry to an error.
    pub fn at<E: Into<io::Error>>(&self, name: &CStr) -> impl FnOnce(E) -> FileError {
        let path = self.path_of(name);
        move |source| FileError { path, source: source.into() }
    }

    /// The names of its entries.
    pub fn entries(&self) -> Result<Vec<CString>, FileError> {
        directory::entries(self.handle()).map_err(|source| FileError { path: self.path.clone(), source })
    }

    /// Creates a directory, unless it exists or is a link to a directory.
    pub fn make(&self, name: &CStr) -> Result<(), FileError> {
        directory::make_directory(self.handle(), name).map_err(self.at(name))
    }

    /// Renames an entry.
    pub fn rename(&self, from: &CStr, to: &CStr) -> Result<(), FileError> {
        renameat(self.handle(), from, self.handle(), to).map_err(self.at(to))
    }

    /// Copies an entry with all that is in it; a copy that fails is removed.
    pub fn copy(&self, from: &CStr, to: &CStr, is_ended: &dyn Fn() -> bool) -> Result<(), FileError> {
        let copied = copy(self.handle(), from, to, &self.path_of(from), is_ended);
        if copied.is_err() {
            self.try_to_remove(to);
        }
        copied
    }

    /// Removes an entry with all that is in it.
    pub fn remove(&self, name: &CStr) -> Result<(), FileError> {
        remove(self.handle(), name, &self.path_of(name))
    }

    /// Ignores errors: the entry is removed at the next launch of the trial or when the trial is over.
    pub fn try_to_remove(&self, name: &CStr) {
        let _ = self.remove(name);
    }

    /// Removes the checkpoint. If that fails, because of permissions or of a process that adds files, renames it.
    pub fn discard_checkpoint(&self, unique: &str) -> Result<(), FileError> {
        let Err(error) = self.remove(CHECKPOINT) else { return Ok(()) };
        let discarded = named(&format!("{}.{unique}", copy_name::DISCARDED));
        self.rename(CHECKPOINT, &discarded).map_err(|_| error)
    }
}

/// `name` for system calls.
pub fn named(name: &str) -> CString {
    // Names of sessions are made of letters, digits and dashes.
    CString::new(name).unwrap_or_default()
}
