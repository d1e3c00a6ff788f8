//! The limit `--patience`: ends the study when the rest of its budget is expected to improve the best result by less than a share of
//! what was gained so far.
//!
//! After Makarova et al. 2022, "Automatic Termination for Hyperparameter Optimization", who end a search once a bound of the regret that
//! is left is small. Here the expected improvement by the rest of the budget takes the place of the bound, which is still large after a
//! hundred trials, and what was gained that of the noise of a cross-validation, which most metrics do not have. A sampler with a model
//! estimates the improvement itself, for others it follows from the best results. Evaluated before each new trial, as a function of what
//! has ended and is running, so that a resumed study decides as it would have.

use crate::engine::event::PatienceHint;
use crate::engine::experiment::Experiment;
use crate::types::ids::BracketId;

/// The patience whose effect is reported at the end of a study without the limit.
pub(super) const REPORTED_PATIENCE: f64 = 0.01;
/// Fewest results for an estimate without a model.
const MIN_RESULTS: usize = 10;
/// Fewest of the best results from which the tail is estimated.
const MIN_TAIL: usize = 3;

/// Up to this number of results each one is followed by an estimate, later each 2 % of them.
const ALWAYS_ESTIMATED: usize = 50;

/// What the limit remembers.
#[derive(Debug)]
pub struct Patience {
    /// The first bracket of the plan, and how many results of its last rung are missing. Where the bracket has one rung or no end, any
    /// results at the full resource count.
    first_bracket: (Option<BracketId>, u64),
    /// Costs at the full resource, in the order of their ends.
    costs: Vec<f64>,
    /// The last tail, and the number of costs it was estimated from.
    tail: Option<(usize, Option<Tail>)>,
    /// When the limit would have ended a study without it.
    pub hint: Option<PatienceHint>,
}

/// What the best results say about further ones.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Tail {
    /// The scale of the tail.
    scale: f64,
    /// The difference between the median of the first results and the best one, > 0.
    gained: f64,
}

impl Patience {
    pub fn new(experiment: &Experiment) -> Patience {
        let plan = experiment.plan();
        let first = plan.brackets.first();
        let has_end = first.filter(|first| first.rungs.len() > 1 && !(plan.open_ended && plan.brackets.len() == 1));
        let last_rung = has_end.and_then(|first| Some((first.bracket, first.rungs.last()?.configs)));
        let first_bracket = match last_rung {
            Some((bracket, configs)) => (Some(BracketId { round: 0, bracket }), configs),
            None => (None, MIN_RESULTS as u64),
        };
        Patience { first_bracket, costs: Vec::new(), tail: None, hint: None }
    }

    /// Adds the end of a job at the full resource; `cost` is `None` for a failure.
    pub fn add(&mut self, bracket: BracketId, cost: Option<f64>) {
        let (first, missing) = &mut self.first_bracket;
        if first.map_or(cost.is_some(), |first| first == bracket) {
            *missing = missing.saturating_sub(1);
        }
        self.costs.extend(cost);
    }

    /// Whether the gain is estimated now: the first bracket has ended, and enough results have followed the last estimate.
    pub fn is_due(&self) -> bool {
        let step = (self.costs.len() / ALWAYS_ESTIMATED).max(1);
        self.first_bracket.1 == 0 && self.costs.len().is_multiple_of(step.next_power_of_two())
    }

    /// The expected gain as a share of what was gained, if `budget` times what was spent is left and later results are drawn as the earlier
    /// ones were: the best of n(1 + b) draws from an exponential tail of scale a is expected to be a·ln(1 + b) better than that of n.
    /// Metrics with a bound have a shorter tail, so that the gain is rather overestimated.
    pub fn share_of_draws(&mut self, budget: f64) -> Option<f64> {
        let count = self.costs.len();
        let known = self.tail.filter(|(of, _)| *of == count);
        let tail = known.map_or_else(|| Tail::new(&self.costs), |(_, tail)| tail);
        self.tail = Some((count, tail));
        let Tail { scale, gained } = tail?;
        Some(scale * libm::log1p(budget) / gained).filter(|share| share.is_finite())
    }
}

impl Tail {
    /// The scale of an exponential tail: the mean distance of the k best of n costs to the next one, k = √n (Weissman 1978, "Estimation of
    /// Parameters and Large Quantiles Based on the k Largest Observations", section 3). `None` for few costs or without a gain.
    fn new(costs: &[f64]) -> Option<Tail> {
        if costs.len() < MIN_RESULTS {
            return None;
        }
        // As in the models: ratios of errors and losses count.
        let is_positive = costs.iter().all(|cost| *cost > 0.0);
        let scaled = |cost: &f64| if is_positive { libm::log(*cost) } else { *cost };
        let mut first: Vec<f64> = costs[..MIN_RESULTS].iter().map(scaled).collect();
        first.sort_by(f64::total_cmp);
        let count = MIN_TAIL.max(costs.len().isqrt());
        let mut all = costs.to_vec();
        let (best, next, _) = all.select_nth_unstable_by(count, f64::total_cmp);
        let next = scaled(next);
        let best: Vec<f64> = best.iter().map(scaled).collect();
        let scale = best.iter().map(|cost| next - cost).sum::<f64>() / count as f64;
        let gained = first[MIN_RESULTS / 2] - best.into_iter().fold(next, f64::min);
        (gained > 0.0).then_some(Tail { scale, gained })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patience(costs: impl Iterator<Item = f64>) -> Patience {
        Patience { first_bracket: (None, 0), costs: costs.collect(), tail: None, hint: None }
    }

    #[test]
    fn the_gain_of_an_exponential_tail_is_its_scale_times_a_logarithm() {
        // quantiles of a distribution whose lower tail is exponential with scale 2, in a mixed order
        let n = 10_000;
        let costs = (0..n).map(|i| 2.0 * libm::log((f64::from(i * 7_919 % n) + 0.5) / f64::from(n)) - 1.0);
        let mut patience = patience(costs);
        let mut first = patience.costs[..MIN_RESULTS].to_vec();
        first.sort_by(f64::total_cmp);
        let best = patience.costs.iter().copied().fold(f64::INFINITY, f64::min);
        let expected = 2.0 * libm::log(2.0) / (first[MIN_RESULTS / 2] - best);
        let share = patience.share_of_draws(1.0).expect("enough results");
        assert!((share / expected - 1.0).abs() < 0.1, "{share} {expected}");
    }

    #[test]
    fn there_is_no_estimate_from_few_or_equal_results() {
        assert_eq!(patience((1..10).map(f64::from)).share_of_draws(1.0), None);
        assert_eq!(patience((1..20).map(|_| 3.0)).share_of_draws(1.0), None);
        assert!(patience((1..20).map(f64::from)).share_of_draws(1.0).is_some());
    }
}
