//! Combines exit and metric of a job into its outcome, and accounts for its process.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use super::process::termination::KillReason;
use crate::collect::collector::MetricValue;
use crate::journal::record::ProcessUsage;
use crate::launch::job_exit::ExitMeaning;
use crate::launch::process::syscalls::Reaped;
use crate::types::objective::Score;
use crate::types::outcome::{Failure, Outcome};

/// The outcome of a job that hypertune ended for `reason`. Its exit status says nothing about the configuration.
pub fn of_ended_job(reason: &KillReason, value: &MetricValue) -> Outcome {
    match reason {
        KillReason::Rule(by) => Outcome::Stopped { score: score(value), by: by.clone() },
        KillReason::Timeout => failed(Failure::Timeout),
        KillReason::DriverError => failed(Failure::Lost),
    }
}

/// The outcome of a job that ended by itself. Its metric counts only if it succeeded.
///
/// # Errors
/// The reason why no job can be started.
pub fn of_exit(meaning: ExitMeaning, value: &MetricValue) -> Result<Outcome, String> {
    Ok(match meaning {
        ExitMeaning::Succeeded => match value {
            MetricValue::Finite(score) => Outcome::Succeeded { score: Some(*score) },
            MetricValue::NoMetric => Outcome::Succeeded { score: None },
            MetricValue::NotFinite(why) => failed(Failure::NotFinite(why.clone())),
            MetricValue::Missing(missing) => failed(Failure::NoMetric(missing.reason.clone())),
        },
        ExitMeaning::Failed(failure) => failed(failure),
        ExitMeaning::OutOfMemory(evidence) => failed(Failure::OutOfMemory(evidence)),
        ExitMeaning::Infrastructure(reason) => failed(Failure::Infrastructure(reason)),
        ExitMeaning::Unusable(reason) => return Err(reason),
    })
}

fn failed(failure: Failure) -> Outcome {
    Outcome::Failed { failure }
}

fn score(value: &MetricValue) -> Option<Score> {
    match value {
        MetricValue::Finite(score) => Some(*score),
        _ => None,
    }
}

/// The accounting of a job that ran elsewhere for `duration`: only its exit is known.
pub fn client_usage(reaped: &Reaped, duration: Duration) -> ProcessUsage {
    ProcessUsage { max_rss_bytes: None, cpu_s: None, ..usage(reaped, duration) }
}

/// The accounting of a job that is a process of this machine.
pub fn usage(reaped: &Reaped, duration: Duration) -> ProcessUsage {
    ProcessUsage {
        duration_s: duration.as_secs_f64(),
        exit_code: reaped.status.code(),
        signal: reaped.status.signal(),
        max_rss_bytes: Some(reaped.max_rss_bytes),
        cpu_s: Some(reaped.cpu.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::collector::MissingMetric;
    use crate::types::outcome::StopRule;

    #[test]
    fn a_value_counts_only_with_success() {
        let value = MetricValue::Finite(Score::new(0.5).unwrap());
        let succeeded = |value: &MetricValue| of_exit(ExitMeaning::Succeeded, value).unwrap();
        assert_eq!(succeeded(&value), Outcome::Succeeded { score: Score::new(0.5) });
        assert_eq!(succeeded(&MetricValue::NoMetric), Outcome::Succeeded { score: None });
        let missing = MissingMetric { reason: "x".into(), evidence: "y".into() };
        assert_eq!(succeeded(&MetricValue::Missing(missing)), failed(Failure::NoMetric("x".into())));
        assert_eq!(succeeded(&MetricValue::NotFinite("x".into())), failed(Failure::NotFinite("x".into())));
        assert_eq!(of_exit(ExitMeaning::Failed(Failure::Exit(3)), &value).unwrap(), failed(Failure::Exit(3)));
        let evidence = "MemoryError".to_owned();
        let memory = of_exit(ExitMeaning::OutOfMemory(evidence.clone()), &value).unwrap();
        assert_eq!(memory, failed(Failure::OutOfMemory(evidence)));
        let lost = of_exit(ExitMeaning::Infrastructure("n2".into()), &value).unwrap();
        assert_eq!(lost, failed(Failure::Infrastructure("n2".into())), "a lost node exits with 0");
        assert_eq!(of_exit(ExitMeaning::Unusable("no account".into()), &value), Err("no account".into()));
    }

    #[test]
    fn a_job_that_a_rule_ended_keeps_its_last_value_and_one_that_timed_out_does_not() {
        let value = MetricValue::Finite(Score::new(0.5).unwrap());
        let by = StopRule::new("median", Some(0.5), Some(0.4));
        let stopped = of_ended_job(&KillReason::Rule(by.clone()), &value);
        assert_eq!(stopped, Outcome::Stopped { score: Score::new(0.5), by });
        assert_eq!(of_ended_job(&KillReason::Timeout, &value), failed(Failure::Timeout));
    }
}
