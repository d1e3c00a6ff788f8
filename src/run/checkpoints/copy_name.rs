//! The names of copies, which contain who made them, and the history that decides which copies can be trusted.

use std::collections::{HashMap, HashSet};
use std::ffi::{CStr, CString};
use std::fmt;
use std::sync::Arc;

use crate::journal::record::Record;
use crate::types::ids::{Attempt, Rung, TrialId};
use crate::types::outcome::Outcome;
use crate::types::units::Resource;

const COPY: &str = "checkpoint.before-rung-";
/// Prefix of the name of an unfinished copy.
pub const PARTIAL: &str = "checkpoint.partial";
/// Prefix of the new name of a checkpoint that could not be removed.
pub const DISCARDED: &str = "checkpoint.discarded";

/// `checkpoint.before-rung-2.SESSION-1`: the checkpoint as it was when that session launched the job at that rung with that attempt.
/// Versions without session marks wrote `checkpoint.before-rung-2`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CopyName {
    /// Rung of the job.
    pub rung: Rung,
    /// The launch that made the copy, if the name has one.
    pub launch: Option<CopyingLaunch>,
}

/// The launch that made a copy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CopyingLaunch {
    /// [`session_name`] of its session.
    pub session: Arc<str>,
    pub attempt: Attempt,
}

/// The part of a session's mark that is unique to the session, without the marks of jobs that the session runs in.
pub fn session_name(mark: &str) -> &str {
    mark.rsplit('/').next().unwrap_or(mark)
}

impl CopyName {
    /// `None` if `name` is not the name of a copy.
    pub fn parse(name: &CStr) -> Option<CopyName> {
        let rest = name.to_str().ok()?.strip_prefix(COPY)?;
        let Some((rung, launch)) = rest.split_once('.') else {
            return Some(CopyName { rung: Rung(rest.parse().ok()?), launch: None });
        };
        let (session, attempt) = launch.rsplit_once('-')?;
        let launch = CopyingLaunch { session: session.into(), attempt: Attempt(attempt.parse().ok()?) };
        Some(CopyName { rung: Rung(rung.parse().ok()?), launch: Some(launch) })
    }

    /// The name for system calls.
    pub fn to_c(&self) -> CString {
        // Session names consist of letters, digits and dashes.
        CString::new(self.to_string()).unwrap_or_default()
    }
}

impl fmt::Display for CopyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{COPY}{}", self.rung)?;
        match &self.launch {
            Some(CopyingLaunch { session, attempt }) => write!(f, ".{session}-{attempt}"),
            None => Ok(()),
        }
    }
}

/// Whether `name` is one of the driver's directories next to a checkpoint.
pub fn is_driver_entry(name: &CStr) -> bool {
    CopyName::parse(name).is_some() || is_leftover(name)
}

/// Whether `name` is an unfinished copy or a discarded checkpoint.
pub fn is_leftover(name: &CStr) -> bool {
    [PARTIAL, DISCARDED].iter().any(|prefix| name.to_bytes().starts_with(prefix.as_bytes()))
}

/// The journal's evidence about copies made in earlier sessions.
///
/// A copy contains the checkpoint of the trial's last value if that value was journalled in the session of the copy or an earlier one:
/// then the copy was made after it. If the value was journalled later, the copy was made for a job whose records were lost. A session
/// that is not in the journal belongs to an earlier study in the same folder, or was lost.
///
/// The launch record is not required. Without it, the job was never spawned, and the copy equals the checkpoint. But a disk that loses
/// synced data may lose launches of jobs that did run, and then only the copy is right.
#[derive(Clone, Debug, Default)]
pub struct CopyHistory {
    /// Ordinals of marked sessions in the journal, from 1, by name.
    sessions: HashMap<Arc<str>, u32>,
    current: u32,
    is_marked: bool,
    /// The session that journalled the last value of each trial that is not over.
    values: HashMap<TrialId, u32>,
    /// Promoted jobs launched by versions without session marks.
    unmarked: HashMap<TrialId, Rung>,
    /// Trials whose last job failed. It may run again, from its copy.
    failed: HashSet<TrialId>,
}

impl CopyHistory {
    /// Adds the next record of the journal.
    pub fn read(&mut self, record: &Record) {
        match record {
            Record::Session(start) => {
                let mark = &start.mark;
                self.current += 1;
                self.is_marked = !mark.is_empty();
                if self.is_marked {
                    self.sessions.insert(session_name(mark).into(), self.current);
                }
            }
            Record::Launch(launch) if launch.previous > Resource::ZERO && !self.is_marked => {
                self.unmarked.insert(launch.job.key.trial, launch.job.key.rung);
            }
            Record::End(end) if end.outcome.score().is_some() && !end.outcome.runs_again() => {
                self.values.insert(end.job.key.trial, self.current);
                self.unmarked.remove(&end.job.key.trial);
                self.failed.remove(&end.job.key.trial);
            }
            Record::End(end) if matches!(end.outcome, Outcome::Failed { .. }) => {
                self.failed.insert(end.job.key.trial);
            }
            Record::Retired { trial } if !self.failed.contains(trial) => {
                self.values.remove(trial);
                self.unmarked.remove(trial);
            }
            _ => {}
        }
    }

    /// Whether the trial's next job, at the rung of `copy`, may start from it.
    pub fn trusts(&self, trial: TrialId, copy: &CopyName) -> bool {
        let Some(CopyingLaunch { session, .. }) = &copy.launch else {
            return self.unmarked.get(&trial) == Some(&copy.rung);
        };
        let made = self.sessions.get(session);
        made.zip(self.values.get(&trial)).is_some_and(|(made, value)| made >= value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        let launch = CopyingLaunch { session: "12-34".into(), attempt: Attempt(5) };
        let name = CopyName { rung: Rung(2), launch: Some(launch) };
        assert_eq!(name.to_string(), "checkpoint.before-rung-2.12-34-5");
        assert_eq!(CopyName::parse(&name.to_c()), Some(name));
        assert_eq!(CopyName::parse(c"checkpoint.before-rung-3"), Some(CopyName { rung: Rung(3), launch: None }));
    }

    #[test]
    fn names_of_other_files_are_not_copies() {
        for name in [c"checkpoint", c"checkpoint.pt", c"checkpoint.before-rung-", c"checkpoint.before-rung-1.pt"] {
            assert!(!is_driver_entry(name), "{name:?}");
        }
        assert!(is_driver_entry(c"checkpoint.partial.1-2-1") && is_driver_entry(c"checkpoint.before-rung-1"));
    }
}
