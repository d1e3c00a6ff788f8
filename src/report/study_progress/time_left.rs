//! Estimates the remaining time of a study.

use super::{LatestJob, StudyProgress};
use crate::report::plan_cost::CostRates;
use crate::types::units::Moment;

impl StudyProgress {
    /// Seconds until the study is done, by the durations of jobs so far, or until a limit is reached; `None` if neither is known.
    pub fn time_left(&self, now: Moment) -> Option<f64> {
        let time = self.expected.time.map(|all| all.saturating_sub(now.since(Moment(0))).as_secs_f64());
        let jobs = self.simulated_time(now).or_else(|| self.time_of_totals(now));
        [jobs, time].into_iter().flatten().min_by(f64::total_cmp)
    }

    /// By a simulation of the plan with its brackets and slots, from when as much work is done as now.
    fn simulated_time(&self, now: Moment) -> Option<f64> {
        let (course, jobs) = (self.course.as_ref()?, self.expected.jobs?);
        course.time_left(self.forecast.line()?, (self.done, jobs), |rates| self.work(now, rates))
    }

    /// The work that is done at `now`: the time that all ended jobs take at these rates, and the part of it that running ones have run.
    fn work(&self, now: Moment, rates: CostRates) -> f64 {
        let running = self.positions.values().filter(|position| position.latest_job == LatestJob::Running);
        let running = running.filter(|position| position.launched >= self.session.since).map(|position| {
            let elapsed = now.since(position.launched).as_secs_f64();
            elapsed.min(rates.seconds(position.allocation.total()))
        });
        rates.startup_s * self.done as f64 + rates.seconds_per_unit * self.allotted + running.sum::<f64>()
    }

    /// By the numbers of jobs and the resource that are left, as if all slots were busy until the end.
    fn time_of_totals(&self, now: Moment) -> Option<f64> {
        let resource =
            self.expected.resource.and_then(|all| self.resource_time(now, (all - self.resource_done()).max(0.0)));
        let jobs_left = self.expected.jobs.map(|all| all.saturating_sub(self.done) as f64);
        let jobs = jobs_left.filter(|_| self.expected.jobs_are_limited).and_then(|left| self.jobs_time(now, left));
        [resource, jobs].into_iter().flatten().min_by(f64::total_cmp)
    }

    /// The time for jobs with `left` in all: those of the plan where it ends by itself, else as many as this is enough for.
    fn resource_time(&self, now: Moment, left: f64) -> Option<f64> {
        let planned =
            self.expected.jobs.filter(|_| !self.expected.resource_is_limited && !self.expected.jobs_are_limited);
        let jobs = match (planned, self.forecast.mean_resource()) {
            (Some(all), _) => Some(all.saturating_sub(self.done) as f64),
            (None, mean) => mean.map(|mean| left / mean),
        };
        let forecast = jobs.and_then(|jobs| self.forecast.time_left(now, self.elapsed(now), jobs, left));
        forecast.or_else(|| self.at_rate(now, left, self.resource_done() - self.session.resource))
    }

    fn jobs_time(&self, now: Moment, left: f64) -> Option<f64> {
        let mean = self.forecast.mean_resource().unwrap_or(0.0);
        let forecast = self.forecast.time_left(now, self.elapsed(now), left, left * mean);
        forecast.or_else(|| self.at_rate(now, left, self.done.saturating_sub(self.session.done) as f64))
    }

    /// The time for `left` at the rate of `done` in the session so far; for sessions of which no job has succeeded.
    fn at_rate(&self, now: Moment, left: f64, done: f64) -> Option<f64> {
        (done > 0.0).then(|| left * self.elapsed(now) / done)
    }
}
