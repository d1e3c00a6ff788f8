//! From how a process ended and what it printed to the outcome that is journalled.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use super::process::termination::KillReason;
use crate::collect::collector::MetricValue;
use crate::launch::error_lines::failure_of_exit;
use crate::launch::oom::{OomMonitor, complaint};
use crate::types::objective::Score;
use crate::types::outcome::{Failure, Outcome};

/// All that is known of a job's end.
#[derive(Clone, Copy, Debug)]
pub struct End<'a> {
    /// Exit code or signal; `None` where no process was ever spawned.
    pub status: Option<ExitStatus>,
    /// What was read.
    pub value: &'a MetricValue,
    /// Why hypertune ended it, if it did.
    pub ended_by: Option<&'a KillReason>,
    /// The last lines of its stderr.
    pub stderr_tail: &'a str,
}

/// The outcome. A job that a rule ended is stopped whatever its process said last: the rule is in the journal already.
pub fn outcome(end: &End<'_>, oom: &OomMonitor) -> Outcome {
    let failed = |failure| Outcome::Failed { failure };
    match end.ended_by {
        Some(KillReason::Rule(by)) => return Outcome::Stopped { score: score(end.value), by: by.clone() },
        Some(KillReason::Timeout) => return failed(Failure::Timeout),
        Some(KillReason::DriverError) => return failed(Failure::Lost),
        None => {}
    }
    let Some(status) = end.status else { return failed(Failure::Lost) };
    if let Some(signal) = status.signal() {
        let killed = if signal == signal_hook::consts::SIGKILL { oom.killed_since() } else { None };
        let memory = killed.or_else(|| complaint(end.stderr_tail));
        return failed(memory.map_or(Failure::Signal(signal), Failure::OutOfMemory));
    }
    match status.code() {
        Some(0) => match end.value {
            MetricValue::Finite(score) => Outcome::Succeeded { score: Some(*score) },
            MetricValue::NotAsked => Outcome::Succeeded { score: None },
            MetricValue::NotFinite(why) => failed(Failure::NotFinite(why.clone())),
            MetricValue::Missing(why) => failed(Failure::NoMetric(why.clone())),
        },
        code => {
            let memory = complaint(end.stderr_tail).map(Failure::OutOfMemory);
            failed(memory.unwrap_or_else(|| failure_of_exit(code.unwrap_or(-1), end.stderr_tail)))
        }
    }
}

fn score(value: &MetricValue) -> Option<Score> {
    match value {
        MetricValue::Finite(score) => Some(*score),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::outcome::StopRule;

    fn judged(raw_status: i32, value: &MetricValue, ended_by: Option<&KillReason>, stderr_tail: &str) -> Outcome {
        let end = End { status: Some(ExitStatus::from_raw(raw_status)), value, ended_by, stderr_tail };
        outcome(&end, &OomMonitor::begin())
    }

    fn failure(raw_status: i32, value: &MetricValue, stderr_tail: &str) -> Failure {
        match judged(raw_status, value, None, stderr_tail) {
            Outcome::Failed { failure } => failure,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_value_counts_only_with_exit_code_zero() {
        let value = MetricValue::Finite(Score::new(0.5).unwrap());
        assert_eq!(judged(0, &value, None, ""), Outcome::Succeeded { score: Score::new(0.5) });
        assert_eq!(judged(0, &MetricValue::NotAsked, None, ""), Outcome::Succeeded { score: None });
        assert_eq!(failure(3 << 8, &value, ""), Failure::Exit(3));
        assert_eq!(failure(11, &value, ""), Failure::Signal(11));
        assert_eq!(failure(0, &MetricValue::Missing("x".into()), ""), Failure::NoMetric("x".into()));
        assert_eq!(failure(0, &MetricValue::NotFinite("x".into()), ""), Failure::NotFinite("x".into()));
    }

    #[test]
    fn memory_is_told_apart_from_a_bad_configuration() {
        assert_eq!(
            failure(1 << 8, &MetricValue::NotAsked, "MemoryError\n"),
            Failure::OutOfMemory("MemoryError".into())
        );
        assert_eq!(failure(9, &MetricValue::NotAsked, ""), Failure::Signal(9));
    }

    #[test]
    fn what_hypertune_ended_is_no_fault_of_the_job() {
        let value = MetricValue::Finite(Score::new(0.5).unwrap());
        let by = StopRule::new("median", Some(0.5), Some(0.4));
        let stopped = judged(15, &value, Some(&KillReason::Rule(by.clone())), "MemoryError");
        assert_eq!(stopped, Outcome::Stopped { score: Score::new(0.5), by });
        let timeout = judged(15, &value, Some(&KillReason::Timeout), "");
        assert_eq!(timeout, Outcome::Failed { failure: Failure::Timeout });
    }
}
