//! Marks: values of variables by which the processes of a session or of a job are found.
//!
//! A session's mark is a path: `PID-START-TIME` of its driver, preceded by the mark of the job that hypertune itself runs in, if
//! any. A job's mark is its session's with the job as a further component. So all that a session started, however deeply studies
//! are nested, has a mark that begins with the session's.

use std::env;
use std::fmt;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process;

use super::process_table::{Environment, ProcessTable};
use crate::launch::process::syscalls::Pid;
use crate::types::ids::JobId;

/// The study's folder, in every job's environment.
pub const STUDY_VARIABLE: &str = "HYPERTUNE_STUDY_DIR";
/// The mark of the session that a process belongs to.
pub const SESSION_VARIABLE: &str = "HYPERTUNE_SESSION";
/// The mark of the job that a process belongs to.
pub const JOB_VARIABLE: &str = "HYPERTUNE_JOB";

/// Longest mark that is inherited, in bytes.
const MAX_LENGTH: usize = 4096;

/// A session's mark, the value of [`SESSION_VARIABLE`].
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SessionMark(String);

impl SessionMark {
    /// A mark that no other session has.
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

    /// A mark that was written down. `None` for what cannot be one.
    pub fn parse(text: &str) -> Option<SessionMark> {
        let in_mark = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let is_mark =
            text.len() <= MAX_LENGTH && text.split('/').all(|part| !part.is_empty() && part.chars().all(in_mark));
        is_mark.then(|| SessionMark(text.to_owned()))
    }

    /// As a value of [`SESSION_VARIABLE`].
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value of [`JOB_VARIABLE`] in `job`.
    pub fn job(&self, job: JobId) -> String {
        format!("{}/{}-{}-{}", self.0, job.key.trial, job.key.rung, job.attempt)
    }

    /// The value of [`JOB_VARIABLE`] in the outside tuner.
    pub fn tuner(&self) -> String {
        format!("{}/tuner", self.0)
    }

    /// Whether the session's driver still runs: the folder is a copy of a study that goes on elsewhere.
    pub fn is_driven(&self, table: &ProcessTable) -> bool {
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

/// Which processes are looked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Mark {
    /// All of a session.
    Session(SessionMark),
    /// All of a job or a tuner, by its value of [`JOB_VARIABLE`].
    Job(String),
    /// All of a session whose mark was not journalled.
    Unrecorded {
        /// Its driver.
        driver: u32,
        /// The study's folder, with all links resolved.
        folder: PathBuf,
    },
}

impl Mark {
    /// Whether a process with this environment is looked for.
    pub fn is_on(&self, environment: &Environment) -> bool {
        let below = |name, mark: &str| environment.get(name).is_some_and(|value| is_below(value, mark.as_bytes()));
        match self {
            Mark::Session(session) => below(SESSION_VARIABLE, session.as_str()),
            Mark::Job(job) => below(JOB_VARIABLE, job),
            Mark::Unrecorded { driver, folder } => {
                let session = environment.get(SESSION_VARIABLE).unwrap_or_default();
                session.starts_with(format!("{driver}-").as_bytes())
                    && environment.get(STUDY_VARIABLE).is_some_and(|value| is_same_folder(value, folder))
            }
        }
    }
}

/// Whether the path `value` is `mark` or begins with its components.
fn is_below(value: &[u8], mark: &[u8]) -> bool {
    value.strip_prefix(mark).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

fn is_same_folder(value: &[u8], folder: &Path) -> bool {
    fs::canonicalize(std::ffi::OsStr::from_bytes(value)).is_ok_and(|path| path == folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::launch::orphans::process_table::tests::add;
    use crate::types::ids::{Attempt, JobKey, Rung, TrialId};

    fn environment(text: &str) -> Environment {
        let dir = tempfile::tempdir().unwrap();
        add(dir.path(), 9, 1, text);
        ProcessTable::at(dir.path()).environment(Pid::new(9).unwrap()).unwrap()
    }

    #[test]
    fn a_session_s_mark_is_on_nested_sessions_and_on_no_other() {
        let mark = Mark::Session(SessionMark::parse("1-2-3").unwrap());
        let on = |value: &str| mark.is_on(&environment(&format!("A=1\0HYPERTUNE_SESSION={value}\0")));
        assert!(on("1-2-3") && on("1-2-3/0-0-1/4-5-6"));
        assert!(!on("1-2-34") && !on("0/1-2-3") && !on("") && !on("1-2"));
        assert!(!mark.is_on(&environment("HYPERTUNE_JOB=1-2-3\0")));
    }

    #[test]
    fn a_job_s_mark_is_on_what_it_started_and_on_no_other_job() {
        let key = JobKey { trial: TrialId(1), rung: Rung(0) };
        let session = SessionMark::parse("1-2-3").unwrap();
        let job = session.job(JobId { key, attempt: Attempt(1) });
        let on = |value: &str| Mark::Job(job.clone()).is_on(&environment(&format!("HYPERTUNE_JOB={value}\0")));
        assert!(on(&job) && on(&format!("{job}/7-8-9/0-0-1")));
        assert!(!on(&format!("{job}1")) && !on("1-2-3") && !on(&session.tuner()));
    }

    #[test]
    fn a_session_without_a_mark_is_found_by_driver_and_folder_however_it_is_spelled() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().canonicalize().unwrap();
        std::os::unix::fs::symlink(&folder, dir.path().join("link")).unwrap();
        let mark = Mark::Unrecorded { driver: 77, folder: folder.clone() };
        let on = |session: &str, path: &Path| {
            mark.is_on(&environment(&format!("HYPERTUNE_SESSION={session}\0HYPERTUNE_STUDY_DIR={}\0", path.display())))
        };
        assert!(on("77-123", &folder) && on("77-123", &folder.join("link/./link")));
        assert!(!on("7-123", &folder) && !on("", &folder) && !on("77-123", Path::new("/")));
    }

    #[test]
    fn what_is_no_mark_is_not_inherited() {
        assert!(SessionMark::parse("1-2-3/tuner/4-5-6").is_some());
        for text in ["", "/", "1//2", "a b", "1\n", &"1".repeat(MAX_LENGTH + 1)] {
            assert_eq!(SessionMark::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_session_is_driven_while_its_driver_lives() {
        let table = ProcessTable::default();
        let own = SessionMark::new();
        assert!(own.is_driven(&table));
        let mut parts: Vec<String> = own.as_str().rsplit('/').next().unwrap().split('-').map(str::to_owned).collect();
        parts[1] = (parts[1].parse::<u64>().unwrap() + 1).to_string();
        assert!(!SessionMark(parts.join("-")).is_driven(&table), "another process has its number");
        assert!(!SessionMark("2147483647-1-1".into()).is_driven(&table));
    }
}
