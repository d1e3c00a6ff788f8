//! Sessions that did not end normally, with the jobs that they may have left running.

use std::fs;

use super::mark::{Mark, SessionMark};
use super::process_table::ProcessTable;
use super::session_list::{ListedSession, RecordedLauncher};
use crate::journal::folder::layout::StudyFolder;
use crate::journal::record::Record;
use crate::types::ids::JobId;

/// The sessions of a journal or a list that did not end normally.
#[derive(Clone, Debug, Default)]
pub struct UnfinishedSessions {
    /// All but the latest.
    earlier: Vec<UnfinishedSession>,
    latest: Option<UnfinishedSession>,
    /// The marks of all sessions, also of those that ended normally.
    marks: Vec<SessionMark>,
}

/// A session with the jobs that it launched and that have not ended.
#[derive(Clone, Debug)]
struct UnfinishedSession {
    identity: SessionIdentity,
    launcher: RecordedLauncher,
    jobs: Vec<JobId>,
}

/// How the processes of a session are found.
#[derive(Clone, Debug)]
enum SessionIdentity {
    Marked(SessionMark),
    /// The number of the driver of a session whose mark was not journalled.
    Unmarked(u32),
}

impl UnfinishedSessions {
    /// The sessions of `journal.sessions`.
    pub fn listed(sessions: Vec<ListedSession>) -> UnfinishedSessions {
        let earlier = sessions.into_iter().map(|listed| UnfinishedSession {
            identity: SessionIdentity::Marked(listed.mark),
            launcher: listed.launcher,
            jobs: listed.unstopped,
        });
        UnfinishedSessions { earlier: earlier.collect(), ..UnfinishedSessions::default() }
    }

    /// Processes the next record of the journal.
    pub fn record(&mut self, record: &Record) {
        match record {
            Record::Session(session) => {
                self.earlier.extend(self.latest.take());
                let identity = match SessionMark::parse(&session.mark) {
                    Some(mark) => {
                        self.marks.push(mark.clone());
                        SessionIdentity::Marked(mark)
                    }
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

    /// Whether the session `mark` was read from the journal.
    pub fn knows(&self, mark: &SessionMark) -> bool {
        self.marks.contains(mark)
    }

    /// The marks of their processes and jobs, with their launchers.
    pub fn marks(&self, folder: &StudyFolder) -> Vec<(RecordedLauncher, Vec<Mark>)> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::event::FinishReason;
    use crate::journal::record::{EndRecord, LaunchRecord, ProcessUsage, SessionRecord};
    use crate::types::ids::{Attempt, BracketId, JobKey, Rung, Slot, TrialId};
    use crate::types::outcome::{Outcome, Readings};
    use crate::types::units::{Moment, Resource};

    fn session(pid: u32, mark: &str) -> Record {
        Record::Session(Box::new(SessionRecord { pid, mark: mark.to_owned(), ..SessionRecord::default() }))
    }

    #[test]
    fn crashed_sessions_are_searched_for_and_those_that_ended_normally_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let finish = || Record::Finish { reason: FinishReason::Completed, at: Moment(0), patience_hint: None };
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
    }
}
