//! Which errors of the operating system say something about the machine, and nothing about the job that met them.

use std::io;

/// A condition of the machine. No configuration is to blame for it, so it never becomes the end of a job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MachineError {
    /// Descriptors, processes or memory are used up, or a file is busy: it may pass while the driver waits.
    Shortage,
    /// A file system takes or gives no more data: full, over quota, read-only, broken, or its server is away.
    Storage,
}

/// What `error` says about the machine. `None` for what a command, a job or one odd file can cause: a missing file, a permission.
pub fn machine_trouble(error: &io::Error) -> Option<MachineError> {
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

/// What the user can do about `error`: a clause without a capital.
pub fn advice(error: &io::Error) -> &'static str {
    match error.raw_os_error() {
        Some(libc::EMFILE) => "raise the limit of open files (ulimit -n), or run fewer jobs at once (-j)",
        Some(libc::ENFILE) => "the system's table of open files is full: see fs.file-max",
        Some(libc::EAGAIN) => {
            "the limit of processes is reached: see ulimit -u and pids.max of the control group, or run fewer jobs at once (-j)"
        }
        Some(libc::ENOMEM) => "the machine is short of memory: run fewer jobs at once (-j)",
        Some(libc::ETXTBSY) => "a program that is open for writing cannot be run: wait until it is complete",
        Some(libc::ENOENT | libc::ENOTDIR | libc::EACCES | libc::EPERM | libc::ELOOP) => {
            "it could be run before: put it back, with its interpreter and its permissions"
        }
        Some(libc::ENOSPC | libc::EDQUOT) => "make room on the disk",
        _ => "remove the cause",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortages_storage_and_errors_of_single_files_are_told_apart() {
        let of = |code| machine_trouble(&io::Error::from_raw_os_error(code));
        for code in [libc::EMFILE, libc::ENFILE, libc::EAGAIN, libc::ENOMEM, libc::ETXTBSY] {
            assert_eq!(of(code), Some(MachineError::Shortage), "{code}");
        }
        for code in [libc::ENOSPC, libc::EDQUOT, libc::EFBIG, libc::EROFS, libc::EIO, libc::ESTALE] {
            assert_eq!(of(code), Some(MachineError::Storage), "{code}");
        }
        for code in [libc::ENOENT, libc::EACCES, libc::ENOTDIR, libc::ENAMETOOLONG, libc::E2BIG, libc::ENOEXEC] {
            assert_eq!(of(code), None, "{code}");
        }
        assert_eq!(machine_trouble(&io::ErrorKind::WriteZero.into()), Some(MachineError::Storage));
    }
}
