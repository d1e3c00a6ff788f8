//! Checks whether a folder can be used for a study: it is new or empty, or has a study already. Any other folder has other data, and
//! nothing in it is created, changed or removed.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::conflict::FolderError;
use super::files;
use super::layout::StudyFolder;
use super::own_content::{self, FileOrigin, starts_a_journal};
use crate::journal::error::JournalError;

/// Most bytes read of a file to recognize it: a journal's header, which has the matrix, and the line after it.
const MAX_PREFIX: u64 = 1 << 20;

/// Checks the folder without changing it.
///
/// # Errors
/// [`JournalError::Foreign`] if it cannot be used for a study, or an I/O error.
pub fn check(folder: &StudyFolder) -> Result<(), JournalError> {
    let root = folder.root();
    match fs::metadata(root) {
        Ok(found) if found.is_dir() => {}
        Ok(found) => {
            let found = files::special_file_kind(found.file_type()).unwrap_or("a file");
            return Err(refused(root, FolderError::Kind { found, wanted: "a folder" }));
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            return match fs::symlink_metadata(root) {
                Ok(_) => {
                    Err(refused(root, FolderError::Kind { found: "a link to a missing file", wanted: "a folder" }))
                }
                Err(_) => Ok(()),
            };
        }
        Err(source) => return Err(unreadable(root, source)),
    }
    // Readings may be lost; the driver runs without the file if it cannot be opened.
    for file in folder.files().into_iter().filter(|file| *file != folder.readings()) {
        check_kind(&file, "a regular file", fs::FileType::is_file)?;
    }
    check_kind(&folder.trials(), "a directory", fs::FileType::is_dir)?;
    if is_discarding(folder)? {
        return Ok(());
    }
    let journal = folder.journal();
    match read_prefix(&journal)? {
        Some(bytes) if starts_a_journal(&bytes) => Ok(()),
        Some(bytes) if bytes.iter().any(|byte| *byte != 0) => Err(refused(&journal, FolderError::NotAJournal)),
        _ => check_without_records(folder),
    }
}

/// Whether the removal of an earlier study of this folder was interrupted.
pub fn is_discarding(folder: &StudyFolder) -> Result<bool, JournalError> {
    is_journal(&folder.discarded())
}

/// For a folder without a journal, or with an empty one: every file must be empty or have content that a driver writes.
fn check_without_records(folder: &StudyFolder) -> Result<(), JournalError> {
    let root = folder.root();
    let has_lock = origin(&folder.lock(), own_content::is_lock)? == FileOrigin::Driver;
    let has_list = origin(&folder.sessions(), own_content::is_session_list)? == FileOrigin::Driver;
    check_kind(&folder.readings(), "a regular file", fs::FileType::is_file)?;
    let has_readings = origin(&folder.readings(), own_content::starts_readings)? == FileOrigin::Driver;
    let mut foreign = Vec::new();
    for entry in fs::read_dir(root).map_err(|source| unreadable(root, source))? {
        let path = entry.map_err(|source| unreadable(root, source))?.path();
        let is_own = match () {
            () if path == folder.trials() => has_lock && holds_only_trials(&path)?,
            () if path == folder.lock() && has_lock => true,
            () if path == folder.sessions() && has_list => true,
            () if path == folder.readings() && has_readings => true,
            // A tuner may print any text.
            () if path == folder.tuner_log() && (has_lock || has_list || has_readings) => true,
            () if folder.files().contains(&path) => origin(&path, |_| false)? == FileOrigin::Empty,
            // Every new file system has this directory.
            () => path.ends_with("lost+found"),
        };
        if !is_own {
            foreign.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    foreign.sort();
    if foreign.is_empty() { Ok(()) } else { Err(refused(root, FolderError::Files(foreign))) }
}

/// The origin of the file at `path`, from its first bytes; a missing file is empty.
fn origin(path: &Path, is_own: fn(&[u8]) -> bool) -> Result<FileOrigin, JournalError> {
    Ok(FileOrigin::of(&read_prefix(path)?.unwrap_or_default(), is_own))
}

/// Whether all entries of `trials` are trials.
fn holds_only_trials(trials: &Path) -> Result<bool, JournalError> {
    let entries = fs::read_dir(trials).map_err(|source| unreadable(trials, source))?;
    Ok(entries.flatten().all(|entry| StudyFolder::is_trial(&entry.file_name())))
}

fn check_kind(path: &Path, wanted: &'static str, matches: fn(&fs::FileType) -> bool) -> Result<(), JournalError> {
    match fs::symlink_metadata(path) {
        Ok(found) if matches(&found.file_type()) => Ok(()),
        Ok(found) => {
            let found = files::special_file_kind(found.file_type()).unwrap_or("a file");
            Err(refused(path, FolderError::Kind { found, wanted }))
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(unreadable(path, source)),
    }
}

fn is_journal(path: &Path) -> Result<bool, JournalError> {
    Ok(read_prefix(path)?.is_some_and(|bytes| starts_a_journal(&bytes)))
}

/// The first bytes of a file, if it exists.
fn read_prefix(path: &Path) -> Result<Option<Vec<u8>>, JournalError> {
    let read = || -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        files::open_to_read(path)?.take(MAX_PREFIX).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    match read() {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(unreadable(path, source)),
    }
}

fn refused(path: &Path, conflict: FolderError) -> JournalError {
    JournalError::Foreign { path: path.to_owned(), conflict }
}

fn unreadable(path: &Path, source: io::Error) -> JournalError {
    JournalError::Io { path: PathBuf::from(path), operation: "read", source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// Checks a folder with these files (a name that ends in `/` is a folder); the error's message, or `usable`.
    fn verdict(files: &[(&str, &str)]) -> String {
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
        let result = check(&StudyFolder::new(&root));
        result.map_or_else(|error| error.to_string().replace(&*root.to_string_lossy(), "s"), |()| "usable".into())
    }

    const READING: &str = "{\"trial\":7,\"rung\":1,\"attempt\":1,\"reading\":4,\"metrics\":{\"loss\":0.5}}\n";
    const STARTED: &str = "{\"type\":\"study\",\"format\":1,\"sampling_rules\":1}\n";

    #[test]
    fn new_empty_and_started_folders_are_usable() {
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
            &[("journal.sessions", "1-2-3 local\n4-5-6/7-8-9 slu"), ("journal.jsonl", "")],
            &[("readings.jsonl", READING), ("tuner.stderr.log", "version 1.2\n"), ("lock", "")],
            &[("lock", "12\n"), ("tuner.stderr.log", "version 1.2\n")],
            &[("journal.sessions", "1-2-3\n"), ("tuner.stderr.log", "version 1.2\n")],
            &[("lock", "\0\0\0"), ("tuner.stderr.log", ""), ("journal.discarded.jsonl", "")],
            &[("journal.jsonl", STARTED), ("trials/0/", ""), ("thesis.tex", "")],
            &[("journal.discarded.jsonl", STARTED), ("trials/0/", "")],
        ] {
            assert_eq!(verdict(files), "usable", "{files:?}");
        }
    }

    #[test]
    fn any_other_folder_is_refused() {
        let messages: Vec<String> = [
            &[("notes.txt", "")][..],
            &[("a", ""), ("b", ""), ("c", ""), ("d", ""), ("lock", "12\n")],
            &[("trials/notes.txt", "")],
            &[("trials/1/patient.csv", ""), ("lock", "")],
            &[("trials/patients/1.csv", ""), ("lock", "12\n")],
            &[("journal.jsonl", "{\"entry\": \"a diary\"}\n")],
            &[("journal.jsonl", "{}\n"), ("lock", "12\n")],
            &[("journal.jsonl/", "")],
            &[("lock/", "")],
            &[("journal.jsonl", STARTED), ("trials", "")],
        ]
        .iter()
        .map(|files| verdict(files))
        .collect();
        insta::assert_snapshot!(messages.join("\n"), @r"
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
        let messages: Vec<String> = [
            &[("lock", "precious\n")][..],
            &[("lock", "precious\n"), ("journal.jsonl", "\0\0")],
            &[("lock", "12\n"), ("readings.jsonl", "precious\n")],
            &[("lock", "12\n"), ("journal.sessions", "precious\n")],
            &[("lock", ""), ("tuner.stderr.log", "precious\n")],
            &[("lock", "12\n"), ("journal.new.jsonl", STARTED)],
            &[("lock", "12\n"), ("journal.discarded.jsonl", "precious\n")],
            &[("journal.discarded.jsonl", "{"), ("thesis.tex", "")],
            &[("journal.jsonl", "{"), ("thesis.tex", "")],
            &[("journal.jsonl", "{\"type\":\"stu")],
        ]
        .iter()
        .map(|files| verdict(files))
        .collect();
        insta::assert_snapshot!(messages.join("\n"), @r"
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
