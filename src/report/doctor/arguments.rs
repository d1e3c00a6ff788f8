//! Whether the parameters reach the script and have an effect.

use std::collections::BTreeMap;

use super::finding::CheckOutcome;
use super::observed::{ChangedJob, DoctorJobs, ObservedJob, UntriedReason};
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
    let (with_effect, without_effect): (Vec<&ChangedJob>, Vec<&ChangedJob>) =
        tried.iter().partition(|changed| !has_no_effect(jobs, &changed.base, &changed.job));
    if has_no_effect(jobs, &jobs.first, second) && with_effect.is_empty() {
        let text =
            format!("two configurations have the same value{with}, {}: no parameter has an effect", text::short(value));
        return CheckOutcome::failed(text, ADVICE);
    }
    let unseen = unseen(jobs);
    if !without_effect.is_empty() {
        let text = format!("another value changes nothing{with}: {}{}", names(&without_effect), unseen.text);
        return CheckOutcome::failed(text, ADVICE);
    }
    let text = match with_effect.is_empty() {
        true => format!("other parameters give another value{}", unseen.text),
        false => format!("another value of {} changes the result{}", names(&with_effect), unseen.text),
    };
    if unseen.only_to_save_time { CheckOutcome::passed(text) } else { CheckOutcome::unknown(text) }
}

/// `x, y, a with b`, where constraints tie a and b together.
fn names(changed: &[&ChangedJob]) -> String {
    changed.iter().map(|changed| changed.names.join(" with ")).collect::<Vec<_>>().join(", ")
}

/// The parameters of which nothing is known.
struct Unseen {
    /// `; not tried one by one, to save time: x, y`
    text: String,
    only_to_save_time: bool,
}

fn unseen(jobs: &DoctorJobs) -> Unseen {
    let of = |reason: UntriedReason| {
        jobs.untried.iter().filter(move |param| param.reason == reason).map(|param| param.name.clone())
    };
    let failed = jobs.changed.iter().filter(|changed| !changed.job.exited_with_0);
    let failed = failed.flat_map(|changed| changed.names.clone()).chain(of(UntriedReason::FailedBase));
    let lists: [(&str, Vec<String>); 4] = [
        ("not tried one by one, to save time", of(UntriedReason::Time).collect()),
        ("could not be changed alone (constraints)", of(UntriedReason::Constraints).collect()),
        (
            "not tried, because no configuration was found in which they are active",
            of(UntriedReason::Inactive).collect(),
        ),
        ("not seen, because a job failed", failed.collect()),
    ];
    let only_to_save_time = lists[1..].iter().all(|(_, names)| names.is_empty());
    let lists = lists.into_iter().filter(|(_, names)| !names.is_empty());
    let text = lists.map(|(why, names)| format!("; {why}: {}", names.join(", "))).collect();
    Unseen { text, only_to_save_time }
}

/// Whether all numbers of `other` that are the same in each run are those of `base`. Printed parameters do not count.
fn has_no_effect(jobs: &DoctorJobs, base: &ObservedJob, other: &ObservedJob) -> bool {
    let (base, other) = (numbers(jobs, base), numbers(jobs, other));
    let first = numbers(jobs, &jobs.first);
    let repeated = jobs.repeated.as_ref().map(|job| numbers(jobs, job)).unwrap_or_default();
    let is_repeatable = |name: &str| repeated.get(name) == first.get(name);
    let names = base.keys().chain(other.keys());
    names.into_iter().all(|name| base.get(name) == other.get(name) || !is_repeatable(name))
}

/// The numbers of all readings by name, as bits.
fn numbers<'j>(jobs: &DoctorJobs, job: &'j ObservedJob) -> BTreeMap<&'j str, Vec<u64>> {
    let is_param = |name: &str| jobs.all_jobs().any(|job| job.params.get(name).is_some());
    let is_result = |name: &str| jobs.resource.as_deref() != Some(name) && !is_param(name);
    let mut numbers: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for (name, number) in job.readings.iter().flat_map(|reading| &reading.metrics).filter(|(name, _)| is_result(name)) {
        numbers.entry(name).or_default().push(number.to_bits());
    }
    numbers
}
