//! Directory handles. Entries are opened one name at a time, relative to their directory: no path is too long, and no link is followed.

use std::ffi::{CStr, CString};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::fs::{self, AtFlags, FileType, Mode, OFlags, RawDir, SeekFrom, Stat};

/// Handles kept open above the current directory of a [`DirectoryStack`].
const OPEN_ANCESTORS: usize = 16;
/// Bytes of directory entries read at once.
const ENTRIES_BUFFER: usize = 16 << 10;

/// Opens a directory to read it; a symbolic link is an error.
pub fn open_directory(parent: impl AsFd, name: &CStr) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(fs::openat(parent, name, flags, Mode::empty())?)
}

/// Opens a directory to change its entries. Adds read, write and search permission for its owner if missing.
pub fn open_writable(parent: impl AsFd, name: &CStr) -> io::Result<OwnedFd> {
    let opened = match open_directory(&parent, name) {
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let handle = fs::openat(&parent, name, flags, Mode::empty())?;
            // `fchmod` does not work with O_PATH handles; this path does, and cannot be replaced by a link.
            fs::chmod(format!("/proc/self/fd/{}", handle.as_raw_fd()), Mode::RWXU)?;
            open_directory(&parent, name)?
        }
        other => other?,
    };
    let mode = Mode::from_raw_mode(fs::fstat(&opened)?.st_mode);
    if !mode.contains(Mode::RWXU) {
        // Fails unless we are the owner; then the operation that needs the permission fails.
        let _ = fs::fchmod(&opened, mode | Mode::RWXU);
    }
    Ok(opened)
}

/// Creates a directory, unless it exists or is a link to a directory.
pub fn make_directory(parent: impl AsFd, name: &CStr) -> io::Result<()> {
    match fs::mkdirat(&parent, name, Mode::from_raw_mode(0o777)) {
        Err(rustix::io::Errno::EXIST) => {
            let found = fs::statat(&parent, name, AtFlags::empty())?;
            let is_directory = FileType::from_raw_mode(found.st_mode) == FileType::Directory;
            if is_directory { Ok(()) } else { Err(io::Error::from_raw_os_error(libc::ENOTDIR)) }
        }
        other => Ok(other?),
    }
}

/// Type, permissions and times of an entry. Does not follow links.
pub fn stat(parent: impl AsFd, name: &CStr) -> io::Result<Stat> {
    Ok(fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)?)
}

/// The names of all entries except `.` and `..`.
pub fn entries(directory: impl AsFd) -> io::Result<Vec<CString>> {
    fs::seek(&directory, SeekFrom::Start(0))?;
    let mut buffer = [MaybeUninit::uninit(); ENTRIES_BUFFER];
    let mut reader = RawDir::new(directory, &mut buffer);
    let mut names = Vec::new();
    while let Some(entry) = reader.next() {
        let entry = entry?;
        if entry.file_name() != c"." && entry.file_name() != c".." {
            names.push(entry.file_name().to_owned());
        }
    }
    Ok(names)
}

/// Whether `error` means that an entry has been replaced by one of another type.
pub fn has_changed(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ELOOP | libc::ENOTDIR | libc::EISDIR))
}

/// The current directory of a walk and its ancestors. At most 16 ancestors are open; those above are reopened, as `..`, when the walk
/// returns to them.
#[derive(Debug)]
pub struct DirectoryStack {
    current: OwnedFd,
    above: Vec<Ancestor>,
}

#[derive(Debug)]
struct Ancestor {
    handle: Option<OwnedFd>,
    device: u64,
    inode: u64,
}

impl DirectoryStack {
    /// Starts in `root`.
    pub fn new(root: BorrowedFd<'_>) -> io::Result<DirectoryStack> {
        Ok(DirectoryStack { current: root.try_clone_to_owned()?, above: Vec::new() })
    }

    /// The current directory.
    pub fn current(&self) -> BorrowedFd<'_> {
        self.current.as_fd()
    }

    /// Depth of the current directory below the root.
    pub fn depth(&self) -> usize {
        self.above.len()
    }

    /// Makes `directory`, an entry of the current one, the current one.
    pub fn enter(&mut self, directory: OwnedFd) -> io::Result<()> {
        let Stat { st_dev: device, st_ino: inode, .. } = fs::fstat(&self.current)?;
        let handle = std::mem::replace(&mut self.current, directory);
        self.above.push(Ancestor { handle: Some(handle), device, inode });
        if let Some(index) = self.above.len().checked_sub(OPEN_ANCESTORS + 1) {
            self.above[index].handle = None;
        }
        Ok(())
    }

    /// Returns to the parent directory; stays at the root.
    pub fn leave(&mut self) -> io::Result<()> {
        let Some(ancestor) = self.above.pop() else { return Ok(()) };
        self.current = match ancestor.handle {
            Some(handle) => handle,
            None => {
                let parent = open_directory(&self.current, c"..")?;
                let found = fs::fstat(&parent)?;
                if (found.st_dev, found.st_ino) != (ancestor.device, ancestor.inode) {
                    return Err(io::Error::other("directory was moved while it was in use"));
                }
                parent
            }
        };
        Ok(())
    }
}
