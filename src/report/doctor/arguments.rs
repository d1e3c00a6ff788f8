//! Whether the parameters reach the script and have an effect.

use std::collections::BTreeMap;

use super::finding::CheckOutcome;
use super::observed::{DoctorJobs, ObservedJob};
use crate::report::text;

const ADVICE: &str = "check that the script reads its parameters under these names; --arg-style, and names such as {{lr}} in the \
                      command, change how they are passed";

pub fn check(jobs: &DoctorJobs) -> CheckOutcome {
    let Some(second) = &jobs.second else { return CheckOutcome::unknown("there are no two configurations to compare") };
    let (Some(value), Some(_)) = (jobs.first.value, second.value) else {
        return CheckOutcome::unknown("without a value there is nothing to compare");
    };
    let with = jobs.resource.as_ref().map(|name| format!(" with {}", text::amount_of(jobs.first.resource, name)));
    let with = with.unwrap_or_default();
    if jobs.repeated.as_ref().is_none_or(|repeated| repeated.value != jobs.first.value) {
        return CheckOutcome::unknown(
            "values differ from run to run, so that the effect of a parameter cannot be seen",
        );
    }
    let tried: Vec<_> = jobs.changed.iter().filter(|changed| changed.job.exited_with_0).collect();
    let without_effect: Vec<&str> =
        tried.iter().filter(|changed| has_no_effect(jobs, &changed.job)).map(|changed| changed.name.as_str()).collect();
    if has_no_effect(jobs, second) && without_effect.len() == tried.len() {
        let text =
            format!("two configurations have the same value{with}, {}: no parameter has an effect", text::short(value));
        return CheckOutcome::failed(text, ADVICE);
    }
    if !without_effect.is_empty() {
        return CheckOutcome::failed(
            format!("another value changes nothing{with}: {}", without_effect.join(", ")),
            ADVICE,
        );
    }
    let untried = match jobs.untried.is_empty() {
        true => String::new(),
        false => format!("; not tried one by one, to save time: {}", jobs.untried.join(", ")),
    };
    match tried.is_empty() {
        true => CheckOutcome::passed(format!("other parameters give another value{untried}")),
        false => CheckOutcome::passed(format!(
            "another value of {} changes the result{untried}",
            tried.iter().map(|changed| changed.name.as_str()).collect::<Vec<_>>().join(", ")
        )),
    }
}

/// Whether all numbers of `other` that are the same in each run are those of the first job. Printed parameters do not count.
fn has_no_effect(jobs: &DoctorJobs, other: &ObservedJob) -> bool {
    let (first, other) = (numbers(jobs, &jobs.first), numbers(jobs, other));
    let repeated = jobs.repeated.as_ref().map(|job| numbers(jobs, job)).unwrap_or_default();
    let is_repeatable = |name: &str| repeated.get(name) == first.get(name);
    let names = first.keys().chain(other.keys());
    names.into_iter().all(|name| first.get(name) == other.get(name) || !is_repeatable(name))
}

/// The numbers of all readings by name, as bits.
fn numbers<'j>(jobs: &DoctorJobs, job: &'j ObservedJob) -> BTreeMap<&'j str, Vec<u64>> {
    let is_result = |name: &str| jobs.resource.as_deref() != Some(name) && jobs.first.params.get(name).is_none();
    let mut numbers: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for (name, number) in job.readings.iter().flat_map(|reading| &reading.metrics).filter(|(name, _)| is_result(name)) {
        numbers.entry(name).or_default().push(number.to_bits());
    }
    numbers
}
