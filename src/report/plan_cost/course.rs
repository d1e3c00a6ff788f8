//! How the jobs of a plan follow each other in time, and how much of it is left.

use super::estimate::{TrialOrder, jobs_in_time};
use super::rates::CostRates;
use crate::engine::experiment::Experiment;

/// The work of all slots over time, by a simulation of a plan with jobs of the same rates.
#[derive(Clone, PartialEq, Debug)]
pub struct PlanCourse {
    /// Times from the start, and the work that is done then, both in seconds and ascending; linear in between.
    points: Vec<(f64, f64)>,
}

impl PlanCourse {
    /// Simulates `experiment` from its start.
    pub fn new(experiment: &Experiment, rates: CostRates) -> PlanCourse {
        let (jobs, _) = jobs_in_time(experiment, rates, TrialOrder::Random);
        let changes = jobs.launched.iter().flat_map(|job| [(job.start_s, 1.0), (job.start_s + job.seconds, -1.0)]);
        let mut changes: Vec<(f64, f64)> = changes.collect();
        changes.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (mut points, mut now, mut work, mut running) = (vec![(0.0, 0.0)], 0.0, 0.0, 0.0);
        for (at, change) in changes {
            work += running * (at - now);
            now = at;
            running += change;
            points.push((now, work));
        }
        PlanCourse { points }
    }

    /// The time from when `work` is done to the end of the plan, seconds; 0 if it is more than all of it.
    pub fn time_left(&self, work: f64) -> f64 {
        let Some(&(end, _)) = self.points.last() else { return 0.0 };
        let after = self.points.partition_point(|(_, done)| *done < work);
        let Some(&(at, done)) = self.points.get(after) else { return 0.0 };
        let (before, done_before) = after.checked_sub(1).map_or((0.0, 0.0), |before| self.points[before]);
        let share = if done > done_before { (work - done_before) / (done - done_before) } else { 1.0 };
        end - (before + share * (at - before))
    }
}
