//! The file that the tuner's stderr is appended to.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;

use crate::journal::folder::files;

/// Most bytes and lines of the log's end that a message shows.
const TAIL_BYTES: u64 = 4 << 10;
const TAIL_LINES: usize = 12;

/// The log, and the offset at which the output of this process starts.
#[derive(Clone, Debug)]
pub struct StderrLog {
    path: PathBuf,
    start: u64,
}

impl StderrLog {
    /// Opens the file `path` for appending.
    pub fn open(path: PathBuf) -> io::Result<(StderrLog, File)> {
        let file = files::open(&path, OpenOptions::new().create(true).append(true))?;
        let start = file.metadata()?.len();
        Ok((StderrLog { path, start }, file))
    }

    /// The last lines of this process, indented; empty if it wrote nothing.
    pub fn tail(&self) -> String {
        let text = self.read_tail().unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.trim_end().lines().collect();
        let last = &lines[lines.len().saturating_sub(TAIL_LINES)..];
        last.iter().map(|line| format!("    {line}")).collect::<Vec<String>>().join("\n")
    }

    fn read_tail(&self) -> io::Result<Vec<u8>> {
        let mut file = File::open(&self.path)?;
        let end = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(self.start.max(end.saturating_sub(TAIL_BYTES))))?;
        let mut text = Vec::new();
        file.take(TAIL_BYTES).read_to_end(&mut text)?;
        Ok(text)
    }
}
