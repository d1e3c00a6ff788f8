//! Whether the first jobs of a study show that its command does not work, whatever the configuration.
//!
//! The evidence is the first jobs in order of launch: all of them have ended, all failed for one reason, and they had different
//! parameters. A job that is still running, or waits for another attempt, ends the row, so that quick failures are never taken
//! for the first results of a study whose good configurations take longer; only where the failure says that the command cannot run
//! at all the order does not matter. Anything but such a failure, by any job at any time,
//! rules the verdict out for good.
//!
//! How many jobs it takes depends on what the failure says. If a share p of the configurations fails, the first n jobs all fail
//! with probability pⁿ.

use std::sync::Arc;

use crate::types::assignment::Assignment;
use crate::types::ids::JobKey;
use crate::types::outcome::{Failure, Outcome};

/// Jobs that failed because the command cannot run at all.
const CERTAIN: usize = 2;
/// Jobs with an error that configurations rarely cause.
const LIKELY: usize = 5;
/// Jobs that failed without an explanation, as a bad configuration does too: 0.6¹⁰ = 0.6 %, so that of studies in which as much
/// as 60 % fail fewer than 1 in 100 are ended.
const UNEXPLAINED: usize = 10;
/// Exit codes above it are a shell's for a command that a signal ended (POSIX.1-2017, XCU 2.8.2).
const SHELL_SIGNAL: i32 = 128;
/// Jobs that are watched at most, where configurations repeat.
const WATCHED: usize = 64;

/// How many jobs with different parameters must have failed with `failure`; `None` where it is no evidence. Memory, time, signals
/// and divergence depend on the configuration or the machine.
fn needed(failure: &Failure) -> Option<usize> {
    match failure {
        Failure::Launch(_) | Failure::BadCommand(_) => Some(CERTAIN),
        Failure::ProgramError(_) | Failure::NoMetric(_) => Some(LIKELY),
        // 128 + N: a shell reports that signal N ended its command
        Failure::Exit(code) if *code > SHELL_SIGNAL => None,
        Failure::Exit(_) => Some(UNEXPLAINED),
        Failure::Signal(_) | Failure::Timeout | Failure::OutOfMemory(_) | Failure::NotFinite(_) | Failure::Lost => None,
    }
}

/// The first jobs and how they ended.
#[derive(Debug)]
pub(super) struct EarlyFailures {
    /// The first jobs, in order of launch.
    jobs: Vec<First>,
    /// What every ended job failed with.
    failure: Option<Failure>,
    /// Whether some job ended differently.
    refuted: bool,
}

#[derive(Debug)]
struct First {
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

    /// A job was launched for the first time.
    pub fn launched(&mut self, key: JobKey, assignment: &Arc<Assignment>) {
        if self.is_open() && self.jobs.len() < WATCHED {
            self.jobs.push(First { key, assignment: assignment.clone(), failed: false });
        }
    }

    /// A job ended for good.
    pub fn ended(&mut self, key: JobKey, outcome: &Outcome) {
        if self.refuted {
            return;
        }
        let failure = match outcome {
            Outcome::Failed { failure } if needed(failure).is_some() => failure,
            _ => return self.refute(),
        };
        if *self.failure.get_or_insert_with(|| failure.clone()) != *failure {
            return self.refute();
        }
        if let Some(first) = self.jobs.iter_mut().find(|first| first.key == key) {
            first.failed = true;
        }
    }

    /// What the first jobs failed with, if that is evidence enough. `trials` and `configurations` are how many the study has at
    /// most, where that is known.
    pub fn verdict(&self, trials: u64, configurations: Option<u64>) -> Option<&Failure> {
        let failure = self.failure.as_ref().filter(|_| self.is_open())?;
        let jobs = needed(failure)?;
        let needed = (jobs as u64).min(trials.max(1));
        let certain = jobs == CERTAIN;
        let row = self.jobs.iter().take_while(|first| certain || first.failed);
        let failed = row.filter(|first| first.failed);
        let (mut count, mut different): (u64, Vec<&Assignment>) = (0, Vec::new());
        for first in failed {
            count += 1;
            if !different.contains(&&*first.assignment) {
                different.push(&first.assignment);
            }
        }
        let enough = count >= needed && different.len() as u64 >= needed.min(configurations.unwrap_or(u64::MAX));
        enough.then_some(failure)
    }

    fn refute(&mut self) {
        (self.refuted, self.jobs) = (true, Vec::new());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tests::world::x;
    use crate::types::ids::{Rung, TrialId};

    /// The verdict after five jobs with errors of the program and these configurations.
    fn judged(values: [f64; 5], trials: u64, configurations: Option<u64>) -> bool {
        let mut failures = EarlyFailures::new();
        for (trial, value) in (0..).zip(values) {
            let key = JobKey { trial: TrialId(trial), rung: Rung(0) };
            failures.launched(key, &Arc::new(x(value)));
            failures.ended(key, &Outcome::Failed { failure: Failure::ProgramError("NameError".into()) });
        }
        failures.verdict(trials, configurations).is_some()
    }

    #[test]
    fn repeated_configurations_are_evidence_only_where_there_are_no_others() {
        let different = [0.1, 0.2, 0.3, 0.4, 0.5];
        assert!(judged(different, 50, None));
        assert!(!judged([0.1, 0.2, 0.3, 0.4, 0.4], 50, None));
        assert!(!judged([0.1; 5], 50, Some(2)), "one of two failed");
        assert!(judged([0.1, 0.1, 0.1, 0.1, 0.2], 50, Some(2)) && judged([0.1; 5], 50, Some(1)));
    }

    #[test]
    fn signals_are_no_evidence_even_where_a_shell_reports_them() {
        assert_eq!([129, 137, 139, 143].map(|code| needed(&Failure::Exit(code))), [None; 4]);
        assert_eq!(needed(&Failure::Exit(1)), Some(UNEXPLAINED));
    }
}
