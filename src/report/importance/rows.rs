//! One value per trial, comparable between trials that ended at different resources.

use std::collections::{BTreeMap, HashMap};

use crate::report::view::{JobView, StudyView};
use crate::types::assignment::Assignment;
use crate::types::ids::TrialId;
use crate::types::origin::ConfigOrigin;

/// Values farther outside of the quartiles than this many times their distance are moved to that bound: a few diverged trials would
/// be all of the variance ("far out" in Tukey 1977, "Exploratory Data Analysis", section 2D, is 3).
const FAR_OUT: f64 = 3.0;

/// A trial with a value.
#[derive(Clone, Debug)]
pub struct TrialRow<'a> {
    /// Its configuration.
    pub params: &'a Assignment,
    /// Its value at its last rung, shifted to the highest resource.
    pub value: f64,
    /// Whether its configuration does not depend on earlier values, so that it follows the distribution of the matrix.
    pub is_drawn: bool,
}

/// The trials of `view` with a value, in order of their ids.
///
/// Trials that ended at a lower resource are shifted by the median change of the trials that continued from it. The change is measured
/// within trials, so it does not depend on which of them were promoted.
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
    let changes = changes(trials.values());
    let row = |(trial, jobs): (&TrialId, &Vec<&'a JobView>)| {
        let last = *jobs.last()?;
        let is_drawn = matches!(origins.get(trial), Some(ConfigOrigin::Random | ConfigOrigin::Listed));
        let value = last.score?.value() + shift(&changes, last.reached.amount());
        value.is_finite().then_some((last, value, is_drawn))
    };
    let mut rows: Vec<_> = trials.iter().filter_map(row).collect();
    let (low, high) = bounds(rows.iter().map(|(_, value, _)| *value));
    rows.iter_mut().for_each(|(_, value, _)| *value = value.clamp(low, high));
    rows.into_iter().map(|(job, value, is_drawn)| TrialRow { params: &job.params, value, is_drawn }).collect()
}

/// The median change of a metric from a resource to the next one, by the bits of the resource, which are in its order.
type MedianChanges = BTreeMap<u64, (f64, f64)>;

fn changes<'a, 'b: 'a>(trials: impl Iterator<Item = &'a Vec<&'b JobView>>) -> MedianChanges {
    let mut steps: BTreeMap<u64, BTreeMap<u64, Vec<f64>>> = BTreeMap::new();
    for pair in trials.flat_map(|jobs| jobs.windows(2)) {
        let [from, to] = [pair[0], pair[1]].map(|job| (job.reached.amount(), job.score.map(|score| score.value())));
        if let ((from, Some(before)), (to, Some(after))) = (from, to)
            && to > from
        {
            steps.entry(from.to_bits()).or_default().entry(to.to_bits()).or_default().push(after - before);
        }
    }
    let most_common = |targets: BTreeMap<u64, Vec<f64>>| targets.into_iter().max_by_key(|(_, changes)| changes.len());
    let median = |(from, targets)| {
        let (to, mut changes) = most_common(targets)?;
        changes.sort_by(f64::total_cmp);
        Some((from, (f64::from_bits(to), changes[changes.len() / 2])))
    };
    steps.into_iter().filter_map(median).collect()
}

/// The change to expect from `resource` to the highest one.
fn shift(changes: &MedianChanges, resource: f64) -> f64 {
    let (mut at, mut sum) = (resource, 0.0);
    // A job that was stopped early has the level below what it reached.
    let next =
        |at: f64| changes.range(..=at.to_bits()).next_back().map(|(_, change)| *change).filter(|(to, _)| *to > at);
    while let Some((to, change)) = next(at) {
        (at, sum) = (to, sum + change);
    }
    sum
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
