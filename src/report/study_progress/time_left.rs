//! Estimates the remaining time of a study.

use super::StudyProgress;
use crate::types::units::Moment;

impl StudyProgress {
    /// Seconds until the study is done, by the durations of jobs so far, or until a limit is reached; `None` if neither is known.
    pub fn time_left(&self, now: Moment) -> Option<f64> {
        let resource =
            self.expected.resource.and_then(|all| self.resource_time(now, (all - self.resource_done()).max(0.0)));
        let jobs_left = self.expected.jobs.map(|all| all.saturating_sub(self.done) as f64);
        let jobs = jobs_left.filter(|_| self.expected.jobs_are_limited).and_then(|left| self.jobs_time(now, left));
        let time = self.expected.time.map(|all| all.saturating_sub(now.since(Moment(0))).as_secs_f64());
        [resource, jobs, time].into_iter().flatten().min_by(f64::total_cmp)
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
