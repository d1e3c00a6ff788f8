//! Whether the lower rungs predicted the higher ones.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::report::number;
use crate::report::view::StudyView;
use crate::types::ids::{BracketId, Rung, TrialId};
use crate::types::objective::{Direction, Score};

/// With fewer trials at both rungs, a correlation says nothing.
const MIN_TRIALS: usize = 3;

/// How the values of the trials at a rung and at the next one agree.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct RankCorrelation {
    /// Round and bracket.
    #[serde(flatten)]
    pub id: BracketId,
    /// The resource of the lower rung.
    #[serde(serialize_with = "number::sum")]
    pub from: f64,
    /// The resource of the higher rung.
    #[serde(serialize_with = "number::sum")]
    pub to: f64,
    /// Trials with a value at both.
    pub trials: u64,
    /// Spearman's rank correlation of their values, in [−1, 1]; null with fewer than three trials, and if all values at a rung are equal.
    pub correlation: Option<f64>,
}

/// The position of a trial at one rung.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct RungRank {
    /// The resource of the rung.
    #[serde(serialize_with = "number::sum")]
    pub resource: f64,
    /// Its position among the values there, from 1; equal values share a position.
    pub rank: u64,
    /// The number of values.
    pub of: u64,
    /// The trials that were promoted from there.
    pub promoted: u64,
}

/// Whether the trial that won could have been dropped on its way, and how well rungs predicted the next ones.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct EarlyStopping {
    /// The best trial of those that were promoted at least once.
    pub trial: TrialId,
    /// Its positions, lowest rung first, without the last rung.
    pub ranks: Vec<RungRank>,
    /// The largest reduction factor η with which it would have been promoted from each of these rungs: the smallest number of values per
    /// position.
    pub survives_eta: f64,
    /// Each pair of neighbouring rungs.
    pub correlations: Vec<RankCorrelation>,
}

type RungValues = BTreeMap<Rung, RungTrials>;

#[derive(Default)]
struct RungTrials {
    resource: f64,
    values: BTreeMap<TrialId, Score>,
    promoted: u64,
}

impl EarlyStopping {
    /// `None` if no trial with a value was promoted.
    pub fn of(view: &StudyView) -> Option<EarlyStopping> {
        let direction = view.direction()?;
        let mut brackets: BTreeMap<BracketId, RungValues> = BTreeMap::new();
        for job in view.last_attempts() {
            let Some(score) = job.score else { continue };
            let rung = brackets.entry(job.bracket).or_default().entry(job.job.key.rung).or_default();
            rung.resource = job.resource.amount();
            rung.values.insert(job.job.key.trial, score);
            rung.promoted += u64::from(job.promoted);
        }
        let mut candidates: Vec<_> = view.candidates().filter(|(candidate, _)| candidate.job.rung > Rung(0)).collect();
        candidates.sort_by(|(a, _), (b, _)| a.order(direction, b));
        let (best, job) = candidates.first()?;
        let below = brackets.get(&job.bracket)?.range(..best.job.rung);
        let ranks: Vec<RungRank> = below.filter_map(|(_, rung)| rank(direction, rung, best.job.trial)).collect();
        // of `auto`, a trial may have started at a high rung
        if ranks.is_empty() {
            return None;
        }
        let survives_eta = ranks.iter().map(|rank| rank.of as f64 / rank.rank as f64).fold(f64::INFINITY, f64::min);
        let pairs = brackets.iter().flat_map(|(id, rungs)| {
            rungs.values().zip(rungs.values().skip(1)).map(|(low, high)| correlation(*id, low, high))
        });
        let found = !ranks.is_empty();
        let stopping = EarlyStopping { trial: best.job.trial, ranks, survives_eta, correlations: pairs.collect() };
        found.then_some(stopping)
    }

    /// The mean of the correlations, each weighted by its trials.
    pub fn mean_correlation(&self) -> Option<f64> {
        let known = self.correlations.iter().filter_map(|pair| Some((pair.trials as f64, pair.correlation?)));
        let (weight, sum) =
            known.fold((0.0, 0.0), |(weight, sum), (trials, rho)| (weight + trials, sum + trials * rho));
        (weight > 0.0).then(|| sum / weight)
    }
}

fn rank(direction: Direction, rung: &RungTrials, trial: TrialId) -> Option<RungRank> {
    let own = *rung.values.get(&trial)?;
    let better = rung.values.values().filter(|value| direction.better(**value, own)).count() as u64;
    let of = rung.values.len() as u64;
    Some(RungRank { resource: rung.resource, rank: better + 1, of, promoted: rung.promoted })
}

fn correlation(id: BracketId, low: &RungTrials, high: &RungTrials) -> RankCorrelation {
    let both = high.values.iter().filter_map(|(trial, value)| Some((low.values.get(trial)?.value(), value.value())));
    let (before, after): (Vec<f64>, Vec<f64>) = both.unzip();
    let correlation = (before.len() >= MIN_TRIALS).then(|| pearson(&ranks(&before), &ranks(&after))).flatten();
    RankCorrelation { id, from: low.resource, to: high.resource, trials: before.len() as u64, correlation }
}

/// The rank of each value, from 0; equal values have the mean of their ranks.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    for group in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let below = values.iter().filter(|value| **value < values[group[0]]).count();
        let rank = below as f64 + (group.len() - 1) as f64 / 2.0;
        group.iter().for_each(|at| ranks[*at] = rank);
    }
    ranks
}

/// Pearson's correlation; of ranks it is Spearman's (Spearman 1904, "The Proof and Measurement of Association between Two Things").
fn pearson(a: &[f64], b: &[f64]) -> Option<f64> {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let sum = |of: fn(f64, f64) -> f64| a.iter().zip(b).map(|(x, y)| of(x - mean_a, y - mean_b)).sum::<f64>();
    let scale = (sum(|x, _| x * x) * sum(|_, y| y * y)).sqrt();
    (scale > 0.0).then(|| (sum(|x, y| x * y) / scale).clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixtures::StudyFixture;

    #[test]
    fn equal_values_share_a_rank() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0]), [2.5, 0.0, 2.5, 1.0]);
        assert_eq!(pearson(&ranks(&[1.0, 2.0, 4.0]), &ranks(&[5.0, 6.0, 9.0])), Some(1.0));
        assert_eq!(pearson(&[1.0, 1.0], &[0.0, 1.0]), None);
    }

    #[test]
    fn the_winner_has_its_rank_at_each_rung_below() {
        let mut study = StudyFixture::new();
        for (trial, value) in [(0, 0.5), (1, 0.25), (2, 0.75), (3, 1.0), (4, 0.875), (5, 0.9)] {
            study.launch(trial, 0, 1, 1.0).succeed(trial, 0, value);
        }
        study.promote(0).promote(1).promote(2);
        for (trial, value) in [(0, 0.3), (1, 0.2), (2, 0.1)] {
            study.launch(trial, 1, 1, 3.0).succeed(trial, 1, value);
        }
        let stopping = EarlyStopping::of(&study.view()).expect("promotions");
        assert_eq!(stopping.trial, TrialId(2));
        assert_eq!(stopping.ranks, [RungRank { resource: 1.0, rank: 3, of: 6, promoted: 3 }]);
        assert_eq!(stopping.survives_eta, 2.0);
        assert_eq!(stopping.correlations[0].correlation, Some(-0.5));
        assert_eq!(stopping.mean_correlation(), Some(-0.5));
    }
}
