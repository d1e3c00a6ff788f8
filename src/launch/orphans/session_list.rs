//! The file `journal.sessions`: sessions that did not end normally, in case the journal is overwritten, truncated or deleted, and jobs
//! that could not be stopped.
//!
//! A line is `MARK LAUNCHER DETAILS`. The details are a JSON object; they are absent if they are empty. Earlier versions wrote no details,
//! or the mark alone.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::mark::{Mark, SessionMark};
use crate::journal::folder::files;
use crate::journal::folder::layout::StudyFolder;
use crate::launch::error::LaunchError;
use crate::launch::launcher::Launcher;
use crate::types::ids::JobId;

/// Maximum number of bytes read, as it could be a foreign file.
const MAX_LIST: u64 = 1 << 20;

/// A launcher as a session recorded it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct RecordedLauncher {
    /// Empty for `local` in files of earlier versions.
    pub name: String,
    /// `None` where only the name is known.
    pub options: Option<Map<String, Value>>,
}

impl RecordedLauncher {
    /// As a session with `launcher` records it.
    pub fn of(launcher: &dyn Launcher) -> RecordedLauncher {
        RecordedLauncher { name: launcher.name().to_owned(), options: Some(launcher.options()) }
    }
}

/// A line of the list.
#[derive(Clone, PartialEq, Debug)]
pub struct ListedSession {
    pub mark: SessionMark,
    pub launcher: RecordedLauncher,
    /// Jobs that could not be stopped.
    pub unstopped: Vec<JobId>,
}

#[derive(Default, Serialize, Deserialize)]
struct Details {
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    options: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unstopped: Vec<JobId>,
}

impl ListedSession {
    /// The session of `mark`, with its job if that is the mark of one; `None` if the session's mark is unknown.
    pub fn of(mark: &Mark, launcher: &RecordedLauncher) -> Option<ListedSession> {
        let (mark, unstopped) = match mark {
            Mark::Session(mark) => (mark.clone(), Vec::new()),
            Mark::Job(job) => SessionMark::of_job(job).map(|(mark, job)| (mark, vec![job]))?,
            Mark::Unrecorded { .. } => return None,
        };
        Some(ListedSession { mark, launcher: launcher.clone(), unstopped })
    }

    fn line(&self) -> String {
        let options = self.launcher.options.clone().unwrap_or_default();
        let details = Details { options, unstopped: self.unstopped.clone() };
        let line = format!("{} {}", self.mark, self.launcher.name);
        if details.options.is_empty() && details.unstopped.is_empty() {
            return line + "\n";
        }
        // Maps of JSON values and numbers can always be written.
        format!("{line} {}\n", serde_json::to_string(&details).unwrap_or_default())
    }

    fn parse(line: &str) -> Option<ListedSession> {
        let mut words = line.splitn(3, ' ');
        let mark = SessionMark::parse(words.next()?)?;
        let name = words.next().unwrap_or_default().to_owned();
        let details: Option<Details> = words.next().and_then(|text| serde_json::from_str(text).ok());
        let (options, unstopped) = details.map(|details| (details.options, details.unstopped)).unzip();
        Some(ListedSession {
            mark,
            launcher: RecordedLauncher { name, options },
            unstopped: unstopped.unwrap_or_default(),
        })
    }
}

/// The list of a study.
#[derive(Clone, Debug)]
pub struct SessionList {
    path: PathBuf,
}

impl SessionList {
    pub fn new(folder: &StudyFolder) -> SessionList {
        SessionList { path: folder.sessions() }
    }

    /// Reads the list.
    ///
    /// # Errors
    /// It is absent or cannot be read.
    pub fn read(&self) -> io::Result<Vec<ListedSession>> {
        let file = files::open(&self.path, OpenOptions::new().read(true))?;
        let mut text = Vec::new();
        file.take(MAX_LIST).read_to_end(&mut text)?;
        Ok(String::from_utf8_lossy(&text).lines().filter_map(ListedSession::parse).collect())
    }

    /// Replaces the list.
    pub fn write(&self, sessions: &[ListedSession]) -> Result<(), LaunchError> {
        self.put(OpenOptions::new().create(true).truncate(true).write(true), sessions)
    }

    /// Adds to the list.
    pub fn append(&self, sessions: &[ListedSession]) -> Result<(), LaunchError> {
        self.put(OpenOptions::new().create(true).append(true), sessions)
    }

    /// Removes the list.
    pub fn remove(&self) {
        // A list that is not removed only costs the next session a search.
        let _ = fs::remove_file(&self.path);
    }

    fn put(&self, options: &mut OpenOptions, sessions: &[ListedSession]) -> Result<(), LaunchError> {
        let text: String = sessions.iter().map(ListedSession::line).collect();
        // A single write: a partial mark would not match.
        let written = files::open(&self.path, options).and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|source| LaunchError::SessionList { path: self.path.clone(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::folder::own_content;
    use crate::launch::catalogue::LauncherChoice;

    fn list() -> (tempfile::TempDir, SessionList) {
        let dir = tempfile::tempdir().unwrap();
        let list = SessionList::new(&StudyFolder::new(dir.path()));
        (dir, list)
    }

    #[test]
    fn sessions_are_read_as_they_were_written_also_by_earlier_versions() {
        let (dir, list) = list();
        assert!(list.read().is_err());
        let options = serde_json::json!({"template": ["a b", "{{ command }}"]}).as_object().cloned().unwrap();
        let template = LauncherChoice::recorded("template", options).unwrap().build().unwrap();
        let template = RecordedLauncher::of(&*template);
        let job = Mark::Job("1-2-3/0-0-1/4-5-6/7-0-2".to_owned());
        let sessions = [
            ListedSession::of(&Mark::Session(SessionMark::parse("1-1-1").unwrap()), &template).unwrap(),
            ListedSession::of(&job, &template).unwrap(),
        ];
        assert_eq!(sessions[1].mark.as_str(), "1-2-3/0-0-1/4-5-6");
        list.write(&sessions[..1]).unwrap();
        list.append(&sessions[1..]).unwrap();
        assert_eq!(list.read().unwrap(), sessions);
        let path = StudyFolder::new(dir.path()).sessions();
        let bytes = fs::read(&path).unwrap();
        assert!((bytes.len() - 20..=bytes.len()).all(|end| own_content::is_session_list(&bytes[..end])), "also torn");
        fs::write(&path, "4-4-4\n5-5-5 local\n6-6-6 template {\"opt").unwrap();
        let names: Vec<String> = list.read().unwrap().into_iter().map(|session| session.launcher.name).collect();
        assert_eq!(names, ["", "local", "template"]);
        list.remove();
        list.remove();
        assert!(!path.exists());
    }

    #[test]
    fn the_list_is_not_written_through_a_symlink() {
        let (dir, list) = list();
        fs::write(dir.path().join("thesis"), "x").unwrap();
        std::os::unix::fs::symlink("thesis", StudyFolder::new(dir.path()).sessions()).unwrap();
        assert!(list.write(&[]).is_err() && list.append(&[]).is_err() && list.read().is_err());
        assert_eq!(fs::read_to_string(dir.path().join("thesis")).unwrap(), "x");
    }
}
