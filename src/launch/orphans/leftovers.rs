//! Ends processes that earlier sessions of a study left running, for example because the guard was killed together with the driver.
//!
//! Sessions that did not end normally are found in the journal and, in case that was overwritten, truncated or deleted, in the file
//! `journal.sessions` next to it. Both contain marks, which do not depend on the path of the folder.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::mark::{Mark, SessionMark};
use super::marked_processes::{MarkedProcesses, SearchScope};
use super::session_list::{ListedSession, RecordedLauncher, SessionList};
use super::unfinished::UnfinishedSessions;
use crate::journal::folder::layout::StudyFolder;
use crate::journal::reader;
use crate::launch::catalogue::LauncherChoice;
use crate::launch::error::LaunchError;
use crate::launch::launcher::{Launcher, Unstopped};

/// Most names of jobs in a warning.
const MAX_NAMES: usize = 5;

/// Processes that sessions of a study may have left running. The caller must hold the study's lock.
#[derive(Debug)]
pub struct Leftovers<'a> {
    folder: &'a StudyFolder,
    launcher: &'a dyn Launcher,
    list: SessionList,
    /// Other launchers of earlier sessions, which may have to end something later.
    earlier: Mutex<Vec<(RecordedLauncher, Arc<dyn Launcher>)>>,
    /// What the list contains of [`Launcher::unstopped`].
    listed: Mutex<Vec<Mark>>,
}

/// What was ended.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EndedLeftovers {
    /// Number of processes and jobs.
    pub count: usize,
    pub warnings: Vec<String>,
}

impl<'a> Leftovers<'a> {
    /// Leftovers of the study in `folder`, whose next session uses `launcher`.
    pub fn new(folder: &'a StudyFolder, launcher: &'a dyn Launcher) -> Leftovers<'a> {
        let list = SessionList::new(folder);
        Leftovers { folder, launcher, list, earlier: Mutex::default(), listed: Mutex::default() }
    }

    /// Ends the processes of the sessions in `journal.sessions`.
    pub fn end_listed(&self) -> EndedLeftovers {
        self.end(&UnfinishedSessions::listed(self.list.read().unwrap_or_default()))
    }

    /// Ends the processes of the sessions in the journal, as far as it is readable; for a journal that is about to be overwritten.
    pub fn end_journalled(&self) -> EndedLeftovers {
        let mut unfinished = UnfinishedSessions::default();
        if let Ok(Some((_, records))) = reader::open(self.folder) {
            records.map_while(Result::ok).for_each(|record| unfinished.record(&record));
        }
        self.end_recorded(&unfinished)
    }

    /// Ends the processes of `unfinished`, the sessions of the journal, and warns about jobs of which only the journal had the names.
    pub fn end_recorded(&self, unfinished: &UnfinishedSessions) -> EndedLeftovers {
        let mut ended = self.end(unfinished);
        ended.warnings.extend(self.unnamed_warning(unfinished));
        ended
    }

    /// A warning about sessions in `journal.sessions` that the journal does not have, and whose jobs can only be ended by name.
    fn unnamed_warning(&self, journalled: &UnfinishedSessions) -> Option<String> {
        let sessions = self.list.read().unwrap_or_default();
        let lost = sessions.iter().filter(|session| session.unstopped.is_empty() && !journalled.knows(&session.mark));
        let names = lost.filter_map(|session| match self.is_own(&session.launcher) {
            true => self.launcher.names_of_session(&session.mark),
            false => self.earlier(&session.launcher)?.names_of_session(&session.mark),
        });
        let names: Vec<String> = names.take(MAX_NAMES).map(|name| format!("{name}…")).collect();
        (!names.is_empty()).then(|| {
            format!(
                "jobs of a session that was killed may still run, and cannot be stopped: the journal that had their names is gone; end \
                 what has a name that begins with {}",
                names.join(", ")
            )
        })
    }

    /// Ends the processes of `unfinished` sessions, each by its launcher.
    pub fn end(&self, unfinished: &UnfinishedSessions) -> EndedLeftovers {
        let mut ended = EndedLeftovers::default();
        for (recorded, marks) in unfinished.marks(self.folder) {
            let launcher = match self.is_own(&recorded) {
                true => None,
                false => match self.earlier(&recorded) {
                    Some(launcher) => Some(launcher),
                    None => {
                        ended.warnings.extend(unusable(&recorded, &marks));
                        ended.count += MarkedProcesses::new(marks, SearchScope::EarlierSession).end();
                        continue;
                    }
                },
            };
            let launcher = launcher.as_deref().unwrap_or(self.launcher);
            ended.count += launcher.end_leftovers(marks, SearchScope::EarlierSession);
            ended.warnings.extend(launcher.take_warnings());
        }
        ended
    }

    fn is_own(&self, RecordedLauncher { name, options }: &RecordedLauncher) -> bool {
        name == self.launcher.name() && options.as_ref().is_none_or(|options| *options == self.launcher.options())
    }

    /// The launcher `recorded` of an earlier session; `None` if it cannot be used any more.
    fn earlier(&self, recorded: &RecordedLauncher) -> Option<Arc<dyn Launcher>> {
        let mut earlier = lock(&self.earlier);
        if let Some((_, launcher)) = earlier.iter().find(|(known, _)| known == recorded) {
            return Some(Arc::clone(launcher));
        }
        let RecordedLauncher { name, options } = recorded;
        let launcher = LauncherChoice::recorded(name, options.clone().unwrap_or_default())?.build().ok()?;
        earlier.push((recorded.clone(), Arc::clone(&launcher)));
        Some(launcher)
    }

    /// Checks before each start whether jobs can be started now: what earlier sessions left must have ended. What a launcher with other
    /// options cannot end is tried with the present ones, which may be a correction.
    ///
    /// # Errors
    /// What the start waits for, as a sentence without a full stop.
    pub fn ready(&self) -> Result<(), String> {
        let earlier = lock(&self.earlier).clone();
        for (recorded, launcher) in earlier {
            let Err(reason) = launcher.ready() else { continue };
            let marks: Vec<Mark> = launcher.unstopped().into_iter().map(|job| job.mark).collect();
            if recorded.name != self.launcher.name() || marks.is_empty() {
                return Err(reason);
            }
            self.launcher.end_leftovers(marks, SearchScope::EarlierSession);
            lock(&self.earlier).retain(|(known, _)| *known != recorded);
        }
        self.launcher.ready()
    }

    /// Replaces the list by this session and what could not be stopped.
    pub fn write_list(&self, session: &SessionMark) -> Result<(), LaunchError> {
        let own = RecordedLauncher::of(self.launcher);
        let mut sessions: Vec<ListedSession> =
            ListedSession::of(&Mark::Session(session.clone()), &own).into_iter().collect();
        let unstopped = self.unstopped();
        sessions.extend(unstopped.iter().filter_map(|(launcher, job)| ListedSession::of(&job.mark, launcher)));
        *lock(&self.listed) = unstopped.into_iter().map(|(_, job)| job.mark).collect();
        self.list.write(&sessions)
    }

    /// Adds to the list what could not be stopped since it was written.
    pub fn record_unstopped(&self) -> Result<(), LaunchError> {
        let mut listed = lock(&self.listed);
        let new: Vec<_> = self.unstopped().into_iter().filter(|(_, job)| !listed.contains(&job.mark)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let sessions: Vec<ListedSession> =
            new.iter().filter_map(|(launcher, job)| ListedSession::of(&job.mark, launcher)).collect();
        self.list.append(&sessions)?;
        listed.extend(new.into_iter().map(|(_, job)| job.mark));
        Ok(())
    }

    /// Reduces the list to what could not be stopped, when this session has no processes left. Removes it if that is nothing.
    pub fn close(&self) -> Result<(), LaunchError> {
        let sessions: Vec<ListedSession> =
            self.unstopped().iter().filter_map(|(launcher, job)| ListedSession::of(&job.mark, launcher)).collect();
        if sessions.is_empty() {
            self.list.remove();
            return Ok(());
        }
        self.list.write(&sessions)
    }

    /// A warning about what could not be stopped, with what to do.
    pub fn unstopped_warning(&self) -> Option<String> {
        let unstopped = self.unstopped();
        let (_, first) = unstopped.first()?;
        let names: Vec<&str> = unstopped.iter().take(MAX_NAMES).map(|(_, job)| job.name.as_str()).collect();
        let others = unstopped.len() - names.len();
        let others = if others > 0 { format!(" and {others} more") } else { String::new() };
        let (jobs, they) =
            if unstopped.len() == 1 { ("1 job", "it") } else { (&*format!("{} jobs", unstopped.len()), "they") };
        Some(format!(
            "{jobs} may still run, because {they} could not be stopped ({}): {}{others}; end what runs, or run hypertune on this study \
             again, which tries to stop {} first",
            first.reason,
            names.join(", "),
            if they == "it" { "it" } else { "them" },
        ))
    }

    fn unstopped(&self) -> Vec<(RecordedLauncher, Unstopped)> {
        let own = self.launcher.unstopped().into_iter().map(|job| (RecordedLauncher::of(self.launcher), job));
        let earlier = lock(&self.earlier);
        let of_earlier = earlier
            .iter()
            .flat_map(|(recorded, launcher)| launcher.unstopped().into_iter().map(|job| (recorded.clone(), job)));
        own.chain(of_earlier).collect()
    }
}

/// A warning about jobs of a launcher that cannot be used any more; `None` if there may be none, or processes of this machine only.
fn unusable(RecordedLauncher { name, .. }: &RecordedLauncher, marks: &[Mark]) -> Option<String> {
    let jobs: Vec<&str> = marks.iter().filter_map(Mark::job).take(MAX_NAMES).collect();
    (!name.is_empty() && !jobs.is_empty()).then(|| {
        format!(
            "jobs of an earlier session may still run: its launcher `{name}` cannot be used with its recorded options any more; check that \
             they have ended: {}",
            jobs.join(", ")
        )
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::launch::catalogue;

    #[test]
    fn processes_are_ended_by_the_launcher_of_their_session_or_reported() {
        let template = |program: &str| {
            let options = serde_json::json!({"template": [program, "{{ command }}"]}).as_object().cloned();
            RecordedLauncher { name: "template".into(), options }
        };
        let (own, earlier) = (template("a"), template("b"));
        let dir = tempfile::tempdir().unwrap();
        let current = LauncherChoice::recorded("template", own.options.clone().unwrap()).unwrap().build().unwrap();
        let folder = StudyFolder::new(dir.path());
        let leftovers = Leftovers::new(&folder, &*current);
        assert!(leftovers.is_own(&own) && !leftovers.is_own(&earlier));
        assert_eq!(leftovers.earlier(&earlier).unwrap().options()["template"][0], "b");
        let later = RecordedLauncher { name: "later".into(), options: None };
        assert!(leftovers.earlier(&later).is_none());
        assert_eq!(unusable(&later, &[Mark::Session(SessionMark::parse("1-1-1").unwrap())]), None);
        let warning = unusable(&later, &[Mark::Job("1-1-1/2-0-1".into())]).unwrap();
        assert!(warning.contains("`later`") && warning.ends_with("have ended: 1-1-1/2-0-1"), "{warning}");
    }

    #[test]
    fn the_list_contains_only_this_session_until_it_ends_normally() {
        let dir = tempfile::tempdir().unwrap();
        let folder = StudyFolder::new(dir.path());
        let launcher = catalogue::default();
        let leftovers = Leftovers::new(&folder, &*launcher);
        let mark = |text| SessionMark::parse(text).unwrap();
        leftovers.write_list(&mark("1-1-1")).unwrap();
        leftovers.write_list(&mark("2-2-2/0-0-1/3-3-3")).unwrap();
        assert_eq!(fs::read_to_string(folder.sessions()).unwrap(), "2-2-2/0-0-1/3-3-3 local\n");
        leftovers.record_unstopped().unwrap();
        leftovers.close().unwrap();
        assert!(!folder.sessions().exists() && leftovers.unstopped_warning().is_none());
    }

    #[test]
    fn jobs_that_could_not_be_stopped_stay_in_the_list_and_nothing_starts_before_they_end() {
        let dir = tempfile::tempdir().unwrap();
        let folder = StudyFolder::new(dir.path());
        let gate = dir.path().join("reachable");
        let script = format!("test -e '{}' || exit 9", gate.display());
        let options = serde_json::json!({
            "template": ["sh", "{{ command }}"], "stop": ["sh", "-c", script, "{{ job }}"], "infrastructure": {"exit": 9}
        });
        let options = options.as_object().cloned().unwrap();
        let recorded = RecordedLauncher { name: "template".into(), options: Some(options) };
        let left = ListedSession::of(&Mark::Job("2147483647-1-1/3-0-2".into()), &recorded).unwrap();
        SessionList::new(&folder).write(&[left]).unwrap();
        for _ in 0..2 {
            // The session's launcher is another one.
            let launcher = catalogue::default();
            let leftovers = Leftovers::new(&folder, &*launcher);
            assert_eq!(leftovers.end_listed(), EndedLeftovers::default());
            assert!(leftovers.ready().unwrap_err().contains("cannot be stopped"));
            leftovers.write_list(&SessionMark::parse("5-5-5").unwrap()).unwrap();
            leftovers.record_unstopped().unwrap();
            assert_eq!(fs::read_to_string(folder.sessions()).unwrap().lines().count(), 2);
            let warning = leftovers.unstopped_warning().unwrap();
            assert!(
                warning.contains("1 job may still run") && warning.contains("ht-2147483647-1-1-3-0-2"),
                "{warning}"
            );
            leftovers.close().unwrap();
        }
        fs::write(&gate, "").unwrap();
        let launcher = catalogue::default();
        let leftovers = Leftovers::new(&folder, &*launcher);
        assert_eq!(leftovers.end_listed().count, 1);
        leftovers.ready().unwrap();
        leftovers.close().unwrap();
        assert!(!folder.sessions().exists());
    }

    #[test]
    fn a_corrected_stop_command_ends_what_the_recorded_one_cannot() {
        let dir = tempfile::tempdir().unwrap();
        let folder = StudyFolder::new(dir.path());
        let template = |program: &str| {
            let options = serde_json::json!({"template": ["sh", "{{ command }}"], "stop": [program, "{{ job }}"]});
            RecordedLauncher { name: "template".into(), options: options.as_object().cloned() }
        };
        let left = ListedSession::of(&Mark::Job("2147483647-1-1/3-0-2".into()), &template("/no/such/program")).unwrap();
        SessionList::new(&folder).write(&[left]).unwrap();
        let corrected = template("true").options.unwrap();
        let launcher = LauncherChoice::recorded("template", corrected).unwrap().build().unwrap();
        let leftovers = Leftovers::new(&folder, &*launcher);
        assert_eq!(leftovers.end_listed().count, 0);
        assert!(leftovers.unstopped_warning().unwrap().contains("/no/such/program cannot be run"));
        leftovers.ready().unwrap();
        assert_eq!(leftovers.unstopped_warning(), None);
    }
}
