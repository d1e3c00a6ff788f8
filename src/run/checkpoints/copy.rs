//! Copies a checkpoint. Not by hard links: a job may write to the files in place.

use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use rustix::fs::{self, FileType, Mode, OFlags, Stat, Timespec, Timestamps, UTIME_OMIT};

use super::contents::{copy_aborted, copy_contents};
use super::directory::{self, DirectoryStack};
use super::file_error::FileError;
use super::walk::{Visitor, walk};

/// Copies `from` in `home`, whose path is `path`, to `to` in `home`, which must not exist.
///
/// Permissions and modification times are copied too: many scripts load the newest file. Symbolic links are copied, not followed.
/// Sockets, pipes and devices are skipped, and so are entries that are removed during the copy.
///
/// # Errors
/// Of the first entry that cannot be copied; [`copy_aborted`] if `is_ended` returns true.
pub fn copy(
    home: BorrowedFd<'_>,
    from: &CStr,
    to: &CStr,
    path: &Path,
    is_ended: &dyn Fn() -> bool,
) -> Result<(), FileError> {
    let target = DirectoryStack::new(home).map_err(|source| FileError { path: path.to_owned(), source })?;
    walk(home, from, path, &mut Copier { target, root: to, is_ended })
}

struct Copier<'a> {
    target: DirectoryStack,
    root: &'a CStr,
    is_ended: &'a dyn Fn() -> bool,
}

impl Copier<'_> {
    fn target_name<'a>(&'a self, name: &'a CStr) -> &'a CStr {
        if self.target.depth() == 0 { self.root } else { name }
    }
}

impl Visitor for Copier<'_> {
    fn enter(&mut self, name: &CStr) -> io::Result<()> {
        let name = self.target_name(name);
        fs::mkdirat(self.target.current(), name, Mode::RWXU)?;
        let made = directory::open_directory(self.target.current(), name)?;
        self.target.enter(made)
    }

    fn file(&mut self, parent: BorrowedFd<'_>, name: &CStr, stat: &Stat) -> io::Result<()> {
        if (self.is_ended)() {
            return Err(copy_aborted());
        }
        let target = self.target_name(name);
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => copy_file(parent, name, self.target.current(), target, self.is_ended),
            FileType::Symlink => {
                let link = fs::readlinkat(parent, name, Vec::new())?;
                Ok(fs::symlinkat(link.as_c_str(), self.target.current(), target)?)
            }
            _ => Ok(()),
        }
    }

    fn leave(&mut self, _directory: BorrowedFd<'_>, stat: &Stat) -> io::Result<()> {
        copy_metadata(self.target.current(), stat)?;
        self.target.leave()
    }

    fn failed(&mut self, error: FileError) -> Result<(), FileError> {
        Err(error)
    }
}

/// Copies the current contents of a file that may still be written to.
fn copy_file(
    parent: BorrowedFd<'_>,
    name: &CStr,
    target: BorrowedFd<'_>,
    target_name: &CStr,
    is_ended: &dyn Fn() -> bool,
) -> io::Result<()> {
    // If a pipe has replaced the file, opening it must not wait for a writer.
    let reading = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let from = fs::openat(parent, name, reading, Mode::empty())?;
    let stat = fs::fstat(&from)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Ok(());
    }
    let writing = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let to = fs::openat(target, target_name, writing, Mode::RUSR | Mode::WUSR)?;
    let to = File::from(to);
    copy_contents(&File::from(from), &to, &stat, is_ended)?;
    copy_metadata(to.as_fd(), &stat)
}

/// Sets the permissions and the modification time of a copy.
fn copy_metadata(copy: BorrowedFd<'_>, stat: &Stat) -> io::Result<()> {
    fs::fchmod(copy, Mode::from_raw_mode(stat.st_mode))?;
    let omit = Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT };
    let modified = Timespec { tv_sec: stat.st_mtime, tv_nsec: stat.st_mtime_nsec.cast_signed() };
    Ok(fs::futimens(copy, &Timestamps { last_access: omit, last_modification: modified })?)
}
