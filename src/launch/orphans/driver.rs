//! Whether a study's driver runs, found in `/proc` without touching the locks, so that a driver that starts is never disturbed.

use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt;

use super::mark::SessionMark;
use super::process_table::ProcessTable;
use crate::journal::folder::files;
use crate::journal::folder::layout::StudyFolder;
use crate::journal::record::SessionRecord;
use crate::launch::process::syscalls::Pid;

/// The longest process id in decimal digits, with a newline.
const MAX_PID_BYTES: u64 = 16;

/// The driver of a study. One in another PID namespace or on another machine is not found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DriverState {
    /// It runs, as this process.
    Running(u32),
    /// The driver of the last session runs, but on another journal: the folder is a copy of a running study.
    OnOriginal(u32),
    /// There is none.
    NotFound,
}

/// Finds the driver of the study in `folder`, whose last session is `session`.
pub fn find(folder: &StudyFolder, session: Option<&SessionRecord>) -> DriverState {
    find_in(&ProcessTable::default(), folder, session)
}

fn find_in(table: &ProcessTable, folder: &StudyFolder, session: Option<&SessionRecord>) -> DriverState {
    let Ok(journal) = fs::metadata(folder.journal()) else { return DriverState::NotFound };
    let journal = (journal.dev(), journal.ino());
    let pid = |number: u32| i32::try_from(number).ok().and_then(Pid::new);
    let has_journal = |number: u32| pid(number).and_then(|pid| table.has_open(pid, journal));
    if let Some(SessionRecord { pid, mark, .. }) = session {
        let recorded_runs = SessionMark::parse(mark).map(|mark| mark.is_driver_running(table));
        match (has_journal(*pid), recorded_runs) {
            (Some(true), Some(true) | None) | (None, Some(true)) => return DriverState::Running(*pid),
            (Some(false), Some(true)) => return DriverState::OnOriginal(*pid),
            _ => {}
        }
    }
    // A new session is recorded only after the journal was read.
    let starting = lock_owner(folder).filter(|number| has_journal(*number) == Some(true));
    starting.map_or(DriverState::NotFound, DriverState::Running)
}

/// The process id in the lock file, which remains after its driver.
fn lock_owner(folder: &StudyFolder) -> Option<u32> {
    let mut text = String::new();
    let file = files::open_to_read(&folder.lock()).ok()?;
    file.take(MAX_PID_BYTES).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with_journal() -> (tempfile::TempDir, StudyFolder) {
        let dir = tempfile::tempdir().unwrap();
        let folder = StudyFolder::new(dir.path());
        fs::write(folder.journal(), "").unwrap();
        (dir, folder)
    }

    fn own_session() -> SessionRecord {
        let mark = SessionMark::new().to_string();
        SessionRecord { pid: std::process::id(), mark, ..SessionRecord::default() }
    }

    #[test]
    fn a_process_that_has_the_journal_open_is_the_driver() {
        let (_dir, folder) = folder_with_journal();
        let session = own_session();
        assert_eq!(find(&folder, Some(&session)), DriverState::OnOriginal(session.pid));
        let _journal = fs::File::open(folder.journal()).unwrap();
        assert_eq!(find(&folder, Some(&session)), DriverState::Running(session.pid));
        let unmarked = SessionRecord { mark: String::new(), ..session.clone() };
        assert_eq!(find(&folder, Some(&unmarked)), DriverState::Running(session.pid));
    }

    #[test]
    fn another_process_with_the_recorded_number_is_not_the_driver() {
        let (_dir, folder) = folder_with_journal();
        let _journal = fs::File::open(folder.journal()).unwrap();
        let mark = format!("{}-1-1", std::process::id());
        assert_eq!(find(&folder, Some(&SessionRecord { mark, ..own_session() })), DriverState::NotFound);
    }

    #[test]
    fn a_driver_that_reads_the_journal_before_its_session_is_found_by_the_lock_file() {
        let (_dir, folder) = folder_with_journal();
        fs::write(folder.lock(), format!("{}\n", std::process::id())).unwrap();
        assert_eq!(find(&folder, None), DriverState::NotFound);
        let _journal = fs::File::open(folder.journal()).unwrap();
        assert_eq!(find(&folder, None), DriverState::Running(std::process::id()));
    }
}
