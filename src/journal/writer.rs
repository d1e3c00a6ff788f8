//! Appends records. Each call is one unbuffered write, so that appended records survive `kill -9`.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::JournalError;
use super::folder::files;
use super::line::JournalEnd;
use super::record::Record;
use super::sync::JournalSync;

/// A journal open for appending. It is synced by the caller: see [`JournalWriter::sync_handle`].
#[derive(Debug)]
pub struct JournalWriter {
    path: PathBuf,
    file: File,
    end: JournalEnd,
    /// Reused for each write.
    lines: Vec<u8>,
    sync: Arc<JournalSync>,
}

impl JournalWriter {
    /// Creates an empty journal at `path`, or empties the one there.
    pub fn create(path: &Path) -> Result<JournalWriter, JournalError> {
        JournalWriter::open_at(path, JournalEnd::default())
    }

    /// Opens the journal at `path`, in its format, and truncates it to `end`, which removes a torn last line.
    pub fn open_at(path: &Path, end: JournalEnd) -> Result<JournalWriter, JournalError> {
        let opened = files::open(path, OpenOptions::new().create(true).append(true));
        let io_error = |source| JournalError::Io { path: path.to_owned(), operation: "write", source };
        JournalWriter::from_file(path, opened.map_err(io_error)?, end)
    }

    /// The same with `file`, the journal opened for appending.
    pub fn from_file(path: &Path, file: File, end: JournalEnd) -> Result<JournalWriter, JournalError> {
        let truncated = file.metadata().and_then(|found| match found.len() == end.length {
            true => Ok(()),
            false => file.set_len(end.length),
        });
        let handle = truncated.and_then(|()| file.try_clone());
        let handle = handle.map_err(|source| JournalError::Io { path: path.to_owned(), operation: "write", source })?;
        let sync = Arc::new(JournalSync::new(path, handle, end.length));
        Ok(JournalWriter { path: path.to_owned(), file, end, lines: Vec::with_capacity(1024), sync })
    }

    /// Appends `records` in one write. After an error, the part that was written is truncated.
    pub fn append<'r>(&mut self, records: impl IntoIterator<Item = &'r Record>) -> Result<(), JournalError> {
        self.lines.clear();
        let mut number = self.end.lines;
        let mut serialized = Ok(());
        for record in records {
            number += 1;
            serialized = serialized.and_then(|()| self.end.format.write(record, number, &mut self.lines));
        }
        let length = self.end.length + self.lines.len() as u64;
        let written = serialized.and_then(|()| {
            self.sync.length().reserve(length);
            self.file.write_all(&self.lines)
        });
        match written {
            Ok(()) => {
                (self.end.length, self.end.lines) = (length, number);
                self.sync.length().append(length);
                Ok(())
            }
            Err(source) => {
                // A reader ignores a torn line, so the truncation may fail.
                let _ = self.file.set_len(self.end.length);
                Err(JournalError::Io { path: self.path.clone(), operation: "write", source })
            }
        }
    }

    /// Makes records durable without access to the writer.
    pub fn sync_handle(&self) -> &Arc<JournalSync> {
        &self.sync
    }

    /// The position of the next record.
    pub fn end(&self) -> JournalEnd {
        self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::ids::TrialId;

    #[test]
    fn a_torn_line_is_truncated_before_the_next_record() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        let mut writer = JournalWriter::create(&path).unwrap();
        writer.append([&Record::Promoted { trial: TrialId(1), rung: None }]).unwrap();
        let whole = writer.end();
        writer.append([&Record::Promoted { trial: TrialId(2), rung: None }]).unwrap();
        File::options().write(true).open(&path).unwrap().set_len(whole.length + 5).unwrap();

        let mut writer = JournalWriter::open_at(&path, whole).unwrap();
        writer.append(&[Record::Retired { trial: TrialId(3) }, Record::Retired { trial: TrialId(4) }]).unwrap();
        writer.sync_handle().sync().unwrap();
        insta::assert_snapshot!(std::fs::read_to_string(&path).unwrap(), @r#"
        {"type":"promoted","trial":1,"n":1,"crc":"63c9fc2e"}
        {"type":"retired","trial":3,"n":2,"crc":"5a2eeb03"}
        {"type":"retired","trial":4,"n":3,"crc":"e88ee51b"}
        "#);
    }

    #[test]
    fn the_error_of_a_full_disk_names_the_file() {
        let path = PathBuf::from("study/journal.jsonl");
        let file = OpenOptions::new().append(true).open("/dev/full").unwrap();
        let sync = Arc::new(JournalSync::new(&path, file.try_clone().unwrap(), 0));
        let mut writer = JournalWriter { path, file, end: JournalEnd::default(), lines: Vec::new(), sync };
        let error = writer.append([&Record::Promoted { trial: TrialId(1), rung: None }]).unwrap_err();
        insta::assert_snapshot!(error, @"cannot write study/journal.jsonl: No space left on device (os error 28)");
    }
}
