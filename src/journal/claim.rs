//! Whether a folder may be used for a study: it is new or empty, or there is a study in it already. Any other folder holds data that is
//! not ours; nothing in it is created, changed or removed.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::fault::JournalFault;
use super::files;
use super::layout::StudyFolder;
use super::line;
use super::obstacle::Obstacle;

/// How every journal begins.
const HEADER: &[u8] = b"{\"type\":\"study\",\"format\":";
/// Most that is read of a journal to recognize it: the header, which holds the matrix, and the line after it.
const MOST: u64 = 1 << 20;

/// Refuses a folder that is not for a study. Reads only.
pub fn check(folder: &StudyFolder) -> Result<(), JournalFault> {
    let root = folder.root();
    match fs::metadata(root) {
        Ok(found) if found.is_dir() => {}
        Ok(found) => {
            let found = files::not_a_file(found.file_type()).unwrap_or("a file");
            return Err(refused(root, Obstacle::Kind { found, wanted: "a folder" }));
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
        Some(bytes) if bytes.iter().any(|byte| *byte != 0) => Err(refused(&journal, Obstacle::NotAJournal)),
        _ => without_records(folder),
    }
}

/// Whether the removal of an earlier study of this folder was interrupted.
pub fn is_discarding(folder: &StudyFolder) -> Result<bool, JournalFault> {
    is_journal(&folder.discarded())
}

/// There is no journal, or an empty one.
fn without_records(folder: &StudyFolder) -> Result<(), JournalFault> {
    let root = folder.root();
    let mut foreign = Vec::new();
    for entry in fs::read_dir(root).map_err(|source| unreadable(root, source))? {
        let path = entry.map_err(|source| unreadable(root, source))?.path();
        let ours = folder.files().contains(&path) || path == folder.trials() && is_left_by_a_driver(folder)?;
        // A new file system has it.
        if !ours && !path.ends_with("lost+found") {
            foreign.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    foreign.sort();
    if foreign.is_empty() { Ok(()) } else { Err(refused(root, Obstacle::Files(foreign))) }
}

/// Whether `trials` is of a study whose journal was removed or emptied: a driver has left its process id in the lock file, and there
/// is nothing in `trials` but trials.
fn is_left_by_a_driver(folder: &StudyFolder) -> Result<bool, JournalFault> {
    let lock = beginning(&folder.lock())?.unwrap_or_default();
    let driver = lock.strip_suffix(b"\n").is_some_and(|pid| !pid.is_empty() && pid.iter().all(u8::is_ascii_digit));
    let trials = folder.trials();
    let entries = fs::read_dir(&trials).map_err(|source| unreadable(&trials, source))?;
    Ok(driver && entries.flatten().all(|entry| StudyFolder::is_trial(&entry.file_name())))
}

fn of_kind(path: &Path, wanted: &'static str, is_it: fn(&fs::FileType) -> bool) -> Result<(), JournalFault> {
    match fs::symlink_metadata(path) {
        Ok(found) if is_it(&found.file_type()) => Ok(()),
        Ok(found) => {
            let found = files::not_a_file(found.file_type()).unwrap_or("a file");
            Err(refused(path, Obstacle::Kind { found, wanted }))
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(unreadable(path, source)),
    }
}

fn is_journal(path: &Path) -> Result<bool, JournalFault> {
    Ok(beginning(path)?.is_some_and(|bytes| begins_a_journal(&bytes)))
}

/// The first bytes of a file, if there is one.
fn beginning(path: &Path) -> Result<Option<Vec<u8>>, JournalFault> {
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

/// Whether a journal begins with `bytes`: a header, a torn one, or a damaged one before a line with a right checksum.
fn begins_a_journal(bytes: &[u8]) -> bool {
    let torn = !bytes.is_empty() && HEADER.starts_with(bytes);
    let checked = |line| line::checked(line).is_ok();
    torn || bytes.starts_with(HEADER) || bytes.split(|byte| *byte == b'\n').take(2).any(checked)
}

fn refused(path: &Path, obstacle: Obstacle) -> JournalFault {
    JournalFault::Foreign { path: path.to_owned(), obstacle }
}

fn unreadable(path: &Path, source: io::Error) -> JournalFault {
    JournalFault::Io { path: PathBuf::from(path), doing: "read", source }
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
            &[("journal.jsonl", "{\"type\":\"stu")],
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
    fn a_damaged_header_does_not_make_a_study_foreign() {
        let mut text = BEGUN.replacen("type", "tzpe", 1).into_bytes();
        let mut line = Vec::new();
        let record = crate::journal::record::Record::Retired { trial: crate::words::ids::TrialId(0) };
        line::LineFormat::Checked.write(&record, 2, &mut line).unwrap();
        text.extend(line);
        assert!(begins_a_journal(&text));
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
