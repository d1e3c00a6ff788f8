//! The last lines of a log.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::files;
use crate::types::printable::output_line;

/// Number of lines, and the part of the log that is searched for them, bytes.
const LINES: usize = 5;
const TAIL: u64 = 16 << 10;

/// The last lines of the log at `path` that are not empty, as a terminal shows them; none if it cannot be read.
pub fn last_lines(path: &Path) -> Vec<String> {
    let tail = || {
        let mut file = files::open_to_read(path).ok()?;
        let length = file.seek(SeekFrom::End(0)).ok()?;
        let start = length.saturating_sub(TAIL);
        file.seek(SeekFrom::Start(start)).ok()?;
        let mut bytes = Vec::new();
        file.take(TAIL).read_to_end(&mut bytes).ok()?;
        Some((bytes, start > 0))
    };
    let Some((bytes, is_cut)) = tail() else { return Vec::new() };
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines().skip(usize::from(is_cut && text.contains('\n'))).map(output_line);
    let mut lines: Vec<String> = lines.filter(|line| !line.trim().is_empty()).collect();
    lines.split_off(lines.len().saturating_sub(LINES))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_printable() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        assert!(last_lines(&log).is_empty());
        std::fs::write(&log, format!("{}\n\n1\n2\n3\n\u{1b}[31m4\u{1b}[0m\u{7}\n5\n  50%\r 99%", "x".repeat(20_000)))
            .unwrap();
        assert_eq!(last_lines(&log), ["2", "3", "4", "5", " 99%"]);
    }
}
