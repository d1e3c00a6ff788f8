//! The simulated course of the study, with the durations of its jobs so far.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::experiment::{Experiment, Limits};
use crate::report::plan_cost::CostRates;
use crate::report::plan_cost::course::PlanCourse;

/// Plans with more jobs are not simulated: it takes too long for a line of progress, and their last jobs are a small part.
const MAX_JOBS: u64 = 5_000;
/// A course is simulated again once so many more jobs, as a share of all, have ended.
const RENEWED_AFTER: f64 = 0.01;

/// The definition of the study, and its latest course.
#[derive(Clone, Debug)]
pub(super) struct StudyCourse {
    experiment: Arc<Experiment>,
    slots: NonZeroU32,
    latest: Arc<Mutex<Option<(u64, CostRates, PlanCourse)>>>,
}

impl StudyCourse {
    pub fn new(experiment: &Experiment) -> StudyCourse {
        let mut course =
            StudyCourse { experiment: Arc::new(experiment.clone()), slots: NonZeroU32::MIN, latest: Arc::default() };
        course.set_limits(&experiment.limits);
        course
    }

    /// Sets the limits of the session. A time limit counts elsewhere: it is known without a simulation. The
    /// effect of `patience` depends on results.
    pub fn set_limits(&mut self, limits: &Limits) {
        Arc::make_mut(&mut self.experiment).limits = Limits { time: None, patience: None, ..limits.clone() };
        self.latest = Arc::default();
    }

    /// Sets the number of slots of the session.
    pub fn set_slots(&mut self, slots: u32) {
        self.slots = NonZeroU32::new(slots).unwrap_or(NonZeroU32::MIN);
        self.latest = Arc::default();
    }

    /// The time left when the work done is `work` at these rates: the start-up time and the time per unit, seconds. `None` if the plan
    /// is too large, or if the work is more than all of it. `done` of `jobs` jobs have ended.
    pub fn time_left(
        &self,
        line: (f64, f64),
        (done, jobs): (u64, u64),
        work: impl Fn(CostRates) -> f64,
    ) -> Option<f64> {
        if jobs > MAX_JOBS {
            return None;
        }
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let is_old = |then: u64| done.abs_diff(then) as f64 > RENEWED_AFTER * jobs as f64;
        if latest.as_ref().is_none_or(|(then, ..)| is_old(*then)) {
            let (startup_s, seconds_per_unit) = line;
            let rates = CostRates { startup_s, seconds_per_unit, price_per_hour: None, slots: self.slots };
            *latest = Some((done, rates, PlanCourse::new(&self.experiment, rates)));
        }
        let (_, rates, course) = latest.as_ref()?;
        Some(course.time_left(work(*rates))).filter(|left| *left > 0.0)
    }
}
