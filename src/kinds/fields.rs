//! Fields that several kinds share.

use crate::schedule::rung_levels::RungLevels;
use crate::schedule::{Schedule, UNLIMITED};
use crate::types::args::ArgReader;
use crate::types::units::ResourceKind;

/// Largest integer resource: up to 2^53 ≈ 9.007e15 a 64-bit float represents every integer.
const MAX_INT_RESOURCE: f64 = 9e15;

/// Default of `eta`, as in the papers on Hyperband.
const DEFAULT_ETA: f64 = 3.0;

/// Reads `maxIterations` (≥ 1, of a float resource > 0), `minIterations` (> 0, default 1), `eta` (> 1, default 3) and `resourceType` (default `int`).
pub fn read_rung_levels(reader: &mut ArgReader<'_>) -> Option<RungLevels> {
    let kind = match reader.optional_text("resourceType").as_deref() {
        Some("float") => ResourceKind::Float,
        _ => ResourceKind::Int,
    };
    let max = reader.number("maxIterations");
    let min = reader.optional_number("minIterations");
    let eta = reader.optional_number("eta").unwrap_or(DEFAULT_ETA);
    reader.check(eta > 1.0, "eta", format!("`eta` must be above 1, found {eta}"));
    let default = if min.is_none() { " (the default)" } else { "" };
    let (max, min) = (max?, min.unwrap_or(1.0));
    let max_is_valid = match kind {
        ResourceKind::Int => max >= 1.0,
        ResourceKind::Float => max > 0.0,
    };
    let at_least = if kind == ResourceKind::Int { "1 or more" } else { "above 0" };
    reader.check(max_is_valid, "maxIterations", format!("`maxIterations` must be {at_least}, found {max}"));
    reader.check(min > 0.0, "minIterations", format!("`minIterations` must be above 0, found {min}"));
    if max_is_valid && min > 0.0 {
        reader.check(
            min <= max,
            "minIterations",
            format!("`minIterations` {min}{default} is above `maxIterations` {max}"),
        );
        check_integer(reader, "maxIterations", max, kind);
        check_integer(reader, "minIterations", min, kind);
    }
    if !reader.has_no_errors() {
        return None;
    }
    RungLevels::new(min, max, eta, kind).map_err(|error| reader.error("eta", error.to_string())).ok()
}

/// Reads `rounds` (≥ 1, default 1).
pub fn read_rounds(reader: &mut ArgReader<'_>) -> u32 {
    let rounds = reader.optional_positive("rounds").unwrap_or(1);
    u32::try_from(rounds).unwrap_or(u32::MAX)
}

/// Reads `numRuns` (≥ 1, default [`UNLIMITED`]).
pub fn read_max_trials(reader: &mut ArgReader<'_>) -> u64 {
    reader.optional_positive("numRuns").unwrap_or(UNLIMITED)
}

/// Reports a plan with too many jobs at the field `name`.
pub fn check_plan_size<S: Schedule>(reader: &mut ArgReader<'_>, schedule: Option<&S>, name: &str) {
    if let Some(Err(error)) = schedule.map(|schedule| schedule.plan(None).check_size()) {
        reader.error(name, error.to_string());
    }
}

fn check_integer(reader: &mut ArgReader<'_>, name: &str, bound: f64, kind: ResourceKind) {
    if kind == ResourceKind::Int {
        reader.check(bound.fract() == 0.0, name, format!("`{name}` must be whole for an int resource, found {bound}"));
        let message = format!("`{name}` must be at most {MAX_INT_RESOURCE:e} for an int resource");
        reader.check(bound <= MAX_INT_RESOURCE, name, message);
    }
}
