//! Ends what earlier sessions of a study left running: a crash may have taken the guard along with the driver.
//!
//! A session that has not ended in order is known by the journal and, should that be cleared, emptied or deleted, by the file
//! `journal.sessions` beside it. Both hold marks, which say nothing of where the folder is or how it is spelled.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};

use super::mark::{Mark, SessionMark};
use super::marked_processes::SearchScope;
use super::process_table::ProcessTable;
use crate::journal::folder::files;
use crate::journal::folder::layout::StudyFolder;
use crate::journal::reader;
use crate::journal::record::Record;
use crate::launch::error::LaunchError;
use crate::launch::launcher::Launcher;

/// Most that is read of the file `journal.sessions`, which may not be ours.
const MAX_LIST: u64 = 1 << 20;

/// Sessions in a journal that have not ended in order.
#[derive(Clone, Debug, Default)]
pub struct Unfinished {
    marks: Vec<SessionMark>,
    /// Drivers of sessions whose marks were not journalled.
    unmarked: Vec<u32>,
    last: Option<Last>,
}

#[derive(Clone, Debug)]
enum Last {
    Marked(SessionMark),
    Unmarked(u32),
}

impl Unfinished {
    /// Takes in the next record of the journal.
    pub fn record(&mut self, record: &Record) {
        match record {
            Record::Session { pid, mark, .. } => {
                self.last_has_crashed();
                self.last = match SessionMark::parse(mark) {
                    Some(mark) => Some(Last::Marked(mark)),
                    None => Some(Last::Unmarked(*pid)),
                };
            }
            Record::Finish { .. } => self.last = None,
            _ => {}
        }
    }

    fn last_has_crashed(&mut self) {
        match self.last.take() {
            Some(Last::Marked(mark)) => self.marks.push(mark),
            Some(Last::Unmarked(driver)) => self.unmarked.push(driver),
            None => {}
        }
    }

    /// What to look for.
    fn marks(mut self, folder: &StudyFolder) -> Vec<Mark> {
        self.last_has_crashed();
        let table = ProcessTable::default();
        let marked = self.marks.into_iter().filter(|mark| !mark.is_driven(&table)).map(Mark::Session);
        let folder = fs::canonicalize(folder.root()).ok();
        let unmarked = self
            .unmarked
            .into_iter()
            .filter_map(|driver| folder.clone().map(|folder| Mark::Unrecorded { driver, folder }));
        marked.chain(unmarked).collect()
    }
}

/// What earlier sessions of a study may have left running. The study's lock must be held.
#[derive(Clone, Copy, Debug)]
pub struct Leftovers<'a> {
    folder: &'a StudyFolder,
    launcher: &'a dyn Launcher,
}

impl<'a> Leftovers<'a> {
    /// Those of the study in `folder`, which `launcher` ends.
    pub fn new(folder: &'a StudyFolder, launcher: &'a dyn Launcher) -> Leftovers<'a> {
        Leftovers { folder, launcher }
    }

    /// Ends the processes of the sessions in the file `journal.sessions`. Returns how many there were.
    pub fn end_listed(&self) -> usize {
        let marks = self.listed().unwrap_or_default();
        self.end(&Unfinished { marks, ..Unfinished::default() })
    }

    /// Ends the processes of the sessions in the journal, as far as it can be read; for a journal that is about to be cleared. Returns
    /// how many there were.
    pub fn end_journalled(&self) -> usize {
        let mut unfinished = Unfinished::default();
        if let Ok(Some((_, records))) = reader::open(self.folder) {
            records.map_while(Result::ok).for_each(|record| unfinished.record(&record));
        }
        self.end(&unfinished)
    }

    /// Ends the processes of `unfinished` sessions. Returns how many there were.
    pub fn end(&self, unfinished: &Unfinished) -> usize {
        let marks = unfinished.clone().marks(self.folder);
        if marks.is_empty() { 0 } else { self.launcher.end_leftovers(marks, SearchScope::EarlierSession) }
    }

    /// Writes the mark of this session, the only one that may have processes from now on.
    pub fn list(&self, session: &SessionMark) -> Result<(), LaunchError> {
        let path = self.folder.sessions();
        let opened = files::open(&path, OpenOptions::new().create(true).truncate(true).write(true));
        // One write: an unfinished one would not be recognized as a driver's.
        let written = opened.and_then(|mut file| file.write_all(format!("{session}\n").as_bytes()));
        written.map_err(|source| LaunchError::SessionList { path, source })
    }

    /// Removes the mark of this session, which has no processes any more.
    pub fn unlist(&self) {
        // A mark that stays costs the next session a search.
        let _ = fs::remove_file(self.folder.sessions());
    }

    fn listed(&self) -> io::Result<Vec<SessionMark>> {
        let file = files::open(&self.folder.sessions(), OpenOptions::new().read(true))?;
        let mut text = Vec::new();
        file.take(MAX_LIST).read_to_end(&mut text)?;
        Ok(String::from_utf8_lossy(&text).lines().filter_map(SessionMark::parse).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::event::FinishReason;
    use crate::launch::catalogue;
    use crate::types::units::Moment;

    fn session(pid: u32, mark: &str) -> Record {
        let (started_at, mark) = (String::new(), mark.to_owned());
        Record::Session { pid, mark, concurrency: 1, launcher: String::new(), retries: 0, started_at, at: Moment(0) }
    }

    #[test]
    fn sessions_that_crashed_are_looked_for_and_those_that_ended_in_order_are_not() {
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
        let mut unfinished = Unfinished::default();
        records.iter().for_each(|record| unfinished.record(record));
        let marked = |mark| Mark::Session(SessionMark::parse(mark).unwrap());
        let folder = dir.path().canonicalize().unwrap();
        let marks = unfinished.marks(&StudyFolder::new(dir.path().join(".")));
        assert_eq!(marks, [marked("2-2-2"), marked("5-5-5"), Mark::Unrecorded { driver: 3, folder }]);
    }

    #[test]
    fn the_list_holds_this_session_and_no_other_until_it_ends_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let folder = StudyFolder::new(dir.path());
        let launcher = catalogue::default();
        let leftovers = Leftovers::new(&folder, &*launcher);
        assert!(leftovers.listed().is_err());
        let mark = |text| SessionMark::parse(text).unwrap();
        leftovers.list(&mark("1-1-1")).unwrap();
        leftovers.list(&mark("2-2-2/0-0-1/3-3-3")).unwrap();
        assert_eq!(leftovers.listed().unwrap(), [mark("2-2-2/0-0-1/3-3-3")]);
        leftovers.unlist();
        leftovers.unlist();
        assert!(!folder.sessions().exists());
    }

    #[test]
    fn the_list_is_not_written_through_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let folder = StudyFolder::new(dir.path());
        fs::write(dir.path().join("thesis"), "x").unwrap();
        std::os::unix::fs::symlink("thesis", folder.sessions()).unwrap();
        let launcher = catalogue::default();
        let leftovers = Leftovers::new(&folder, &*launcher);
        assert!(leftovers.list(&SessionMark::parse("1").unwrap()).is_err() && leftovers.listed().is_err());
        assert_eq!(fs::read_to_string(dir.path().join("thesis")).unwrap(), "x");
    }
}
