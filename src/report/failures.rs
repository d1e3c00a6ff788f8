//! Failures of a study, grouped by reason.

use indexmap::IndexMap;
use serde::Serialize;

use super::view::StudyView;
use crate::launch::last_error::last_error;
use crate::types::ids::TrialId;

/// Most trials listed for one reason.
const MAX_TRIALS: usize = 5;

/// How reasons begin that say how a process ended, not why.
const ENDS: [&str; 2] = ["exit code ", "ended by signal "];

/// Jobs that failed for one reason.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct FailureGroup<'a> {
    /// The reason.
    pub reason: &'a str,
    /// Number of jobs.
    pub jobs: u64,
    /// The first few of their trials.
    pub trials: Vec<TrialId>,
    /// The error in these lines, if the reason is only how the process ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The last lines of stderr of the first of them that wrote any.
    pub stderr_tail: &'a str,
}

/// The error in the last lines of stderr of a job that failed for `reason`, if that is only how its process ended.
pub fn error_of(reason: &str, stderr_tail: &str) -> Option<String> {
    let tells_only_the_end = ENDS.iter().any(|end| reason.starts_with(end)) && !reason.contains(": ");
    last_error(stderr_tail).filter(|_| tells_only_the_end)
}

/// All reasons, the most frequent first. Interrupted jobs and attempts that were followed by another one are not failures.
pub fn failures(view: &StudyView) -> Vec<FailureGroup<'_>> {
    let mut groups: IndexMap<&str, FailureGroup<'_>> = IndexMap::new();
    for job in view.last_attempts().filter(|job| job.is_failure()) {
        let reason = job.reason.as_deref().unwrap_or("no reason is recorded");
        let empty = FailureGroup { reason, jobs: 0, trials: Vec::new(), error: None, stderr_tail: "" };
        let group = groups.entry(reason).or_insert(empty);
        group.jobs += 1;
        if group.trials.len() < MAX_TRIALS && !group.trials.contains(&job.job.key.trial) {
            group.trials.push(job.job.key.trial);
        }
        if group.stderr_tail.is_empty() {
            group.stderr_tail = job.stderr_tail.trim_end();
            group.error = error_of(reason, group.stderr_tail);
        }
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    groups.sort_by_key(|g| std::cmp::Reverse(g.jobs));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixtures::StudyFixture;
    use crate::types::outcome::Failure;

    #[test]
    fn groups_are_ordered_by_frequency() {
        let mut sample = StudyFixture::new();
        for trial in 0..9 {
            sample.launch(trial, 0, 1, 1.0);
        }
        sample.fail(0, 0, Failure::Timeout, "");
        for trial in 1..9 {
            sample.fail(trial, 0, Failure::Exit(1), if trial == 2 { "KeyError: lr\n" } else { "" });
        }
        let view = sample.view();
        let groups: Vec<_> =
            failures(&view).iter().map(|g| (g.reason, g.jobs, g.trials.len(), g.stderr_tail)).collect();
        assert_eq!(groups, [("exit code 1", 8, 5, "KeyError: lr"), ("ran into the job timeout", 1, 1, "")]);
        let errors: Vec<_> = failures(&view).into_iter().map(|group| group.error).collect();
        assert_eq!(errors, [Some("KeyError: lr".to_owned()), None]);
    }

    #[test]
    fn a_trial_is_listed_once_even_if_it_failed_twice() {
        let mut sample = StudyFixture::new();
        sample.launch(0, 0, 1, 1.0).launch(1, 0, 1, 1.0).fail(0, 0, Failure::Exit(1), "").fail(
            1,
            0,
            Failure::Exit(1),
            "",
        );
        sample.launch(0, 0, 2, 1.0).end(
            0,
            0,
            2,
            crate::types::outcome::Outcome::Failed { failure: Failure::Exit(1) },
            "",
        );
        let view = sample.view();
        assert_eq!(failures(&view)[0].trials, [TrialId(0), TrialId(1)]);
    }

    #[test]
    fn jobs_that_were_interrupted_have_not_failed() {
        let mut sample = StudyFixture::new();
        sample.launch(0, 0, 1, 1.0).launch(1, 0, 1, 1.0).fail(0, 0, Failure::Lost, "").fail(1, 0, Failure::Exit(1), "");
        let view = sample.view();
        assert_eq!(failures(&view).iter().map(|group| group.reason).collect::<Vec<_>>(), ["exit code 1"]);
    }
}
