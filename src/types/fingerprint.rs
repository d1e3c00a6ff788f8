//! Fingerprints of files.

use serde::{Deserialize, Serialize};

/// A file as it was when a session started.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FileFingerprint {
    /// Its path as the command names it.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// The CRC-32 of its contents.
    pub crc32: u32,
}
