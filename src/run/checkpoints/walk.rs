//! Visits a tree of files without recursion, which could overflow the stack of a thread.

use std::ffi::{CStr, CString, OsStr};
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{FileType, Stat};

use super::directory::{self, DirectoryStack};
use super::file_error::FileError;

/// Maximum number of attempts to open an entry that another process replaces.
const MAX_ATTEMPTS: u32 = 4;

/// Receives the entries of a tree. Entries that no longer exist are skipped without an error.
pub trait Visitor {
    /// Opens the directory `name` of `parent`.
    fn open(&mut self, parent: BorrowedFd<'_>, name: &CStr) -> io::Result<OwnedFd> {
        directory::open_directory(parent, name)
    }

    /// Called before the entries of the directory `name` are visited.
    fn enter(&mut self, _name: &CStr) -> io::Result<()> {
        Ok(())
    }

    /// Called for every entry that is not a directory.
    fn file(&mut self, parent: BorrowedFd<'_>, name: &CStr, stat: &Stat) -> io::Result<()>;

    /// Called after all entries of `directory` were visited, with its `stat` from before.
    fn leave(&mut self, directory: BorrowedFd<'_>, stat: &Stat) -> io::Result<()>;

    /// Called after the directory `name` of `parent` was closed.
    fn after_leave(&mut self, _parent: BorrowedFd<'_>, _name: &CStr) -> io::Result<()> {
        Ok(())
    }

    /// Called with an error of one of the other methods. Returning an error ends the walk.
    fn failed(&mut self, error: FileError) -> Result<(), FileError>;
}

struct Level {
    name: CString,
    stat: Stat,
    pending: Vec<CString>,
}

/// Visits `name` in `parent` and everything below it; `path` is its path in errors.
pub fn walk(parent: BorrowedFd<'_>, name: &CStr, path: &Path, visitor: &mut impl Visitor) -> Result<(), FileError> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| FileError { path, source }
    };
    let mut stack = DirectoryStack::new(parent).map_err(at(path))?;
    let mut levels = Vec::new();
    let mut current = path.to_owned();
    visit(&mut stack, name, &current, visitor, &mut levels)?;
    while let Some(level) = levels.last_mut() {
        if let Some(name) = level.pending.pop() {
            current.push(Path::new(OsStr::from_bytes(name.to_bytes())));
            let depth = levels.len();
            visit(&mut stack, &name, &current, visitor, &mut levels)?;
            if levels.len() == depth {
                current.pop();
            }
            continue;
        }
        let Some(Level { name, stat, .. }) = levels.pop() else { break };
        ignore_missing(visitor.leave(stack.current(), &stat), &current, visitor)?;
        stack.leave().map_err(at(&current))?;
        ignore_missing(visitor.after_leave(stack.current(), &name), &current, visitor)?;
        if !levels.is_empty() {
            current.pop();
        }
    }
    Ok(())
}

/// Visits one entry. A directory becomes the current one, with its entries pending.
fn visit(
    stack: &mut DirectoryStack,
    name: &CStr,
    path: &Path,
    visitor: &mut impl Visitor,
    levels: &mut Vec<Level>,
) -> Result<(), FileError> {
    let mut attempt = 1;
    let found = loop {
        match inspect(stack.current(), name, visitor) {
            Err(e) if directory::has_changed(&e) && attempt < MAX_ATTEMPTS => attempt += 1,
            other => break other,
        }
    };
    let Some((directory, level)) = ignore_missing(found, path, visitor)?.flatten() else { return Ok(()) };
    match visitor.enter(name).and_then(|()| stack.enter(directory)) {
        Ok(()) => levels.push(level),
        Err(source) => visitor.failed(FileError { path: path.to_owned(), source })?,
    }
    Ok(())
}

/// Opens an entry that is a directory and reads its entries; reports any other entry to the visitor.
fn inspect(parent: BorrowedFd<'_>, name: &CStr, visitor: &mut impl Visitor) -> io::Result<Option<(OwnedFd, Level)>> {
    let stat = directory::stat(parent, name)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
        visitor.file(parent, name, &stat)?;
        return Ok(None);
    }
    let directory = visitor.open(parent, name)?;
    let pending = directory::entries(&directory)?;
    Ok(Some((directory, Level { name: name.to_owned(), stat, pending })))
}

/// The value; `None` if the entry is missing or the visitor accepts the error.
fn ignore_missing<T>(result: io::Result<T>, path: &Path, visitor: &mut impl Visitor) -> Result<Option<T>, FileError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => visitor.failed(FileError { path: path.to_owned(), source }).map(|()| None),
    }
}
