//! Distinguishes errors of the machine from errors that a job or one file can cause.

use std::io;

/// A condition of the machine. No configuration causes it, so it is never recorded as the failure of a job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MachineError {
    /// No descriptors, processes or memory left, or a busy file. It may pass, so the driver retries.
    Shortage,
    /// A file system cannot be written or read: full, over quota, read-only, broken, or its server is unreachable.
    Storage,
}

/// The condition of the machine that `error` indicates. `None` for errors that a command, a job or one file can cause, such as a
/// missing file or permission.
pub fn machine_error(error: &io::Error) -> Option<MachineError> {
    let Some(code) = error.raw_os_error() else {
        return match error.kind() {
            io::ErrorKind::OutOfMemory => Some(MachineError::Shortage),
            io::ErrorKind::StorageFull | io::ErrorKind::WriteZero => Some(MachineError::Storage),
            _ => None,
        };
    };
    match code {
        libc::EMFILE | libc::ENFILE | libc::EAGAIN | libc::ENOMEM | libc::ENOBUFS | libc::EINTR => {
            Some(MachineError::Shortage)
        }
        libc::ETXTBSY | libc::EBUSY => Some(MachineError::Shortage),
        libc::ENOSPC | libc::EDQUOT | libc::EFBIG | libc::EROFS => Some(MachineError::Storage),
        libc::EIO | libc::EUCLEAN | libc::ENXIO | libc::ENODEV | libc::ENOMEDIUM => Some(MachineError::Storage),
        // Network file systems.
        libc::ESTALE | libc::ETIMEDOUT | libc::ENOTCONN | libc::EREMOTEIO | libc::ENOLINK | libc::EHOSTDOWN => {
            Some(MachineError::Storage)
        }
        libc::EHOSTUNREACH | libc::ENETDOWN | libc::ENETUNREACH | libc::ECONNREFUSED | libc::ECONNRESET => {
            Some(MachineError::Storage)
        }
        _ => None,
    }
}

/// What the user can do about `error`: a lowercase fragment.
pub fn advice(error: &io::Error) -> &'static str {
    match error.raw_os_error() {
        Some(libc::EMFILE) => "raise the limit of open files (ulimit -n), or run fewer jobs at once (-j)",
        Some(libc::ENFILE) => "the system's table of open files is full; raise fs.file-max",
        Some(libc::EAGAIN) => {
            "raise the limit of processes (ulimit -u, pids.max of the control group), or run fewer jobs at once (-j)"
        }
        Some(libc::ENOMEM) => "run fewer jobs at once (-j) so that they need less memory",
        Some(libc::ETXTBSY) => "the program is open for writing; wait until it is complete",
        Some(libc::ENOENT | libc::ENOTDIR | libc::EACCES | libc::EPERM | libc::ELOOP) => {
            "the program could be run before; restore it with its interpreter and permissions"
        }
        Some(libc::ENOSPC | libc::EDQUOT) => "free space on the disk",
        Some(libc::EFBIG) => "raise the limit of file sizes (ulimit -f)",
        Some(libc::EROFS) => "make the file system writable",
        _ => "fix the cause",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortages_storage_errors_and_errors_of_single_files_are_distinguished() {
        let of = |code| machine_error(&io::Error::from_raw_os_error(code));
        for code in [libc::EMFILE, libc::ENFILE, libc::EAGAIN, libc::ENOMEM, libc::ETXTBSY] {
            assert_eq!(of(code), Some(MachineError::Shortage), "{code}");
        }
        for code in [libc::ENOSPC, libc::EDQUOT, libc::EFBIG, libc::EROFS, libc::EIO, libc::ESTALE] {
            assert_eq!(of(code), Some(MachineError::Storage), "{code}");
        }
        for code in [libc::ENOENT, libc::EACCES, libc::ENOTDIR, libc::ENAMETOOLONG, libc::E2BIG, libc::ENOEXEC] {
            assert_eq!(of(code), None, "{code}");
        }
        assert_eq!(machine_error(&io::ErrorKind::WriteZero.into()), Some(MachineError::Storage));
    }
}
