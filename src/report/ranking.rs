//! Ranks the jobs of a study by another metric than its own.

use super::metrics;
use super::view::{JobStatus, JobView, StudyView};
use crate::types::objective::{Metric, Score};

/// Ranks the jobs of `view`, which has [`ViewDetail::Full`](super::view::ViewDetail::Full), by `metric` from here on: the value of
/// a job is that in its last reading. Returns whether that reading of some job lacks the metric, for [`add_from_curves`].
pub fn rank_by(view: &mut StudyView, metric: Metric) -> bool {
    let is_own = view.header.metric.as_ref().is_some_and(|own| own.name == metric.name);
    let name = metric.name.clone();
    view.header.metric = Some(metric);
    if is_own {
        return false;
    }
    let mut lacks = false;
    for job in &mut view.jobs {
        let found = job.metrics.as_deref().and_then(|reading| metrics::find(reading, &name));
        lacks |= found.is_none() && ran(job);
        let score = found.and_then(metrics::number).and_then(Score::new);
        job.curve.clear();
        set_score(job, score);
    }
    lacks
}

/// Gives each job whose last reading lacks the metric the last value of its curve.
pub fn add_from_curves(view: &mut StudyView) {
    let Some(name) = view.header.metric.as_ref().map(|metric| metric.name.clone()) else { return };
    for job in &mut view.jobs {
        let reading = job.metrics.as_deref();
        if job.score.is_none() && reading.and_then(|reading| metrics::find(reading, &name)).is_none() {
            let last = job.curve.last().and_then(|point| Score::new(point.value));
            set_score(job, last);
        }
    }
}

/// A job that ran to its end and failed for lack of the study's own metric has not failed if it has this one.
fn set_score(job: &mut JobView, score: Option<Score>) {
    job.score = score.filter(|_| ran(job));
    if job.score.is_some() && job.status == JobStatus::Failed {
        (job.status, job.reason) = (JobStatus::Succeeded, None);
    }
}

/// Whether the job can have a value: it ran to its end, or was stopped early.
fn ran(job: &JobView) -> bool {
    match job.status {
        JobStatus::Succeeded | JobStatus::Stopped => true,
        JobStatus::Failed => job.usage.and_then(|usage| usage.exit_code) == Some(0),
        JobStatus::Running | JobStatus::Timeout | JobStatus::Interrupted | JobStatus::Lost => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::report::best::best_job;
    use crate::report::fixtures::StudyFixture;
    use crate::types::objective::Direction;
    use crate::types::outcome::{CurvePoint, Failure};

    fn accuracy(direction: Direction) -> Metric {
        Metric { name: "val/acc".into(), direction }
    }

    fn sample() -> StudyView {
        let mut sample = StudyFixture::new();
        for trial in 0..4 {
            sample.launch(trial, 0, 1, 1.0);
        }
        sample.succeed(0, 0, 0.1).succeed(1, 0, 0.2).fail(2, 0, Failure::NoMetric("none".into()), "");
        sample.fail(3, 0, Failure::Exit(1), "");
        let mut view = sample.view();
        for (job, acc) in view.jobs.iter_mut().zip([0.7, 0.9, 0.95, 0.99]) {
            job.metrics = serde_json::from_value(json!({"val": {"acc": acc}})).ok();
        }
        if let Some(usage) = &mut view.jobs[2].usage {
            usage.exit_code = Some(0);
        }
        view
    }

    #[test]
    fn jobs_are_ranked_by_their_last_reading() {
        for (direction, best) in [(Direction::Maximize, 2), (Direction::Minimize, 0)] {
            let mut view = sample();
            assert!(!rank_by(&mut view, accuracy(direction)));
            assert_eq!(best_job(&view).map(|(best, _)| best.job.trial.0), Some(best));
            assert_eq!(view.jobs.iter().map(|job| job.score.is_some()).collect::<Vec<_>>(), [true, true, true, false]);
            assert_eq!((view.jobs[2].status, view.jobs[3].status), (JobStatus::Succeeded, JobStatus::Failed));
        }
    }

    #[test]
    fn a_metric_of_earlier_readings_counts_where_the_last_one_lacks_it() {
        let mut view = sample();
        view.jobs[2].metrics = None;
        assert!(rank_by(&mut view, accuracy(Direction::Maximize)));
        assert_eq!(best_job(&view).map(|(best, _)| best.job.trial.0), Some(1));
        view.jobs[2].curve = vec![CurvePoint { step: 1.0, value: 0.5 }, CurvePoint { step: 2.0, value: 0.97 }];
        add_from_curves(&mut view);
        assert_eq!(best_job(&view).map(|(best, _)| best.job.trial.0), Some(2));
    }
}
