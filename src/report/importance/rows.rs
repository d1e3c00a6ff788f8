//! One value per trial, comparable between trials that ended at different resources.

use std::collections::{BTreeMap, HashMap};

use crate::report::view::{JobView, StudyView};
use crate::types::assignment::Assignment;
use crate::types::ids::TrialId;
use crate::types::origin::ConfigOrigin;

/// Values farther outside of the quartiles than this many times their distance are moved to that bound: a few diverged trials would
/// be all of the variance ("far out" in Tukey 1977, "Exploratory Data Analysis", section 2D, is 3).
const FAR_OUT: f64 = 3.0;

/// Fewest trials at two resources whose values determine a line; fewer of them a shift.
const MIN_PAIRS: usize = 5;
/// The slope 1, a shift, counts as much as so many trials.
const PRIOR_PAIRS: f64 = 1.0;

/// A trial with a value.
#[derive(Clone, Debug)]
pub struct TrialRow<'a> {
    /// Its configuration.
    pub params: &'a Assignment,
    /// Its value at its last rung, converted to what is expected at the highest resource.
    pub value: f64,
    /// Whether its configuration does not depend on earlier values, so that it follows the distribution of the matrix.
    pub is_drawn: bool,
}

/// The trials of `view` with a value, in order of their ids.
///
/// The value of a trial that ended at a lower resource is converted from each resource to the next one by the line through the values
/// of the trials that were at both, because level and spread differ between rungs. Few of them give the median change only. Both are
/// measured within trials; a line through later values over earlier ones does not depend on which of these were promoted.
pub fn rows<'a>(view: &'a StudyView) -> Vec<TrialRow<'a>> {
    let mut trials: BTreeMap<TrialId, Vec<&'a JobView>> = BTreeMap::new();
    for (candidate, job) in view.candidates() {
        trials.entry(candidate.job.trial).or_default().push(job);
    }
    let mut origins: HashMap<TrialId, &ConfigOrigin> = HashMap::new();
    for job in &view.jobs {
        if let Some(origin) = job.origin.as_deref() {
            origins.entry(job.job.key.trial).or_insert(origin);
        }
    }
    let steps = steps(trials.values());
    let row = |(trial, jobs): (&TrialId, &Vec<&'a JobView>)| {
        let last = *jobs.last()?;
        let is_drawn = matches!(origins.get(trial), Some(ConfigOrigin::Random | ConfigOrigin::Listed));
        let value = convert(&steps, last.reached.amount(), last.score?.value());
        value.is_finite().then_some((last, value, is_drawn))
    };
    let mut rows: Vec<_> = trials.iter().filter_map(row).collect();
    let (low, high) = bounds(rows.iter().map(|(_, value, _)| *value));
    rows.iter_mut().for_each(|(_, value, _)| *value = value.clamp(low, high));
    rows.into_iter().map(|(job, value, is_drawn)| TrialRow { params: &job.params, value, is_drawn }).collect()
}

/// How values at a resource become values at the next one, by the bits of the first, which are in its order.
type ResourceSteps = BTreeMap<u64, ResourceStep>;

/// A line from the values at a resource to those at a higher one, `to`.
#[derive(Clone, Copy, Debug)]
struct ResourceStep {
    to: f64,
    slope: f64,
    /// A value before, and the one that follows from it.
    through: (f64, f64),
}

impl ResourceStep {
    /// From the values of the trials that were at both resources, at least one.
    fn new(to: f64, pairs: &[(f64, f64)]) -> ResourceStep {
        let mut changes: Vec<f64> = pairs.iter().map(|(before, after)| after - before).collect();
        changes.sort_by(f64::total_cmp);
        let shift = ResourceStep { to, slope: 1.0, through: (0.0, changes[changes.len() / 2]) };
        if pairs.len() < MIN_PAIRS { shift } else { ResourceStep::line(to, pairs).unwrap_or(shift) }
    }

    /// The least-squares line through `pairs` and [`PRIOR_PAIRS`] with slope 1; `None` if all values before are equal. A negative slope
    /// counts as 0: the values before say nothing.
    fn line(to: f64, pairs: &[(f64, f64)]) -> Option<ResourceStep> {
        let within = |part: fn(&(f64, f64)) -> f64| {
            let (low, high) = bounds(pairs.iter().map(part));
            pairs.iter().map(|pair| part(pair).clamp(low, high)).collect::<Vec<f64>>()
        };
        let (before, after) = (within(|pair| pair.0), within(|pair| pair.1));
        let count = pairs.len() as f64;
        let mean = |values: &[f64]| values.iter().map(|value| value / count).sum::<f64>();
        let through = (mean(&before), mean(&after));
        let deviations = || before.iter().zip(&after).map(|(x, y)| (x - through.0, y - through.1));
        let variance = deviations().map(|(x, _)| x * x / count).sum::<f64>();
        // Equal values differ from their mean by rounding.
        if variance.sqrt() <= 1e-12 * through.0.abs() {
            return None;
        }
        let covariance = deviations().map(|(x, y)| x * y / count).sum::<f64>();
        let slope = (covariance * count + PRIOR_PAIRS * variance) / (variance * (count + PRIOR_PAIRS));
        (slope.is_finite() && through.0.is_finite() && through.1.is_finite()).then_some(ResourceStep {
            to,
            slope: slope.max(0.0),
            through,
        })
    }

    fn convert(&self, value: f64) -> f64 {
        self.through.1 + self.slope * (value - self.through.0)
    }
}

fn steps<'a, 'b: 'a>(trials: impl Iterator<Item = &'a Vec<&'b JobView>>) -> ResourceSteps {
    let mut steps: BTreeMap<u64, BTreeMap<u64, Vec<(f64, f64)>>> = BTreeMap::new();
    for pair in trials.flat_map(|jobs| jobs.windows(2)) {
        let [from, to] = [pair[0], pair[1]].map(|job| (job.reached.amount(), job.score.map(|score| score.value())));
        if let ((from, Some(before)), (to, Some(after))) = (from, to)
            && to > from
        {
            steps.entry(from.to_bits()).or_default().entry(to.to_bits()).or_default().push((before, after));
        }
    }
    let most_common =
        |targets: BTreeMap<u64, Vec<(f64, f64)>>| targets.into_iter().max_by_key(|(_, pairs)| pairs.len());
    let step = |(from, targets)| {
        let (to, pairs) = most_common(targets)?;
        Some((from, ResourceStep::new(f64::from_bits(to), &pairs)))
    };
    steps.into_iter().filter_map(step).collect()
}

/// The value to expect at the highest resource from `value` at `resource`.
fn convert(steps: &ResourceSteps, resource: f64, mut value: f64) -> f64 {
    let mut at = resource;
    // A job that was stopped early has the level below what it reached.
    let next = |at: f64| steps.range(..=at.to_bits()).next_back().map(|(_, step)| *step).filter(|step| step.to > at);
    while let Some(step) = next(at) {
        (at, value) = (step.to, step.convert(value));
    }
    value
}

fn bounds(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else { return (f64::MIN, f64::MAX) };
    let (lower, upper) = (sorted[last / 4], sorted[last - last / 4]);
    let reach = FAR_OUT * (upper / 2.0 - lower / 2.0) * 2.0;
    // Most values are equal: nothing is known about their spread.
    if reach > 0.0 {
        ((lower - reach).max(f64::MIN / 4.0), (upper + reach).min(f64::MAX / 4.0))
    } else {
        (sorted[0], sorted[last])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixtures::StudyFixture;

    #[test]
    fn trials_that_were_not_promoted_are_shifted_by_the_change_of_those_that_were() {
        let mut study = StudyFixture::new();
        for (trial, value) in [(0, 0.9), (1, 0.5), (2, 0.6), (3, 0.55)] {
            study.launch(trial, 0, 1, 1.0).succeed(trial, 0, value);
        }
        study.promote(1).promote(2).promote(3);
        for (trial, value) in [(1, 0.4), (2, 0.4), (3, 0.45)] {
            study.launch(trial, 1, 1, 3.0).succeed(trial, 1, value);
        }
        let view = study.view();
        let values: Vec<f64> = rows(&view).iter().map(|row| (row.value * 1e9).round() / 1e9).collect();
        assert_eq!(values, [0.8, 0.4, 0.4, 0.45]);
        assert!(rows(&view).iter().all(|row| row.is_drawn));
    }

    #[test]
    fn values_at_a_lower_resource_get_the_spread_of_the_higher_one() {
        let mut study = StudyFixture::new();
        let before = |trial: u64| 0.6 + 0.01 * trial as f64;
        (0..20).for_each(|trial| {
            study.launch(trial, 0, 1, 1.0).succeed(trial, 0, before(trial));
        });
        (0..6).for_each(|trial| {
            study.promote(trial).launch(trial, 1, 1, 3.0).succeed(trial, 1, 0.2 + 10.0 * (before(trial) - 0.6));
        });
        let view = study.view();
        let values: Vec<f64> = rows(&view).iter().map(|row| row.value).collect();
        // The line has slope (6 · 10 + 1) / 7 and goes through the mean of the six trials.
        let expected = |trial: u64| 0.45 + 61.0 / 7.0 * (before(trial) - 0.625);
        assert!((6..20).all(|trial| (values[trial as usize] - expected(trial)).abs() < 1e-9), "{values:?}");
        assert!((0..6).all(|trial| (values[trial as usize] - 0.2 - 0.1 * trial as f64).abs() < 1e-9), "{values:?}");
    }

    #[test]
    fn values_that_are_equal_or_huge_are_shifted() {
        let step = |pairs: &[(f64, f64)]| ResourceStep::new(3.0, pairs);
        assert_eq!(step(&[(1.0, 0.5); 9]).convert(2.0), 1.5);
        let huge: Vec<(f64, f64)> = (0..9).map(|i| (f64::from(i) * 1e307, f64::from(i) * 1e307 + 1.0)).collect();
        assert!(step(&huge).convert(2.0).is_finite());
        let opposite: Vec<(f64, f64)> = (0..9).map(|i| (f64::from(i), f64::from(-i))).collect();
        assert_eq!(step(&opposite).slope, 0.0);
    }

    #[test]
    fn diverged_trials_are_not_all_of_the_variance() {
        let mut study = StudyFixture::new();
        for (trial, value) in [0.1, 0.2, 0.3, 0.4, 0.5, 1e30].into_iter().enumerate() {
            study.launch(trial as u64, 0, 1, 1.0).succeed(trial as u64, 0, value);
        }
        let view = study.view();
        let largest = rows(&view).iter().map(|row| row.value).fold(0.0, f64::max);
        assert!((1.0..2.0).contains(&largest), "{largest}");
        assert_eq!(bounds([1.0, 1.0, 1.0, 1.0, 9.0].into_iter()), (1.0, 9.0));
        assert_eq!(bounds([].into_iter()), (f64::MIN, f64::MAX));
    }
}
