//! Compares a running job with the other trials at the same step.

use std::collections::HashMap;

use crate::report::view::StudyView;
use crate::types::ids::{JobId, TrialId};
use crate::types::objective::{Direction, Score};
use crate::types::outcome::CurvePoint;

/// The value of a learning curve at `step`: that of the last point up to it, if the curve reaches it.
fn value_at(curve: &[CurvePoint], step: f64) -> Option<f64> {
    let reaches = curve.last().is_some_and(|last| step <= last.step);
    let at = curve.partition_point(|point| point.step <= step);
    curve.get(at.checked_sub(1)?).filter(|_| reaches).map(|point| point.value)
}

/// The values of all trials at one step.
pub struct ValuesAtStep {
    direction: Direction,
    values: HashMap<TrialId, Score>,
}

impl ValuesAtStep {
    /// Of each trial, the value of its latest job that trained at `step`: from the curves in `view`, or from those of running jobs.
    pub fn new(
        view: &StudyView,
        direction: Direction,
        running: &HashMap<JobId, Vec<CurvePoint>>,
        step: f64,
    ) -> ValuesAtStep {
        let curves = view.jobs.iter().map(|job| (job.job, running.get(&job.job).unwrap_or(&job.curve)));
        let values = curves.filter_map(|(job, curve)| Some((job.key.trial, Score::new(value_at(curve, step)?)?)));
        ValuesAtStep { direction, values: values.collect() }
    }

    /// The position of `trial` with `value` among all trials with a value, from 1, and the number of them, itself included. Equal
    /// values share a position.
    pub fn rank(&self, trial: TrialId, value: f64) -> Option<(u64, u64)> {
        let value = Score::new(value)?;
        let others = self.values.iter().filter(|(other, _)| **other != trial);
        let (better, all) = others.fold((0, 0), |(better, all), (_, other)| {
            (better + u64::from(self.direction.better(*other, value)), all + 1)
        });
        Some((better + 1, all + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_has_a_value_between_its_first_and_its_last_step() {
        let curve = [(2.0, 0.5), (4.0, 0.25), (8.0, 0.125)].map(|(step, value)| CurvePoint { step, value });
        let values = [1.0, 2.0, 3.0, 4.0, 8.0, 9.0].map(|step| value_at(&curve, step));
        assert_eq!(values, [None, Some(0.5), Some(0.5), Some(0.25), Some(0.125), None]);
        assert_eq!(value_at(&[], 1.0), None);
    }
}
