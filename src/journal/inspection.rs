//! Checks a journal for damage, and saves the part of a damaged one before the damage.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::error::JournalError;
use super::folder::files;
use super::folder::layout::StudyFolder;
use super::folder::lock::StudyLock;
use super::line::{self, JournalEnd, LineError, LineFormat};
use super::reader::{self, JournalReader, MAX_LINE};
use super::record::Record;

/// Most copies of damaged journals in a folder.
const MAX_COPIES: u32 = 99;

/// The content of a journal.
#[derive(Clone, PartialEq, Debug)]
pub struct Inspection {
    /// The end of the records before any damage.
    pub end: JournalEnd,
    /// Number of end records among them.
    pub ended_jobs: u64,
    /// Bytes of a torn line after them, if there is no damage.
    pub torn: u64,
    /// The first damage.
    pub damage: Option<FirstDamage>,
}

/// A damaged line, and the lines after it.
#[derive(Clone, PartialEq, Debug)]
pub struct FirstDamage {
    /// From 1.
    pub line: u64,
    /// The damage.
    pub damage: LineError,
    /// Complete lines after it.
    pub lines: u64,
    /// Records among these lines. They cannot be used, because records depend on those before them.
    pub sound: u64,
    /// End records among these records.
    pub ended_jobs: u64,
}

/// Reads the whole journal of a study.
///
/// # Errors
/// The journal cannot be read, or has an unknown format. A damaged line is not an error.
pub fn inspect(folder: &StudyFolder) -> Result<Inspection, JournalError> {
    let mut journal = reader::open_before_header(folder)?;
    let mut ended_jobs = 0;
    let first = read_undamaged(&mut journal, &mut ended_jobs);
    let end = journal.end();
    let unreadable = |source| JournalError::Io { path: folder.journal(), operation: "read", source };
    let (torn, damage) = match first {
        Ok(()) => {
            let length = std::fs::metadata(folder.journal()).map_err(unreadable)?.len();
            (length.saturating_sub(end.length), None)
        }
        Err(JournalError::Corrupt { line, damage, .. }) => {
            let first = FirstDamage { line, damage, lines: 0, sound: 0, ended_jobs: 0 };
            (0, Some(count_after(&folder.journal(), end, first).map_err(unreadable)?))
        }
        Err(error) => return Err(error),
    };
    Ok(Inspection { end, ended_jobs, torn, damage })
}

/// Reads to the journal's end or first damage.
fn read_undamaged(journal: &mut JournalReader, ended_jobs: &mut u64) -> Result<(), JournalError> {
    if journal.header()?.is_none() {
        return Ok(());
    }
    for record in journal {
        *ended_jobs += u64::from(matches!(record?, Record::End(_)));
    }
    Ok(())
}

/// Counts the lines after the damaged line at `end`.
fn count_after(path: &Path, end: JournalEnd, mut first: FirstDamage) -> io::Result<FirstDamage> {
    let mut file = files::open_to_read(path)?;
    file.seek(SeekFrom::Start(end.length))?;
    let (mut file, mut line, mut damaged) = (BufReader::new(file), Vec::new(), true);
    loop {
        line.clear();
        file.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)?;
        if line.pop_if(|last| *last == b'\n').is_none() && (line.len() as u64) < MAX_LINE {
            return Ok(first);
        }
        if std::mem::take(&mut damaged) {
            continue;
        }
        first.lines += 1;
        if end.format == LineFormat::Checked && line::verify(&line).is_err() {
            continue;
        }
        // Records ignore the fields of number and checksum.
        if let Ok(record) = serde_json::from_slice::<Record>(&line) {
            first.sound += 1;
            first.ended_jobs += u64::from(matches!(record, Record::End(_)));
        }
    }
}

/// Truncates the locked journal of `folder` to the records of `inspection`, after copying all of it to a file in the same folder.
/// Returns the copy's path.
///
/// # Errors
/// The journal cannot be copied or truncated.
pub fn salvage(folder: &StudyFolder, lock: &StudyLock, inspection: &Inspection) -> Result<PathBuf, JournalError> {
    let copied = copy(&folder.journal())?;
    let truncated = lock.journal().and_then(|journal| {
        journal.set_len(inspection.end.length)?;
        journal.sync_all()
    });
    truncated.map_err(|source| JournalError::Io { path: folder.journal(), operation: "truncate", source })?;
    Ok(copied)
}

fn copy(journal: &Path) -> Result<PathBuf, JournalError> {
    let error = |path: &Path| {
        let path = path.to_owned();
        move |source| JournalError::Io { path, operation: "write", source }
    };
    for number in 1..=MAX_COPIES {
        let name = journal.with_extension(format!("damaged-{number}.jsonl"));
        let mut to = match OpenOptions::new().write(true).create_new(true).open(&name) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => continue,
            opened => opened.map_err(error(&name))?,
        };
        let written = files::open_to_read(journal).and_then(|mut from| {
            io::copy(&mut from, &mut to)?;
            to.sync_all()?;
            File::open(name.parent().unwrap_or(Path::new(".")))?.sync_all()
        });
        if written.is_err() {
            let _ = std::fs::remove_file(&name);
        }
        return written.map(|()| name.clone()).map_err(error(&name));
    }
    let exists = io::Error::new(io::ErrorKind::AlreadyExists, "remove old copies first");
    Err(error(&journal.with_extension(format!("damaged-{MAX_COPIES}.jsonl")))(exists))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::journal::folder::lock;
    use crate::types::ids::TrialId;

    /// A journal of one header and four more records, changed by `damage`.
    fn damaged(damage: impl FnOnce(&mut Vec<Vec<u8>>)) -> (tempfile::TempDir, StudyFolder) {
        let dir = tempfile::tempdir().unwrap();
        let folder = StudyFolder::new(dir.path());
        let header = format!(
            "{{\"type\":\"study\",\"format\":2,\"sampling_rules\":1,\"version\":\"\",\"matrix_path\":\"\",\"matrix\":\"\",\
             \"command\":[],\"options\":{{}},\"seed\":1,\"metric\":null,\"resource\":null,\"plan\":{},\"started_at\":\"\"}}",
            "{\"trials\":1,\"jobs\":1,\"resource\":1.0,\"full_resource\":1.0}"
        );
        let header = serde_json::from_str(&header).unwrap();
        let records = [header].into_iter().chain((0..4).map(|trial| Record::Retired { trial: TrialId(trial) }));
        let mut lines: Vec<Vec<u8>> = (1..)
            .zip(records)
            .map(|(number, record)| {
                let mut line = Vec::new();
                LineFormat::Checked.write(&record, number, &mut line).unwrap();
                line
            })
            .collect();
        damage(&mut lines);
        fs::write(folder.journal(), lines.concat()).unwrap();
        (dir, folder)
    }

    fn counts(inspection: &Inspection) -> (u64, u64, Option<(u64, u64, u64)>) {
        let damage = inspection.damage.as_ref().map(|first| (first.line, first.lines, first.sound));
        (inspection.end.lines, inspection.torn, damage)
    }

    #[test]
    fn the_first_damage_is_located_and_lines_after_it_are_counted() {
        let of = |damage: fn(&mut Vec<Vec<u8>>)| counts(&inspect(&damaged(damage).1).unwrap());
        assert_eq!(of(|_| {}), (5, 0, None));
        assert_eq!(of(|lines| lines[4].truncate(7)), (4, 7, None));
        assert_eq!(of(|lines| lines[2][9] ^= 1), (2, 0, Some((3, 2, 2))));
        assert_eq!(of(|lines| drop(lines.remove(2))), (2, 0, Some((3, 1, 1))));
        assert_eq!(of(|lines| lines[0][9] ^= 1), (0, 0, Some((1, 4, 4))));
        assert_eq!(of(|lines| lines.clear()), (0, 0, None));
    }

    #[test]
    fn records_before_the_damage_are_saved_and_the_damaged_journal_is_kept() {
        let (_dir, folder) = damaged(|lines| lines[2][9] ^= 1);
        let before = fs::read(folder.journal()).unwrap();
        let lock = lock::acquire(&folder, &mut |_| {}).unwrap();
        let copied = salvage(&folder, &lock, &inspect(&folder).unwrap()).unwrap();
        assert_eq!(fs::read(copied).unwrap(), before);
        assert_eq!(counts(&inspect(&folder).unwrap()), (2, 0, None));
        let again = salvage(&folder, &lock, &inspect(&folder).unwrap()).unwrap();
        assert!(again.ends_with("journal.damaged-2.jsonl"));
    }
}
