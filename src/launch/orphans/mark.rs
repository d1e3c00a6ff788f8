//! Marks: values of environment variables that identify the processes of a session or a job.
//!
//! A session's mark is a path: `PID-START-TIME` of its driver, below the mark of the job that hypertune itself runs in, if any. A
//! job's mark is its session's with the job as another component. So the marks of all processes that a session started, also those of
//! nested studies, start with the session's mark.

use std::env;
use std::fmt;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process;

use super::process_table::{Environment, ProcessTable};
use crate::launch::process::syscalls::Pid;
use crate::types::ids::{Attempt, JobId, JobKey, Rung, TrialId};

/// Variable with the study's folder.
pub const STUDY_VARIABLE: &str = "HYPERTUNE_STUDY_DIR";
/// Variable with the mark of the session that a process belongs to.
pub const SESSION_VARIABLE: &str = "HYPERTUNE_SESSION";
/// Variable with the mark of the job that a process belongs to.
pub const JOB_VARIABLE: &str = "HYPERTUNE_JOB";

/// Maximum length of an inherited mark, in bytes.
const MAX_LENGTH: usize = 4096;

/// A session's mark, the value of [`SESSION_VARIABLE`].
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SessionMark(String);

impl SessionMark {
    /// A unique mark for this process's session.
    pub fn new() -> SessionMark {
        let inherited = [JOB_VARIABLE, SESSION_VARIABLE].iter().find_map(|name| env::var(name).ok());
        let table = ProcessTable::default();
        let own = i32::try_from(process::id()).ok().and_then(Pid::new);
        let start = own.and_then(|pid| table.stat(pid)).map_or(0, |stat| stat.start);
        let now = jiff::Timestamp::now().as_nanosecond();
        let name = format!("{}-{start}-{now}", process::id());
        match inherited.as_deref().and_then(SessionMark::parse) {
            Some(SessionMark(outer)) => SessionMark(format!("{outer}/{name}")),
            None => SessionMark(name),
        }
    }

    /// Parses a recorded mark. `None` if it is invalid.
    pub fn parse(text: &str) -> Option<SessionMark> {
        let in_mark = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let is_mark =
            text.len() <= MAX_LENGTH && text.split('/').all(|part| !part.is_empty() && part.chars().all(in_mark));
        is_mark.then(|| SessionMark(text.to_owned()))
    }

    /// The value of [`SESSION_VARIABLE`].
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value of [`JOB_VARIABLE`] in `job`.
    pub fn job(&self, job: JobId) -> String {
        format!("{}{}", self.0, SessionMark::job_suffix(job))
    }

    /// What the value of [`JOB_VARIABLE`] in `job` has after the session's mark.
    pub fn job_suffix(job: JobId) -> String {
        format!("/{}-{}-{}", job.key.trial, job.key.rung, job.attempt)
    }

    /// The session and the job of a value of [`JOB_VARIABLE`]; `None` if that is not the mark of a job.
    pub fn of_job(mark: &str) -> Option<(SessionMark, JobId)> {
        let (session, job) = mark.rsplit_once('/')?;
        let numbers: Vec<&str> = job.split('-').collect();
        let [trial, rung, attempt] = numbers[..] else { return None };
        let key = JobKey { trial: TrialId(trial.parse().ok()?), rung: Rung(rung.parse().ok()?) };
        Some((SessionMark::parse(session)?, JobId { key, attempt: Attempt(attempt.parse().ok()?) }))
    }

    /// The value of [`JOB_VARIABLE`] in the external tuner.
    pub fn tuner(&self) -> String {
        format!("{}/tuner", self.0)
    }

    /// Whether the session's driver still runs: then the folder is a copy of a running study.
    pub fn is_driver_running(&self, table: &ProcessTable) -> bool {
        let name = self.0.rsplit('/').next().unwrap_or_default();
        let mut numbers = name.split('-');
        let (pid, start) = (numbers.next(), numbers.next().and_then(|start| start.parse::<u64>().ok()));
        let pid = pid.and_then(|pid| Pid::new(pid.parse().ok()?));
        let stat = pid.and_then(|pid| table.stat(pid));
        stat.is_some_and(|stat| !stat.zombie && Some(stat.start) == start)
    }
}

impl fmt::Display for SessionMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The processes to find.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Mark {
    /// All processes of a session.
    Session(SessionMark),
    /// All processes of a job or a tuner, by its value of [`JOB_VARIABLE`].
    Job(String),
    /// All processes of a session whose mark was not journalled.
    Unrecorded {
        /// The number of its driver.
        driver: u32,
        /// The study's canonical folder.
        folder: PathBuf,
    },
}

impl Mark {
    /// The mark of a job; `None` for that of a session.
    pub fn job(&self) -> Option<&str> {
        match self {
            Mark::Job(job) => Some(job),
            Mark::Session(_) | Mark::Unrecorded { .. } => None,
        }
    }

    /// Whether this is the mark of a process with `environment`.
    pub fn matches(&self, environment: &Environment) -> bool {
        let is_below =
            |name, mark: &str| environment.get(name).is_some_and(|value| is_same_or_below(value, mark.as_bytes()));
        match self {
            Mark::Session(session) => is_below(SESSION_VARIABLE, session.as_str()),
            Mark::Job(job) => is_below(JOB_VARIABLE, job),
            Mark::Unrecorded { driver, folder } => {
                let session = environment.get(SESSION_VARIABLE).unwrap_or_default();
                session.starts_with(format!("{driver}-").as_bytes())
                    && environment.get(STUDY_VARIABLE).is_some_and(|value| is_same_folder(value, folder))
            }
        }
    }
}

/// Whether the path `value` is `mark` or starts with its components.
fn is_same_or_below(value: &[u8], mark: &[u8]) -> bool {
    value.strip_prefix(mark).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

fn is_same_folder(value: &[u8], folder: &Path) -> bool {
    fs::canonicalize(std::ffi::OsStr::from_bytes(value)).is_ok_and(|path| path == folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::launch::orphans::process_table::tests::add;

    fn environment(text: &str) -> Environment {
        let dir = tempfile::tempdir().unwrap();
        add(dir.path(), 9, 1, text);
        ProcessTable::at(dir.path()).environment(Pid::new(9).unwrap()).unwrap()
    }

    #[test]
    fn a_session_s_mark_matches_nested_sessions_and_no_others() {
        let mark = Mark::Session(SessionMark::parse("1-2-3").unwrap());
        let matches = |value: &str| mark.matches(&environment(&format!("A=1\0HYPERTUNE_SESSION={value}\0")));
        assert!(matches("1-2-3") && matches("1-2-3/0-0-1/4-5-6"));
        assert!(!matches("1-2-34") && !matches("0/1-2-3") && !matches("") && !matches("1-2"));
        assert!(!mark.matches(&environment("HYPERTUNE_JOB=1-2-3\0")));
    }

    #[test]
    fn a_job_s_mark_matches_its_processes_and_no_other_job() {
        let key = JobKey { trial: TrialId(1), rung: Rung(0) };
        let session = SessionMark::parse("1-2-3").unwrap();
        let job = session.job(JobId { key, attempt: Attempt(1) });
        let matches = |value: &str| Mark::Job(job.clone()).matches(&environment(&format!("HYPERTUNE_JOB={value}\0")));
        assert!(matches(&job) && matches(&format!("{job}/7-8-9/0-0-1")));
        assert!(!matches(&format!("{job}1")) && !matches("1-2-3") && !matches(&session.tuner()));
    }

    #[test]
    fn a_session_without_a_mark_is_found_by_driver_and_folder_for_every_spelling_of_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().canonicalize().unwrap();
        std::os::unix::fs::symlink(&folder, dir.path().join("link")).unwrap();
        let mark = Mark::Unrecorded { driver: 77, folder: folder.clone() };
        let matches = |session: &str, path: &Path| {
            mark.matches(&environment(&format!(
                "HYPERTUNE_SESSION={session}\0HYPERTUNE_STUDY_DIR={}\0",
                path.display()
            )))
        };
        assert!(matches("77-123", &folder) && matches("77-123", &folder.join("link/./link")));
        assert!(!matches("7-123", &folder) && !matches("", &folder) && !matches("77-123", Path::new("/")));
    }

    #[test]
    fn invalid_marks_are_rejected() {
        assert!(SessionMark::parse("1-2-3/tuner/4-5-6").is_some());
        for text in ["", "/", "1//2", "a b", "1\n", &"1".repeat(MAX_LENGTH + 1)] {
            assert_eq!(SessionMark::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_driver_is_identified_by_number_and_start_time() {
        let table = ProcessTable::default();
        let own = SessionMark::new();
        assert!(own.is_driver_running(&table));
        let mut parts: Vec<String> = own.as_str().rsplit('/').next().unwrap().split('-').map(str::to_owned).collect();
        parts[1] = (parts[1].parse::<u64>().unwrap() + 1).to_string();
        assert!(!SessionMark(parts.join("-")).is_driver_running(&table), "another process has its number");
        assert!(!SessionMark("2147483647-1-1".into()).is_driver_running(&table));
    }
}
