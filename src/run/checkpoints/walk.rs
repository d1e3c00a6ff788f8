//! Visits a tree of files without recursion: checkpoints may be nested deeper than a thread's stack allows.

use std::ffi::{CStr, CString, OsStr};
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{FileType, Stat};

use super::directory::{self, DirectoryStack};
use super::file_error::FileError;

/// How often an entry is looked at again that is replaced while it is visited.
const MAX_ATTEMPTS: u32 = 4;

/// What is done with the entries of a tree. An entry that does not exist (any more) is skipped without an error.
pub trait Visitor {
    /// Opens the directory `name` of `parent`.
    fn open(&mut self, parent: BorrowedFd<'_>, name: &CStr) -> io::Result<OwnedFd> {
        directory::open_directory(parent, name)
    }

    /// The entries of the directory `name` are visited next, then [`Visitor::leave`] is called.
    fn enter(&mut self, _name: &CStr) -> io::Result<()> {
        Ok(())
    }

    /// Anything but a directory.
    fn file(&mut self, parent: BorrowedFd<'_>, name: &CStr, stat: &Stat) -> io::Result<()>;

    /// All entries of `directory` were visited; `stat` is from before.
    fn leave(&mut self, directory: BorrowedFd<'_>, stat: &Stat) -> io::Result<()>;

    /// The directory `name` of `parent` was left.
    fn left(&mut self, _parent: BorrowedFd<'_>, _name: &CStr) -> io::Result<()> {
        Ok(())
    }

    /// One of the above failed; an error ends the walk.
    fn failed(&mut self, error: FileError) -> Result<(), FileError>;
}

struct Level {
    name: CString,
    stat: Stat,
    pending: Vec<CString>,
}

/// Visits `name` in `parent`, which is shown as `path`, and everything below it.
pub fn walk(parent: BorrowedFd<'_>, name: &CStr, path: &Path, visitor: &mut impl Visitor) -> Result<(), FileError> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| FileError { path, source }
    };
    let mut stack = DirectoryStack::new(parent).map_err(at(path))?;
    let mut levels = Vec::new();
    let mut here = path.to_owned();
    visit(&mut stack, name, &here, visitor, &mut levels)?;
    while let Some(level) = levels.last_mut() {
        if let Some(name) = level.pending.pop() {
            here.push(Path::new(OsStr::from_bytes(name.to_bytes())));
            let depth = levels.len();
            visit(&mut stack, &name, &here, visitor, &mut levels)?;
            if levels.len() == depth {
                here.pop();
            }
            continue;
        }
        let Some(Level { name, stat, .. }) = levels.pop() else { break };
        ignore_missing(visitor.leave(stack.current(), &stat), &here, visitor)?;
        stack.leave().map_err(at(&here))?;
        ignore_missing(visitor.left(stack.current(), &name), &here, visitor)?;
        if !levels.is_empty() {
            here.pop();
        }
    }
    Ok(())
}

/// Visits one entry; a directory becomes the current one, with its entries pending.
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

/// The open directory and its entries, if it is one.
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

/// The value, if there is one and the visitor can do without otherwise.
fn ignore_missing<T>(result: io::Result<T>, path: &Path, visitor: &mut impl Visitor) -> Result<Option<T>, FileError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => visitor.failed(FileError { path: path.to_owned(), source }).map(|()| None),
    }
}
