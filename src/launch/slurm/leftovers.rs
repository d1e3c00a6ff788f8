//! Finds and cancels the steps and jobs of a session by their name.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::query::{QueryError, query};
use crate::launch::launcher::Unstopped;
use crate::launch::orphans::mark::{Mark, SessionMark};

/// How the names of all steps and jobs begin.
const PREFIX: &str = "ht:";
/// How long cancelled steps are waited for.
const TIMEOUT: Duration = Duration::from_secs(8);
const PAUSE: Duration = Duration::from_millis(200);
/// How long a controller that does not answer is waited for at the end of a session, and the time between two questions.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(30);
const CLOSE_PAUSE: Duration = Duration::from_secs(2);
/// States of Slurm jobs that hold or will hold resources; completing ones end by themselves.
const ACTIVE: &str = "--states=PENDING,CONFIGURING,RUNNING,SUSPENDED";
/// Most ids in one command line.
const MAX_IDS: usize = 1000;

/// The name of the step or job with the mark `mark`.
pub fn step_name(mark: &str) -> String {
    format!("{PREFIX}{mark}")
}

/// Steps and jobs that must end before others are started.
#[derive(Debug, Default)]
pub struct Steps {
    has_pending: AtomicBool,
    pending: Mutex<Vec<Mark>>,
}

impl Steps {
    /// Ends the steps and jobs with one of `marks`, and returns their number. What cannot be ended now is pending.
    pub fn end(&self, marks: &[Mark]) -> usize {
        match cancel(marks) {
            Ok(count) => count,
            // Without Slurm's commands there is nothing to end.
            Err(QueryError::Run { .. }) => 0,
            Err(_) => {
                self.pending().extend(marks.iter().cloned());
                self.has_pending.store(true, Ordering::Relaxed);
                0
            }
        }
    }

    /// Ends what is pending.
    ///
    /// # Errors
    /// Why it is still pending.
    pub fn end_pending(&self) -> Result<(), String> {
        if !self.has_pending.load(Ordering::Relaxed) {
            return Ok(());
        }
        // Held, so that no other thread starts a job in between.
        let mut pending = self.pending();
        if !pending.is_empty() {
            cancel(&pending).map_err(|error| format!("steps of an earlier session cannot be cancelled: {error}"))?;
            pending.clear();
        }
        self.has_pending.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Cancels the Slurm jobs of a session whose jobs have all ended. A job whose end the controller missed stays running without a step
    /// until its time limit, if there is one. What cannot be ended is pending.
    pub fn end_session(&self, session: &SessionMark) {
        let marks = [Mark::Session(session.clone())];
        let start = Instant::now();
        while let Err(error) = cancel_active(&marks) {
            if matches!(error, QueryError::Run { .. }) {
                return;
            }
            if start.elapsed() >= CLOSE_TIMEOUT {
                let [mark] = marks;
                self.pending().push(mark);
                return;
            }
            sleep(CLOSE_PAUSE);
        }
    }

    /// What is pending.
    pub fn unstopped(&self) -> Vec<Unstopped> {
        let reason = "Slurm's controller did not answer";
        let name = |mark: &Mark| match mark {
            Mark::Job(job) => step_name(job),
            Mark::Session(session) => format!("{}/*", step_name(session.as_str())),
            Mark::Unrecorded { .. } => PREFIX.to_owned(),
        };
        let of = |mark: &Mark| Unstopped { mark: mark.clone(), name: name(mark), reason: reason.to_owned() };
        self.pending().iter().map(of).collect()
    }

    fn pending(&self) -> std::sync::MutexGuard<'_, Vec<Mark>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Cancels the Slurm jobs with one of `marks` that hold or will hold resources, and does not wait for their ends.
pub fn cancel_active(marks: &[Mark]) -> Result<(), QueryError> {
    let jobs = query("squeue", &["--noheader", "--me", ACTIVE, "--format=%i %j"])?;
    cancel_ids(&matching(&jobs, marks))
}

/// Cancels the steps and jobs with one of `marks` until none is left.
fn cancel(marks: &[Mark]) -> Result<usize, QueryError> {
    let start = Instant::now();
    let mut found = 0;
    loop {
        let ids = find(marks)?;
        found = found.max(ids.len());
        if ids.is_empty() || start.elapsed() >= TIMEOUT {
            return Ok(found);
        }
        cancel_ids(&ids)?;
        sleep(PAUSE);
    }
}

fn cancel_ids(ids: &[String]) -> Result<(), QueryError> {
    for ids in ids.chunks(MAX_IDS) {
        let mut args = vec!["--quiet"];
        args.extend(ids.iter().map(String::as_str));
        match query("scancel", &args) {
            // A step that has just ended is no error.
            Ok(_) | Err(QueryError::Failed { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The ids of this user's steps and jobs with one of `marks`.
fn find(marks: &[Mark]) -> Result<Vec<String>, QueryError> {
    let jobs = query("squeue", &["--noheader", "--me", "--format=%i %j"])?;
    let steps = query("squeue", &["--noheader", "--me", "--steps", "--format=%i %j"])?;
    Ok([matching(&jobs, marks), matching(&steps, marks)].concat())
}

/// The ids in lines of ids and names whose name has one of `marks`.
fn matching(lines: &str, marks: &[Mark]) -> Vec<String> {
    let entries = lines.lines().filter_map(|line| line.trim().split_once(' '));
    entries.filter(|(_, name)| is_marked(name.trim(), marks)).map(|(id, _)| id.to_owned()).collect()
}

fn is_marked(name: &str, marks: &[Mark]) -> bool {
    let Some(found) = name.strip_prefix(PREFIX) else { return false };
    marks.iter().any(|mark| match mark {
        Mark::Session(session) => found.strip_prefix(session.as_str()).is_some_and(|rest| rest.starts_with('/')),
        Mark::Job(job) => found == job,
        // Sessions of versions without this launcher.
        Mark::Unrecorded { .. } => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_cancelled_is_named() {
        let session = Mark::Session(SessionMark::parse("1-2-3").unwrap());
        let steps = Steps::default();
        steps.pending().extend([Mark::Job("1-2-3/0-0-1".into()), session]);
        let names: Vec<String> = steps.unstopped().into_iter().map(|job| job.name).collect();
        assert_eq!(names, ["ht:1-2-3/0-0-1", "ht:1-2-3/*"]);
    }

    #[test]
    fn steps_are_found_by_the_mark_of_their_session_or_job() {
        let session = [Mark::Session(SessionMark::parse("1-2-3").unwrap())];
        for (name, expected) in [
            (step_name("1-2-3/0-0-1"), true),
            (step_name("1-2-3/0-0-1/9-9-9/4-0-1"), true),
            (step_name("1-2-34/0-0-1"), false),
            ("1-2-3/0-0-1".to_owned(), false),
            (step_name("1-2-3"), false),
        ] {
            assert_eq!(is_marked(&name, &session), expected, "{name}");
        }
        let job = [Mark::Job("1-2-3/0-0-1".into())];
        assert!(is_marked("ht:1-2-3/0-0-1", &job) && !is_marked("ht:1-2-3/0-0-10", &job));
    }
}
