//! Ends processes that earlier sessions of a study left running, for example because the guard was killed together with the driver.
//!
//! Sessions that did not end normally are found in the journal and, in case that was overwritten, truncated or deleted, in the file
//! `journal.sessions` next to it. Both contain marks, which do not depend on the path of the folder.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};

use super::mark::{Mark, SessionMark};
use super::marked_processes::SearchScope;
use super::process_table::ProcessTable;
use crate::journal::folder::files;
use crate::journal::folder::layout::StudyFolder;
use crate::journal::reader;
use crate::journal::record::Record;
use crate::launch::catalogue::{LAUNCHER_VARIABLE, LauncherChoice};
use crate::launch::error::LaunchError;
use crate::launch::launcher::Launcher;

/// Maximum number of bytes read from `journal.sessions`, which could be a foreign file.
const MAX_LIST: u64 = 1 << 20;

/// The sessions of a journal that did not end normally.
#[derive(Clone, Debug, Default)]
pub struct UnfinishedSessions {
    marks: Vec<SessionMark>,
    /// The names of their launchers.
    launchers: BTreeSet<String>,
    /// Drivers of sessions whose marks were not journalled.
    unmarked: Vec<u32>,
    latest: Option<SessionIdentity>,
    latest_launcher: String,
}

/// How the processes of a session are found.
#[derive(Clone, Debug)]
enum SessionIdentity {
    Marked(SessionMark),
    Unmarked(u32),
}

impl UnfinishedSessions {
    /// Processes the next record of the journal.
    pub fn record(&mut self, record: &Record) {
        match record {
            Record::Session(session) => {
                self.set_latest_unfinished();
                self.latest_launcher.clone_from(&session.launcher);
                self.latest = match SessionMark::parse(&session.mark) {
                    Some(mark) => Some(SessionIdentity::Marked(mark)),
                    None => Some(SessionIdentity::Unmarked(session.pid)),
                };
            }
            Record::Finish { .. } => self.latest = None,
            _ => {}
        }
    }

    fn set_latest_unfinished(&mut self) {
        if self.latest.is_some() {
            self.launchers.insert(std::mem::take(&mut self.latest_launcher));
        }
        match self.latest.take() {
            Some(SessionIdentity::Marked(mark)) => self.marks.push(mark),
            Some(SessionIdentity::Unmarked(driver)) => self.unmarked.push(driver),
            None => {}
        }
    }

    /// The marks of their processes.
    fn marks(mut self, folder: &StudyFolder) -> Vec<Mark> {
        self.set_latest_unfinished();
        let table = ProcessTable::default();
        let marked = self.marks.into_iter().filter(|mark| !mark.is_driver_running(&table)).map(Mark::Session);
        let folder = fs::canonicalize(folder.root()).ok();
        let unmarked = self
            .unmarked
            .into_iter()
            .filter_map(|driver| folder.clone().map(|folder| Mark::Unrecorded { driver, folder }));
        marked.chain(unmarked).collect()
    }
}

/// Processes that earlier sessions of a study may have left running. The caller must hold the study's lock.
#[derive(Clone, Copy, Debug)]
pub struct Leftovers<'a> {
    folder: &'a StudyFolder,
    launcher: &'a dyn Launcher,
}

impl<'a> Leftovers<'a> {
    /// Leftovers of the study in `folder`, which are ended by `launcher`.
    pub fn new(folder: &'a StudyFolder, launcher: &'a dyn Launcher) -> Leftovers<'a> {
        Leftovers { folder, launcher }
    }

    /// Ends the processes of the sessions in `journal.sessions`. Returns their number.
    pub fn end_listed(&self) -> usize {
        let (marks, launchers) = self.read_list().unwrap_or_default();
        self.end(&UnfinishedSessions { marks, launchers, ..UnfinishedSessions::default() })
    }

    /// Ends the processes of the sessions in the journal, as far as it is readable; for a journal that is about to be overwritten.
    /// Returns their number.
    pub fn end_journalled(&self) -> usize {
        let mut unfinished = UnfinishedSessions::default();
        if let Ok(Some((_, records))) = reader::open(self.folder) {
            records.map_while(Result::ok).for_each(|record| unfinished.record(&record));
        }
        self.end(&unfinished)
    }

    /// Ends the processes of `unfinished` sessions. Returns their number.
    pub fn end(&self, unfinished: &UnfinishedSessions) -> usize {
        let mut unfinished = unfinished.clone();
        unfinished.set_latest_unfinished();
        let launchers = std::mem::take(&mut unfinished.launchers);
        let marks = unfinished.marks(self.folder);
        if marks.is_empty() {
            return 0;
        }
        let other = launchers.iter().filter(|name| *name != self.launcher.name());
        let other =
            other.filter_map(|name| LauncherChoice::without_options(name, LAUNCHER_VARIABLE).ok()?.build().ok());
        let ended: usize = other.map(|other| other.end_leftovers(marks.clone(), SearchScope::EarlierSession)).sum();
        ended + self.launcher.end_leftovers(marks, SearchScope::EarlierSession)
    }

    /// Replaces the list by this session, the only one that can have processes from now on.
    pub fn write_list(&self, session: &SessionMark) -> Result<(), LaunchError> {
        let path = self.folder.sessions();
        let opened = files::open(&path, OpenOptions::new().create(true).truncate(true).write(true));
        // A single write: a partial mark would not match.
        let written =
            opened.and_then(|mut file| file.write_all(format!("{session} {}\n", self.launcher.name()).as_bytes()));
        written.map_err(|source| LaunchError::SessionList { path, source })
    }

    /// Removes the list when this session has no processes left.
    pub fn remove_list(&self) {
        // A list that is not removed only costs the next session a search.
        let _ = fs::remove_file(self.folder.sessions());
    }

    /// The sessions in the list, and the names of their launchers, which earlier versions did not write.
    fn read_list(&self) -> io::Result<(Vec<SessionMark>, BTreeSet<String>)> {
        let file = files::open(&self.folder.sessions(), OpenOptions::new().read(true))?;
        let mut text = Vec::new();
        file.take(MAX_LIST).read_to_end(&mut text)?;
        let text = String::from_utf8_lossy(&text);
        let lines = text.lines().map(|line| line.split_once(' ').unwrap_or((line, "")));
        let sessions = lines.filter_map(|(mark, launcher)| Some((SessionMark::parse(mark)?, launcher.to_owned())));
        Ok(sessions.unzip())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::event::FinishReason;
    use crate::journal::record::SessionRecord;
    use crate::launch::catalogue;
    use crate::types::units::Moment;

    fn session(pid: u32, mark: &str) -> Record {
        Record::Session(Box::new(SessionRecord { pid, mark: mark.to_owned(), ..SessionRecord::default() }))
    }

    #[test]
    fn crashed_sessions_are_searched_for_and_those_that_ended_normally_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let finish = || Record::Finish { reason: FinishReason::Completed, at: Moment(0) };
        let records = [
            session(1, "1-1-1"),
            finish(),
            session(2, "2-2-2"),
            session(3, ""),
            session(4, ""),
            finish(),
            session(5, "5-5-5"),
        ];
        let mut unfinished = UnfinishedSessions::default();
        records.iter().for_each(|record| unfinished.record(record));
        let marked = |mark| Mark::Session(SessionMark::parse(mark).unwrap());
        let folder = dir.path().canonicalize().unwrap();
        let marks = unfinished.marks(&StudyFolder::new(dir.path().join(".")));
        assert_eq!(marks, [marked("2-2-2"), marked("5-5-5"), Mark::Unrecorded { driver: 3, folder }]);
    }

    #[test]
    fn the_list_contains_only_this_session_until_it_ends_normally() {
        let dir = tempfile::tempdir().unwrap();
        let folder = StudyFolder::new(dir.path());
        let launcher = catalogue::default();
        let leftovers = Leftovers::new(&folder, &*launcher);
        assert!(leftovers.read_list().is_err());
        let mark = |text| SessionMark::parse(text).unwrap();
        leftovers.write_list(&mark("1-1-1")).unwrap();
        leftovers.write_list(&mark("2-2-2/0-0-1/3-3-3")).unwrap();
        let (marks, launchers) = leftovers.read_list().unwrap();
        assert_eq!((marks, launchers), (vec![mark("2-2-2/0-0-1/3-3-3")], BTreeSet::from(["local".to_owned()])));
        fs::write(folder.sessions(), "4-4-4\n").unwrap();
        assert_eq!(leftovers.read_list().unwrap().0, [mark("4-4-4")], "of an earlier version");
        leftovers.remove_list();
        leftovers.remove_list();
        assert!(!folder.sessions().exists());
    }

    #[test]
    fn the_list_is_not_written_through_a_symlink() {
        let dir = tempfile::tempdir().unwrap();
        let folder = StudyFolder::new(dir.path());
        fs::write(dir.path().join("thesis"), "x").unwrap();
        std::os::unix::fs::symlink("thesis", folder.sessions()).unwrap();
        let launcher = catalogue::default();
        let leftovers = Leftovers::new(&folder, &*launcher);
        assert!(leftovers.write_list(&SessionMark::parse("1").unwrap()).is_err() && leftovers.read_list().is_err());
        assert_eq!(fs::read_to_string(dir.path().join("thesis")).unwrap(), "x");
    }
}
