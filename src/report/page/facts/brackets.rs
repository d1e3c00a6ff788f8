//! What each bracket cost and found.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::report::number;
use crate::report::view::StudyView;
use crate::types::ids::{BracketId, TrialId};
use crate::types::incumbent::{self, Candidate};

/// One bracket.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct BracketCost {
    /// Round and bracket.
    #[serde(flatten)]
    pub id: BracketId,
    /// Trials that started in it.
    pub trials: u64,
    /// Launches, retries included.
    pub jobs: u64,
    /// The resource that it spent.
    #[serde(serialize_with = "number::sum")]
    pub resource: f64,
    /// Its share of the resource that the study spent, in [0, 1].
    pub share: f64,
    /// Wall time of its jobs together, seconds.
    pub duration_s: f64,
    /// Its best trial; null while none of its jobs has a value.
    pub best: Option<TrialId>,
    /// The value of that trial.
    pub value: Option<f64>,
    /// The resource that it reached.
    #[serde(serialize_with = "number::optional")]
    pub reached: Option<f64>,
}

/// The started brackets, in order of their first launch.
pub fn bracket_costs(view: &StudyView) -> Vec<BracketCost> {
    let all = view.resource_spent();
    let mut order: Vec<BracketId> = Vec::new();
    let mut jobs: BTreeMap<BracketId, Vec<_>> = BTreeMap::new();
    for job in &view.jobs {
        let of_bracket = jobs.entry(job.bracket).or_default();
        if of_bracket.is_empty() {
            order.push(job.bracket);
        }
        of_bracket.push(job);
    }
    let mut candidates: BTreeMap<BracketId, Vec<Candidate>> = BTreeMap::new();
    for (candidate, job) in view.candidates() {
        candidates.entry(job.bracket).or_default().push(candidate);
    }
    let cost = |id: BracketId| {
        let jobs = &jobs[&id];
        let resource: f64 = jobs.iter().map(|job| job.spent).sum();
        let of_bracket = candidates.remove(&id).unwrap_or_default();
        let best = view.direction().and_then(|direction| incumbent::best(direction, of_bracket, view.decisive()));
        BracketCost {
            id,
            trials: jobs.iter().map(|job| job.job.key.trial).collect::<BTreeSet<_>>().len() as u64,
            jobs: jobs.len() as u64,
            resource,
            share: if all > 0.0 { resource / all } else { 0.0 },
            duration_s: jobs.iter().map(|job| job.usage.map_or(0.0, |usage| usage.duration_s)).sum(),
            best: best.map(|best| best.job.trial),
            value: best.map(|best| best.score.value()),
            reached: best.map(|best| best.reached.amount()),
        }
    };
    order.into_iter().map(cost).collect()
}

/// The same with the rounds of each bracket together, whose `round` is 0.
pub fn all_rounds(costs: &[BracketCost], is_better: impl Fn(&BracketCost, &BracketCost) -> bool) -> Vec<BracketCost> {
    let mut merged: Vec<BracketCost> = Vec::new();
    for cost in costs {
        let Some(sum) = merged.iter_mut().find(|sum| sum.id.bracket == cost.id.bracket) else {
            merged.push(BracketCost { id: BracketId { round: 0, ..cost.id }, ..cost.clone() });
            continue;
        };
        sum.trials += cost.trials;
        sum.jobs += cost.jobs;
        sum.resource += cost.resource;
        sum.share += cost.share;
        sum.duration_s += cost.duration_s;
        if is_better(cost, sum) {
            (sum.best, sum.value, sum.reached) = (cost.best, cost.value, cost.reached);
        }
    }
    merged
}
