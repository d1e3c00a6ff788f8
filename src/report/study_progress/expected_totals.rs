//! Jobs, resource and time of a complete study: those of its plan, or the limits that it reaches first.

use std::time::Duration;

use crate::engine::experiment::{Experiment, Limits};
use crate::schedule::finite;

/// The totals of a study at its end, if it is not stopped early. `None` means unlimited.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct ExpectedTotals {
    /// Jobs, without retries.
    pub jobs: Option<u64>,
    /// Resource of all jobs, in the user's unit.
    pub resource: Option<f64>,
    /// Study time, the sum of all sessions.
    pub time: Option<Duration>,
    /// Whether a limit is reached before the plan's last job.
    pub jobs_are_limited: bool,
    /// Whether a limit is reached before the plan's resource is used.
    pub resource_is_limited: bool,
}

impl ExpectedTotals {
    pub fn of(experiment: &Experiment) -> ExpectedTotals {
        ExpectedTotals::under(experiment, &experiment.limits)
    }

    /// The totals under other limits than those of `experiment`.
    pub fn under(experiment: &Experiment, limits: &Limits) -> ExpectedTotals {
        let plan = experiment.plan();
        let totals = experiment.totals(&plan);
        let planned = finite(totals.jobs);
        let jobs = lesser(planned, limits.jobs);
        let planned_resource = planned.map(|_| totals.resource);
        let resource = lesser(planned_resource, limits.resource);
        ExpectedTotals {
            jobs,
            resource,
            time: limits.time,
            jobs_are_limited: jobs != planned,
            resource_is_limited: resource != planned_resource,
        }
    }
}

fn lesser<T: PartialOrd>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if b < a { b } else { a }),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lower_bound_counts() {
        assert_eq!(lesser(Some(3), Some(2)), Some(2));
        assert_eq!(lesser(None, Some(2)), Some(2));
        assert_eq!(lesser(Some(3), None), Some(3));
        assert_eq!(lesser::<u64>(None, None), None);
    }
}
