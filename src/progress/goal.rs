//! How far a study goes: its plan, cut short by its limits.

use std::time::Duration;

use crate::engine::experiment::Experiment;
use crate::schedule::finite;

/// Where a study ends if nothing ends it early. What has no bound is missing.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Goal {
    /// Jobs, retries not counted.
    pub jobs: Option<u64>,
    /// Resource of all jobs.
    pub resource: Option<f64>,
    /// Wall time over all sessions.
    pub time: Option<Duration>,
    /// Whether a limit comes before the plan's last job.
    pub jobs_are_limited: bool,
    /// Whether a limit comes before the plan's resource is given out.
    pub resource_is_limited: bool,
}

impl Goal {
    /// That of `experiment`.
    pub fn of(experiment: &Experiment) -> Goal {
        let plan = experiment.plan();
        let (totals, limits) = (experiment.totals(&plan), &experiment.limits);
        let planned = finite(totals.jobs);
        let jobs = lesser(planned, limits.jobs);
        let planned_resource = planned.map(|_| totals.resource);
        let resource = lesser(planned_resource, limits.resource);
        Goal {
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
    fn the_nearer_bound_counts() {
        assert_eq!(lesser(Some(3), Some(2)), Some(2));
        assert_eq!(lesser(None, Some(2)), Some(2));
        assert_eq!(lesser(Some(3), None), Some(3));
        assert_eq!(lesser::<u64>(None, None), None);
    }
}
