//! Detects a command that fails with every configuration.
//!
//! The evidence is the first jobs in order of launch: all of them have ended, all failed for the same reason, and they had different
//! parameters. Only jobs launched before the first one that is running or waits for another attempt count, because configurations
//! that succeed may take longer than those that fail. For a command that cannot run at all, the order does not matter. Any other
//! end of any job rules the verdict out.
//!
//! An import error or a rejected argument can depend on one choice, such as a layer that only one library has. While the failed jobs
//! have a value of some parameter in common, they are therefore evidence only in the number that other errors of programs need.
//!
//! The number of jobs depends on the failure. If a share p of the configurations fails, the first n jobs all fail with probability
//! pⁿ.

use std::sync::Arc;

use crate::types::assignment::Assignment;
use crate::types::ids::JobKey;
use crate::types::outcome::{Failure, Outcome};

/// Failures of a command that cannot run at all.
const COMMAND_FAILURES: usize = 2;
/// Failures with an error that configurations rarely cause.
const PROGRAM_ERRORS: usize = 5;
/// Failures that a bad configuration can cause: 0.6¹⁰ = 0.6 %, so that of the studies in which 60 % of the configurations fail,
/// fewer than 1 in 100 are ended.
const UNEXPLAINED_FAILURES: usize = 10;
/// A shell exits with 128 + N if signal N ended its command (POSIX.1-2017, XCU 2.8.2).
const SHELL_SIGNAL: i32 = 128;
/// Most jobs that are tracked; more than needed, because configurations may repeat.
const MAX_TRACKED_JOBS: usize = 64;

/// The number of jobs with different parameters that must have failed with `failure`; `None` if it is no evidence. Memory, time,
/// signals and divergence depend on the configuration or the machine.
fn required_failures(failure: &Failure) -> Option<usize> {
    match failure {
        Failure::Launch(_) | Failure::BadCommand(_) => Some(COMMAND_FAILURES),
        Failure::ProgramError(_) | Failure::NoMetric(_) => Some(PROGRAM_ERRORS),
        Failure::Exit(code) if *code > SHELL_SIGNAL => None,
        Failure::Exit(_) => Some(UNEXPLAINED_FAILURES),
        Failure::Signal(_)
        | Failure::Cancelled(_)
        | Failure::Timeout
        | Failure::OutOfMemory(_)
        | Failure::NotFinite(_)
        | Failure::Infrastructure(_)
        | Failure::Lost => None,
    }
}

/// The first jobs and their failures.
#[derive(Debug)]
pub(super) struct EarlyFailures {
    /// The first jobs, in order of launch.
    jobs: Vec<EarlyJob>,
    /// The common failure of the jobs that have ended.
    failure: Option<Failure>,
    /// Whether a job ended in any other way.
    refuted: bool,
}

#[derive(Debug)]
struct EarlyJob {
    key: JobKey,
    assignment: Arc<Assignment>,
    failed: bool,
}

impl EarlyFailures {
    pub fn new() -> EarlyFailures {
        EarlyFailures { jobs: Vec::new(), failure: None, refuted: false }
    }

    /// Whether the verdict is still possible.
    pub fn is_open(&self) -> bool {
        !self.refuted
    }

    /// Records the first launch of a job.
    pub fn add_launch(&mut self, key: JobKey, assignment: &Arc<Assignment>) {
        if self.is_open() && self.jobs.len() < MAX_TRACKED_JOBS {
            self.jobs.push(EarlyJob { key, assignment: assignment.clone(), failed: false });
        }
    }

    /// Records the final end of a job.
    pub fn add_end(&mut self, key: JobKey, outcome: &Outcome) {
        if self.refuted {
            return;
        }
        let failure = match outcome {
            Outcome::Failed { failure } if required_failures(failure).is_some() => failure,
            _ => return self.refute(),
        };
        if *self.failure.get_or_insert_with(|| failure.clone()) != *failure {
            return self.refute();
        }
        if let Some(job) = self.jobs.iter_mut().find(|job| job.key == key) {
            job.failed = true;
        }
    }

    /// The failure of the first jobs, if there are enough of them. `trials` and `configurations` are the most that the study has;
    /// `configurations` is `None` if there is no limit. `varying` are the parameters with more than one value.
    pub fn verdict(&self, trials: u64, configurations: Option<u64>, varying: &[&str]) -> Option<&Failure> {
        let failure = self.failure.as_ref().filter(|_| self.is_open())?;
        let mut jobs = required_failures(failure)?;
        let any_order = jobs == COMMAND_FAILURES;
        if matches!(failure, Failure::BadCommand(_)) && self.have_a_common_value(varying) {
            jobs = PROGRAM_ERRORS;
        }
        let required = (jobs as u64).min(trials.max(1));
        let considered = self.jobs.iter().take_while(|job| any_order || job.failed);
        let (mut count, mut different): (u64, Vec<&Assignment>) = (0, Vec::new());
        for job in considered.filter(|job| job.failed) {
            count += 1;
            if !different.contains(&&*job.assignment) {
                different.push(&job.assignment);
            }
        }
        let is_enough = count >= required && different.len() as u64 >= required.min(configurations.unwrap_or(u64::MAX));
        is_enough.then_some(failure)
    }

    /// Whether all failed jobs have the same value of one of the parameters `varying`, or all lack it.
    fn have_a_common_value(&self, varying: &[&str]) -> bool {
        let failed: Vec<&Assignment> = self.jobs.iter().filter(|job| job.failed).map(|job| &*job.assignment).collect();
        varying.iter().any(|name| failed.windows(2).all(|pair| pair[0].get(name) == pair[1].get(name)))
    }

    fn refute(&mut self) {
        (self.refuted, self.jobs) = (true, Vec::new());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tests::setup::x;
    use crate::types::ids::{Rung, TrialId};

    /// Whether five jobs with these configurations and a program error end the study.
    fn is_detected(values: [f64; 5], trials: u64, configurations: Option<u64>) -> bool {
        let mut failures = EarlyFailures::new();
        for (trial, value) in (0..).zip(values) {
            let key = JobKey { trial: TrialId(trial), rung: Rung(0) };
            failures.add_launch(key, &Arc::new(x(value)));
            failures.add_end(key, &Outcome::Failed { failure: Failure::ProgramError("NameError".into()) });
        }
        failures.verdict(trials, configurations, &["x"]).is_some()
    }

    #[test]
    fn repeated_configurations_count_only_if_the_space_has_no_others() {
        let different = [0.1, 0.2, 0.3, 0.4, 0.5];
        assert!(is_detected(different, 50, None));
        assert!(!is_detected([0.1, 0.2, 0.3, 0.4, 0.4], 50, None));
        assert!(!is_detected([0.1; 5], 50, Some(2)), "one of two failed");
        assert!(is_detected([0.1, 0.1, 0.1, 0.1, 0.2], 50, Some(2)) && is_detected([0.1; 5], 50, Some(1)));
    }

    /// Whether import errors of jobs with these configurations end the study.
    fn is_import_error_detected(jobs: &[(f64, &str)]) -> bool {
        let mut failures = EarlyFailures::new();
        for (trial, (value, choice)) in (0..).zip(jobs) {
            let key = JobKey { trial: TrialId(trial), rung: Rung(0) };
            let mut assignment = x(*value);
            assignment.set("choice".into(), (*choice).into());
            failures.add_launch(key, &Arc::new(assignment));
            failures.add_end(key, &Outcome::Failed { failure: Failure::BadCommand("ImportError".into()) });
        }
        failures.verdict(50, None, &["x", "choice"]).is_some()
    }

    #[test]
    fn import_errors_of_jobs_with_a_common_choice_are_less_evidence() {
        assert!(is_import_error_detected(&[(0.1, "flash"), (0.2, "eager")]));
        assert!(!is_import_error_detected(&[(0.1, "flash"), (0.2, "flash")]));
        assert!(!is_import_error_detected(&[(0.1, "flash"), (0.1, "eager")]), "x is the same");
        assert!(is_import_error_detected(&[(0.1, "flash"), (0.2, "flash"), (0.3, "eager")]));
        let flash = [0.1, 0.2, 0.3, 0.4, 0.5].map(|value| (value, "flash"));
        assert!(!is_import_error_detected(&flash[..4]) && is_import_error_detected(&flash));
    }

    #[test]
    fn signals_reported_by_a_shell_are_no_evidence() {
        assert_eq!([129, 137, 139, 143].map(|code| required_failures(&Failure::Exit(code))), [None; 4]);
        assert_eq!(required_failures(&Failure::Exit(1)), Some(UNEXPLAINED_FAILURES));
    }
}
