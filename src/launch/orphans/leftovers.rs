//! Ends processes that earlier sessions of a study left running, for example because the guard was killed together with the driver.
//!
//! Sessions that did not end normally are found in the journal and, in case that was overwritten, truncated or deleted, in the file
//! `journal.sessions` next to it. Both contain marks, which do not depend on the path of the folder.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::mark::{Mark, SessionMark};
use super::marked_processes::SearchScope;
use super::process_table::ProcessTable;
use crate::journal::folder::files;
use crate::journal::folder::layout::StudyFolder;
use crate::journal::reader;
use crate::journal::record::Record;
use crate::launch::catalogue::LauncherChoice;
use crate::launch::error::LaunchError;
use crate::launch::launcher::Launcher;
use crate::types::ids::JobId;

/// Maximum number of bytes read from `journal.sessions`, which could be a foreign file.
const MAX_LIST: u64 = 1 << 20;

/// The sessions of a journal that did not end normally.
#[derive(Clone, Debug, Default)]
pub struct UnfinishedSessions {
    /// All but the latest.
    earlier: Vec<UnfinishedSession>,
    latest: Option<UnfinishedSession>,
}

/// A session with the jobs that it launched and that have not ended.
#[derive(Clone, Debug)]
struct UnfinishedSession {
    identity: SessionIdentity,
    launcher: RecordedLauncher,
    jobs: Vec<JobId>,
}

/// A launcher as a session recorded it.
#[derive(Clone, PartialEq, Debug, Default)]
struct RecordedLauncher {
    name: String,
    /// `None` where only the name is known.
    options: Option<Map<String, Value>>,
}

/// How the processes of a session are found.
#[derive(Clone, Debug)]
enum SessionIdentity {
    Marked(SessionMark),
    /// The number of the driver of a session whose mark was not journalled.
    Unmarked(u32),
}

impl UnfinishedSessions {
    /// Processes the next record of the journal.
    pub fn record(&mut self, record: &Record) {
        match record {
            Record::Session(session) => {
                self.earlier.extend(self.latest.take());
                let identity = match SessionMark::parse(&session.mark) {
                    Some(mark) => SessionIdentity::Marked(mark),
                    None => SessionIdentity::Unmarked(session.pid),
                };
                let options = Some(session.launcher_options.clone());
                let launcher = RecordedLauncher { name: session.launcher.clone(), options };
                self.latest = Some(UnfinishedSession { identity, launcher, jobs: Vec::new() });
            }
            Record::Launch(launch) => self.latest.iter_mut().for_each(|session| session.jobs.push(launch.job)),
            Record::End(end) => {
                let sessions = self.earlier.iter_mut().chain(&mut self.latest);
                sessions.for_each(|session| session.jobs.retain(|job| *job != end.job));
            }
            Record::Finish { .. } => self.latest = None,
            _ => {}
        }
    }

    /// The marks of their processes and jobs, with their launchers.
    fn marks(&self, folder: &StudyFolder) -> Vec<(RecordedLauncher, Vec<Mark>)> {
        let table = ProcessTable::default();
        let folder = fs::canonicalize(folder.root()).ok();
        let mut found: Vec<(RecordedLauncher, Vec<Mark>)> = Vec::new();
        for UnfinishedSession { identity, launcher, jobs } in self.earlier.iter().chain(&self.latest) {
            let marks = match (identity, &folder) {
                (SessionIdentity::Marked(mark), _) if mark.is_driver_running(&table) => continue,
                (SessionIdentity::Marked(mark), _) => {
                    let jobs = jobs.iter().map(|job| Mark::Job(mark.job(*job)));
                    [Mark::Session(mark.clone())].into_iter().chain(jobs).collect()
                }
                (SessionIdentity::Unmarked(driver), Some(folder)) => {
                    vec![Mark::Unrecorded { driver: *driver, folder: folder.clone() }]
                }
                (SessionIdentity::Unmarked(_), None) => continue,
            };
            match found.iter_mut().find(|(known, _)| known == launcher) {
                Some((_, known)) => known.extend(marks),
                None => found.push((launcher.clone(), marks)),
            }
        }
        found
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
        let listed = self.read_list().unwrap_or_default().into_iter().map(|(mark, name)| UnfinishedSession {
            identity: SessionIdentity::Marked(mark),
            launcher: RecordedLauncher { name, options: None },
            jobs: Vec::new(),
        });
        self.end(&UnfinishedSessions { earlier: listed.collect(), latest: None })
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

    /// Ends the processes of `unfinished` sessions, each by its launcher. Returns their number.
    pub fn end(&self, unfinished: &UnfinishedSessions) -> usize {
        let ended = unfinished.marks(self.folder).into_iter().map(|(launcher, marks)| match self.other(&launcher) {
            Some(other) => other.end_leftovers(marks, SearchScope::EarlierSession),
            None => self.launcher.end_leftovers(marks, SearchScope::EarlierSession),
        });
        ended.sum()
    }

    /// The launcher `recorded`, unless it is that of this session or cannot be used any more.
    fn other(&self, recorded: &RecordedLauncher) -> Option<Arc<dyn Launcher>> {
        let RecordedLauncher { name, options } = recorded;
        let is_same =
            name == self.launcher.name() && options.as_ref().is_none_or(|options| *options == self.launcher.options());
        if is_same {
            return None;
        }
        LauncherChoice::recorded(name, options.clone().unwrap_or_default())?.build().ok()
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

    /// The sessions in the list with the names of their launchers, which earlier versions did not write.
    fn read_list(&self) -> io::Result<Vec<(SessionMark, String)>> {
        let file = files::open(&self.folder.sessions(), OpenOptions::new().read(true))?;
        let mut text = Vec::new();
        file.take(MAX_LIST).read_to_end(&mut text)?;
        let text = String::from_utf8_lossy(&text);
        let lines = text.lines().map(|line| line.split_once(' ').unwrap_or((line, "")));
        Ok(lines.filter_map(|(mark, launcher)| Some((SessionMark::parse(mark)?, launcher.to_owned()))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::event::FinishReason;
    use crate::journal::record::{EndRecord, LaunchRecord, ProcessUsage, SessionRecord};
    use crate::launch::catalogue;
    use crate::types::ids::{Attempt, BracketId, JobKey, Rung, Slot, TrialId};
    use crate::types::outcome::{Outcome, Readings};
    use crate::types::units::{Moment, Resource};

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
        let [(_, marks)] = &marks[..] else { panic!("all have one launcher: {marks:?}") };
        assert_eq!(*marks, [marked("2-2-2"), Mark::Unrecorded { driver: 3, folder }, marked("5-5-5")]);
    }

    #[test]
    fn jobs_that_did_not_end_are_known_with_the_launcher_of_their_session() {
        let dir = tempfile::tempdir().unwrap();
        let template = |program: &str| {
            let options = serde_json::json!({"template": [program, "{{ command }}"]}).as_object().cloned().unwrap();
            let record = SessionRecord {
                launcher: "template".to_owned(),
                launcher_options: options,
                ..SessionRecord::default()
            };
            move |mark: &str| Record::Session(Box::new(SessionRecord { mark: mark.to_owned(), ..record.clone() }))
        };
        let job = |trial| JobId { key: JobKey { trial: TrialId(trial), rung: Rung(0) }, attempt: Attempt(1) };
        let launch = |trial| {
            let (resource, at) = (Resource::new(1.0).unwrap(), Moment(0));
            let (params, origin, bracket) = (None, None, BracketId::default());
            let launched = LaunchRecord {
                job: job(trial),
                bracket,
                resource,
                previous: resource,
                slot: Slot(0),
                params,
                origin,
                at,
            };
            Record::Launch(Box::new(launched))
        };
        let end = |trial| {
            let (readings, usage) = (Readings::default(), ProcessUsage::default());
            let outcome = Outcome::Succeeded { score: None };
            let ended =
                EndRecord { job: job(trial), outcome, readings, usage, stderr_tail: String::new(), at: Moment(0) };
            Record::End(Box::new(ended))
        };
        let mut unfinished = UnfinishedSessions::default();
        let records = [
            template("a")("1-1-1"),
            launch(0),
            launch(1),
            launch(2),
            end(0),
            template("b")("2-2-2"),
            end(1),
            launch(3),
        ];
        records.iter().for_each(|record| unfinished.record(record));
        let marks = unfinished.marks(&StudyFolder::new(dir.path()));
        let jobs: Vec<Vec<&str>> =
            marks.iter().map(|(_, marks)| marks.iter().filter_map(Mark::job).collect()).collect();
        assert_eq!(jobs, [["1-1-1/2-0-1"], ["2-2-2/3-0-1"]]);
        let current =
            LauncherChoice::recorded("template", marks[0].0.options.clone().unwrap()).unwrap().build().unwrap();
        let folder = StudyFolder::new(dir.path());
        let leftovers = Leftovers::new(&folder, &*current);
        assert!(leftovers.other(&marks[0].0).is_none());
        assert_eq!(leftovers.other(&marks[1].0).unwrap().options()["template"][0], "b");
        assert!(leftovers.other(&RecordedLauncher { name: "of a later version".into(), options: None }).is_none());
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
        assert_eq!(leftovers.read_list().unwrap(), [(mark("2-2-2/0-0-1/3-3-3"), "local".to_owned())]);
        fs::write(folder.sessions(), "4-4-4\n").unwrap();
        assert_eq!(leftovers.read_list().unwrap(), [(mark("4-4-4"), String::new())], "of an earlier version");
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
