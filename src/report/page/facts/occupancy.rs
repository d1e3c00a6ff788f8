//! How much of the time the slots were busy.

use serde::Serialize;

use crate::report::view::StudyView;
use crate::types::units::Moment;

/// The use of the slots.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Occupancy {
    /// Slots in which jobs ran.
    pub slots: u32,
    /// Study time, seconds.
    pub time_s: f64,
    /// Wall time of all jobs together, seconds.
    pub busy_s: f64,
    /// The share of the slots' time without a job, in [0, 1].
    pub idle: f64,
}

impl Occupancy {
    /// Up to `now`; `None` before the first launch.
    pub fn of(view: &StudyView, now: Moment) -> Option<Occupancy> {
        let slots = view.jobs.iter().map(|job| job.slot.0 + 1).max()?;
        let seconds = |job: &crate::report::view::JobView| match (job.usage, job.ended) {
            (Some(usage), _) => usage.duration_s,
            (None, Some(ended)) => ended.since(job.began()).as_secs_f64(),
            (None, None) if job.status == crate::report::view::JobStatus::Running => {
                now.since(job.began()).as_secs_f64()
            }
            (None, None) => 0.0,
        };
        let busy: f64 = view.jobs.iter().map(seconds).sum();
        let time = now.since(Moment(0)).as_secs_f64();
        let all = time * f64::from(slots);
        let idle = if all > 0.0 { (1.0 - busy / all).clamp(0.0, 1.0) } else { 0.0 };
        Some(Occupancy { slots, time_s: time, busy_s: busy, idle })
    }
}
