//! What earlier studies found, for a model to learn from before its first proposal (`--warm-start`).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::words::assignment::Assignment;
use crate::words::ids::TrialId;
use crate::words::objective::Score;
use crate::words::outcome::CurvePoint;
use crate::words::units::Resource;

use super::Observation;

/// A job of an earlier study, in the words of this one: its configuration is complete and inside this study's space, its resource
/// is in this study's unit.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PriorObservation {
    /// Tells the configurations of earlier studies apart: [`earlier_trial`], which no trial of this study ever is.
    pub trial: TrialId,
    /// What it ran with.
    pub params: Assignment,
    /// The resource it reached.
    pub resource: Resource,
    /// Its value; `None` where it failed.
    pub score: Option<Score>,
    /// Its readings on the way, thinned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub curve: Vec<CurvePoint>,
}

/// The name of the `index`-th configuration of earlier studies.
pub fn earlier_trial(index: u64) -> TrialId {
    TrialId(u64::MAX - index)
}

/// How many configurations there are among `prior`.
pub fn configurations(prior: &[PriorObservation]) -> u64 {
    prior.iter().map(|earlier| earlier.trial).collect::<BTreeSet<_>>().len() as u64
}

/// Whether `trial` is one of an earlier study.
pub fn is_earlier(trial: TrialId) -> bool {
    trial.0 > u64::MAX / 2
}

impl PriorObservation {
    /// As a searcher sees it.
    pub fn observation(&self) -> Observation<'_> {
        Observation {
            trial: self.trial,
            assignment: &self.params,
            resource: self.resource,
            score: self.score,
            curve: &self.curve,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::anneal::Anneal;
    use crate::search::gp::Gp;
    use crate::search::tests::{branin, session, square, warm_session};
    use crate::search::tpe::Tpe;
    use crate::search::{Sampler, random::Random};

    /// Forty random draws of another seed, evaluated.
    fn earlier(seed: u64) -> Vec<PriorObservation> {
        let context = square(seed + 1000);
        let drawn = session(&Random, &context, 40, branin).into_iter().enumerate();
        let observation = |(index, params): (usize, Assignment)| PriorObservation {
            trial: earlier_trial(index as u64),
            score: Score::new(branin(&params)),
            params,
            resource: Resource::ONE,
            curve: Vec::new(),
        };
        drawn.map(observation).collect()
    }

    /// The least value among the first `trials`, on average over eight seeds.
    fn early(sampler: &dyn Sampler, trials: u64, prior: fn(u64) -> Vec<PriorObservation>) -> f64 {
        let least = |seed| {
            let proposed = warm_session(sampler, &square(seed), &prior(seed), trials, branin);
            proposed.iter().map(branin).fold(f64::INFINITY, f64::min)
        };
        (0..8).map(least).sum::<f64>() / 8.0
    }

    #[test]
    fn a_warm_start_finds_good_values_early_with_every_model() {
        let samplers: [(&str, &dyn Sampler); 4] = [
            ("gp", &Gp::default()),
            ("the gp of auto", &Gp { initial: 27, ..Gp::default() }),
            ("tpe", &Tpe::default()),
            ("anneal", &Anneal),
        ];
        for (name, sampler) in samplers {
            let (cold, warm) = (early(sampler, 6, |_| Vec::new()), early(sampler, 6, earlier));
            assert!(warm < 0.5 * cold, "{name}: {warm} warm, {cold} cold");
        }
    }

    #[test]
    fn names_of_earlier_configurations_are_no_trials() {
        assert!(is_earlier(earlier_trial(0)) && is_earlier(earlier_trial(1 << 40)) && !is_earlier(TrialId(1 << 40)));
        assert_eq!(configurations(&earlier(0)), 40);
    }
}
