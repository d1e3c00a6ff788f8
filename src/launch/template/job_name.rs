//! Names of jobs for other systems, made of their marks.

use crate::launch::orphans::mark::SessionMark;
use crate::types::ids::JobId;

/// A job that other systems know by its name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NamedJob {
    /// `ht-PID-START-TIME-TRIAL-RUNG-ATTEMPT`: unique to each attempt, at most 63 characters for a million trials, of lowercase letters,
    /// digits and hyphens, so that it is a valid DNS label (RFC 1123).
    pub name: String,
    pub id: JobId,
}

impl NamedJob {
    /// How the names of all jobs of `session` begin.
    pub fn prefix(session: &SessionMark) -> String {
        let own = session.as_str().rsplit('/').next().unwrap_or_default();
        format!("ht-{own}-")
    }

    /// The job with the mark `mark`; `None` if that is not the mark of a job.
    pub fn of_mark(mark: &str) -> Option<NamedJob> {
        let (session, id) = SessionMark::of_job(mark)?;
        let name = format!("{}{}-{}-{}", NamedJob::prefix(&session), id.key.trial, id.key.rung, id.attempt);
        Some(NamedJob { name, id })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::ids::{Attempt, JobKey, Rung, TrialId};

    #[test]
    fn a_name_is_a_dns_label_and_differs_between_attempts() {
        let session = SessionMark::parse("9-9-9/0-0-1/4194304-123456789-1764205200123456789").unwrap();
        let id = |attempt| JobId { key: JobKey { trial: TrialId(999_999), rung: Rung(9) }, attempt: Attempt(attempt) };
        let named = |attempt| NamedJob::of_mark(&session.job(id(attempt))).unwrap();
        assert_eq!(named(1).id, id(1));
        assert_eq!(named(1).name, "ht-4194304-123456789-1764205200123456789-999999-9-1");
        assert!(named(1).name.len() <= 63 && named(1).name != named(2).name);
        assert_eq!(NamedJob::of_mark(&session.tuner()), None);
        assert_eq!(NamedJob::of_mark(session.as_str()).map(|job| job.id), None);
    }
}
