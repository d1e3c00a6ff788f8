//! Whether a job failed because the study's file system is full. No configuration causes that, so it ends the session instead of
//! counting as the trial's failure.

use std::path::Path;

use rustix::fs::statvfs;

/// Below this many free bytes, a job's own report of a full disk counts: its checkpoint may have been larger.
const NEARLY_FULL: u64 = 1 << 20;
/// What programs print for ENOSPC and EDQUOT.
const MESSAGES: [&str; 2] = ["No space left on device", "Disk quota exceeded"];

/// Whether the file system of `folder` is full, given the last lines of the stderr of a job that failed. False if it is unknown.
pub fn is_full(folder: &Path, stderr_tail: &str) -> bool {
    let Ok(found) = statvfs(folder) else { return false };
    let is_reported = MESSAGES.iter().any(|message| stderr_tail.contains(message));
    let free = Free {
        blocks: (found.f_blocks > 0).then_some(found.f_bfree),
        bytes: (found.f_blocks > 0).then(|| found.f_bavail.saturating_mul(found.f_frsize)),
        files: (found.f_files > 0).then_some(found.f_ffree),
    };
    free.is_full(is_reported)
}

/// What is left of a file system.
#[derive(Clone, Copy, Debug)]
struct Free {
    /// `None` where blocks are not counted, as in a tmpfs without a limit and in some FUSE file systems.
    blocks: Option<u64>,
    /// For users other than root.
    bytes: Option<u64>,
    /// `None` where files are not counted.
    files: Option<u64>,
}

impl Free {
    fn is_full(self, is_reported: bool) -> bool {
        self.blocks == Some(0)
            || self.files == Some(0)
            || is_reported && self.bytes.is_some_and(|bytes| bytes < NEARLY_FULL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_counts_only_where_little_is_left() {
        let free = |blocks, bytes, files| Free { blocks: Some(blocks), bytes: Some(bytes), files };
        assert!(free(0, 0, None).is_full(false) && free(9, 9 << 30, Some(0)).is_full(false));
        assert!(free(9, 9 << 10, Some(9)).is_full(true) && !free(9, 9 << 10, Some(9)).is_full(false));
        assert!(!free(9, 9 << 30, None).is_full(true));
        assert!(!Free { blocks: None, bytes: None, files: None }.is_full(true));
    }

    #[test]
    fn a_file_system_that_cannot_be_read_is_not_full() {
        assert!(!is_full(Path::new("/nowhere/at/all"), MESSAGES[0]));
    }
}
