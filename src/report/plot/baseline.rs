//! What random search would have found with the same budget, estimated from the trials that were drawn at random and trained in full
//! from the start.
//!
//! Dodge et al. 2019, "Show Your Work: Improved Reporting of Experimental Results", section 3.1: the best of k draws from the
//! empirical distribution of n values is the i-th smallest of them with probability (i/n)^k − ((i−1)/n)^k.

use serde::Serialize;

use crate::report::number;
use crate::report::view::{JobStatus, JobView, StudyView};
use crate::types::objective::Direction;
use crate::types::origin::ConfigOrigin;
use crate::types::units::Resource;

/// With fewer values there is no estimate.
const MIN_VALUES: usize = 3;
/// Maximum number of points.
const MAX_POINTS: usize = 100;

/// The expected course of random search.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Baseline {
    /// The number of values that the estimate is made of. It cannot be better than the best of them.
    pub values: usize,
    /// The course up to the resource that the study spent.
    pub points: Vec<BaselinePoint>,
}

/// The expected best value after some trials.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct BaselinePoint {
    /// Trials trained in full.
    pub trials: usize,
    /// The resource that they spend.
    #[serde(serialize_with = "number::sum")]
    pub resource: f64,
    /// The time that they take on as many slots as the study used, seconds.
    pub time_s: f64,
    /// The expected value of the best of them.
    pub value: f64,
}

impl Baseline {
    /// `None` if there are fewer than three suitable trials, and if the study is itself a random search without promotions.
    pub fn of(view: &StudyView) -> Option<Baseline> {
        let highest = view.jobs.iter().map(|job| job.resource.amount()).fold(0.0, f64::max);
        let is_random = |job: &JobView| job.origin.as_deref() == Some(&ConfigOrigin::Random);
        let is_full = |job: &JobView| job.resource.amount() >= highest && job.previous == Resource::ZERO;
        if view.jobs.iter().filter(|job| job.job.attempt.0 == 1).all(|job| is_full(job) && is_random(job)) {
            return None;
        }
        let suitable = |job: &&JobView| is_full(job) && is_random(job) && job.status == JobStatus::Succeeded;
        let jobs: Vec<&JobView> = view.last_attempts().filter(suitable).filter(|job| job.score.is_some()).collect();
        if jobs.len() < MIN_VALUES {
            return None;
        }
        let mean = |of: fn(&JobView) -> f64| jobs.iter().map(|job| of(job)).sum::<f64>() / jobs.len() as f64;
        let slots = view.jobs.iter().map(|job| job.slot.0 + 1).max().unwrap_or(1);
        let (resource, time) = (mean(|job| job.spent), mean(|job| job.usage.map_or(0.0, |usage| usage.duration_s)));
        let trials = view.resource_spent() / resource;
        let trials = if trials.is_finite() && trials >= 1.0 { trials as usize } else { return None };
        let sorted = worst_first(view.direction()?, &jobs);
        let points = (1..=trials).step_by(trials.div_ceil(MAX_POINTS)).map(|trials| BaselinePoint {
            trials,
            resource: resource * trials as f64,
            time_s: time * trials as f64 / f64::from(slots),
            value: expected_best(&sorted, trials),
        });
        Some(Baseline { values: jobs.len(), points: points.collect() })
    }
}

fn worst_first(direction: Direction, jobs: &[&JobView]) -> Vec<f64> {
    let mut values: Vec<f64> = jobs.iter().filter_map(|job| Some(job.score?.value())).collect();
    values.sort_by(|a, b| match direction {
        Direction::Minimize => b.total_cmp(a),
        Direction::Maximize => a.total_cmp(b),
    });
    values
}

fn expected_best(worst_first: &[f64], draws: usize) -> f64 {
    let share = |i: usize| libm::pow(i as f64 / worst_first.len() as f64, draws as f64);
    worst_first.iter().enumerate().map(|(i, value)| value * (share(i + 1) - share(i))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixtures::StudyFixture;

    #[test]
    fn the_expected_best_of_one_draw_is_the_mean_and_of_many_the_best() {
        assert_eq!(expected_best(&[3.0, 2.0, 1.0], 1), 2.0);
        // (1·5 + 2·3 + 3·1) / 9: of nine pairs of draws, five have 1 as the smaller number, three 2, one 3.
        assert!((expected_best(&[3.0, 2.0, 1.0], 2) - 14.0 / 9.0).abs() < 1e-12);
        assert!((expected_best(&[3.0, 2.0, 1.0], 200) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn it_needs_three_random_trials_trained_in_full_beside_others() {
        let mut study = StudyFixture::new();
        for trial in 0..3 {
            study.launch(trial, 0, 1, 4.0).succeed(trial, 0, trial as f64);
        }
        assert_eq!(Baseline::of(&study.view()), None, "it is a random search");
        study.launch(3, 0, 1, 1.0).succeed(3, 0, 9.0);
        let baseline = Baseline::of(&study.view()).expect("an estimate");
        assert_eq!((baseline.values, baseline.points.len()), (3, 3));
        assert_eq!((baseline.points[0].value, baseline.points[2].resource), (1.0, 12.0));
    }
}
