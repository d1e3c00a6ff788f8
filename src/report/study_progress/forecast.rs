//! Estimates how long a study takes, with a start-up time per job and a time per unit of resource.

use crate::types::units::Moment;

/// The least-squares line through the durations of ended jobs over their resources.
#[derive(Clone, Copy, Debug, Default)]
pub struct DurationFit {
    jobs: f64,
    resource: f64,
    seconds: f64,
    resource_squared: f64,
    product: f64,
}

impl DurationFit {
    /// Adds a job that trained `resource` in `seconds`.
    pub fn add(&mut self, resource: f64, seconds: f64) {
        self.jobs += 1.0;
        self.resource += resource;
        self.seconds += seconds;
        self.resource_squared += resource * resource;
        self.product += resource * seconds;
    }

    /// The mean resource of the jobs; `None` without jobs.
    pub fn mean_resource(&self) -> Option<f64> {
        (self.jobs > 0.0).then(|| self.resource / self.jobs)
    }

    /// The time that `jobs` jobs with `resource` in all take one after the other, seconds; `None` without jobs to learn from.
    pub fn seconds(&self, jobs: f64, resource: f64) -> Option<f64> {
        let (start_up, per_unit) = self.line()?;
        Some(start_up * jobs + per_unit * resource)
    }

    /// The start-up time and the time per unit, neither of them negative.
    pub(crate) fn line(&self) -> Option<(f64, f64)> {
        let mean = self.mean_resource()?;
        let variance = self.resource_squared - mean * self.resource;
        // Jobs of one resource do not separate the two, so all of their time counts as training.
        if variance <= 1e-9 * self.resource_squared {
            let through_origin = self.seconds / self.resource;
            return Some(if self.resource > 0.0 { (0.0, through_origin) } else { (self.seconds / self.jobs, 0.0) });
        }
        let slope = (self.product - mean * self.seconds) / variance;
        let start_up = (self.seconds - slope * self.resource) / self.jobs;
        Some(match (slope < 0.0, start_up < 0.0) {
            (true, _) => (self.seconds / self.jobs, 0.0),
            (_, true) => (0.0, self.product / self.resource_squared),
            _ => (start_up, slope),
        })
    }
}

/// The jobs of a session, and what their durations say about those to come.
#[derive(Clone, Copy, Debug, Default)]
pub struct Forecast {
    fit: DurationFit,
    /// Time of the session's ended jobs, seconds.
    ended: f64,
    running: f64,
    /// The sum of the start times of running jobs, seconds of study time.
    started: f64,
}

impl Forecast {
    /// Starts a session: no job runs. What was learnt about durations remains.
    pub fn start_session(&mut self) {
        *self = Forecast { fit: self.fit, ..Forecast::default() };
    }

    pub fn add_launch(&mut self, at: Moment) {
        self.running += 1.0;
        self.started += seconds(at);
    }

    /// Records the end of a job that was launched at `launched`.
    pub fn add_end(&mut self, launched: Moment, at: Moment) {
        self.running -= 1.0;
        self.started -= seconds(launched);
        self.ended += seconds(at) - seconds(launched);
    }

    /// Learns from a job that trained `resource` in `seconds`.
    pub fn learn(&mut self, resource: f64, seconds: f64) {
        self.fit.add(resource, seconds);
    }

    /// The start-up time and the time per unit so far, seconds; `None` before a job has succeeded.
    pub fn line(&self) -> Option<(f64, f64)> {
        self.fit.line()
    }

    /// The mean resource of the jobs so far; `None` before one ended.
    pub fn mean_resource(&self) -> Option<f64> {
        self.fit.mean_resource().filter(|mean| *mean > 0.0)
    }

    /// The time until `jobs` jobs that are not ended, with `resource` in all, have ended, at the session's mean number of concurrent
    /// jobs. `None` before there is one to learn from.
    pub fn time_left(&self, now: Moment, elapsed: f64, jobs: f64, resource: f64) -> Option<f64> {
        let running = (self.running * seconds(now) - self.started).max(0.0);
        let concurrent = (self.ended + running) / elapsed;
        let work = (self.fit.seconds(jobs, resource)? - running).max(0.0);
        (concurrent.is_finite() && concurrent > 0.0).then(|| work / concurrent)
    }
}

fn seconds(at: Moment) -> f64 {
    at.since(Moment(0)).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(jobs: &[(f64, f64)]) -> DurationFit {
        let mut fit = DurationFit::default();
        jobs.iter().for_each(|(resource, seconds)| fit.add(*resource, *seconds));
        fit
    }

    #[test]
    fn the_start_up_of_short_jobs_is_not_taken_for_training() {
        // 10 s to start, 1 s per epoch
        let fit = fit(&[(1.0, 11.0), (1.0, 11.0), (3.0, 13.0)]);
        assert!((fit.seconds(2.0, 162.0).unwrap() - 182.0).abs() < 1e-6);
    }

    #[test]
    fn neither_part_is_negative() {
        assert_eq!(fit(&[(1.0, 2.0), (3.0, 1.0)]).seconds(2.0, 100.0), Some(3.0));
        assert_eq!(fit(&[(1.0, 0.0), (2.0, 5.0)]).seconds(9.0, 1.0), Some(2.0));
        assert_eq!(fit(&[(3.0, 6.0), (3.0, 12.0)]).seconds(1.0, 9.0), Some(27.0));
        assert_eq!(fit(&[(0.0, 4.0)]).seconds(2.0, 0.0), Some(8.0));
        assert_eq!(DurationFit::default().seconds(1.0, 1.0), None);
    }
}
