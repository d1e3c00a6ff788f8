//! Whether the same seed gives the same value.

use super::finding::CheckOutcome;
use super::observed::DoctorJobs;
use crate::report::{number, text};

/// Larger relative differences are not rounding.
const ROUNDING: f64 = 1e-6;

pub fn check(jobs: &DoctorJobs) -> CheckOutcome {
    let values = jobs.first.value.zip(jobs.repeated.as_ref().and_then(|job| job.value));
    let Some((one, other)) = values else {
        return CheckOutcome::unknown("without a value there is nothing to compare");
    };
    let difference = (one - other).abs();
    if difference == 0.0 {
        return CheckOutcome::passed("the same seed gives the same value");
    }
    if difference <= ROUNDING * one.abs().max(other.abs()) {
        return CheckOutcome::passed(format!(
            "the same seed gives the same value up to rounding ({} apart)",
            text::short(difference)
        ));
    }
    CheckOutcome::failed(
        format!("the same job gives {} and then {}", number::shortest(one), number::shortest(other)),
        "seed all random generators of the script with HYPERTUNE_SEED, or accept that ranks are noisy",
    )
}
