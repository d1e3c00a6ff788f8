//! Whether a folder may be used for a study: it is new or empty, or there is a study in it already. Any other folder holds data that is
//! not ours; nothing in it is created, changed or removed.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::conflict::FolderConflict;
use super::files;
use super::layout::StudyFolder;
use super::own_content::{self, FileOrigin, begins_a_journal};
use crate::journal::error::JournalError;

/// Most that is read of a journal to recognize it: the header, which holds the matrix, and the line after it.
const MOST: u64 = 1 << 20;

/// Refuses a folder that is not for a study. Reads only.
pub fn check(folder: &StudyFolder) -> Result<(), JournalError> {
    let root = folder.root();
    match fs::metadata(root) {
        Ok(found) if found.is_dir() => {}
        Ok(found) => {
            let found = files::special_file_kind(found.file_type()).unwrap_or("a file");
            return Err(refused(root, FolderConflict::Kind { found, wanted: "a folder" }));
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(unreadable(root, source)),
    }
    for file in folder.files() {
        of_kind(&file, "a regular file", fs::FileType::is_file)?;
    }
    of_kind(&folder.trials(), "a directory", fs::FileType::is_dir)?;
    if is_discarding(folder)? {
        return Ok(());
    }
    let journal = folder.journal();
    match beginning(&journal)? {
        Some(bytes) if begins_a_journal(&bytes) => Ok(()),
        Some(bytes) if bytes.iter().any(|byte| *byte != 0) => Err(refused(&journal, FolderConflict::NotAJournal)),
        _ => without_records(folder),
    }
}

/// Whether the removal of an earlier study of this folder was interrupted.
pub fn is_discarding(folder: &StudyFolder) -> Result<bool, JournalError> {
    is_journal(&folder.discarded())
}

/// There is no journal, or an empty one: every file must be empty or recognizably written by a driver.
fn without_records(folder: &StudyFolder) -> Result<(), JournalError> {
    let root = folder.root();
    let has_lock = origin(&folder.lock(), own_content::is_lock)? == FileOrigin::Driver;
    let has_list = origin(&folder.sessions(), own_content::is_session_list)? == FileOrigin::Driver;
    let has_readings = origin(&folder.readings(), own_content::begins_readings)? == FileOrigin::Driver;
    let mut foreign = Vec::new();
    for entry in fs::read_dir(root).map_err(|source| unreadable(root, source))? {
        let path = entry.map_err(|source| unreadable(root, source))?.path();
        let ours = match () {
            () if path == folder.trials() => has_lock && holds_only_trials(&path)?,
            () if path == folder.lock() && has_lock => true,
            () if path == folder.sessions() && has_list => true,
            () if path == folder.readings() && has_readings => true,
            // What a tuner prints may be any text.
            () if path == folder.tuner_log() && (has_lock || has_list || has_readings) => true,
            () if folder.files().contains(&path) => origin(&path, |_| false)? == FileOrigin::Empty,
            // A new file system has it.
            () => path.ends_with("lost+found"),
        };
        if !ours {
            foreign.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    foreign.sort();
    if foreign.is_empty() { Ok(()) } else { Err(refused(root, FolderConflict::Files(foreign))) }
}

/// Who wrote the file at `path`, by its first bytes; a missing one is empty.
fn origin(path: &Path, is_own: fn(&[u8]) -> bool) -> Result<FileOrigin, JournalError> {
    Ok(FileOrigin::of(&beginning(path)?.unwrap_or_default(), is_own))
}

/// Whether there is nothing in `trials` but trials.
fn holds_only_trials(trials: &Path) -> Result<bool, JournalError> {
    let entries = fs::read_dir(trials).map_err(|source| unreadable(trials, source))?;
    Ok(entries.flatten().all(|entry| StudyFolder::is_trial(&entry.file_name())))
}

fn of_kind(path: &Path, wanted: &'static str, is_it: fn(&fs::FileType) -> bool) -> Result<(), JournalError> {
    match fs::symlink_metadata(path) {
        Ok(found) if is_it(&found.file_type()) => Ok(()),
        Ok(found) => {
            let found = files::special_file_kind(found.file_type()).unwrap_or("a file");
            Err(refused(path, FolderConflict::Kind { found, wanted }))
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(unreadable(path, source)),
    }
}

fn is_journal(path: &Path) -> Result<bool, JournalError> {
    Ok(beginning(path)?.is_some_and(|bytes| begins_a_journal(&bytes)))
}

/// The first bytes of a file, if there is one.
fn beginning(path: &Path) -> Result<Option<Vec<u8>>, JournalError> {
    let read = || -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        files::open_to_read(path)?.take(MOST).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    match read() {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(unreadable(path, source)),
    }
}

fn refused(path: &Path, conflict: FolderConflict) -> JournalError {
    JournalError::Foreign { path: path.to_owned(), conflict }
}

fn unreadable(path: &Path, source: io::Error) -> JournalError {
    JournalError::Io { path: PathBuf::from(path), operation: "read", source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// Folders with these files (a name that ends in `/` is a folder), and what is said of each.
    fn said(files: &[(&str, &str)]) -> String {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("s");
        fs::create_dir(&root).unwrap();
        for (name, text) in files {
            let path = root.join(name);
            fs::create_dir_all(if name.ends_with('/') { &path } else { path.parent().unwrap() }).unwrap();
            if !name.ends_with('/') {
                fs::write(path, text).unwrap();
            }
        }
        let answer = check(&StudyFolder::new(&root));
        answer.map_or_else(|fault| fault.to_string().replace(&*root.to_string_lossy(), "s"), |()| "ours".into())
    }

    const READING: &str = "{\"trial\":7,\"rung\":1,\"attempt\":1,\"reading\":4,\"metrics\":{\"loss\":0.5}}\n";
    const BEGUN: &str = "{\"type\":\"study\",\"format\":1,\"sampling_rules\":1}\n";

    #[test]
    fn new_empty_and_begun_folders_are_ours() {
        assert!(check(&StudyFolder::new("/nowhere/s")).is_ok());
        for files in [
            &[][..],
            &[("lost+found/", "")],
            &[("lock", "")],
            &[("lock", "12\n"), ("journal.jsonl", "")],
            &[("lock", "12\n"), ("journal.jsonl", "\0\0\0"), ("trials/0/", "")],
            &[("lock", "12\n"), ("trials/0/rung-0.stdout.log", "")],
            &[("journal.jsonl", "{\"type\":\"study\"")],
            &[("journal.jsonl", ""), ("journal.sessions", "1-2-3\n"), ("journal.new.jsonl", "")],
            &[("readings.jsonl", READING), ("tuner.stderr.log", "version 1.2\n"), ("lock", "")],
            &[("lock", "12\n"), ("tuner.stderr.log", "version 1.2\n")],
            &[("journal.sessions", "1-2-3\n"), ("tuner.stderr.log", "version 1.2\n")],
            &[("lock", "\0\0\0"), ("tuner.stderr.log", ""), ("journal.discarded.jsonl", "")],
            &[("journal.jsonl", BEGUN), ("trials/0/", ""), ("thesis.tex", "")],
            &[("journal.discarded.jsonl", BEGUN), ("trials/0/", "")],
        ] {
            assert_eq!(said(files), "ours", "{files:?}");
        }
    }

    #[test]
    fn any_other_folder_is_refused() {
        let said: Vec<String> = [
            &[("notes.txt", "")][..],
            &[("a", ""), ("b", ""), ("c", ""), ("d", ""), ("lock", "12\n")],
            &[("trials/notes.txt", "")],
            &[("trials/1/patient.csv", ""), ("lock", "")],
            &[("trials/patients/1.csv", ""), ("lock", "12\n")],
            &[("journal.jsonl", "{\"entry\": \"a diary\"}\n")],
            &[("journal.jsonl", "{}\n"), ("lock", "12\n")],
            &[("journal.jsonl/", "")],
            &[("lock/", "")],
            &[("journal.jsonl", BEGUN), ("trials", "")],
        ]
        .iter()
        .map(|files| said(files))
        .collect();
        insta::assert_snapshot!(said.join("\n"), @r"
        s holds no study, and it holds notes.txt; nothing was changed
        s holds no study, and it holds a, b, c and 1 more; nothing was changed
        s holds no study, and it holds trials; nothing was changed
        s holds no study, and it holds trials; nothing was changed
        s holds no study, and it holds trials; nothing was changed
        s/journal.jsonl is not a journal of hypertune; nothing was changed
        s/journal.jsonl is not a journal of hypertune; nothing was changed
        s/journal.jsonl is a directory, not a regular file; nothing was changed
        s/lock is a directory, not a regular file; nothing was changed
        s/trials is a file, not a directory; nothing was changed
        ");
    }

    #[test]
    fn a_driver_s_file_name_with_other_content_is_refused() {
        let said: Vec<String> = [
            &[("lock", "precious\n")][..],
            &[("lock", "precious\n"), ("journal.jsonl", "\0\0")],
            &[("lock", "12\n"), ("readings.jsonl", "precious\n")],
            &[("lock", "12\n"), ("journal.sessions", "precious\n")],
            &[("lock", ""), ("tuner.stderr.log", "precious\n")],
            &[("lock", "12\n"), ("journal.new.jsonl", BEGUN)],
            &[("lock", "12\n"), ("journal.discarded.jsonl", "precious\n")],
            &[("journal.discarded.jsonl", "{"), ("thesis.tex", "")],
            &[("journal.jsonl", "{"), ("thesis.tex", "")],
            &[("journal.jsonl", "{\"type\":\"stu")],
        ]
        .iter()
        .map(|files| said(files))
        .collect();
        insta::assert_snapshot!(said.join("\n"), @r"
        s holds no study, and it holds lock; nothing was changed
        s holds no study, and it holds lock; nothing was changed
        s holds no study, and it holds readings.jsonl; nothing was changed
        s holds no study, and it holds journal.sessions; nothing was changed
        s holds no study, and it holds tuner.stderr.log; nothing was changed
        s holds no study, and it holds journal.new.jsonl; nothing was changed
        s holds no study, and it holds journal.discarded.jsonl; nothing was changed
        s holds no study, and it holds journal.discarded.jsonl, thesis.tex; nothing was changed
        s/journal.jsonl is not a journal of hypertune; nothing was changed
        s/journal.jsonl is not a journal of hypertune; nothing was changed
        ");
    }

    #[test]
    fn links_in_the_folder_are_refused_and_the_folder_may_be_one() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("s");
        fs::create_dir(&root).unwrap();
        symlink(&root, dir.path().join("link")).unwrap();
        check(&StudyFolder::new(dir.path().join("link"))).unwrap();
        for name in ["lock", "journal.jsonl", "tuner.stderr.log", "trials"] {
            symlink(dir.path(), root.join(name)).unwrap();
            let refused = check(&StudyFolder::new(&root)).unwrap_err();
            assert!(refused.to_string().contains("a symbolic link"), "{refused}");
            fs::remove_file(root.join(name)).unwrap();
        }
    }
}
