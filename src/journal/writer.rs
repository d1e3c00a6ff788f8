//! Appends records: one line, one write, no buffer of our own, so that what was written survives `kill -9`.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::fault::JournalFault;
use super::record::Record;

/// The open end of a journal. Syncing to the disk is the caller's choice of moment: see [`JournalWriter::sync_handle`].
#[derive(Debug)]
pub struct JournalWriter {
    path: PathBuf,
    file: File,
    length: u64,
    line: Vec<u8>,
    unsynced: bool,
}

impl JournalWriter {
    /// A new, empty journal at `path`; what was there before is gone.
    pub fn create(path: &Path) -> Result<JournalWriter, JournalFault> {
        JournalWriter::open_at(path, 0)
    }

    /// Goes on with the journal at `path` after its first `length` bytes: a torn last line beyond them is cut off.
    pub fn open_at(path: &Path, length: u64) -> Result<JournalWriter, JournalFault> {
        let opened = OpenOptions::new().create(true).append(true).open(path).and_then(|file| {
            if file.metadata()?.len() != length {
                file.set_len(length)?;
            }
            Ok(file)
        });
        match opened {
            Ok(file) => Ok(JournalWriter {
                path: path.to_owned(),
                file,
                length,
                line: Vec::with_capacity(1024),
                unsynced: false,
            }),
            Err(source) => Err(JournalFault::Io { path: path.to_owned(), doing: "write", source }),
        }
    }

    /// Appends one record. On an error nothing of it stays in the file.
    pub fn append(&mut self, record: &Record) -> Result<(), JournalFault> {
        self.line.clear();
        let written = serde_json::to_writer(&mut self.line, record).map_err(io::Error::from).and_then(|()| {
            self.line.push(b'\n');
            self.file.write_all(&self.line)
        });
        match written {
            Ok(()) => {
                self.length += self.line.len() as u64;
                self.unsynced = true;
                Ok(())
            }
            Err(source) => {
                // A reader copes with a torn line, so a failing cut is no further harm.
                let _ = self.file.set_len(self.length);
                Err(self.fault("write", source))
            }
        }
    }

    /// Whether anything was appended since the last call of [`JournalWriter::mark_synced`].
    pub fn unsynced(&self) -> bool {
        self.unsynced
    }

    /// To be called just before a sync through [`JournalWriter::sync_handle`]: what is appended later is unsynced again.
    pub fn mark_synced(&mut self) {
        self.unsynced = false;
    }

    /// A second handle of the file, on which to call `sync_data` without holding up who appends.
    pub fn sync_handle(&self) -> Result<File, JournalFault> {
        self.file.try_clone().map_err(|source| self.fault("write", source))
    }

    /// Puts everything on the disk now.
    pub fn sync(&mut self) -> Result<(), JournalFault> {
        if self.unsynced {
            self.unsynced = false;
            self.file.sync_data().map_err(|source| self.fault("sync", source))?;
        }
        Ok(())
    }

    /// Bytes of whole records in the file.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// A fault that names this file.
    pub fn fault(&self, doing: &'static str, source: io::Error) -> JournalFault {
        JournalFault::Io { path: self.path.clone(), doing, source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::ids::TrialId;

    #[test]
    fn goes_on_after_cutting_a_torn_line_off() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        let mut writer = JournalWriter::create(&path).unwrap();
        writer.append(&Record::Promoted { trial: TrialId(1) }).unwrap();
        let whole = writer.length();
        writer.append(&Record::Promoted { trial: TrialId(2) }).unwrap();
        File::options().write(true).open(&path).unwrap().set_len(whole + 5).unwrap();

        let mut writer = JournalWriter::open_at(&path, whole).unwrap();
        writer.append(&Record::Retired { trial: TrialId(3) }).unwrap();
        writer.sync().unwrap();
        insta::assert_snapshot!(std::fs::read_to_string(&path).unwrap(), @r#"
        {"type":"promoted","trial":1}
        {"type":"retired","trial":3}
        "#);
    }

    #[test]
    fn a_full_disk_is_a_fault_that_names_the_file() {
        let mut writer = JournalWriter {
            path: "study/journal.jsonl".into(),
            file: OpenOptions::new().append(true).open("/dev/full").unwrap(),
            length: 0,
            line: Vec::new(),
            unsynced: false,
        };
        let fault = writer.append(&Record::Promoted { trial: TrialId(1) }).unwrap_err();
        insta::assert_snapshot!(fault, @"cannot write study/journal.jsonl: No space left on device (os error 28)");
    }
}
