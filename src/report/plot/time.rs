//! Axes of study time.

use super::scale::Scale;
use crate::types::units::Moment;

/// Study time in seconds.
pub fn seconds(at: Moment) -> f64 {
    at.since(Moment(0)).as_secs_f64()
}

/// The scale of an axis from 0 to `end` seconds and its label, with the unit in which the numbers are small.
pub fn time_axis(end: f64) -> (Scale, String) {
    let (unit, length) = match end {
        s if s < 120.0 => ("seconds", 1.0),
        s if s < 7200.0 => ("minutes", 60.0),
        s if s < 48.0 * 3600.0 => ("hours", 3600.0),
        _ => ("days", 86400.0),
    };
    (Scale::from_zero(end / length), format!("time, {unit}"))
}
