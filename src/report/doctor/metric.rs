//! Whether the metric appears, under which name, and by which collector.

use super::finding::CheckOutcome;
use super::observed::DoctorJobs;
use crate::report::text;

/// Most names that are listed.
const LISTED: usize = 12;

pub fn check(jobs: &DoctorJobs) -> CheckOutcome {
    let collector = jobs.collector;
    let source = jobs.reading.source.as_ref().map(|source| format!(" from {source}")).unwrap_or_default();
    let names = names(jobs);
    let Some(metric) = &jobs.metric else {
        let text =
            format!("the study has no metric, so its trials are not ranked; the collector `{collector}` read {names}");
        return CheckOutcome::unknown(text)
            .with_advice("name one of them with --metric NAME:minimize or NAME:maximize");
    };
    let with_value = jobs.main_jobs().find_map(|job| job.value);
    let without = jobs.all_jobs().find(|job| job.exited_with_0 && job.value.is_none());
    let some = if jobs.all_jobs().all(|job| job.exited_with_0) { "" } else { "in the jobs that ran to their end, " };
    let value_with_reading =
        |value: f64| format!("{some}{metric} is {}, read by the collector `{collector}`{source}", text::short(value));
    let reason = without.and_then(|job| job.failure.clone()).unwrap_or_else(|| "no job ran to its end".to_owned());
    match (with_value, &jobs.reading.by_auto) {
        (Some(value), _) if without.is_none() => {
            CheckOutcome::passed(format!("{}; numbers: {names}", value_with_reading(value)))
        }
        (Some(value), _) => CheckOutcome::failed(
            format!("{}; but in another job {reason}", value_with_reading(value)),
            format!("print {metric} as a number in each job; a job without it fails"),
        ),
        (None, _) if without.is_none() => CheckOutcome::unknown(format!("{reason}; numbers so far: {names}")),
        (None, Some(value)) => CheckOutcome::failed(
            format!("{reason} (collector `{collector}`)"),
            format!("use --collect auto, which reads {metric} = {} from the same output", text::short(*value)),
        ),
        (None, None) => CheckOutcome::failed(
            format!("{reason} (collector `{collector}`)"),
            format!(
                "print it, as in print(json.dumps({{\"{metric}\": …}})), rank by another one with --metric, or say with --collect how \
                 it is printed"
            ),
        ),
    }
}

/// `loss, acc and 3 more`.
fn names(jobs: &DoctorJobs) -> String {
    let names = &jobs.reading.names;
    let more = names.len().saturating_sub(LISTED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    match names.is_empty() {
        true => "none".to_owned(),
        false => format!("{}{more}", names[..names.len().min(LISTED)].join(", ")),
    }
}
