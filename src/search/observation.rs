//! Results of jobs as models see them, of this study and of earlier ones (`--warm-start`).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::types::assignment::Assignment;
use crate::types::ids::TrialId;
use crate::types::objective::Score;
use crate::types::outcome::CurvePoint;
use crate::types::units::Resource;

/// The result of a job.
#[derive(Clone, Copy, Debug)]
pub struct Observation<'a> {
    /// The job's trial.
    pub trial: TrialId,
    /// The trial's configuration.
    pub assignment: &'a Assignment,
    /// The job's resource.
    pub resource: Resource,
    /// `None` if the job failed.
    pub score: Option<Score>,
    /// Intermediate readings, thinned.
    pub curve: &'a [CurvePoint],
}

/// The result of a job of an earlier study. Its configuration is valid in this study's space, its resource is in this study's
/// unit.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PriorObservation {
    /// Identifies the configuration among all earlier studies; it differs from all trials of this study.
    pub trial: TrialId,
    /// The index of its study among all earlier ones, from 0. `None` in journals of versions that did not record it: there all
    /// observations count like those of this study.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub study: Option<u32>,
    /// The trial's configuration.
    pub params: Assignment,
    /// The job's resource.
    pub resource: Resource,
    /// `None` if the job failed.
    pub score: Option<Score>,
    /// Intermediate readings, thinned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub curve: Vec<CurvePoint>,
}

impl PriorObservation {
    /// The observation to pass to a searcher.
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

/// The id of the `index`-th configuration of earlier studies. Ids count down from `u64::MAX`, so that they differ from all trials
/// of this study.
pub fn prior_trial(index: u64) -> TrialId {
    TrialId(u64::MAX - index)
}

/// Whether `trial` belongs to an earlier study.
pub fn is_prior_trial(trial: TrialId) -> bool {
    trial.0 > u64::MAX / 2
}

/// The ranks of the costs of one study at one resource, as fractions of their number in (0, 1), so that they can be compared with those
/// of a study of another task. Equal costs have the mean of their ranks; infinite ones, of failures, stay infinite.
pub fn rank_fractions(costs: &[f64]) -> Vec<f64> {
    let mut sorted = costs.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = |cost: &f64| {
        let below = sorted.partition_point(|other| other < cost);
        let equal = sorted.partition_point(|other| other <= cost) - below;
        (below as f64 + 0.5 * equal as f64) / sorted.len() as f64
    };
    costs.iter().map(|cost| if cost.is_finite() { rank(cost) } else { f64::INFINITY }).collect()
}

/// The number of different configurations in `prior`.
pub fn count_configurations(prior: &[PriorObservation]) -> u64 {
    prior.iter().map(|prior| prior.trial).collect::<BTreeSet<_>>().len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::anneal::Anneal;
    use crate::search::gp::Gp;
    use crate::search::tests::{branin, session, session_with_prior, square};
    use crate::search::tpe::Tpe;
    use crate::search::{Sampler, random::Random};

    /// The results of forty random draws with another seed.
    fn prior(seed: u64) -> Vec<PriorObservation> {
        let context = square(seed + 1000);
        let drawn = session(&Random, &context, 40, branin).into_iter().enumerate();
        let observation = |(index, params): (usize, Assignment)| PriorObservation {
            trial: prior_trial(index as u64),
            study: Some(0),
            score: Score::new(branin(&params)),
            params,
            resource: Resource::ONE,
            curve: Vec::new(),
        };
        drawn.map(observation).collect()
    }

    /// The lowest value of the first `trials` trials, averaged over eight seeds.
    fn mean_best(sampler: &dyn Sampler, trials: u64, prior: fn(u64) -> Vec<PriorObservation>) -> f64 {
        let best = |seed| {
            let proposed = session_with_prior(sampler, &square(seed), &prior(seed), trials, branin);
            proposed.iter().map(branin).fold(f64::INFINITY, f64::min)
        };
        (0..8).map(best).sum::<f64>() / 8.0
    }

    #[test]
    fn with_a_warm_start_every_model_finds_good_values_earlier() {
        let samplers: [(&str, &dyn Sampler); 4] = [
            ("gp", &Gp::default()),
            ("gp of auto", &Gp { initial: 27, ..Gp::default() }),
            ("tpe", &Tpe::default()),
            ("anneal", &Anneal),
        ];
        for (name, sampler) in samplers {
            let (cold, warm) = (mean_best(sampler, 6, |_| Vec::new()), mean_best(sampler, 6, prior));
            assert!(warm < 0.5 * cold, "{name}: {warm} warm, {cold} cold");
        }
    }

    #[test]
    fn ranks_of_two_studies_can_be_compared() {
        assert_eq!(rank_fractions(&[30.0, 10.0, f64::INFINITY, 10.0]), [0.625, 0.25, f64::INFINITY, 0.25]);
        assert_eq!(rank_fractions(&[-5.0]), [0.5]);
        assert!(rank_fractions(&[]).is_empty());
    }

    #[test]
    fn ids_of_prior_trials_differ_from_all_trials_of_a_study() {
        assert!(
            is_prior_trial(prior_trial(0)) && is_prior_trial(prior_trial(1 << 40)) && !is_prior_trial(TrialId(1 << 40))
        );
        assert_eq!(count_configurations(&prior(0)), 40);
    }
}
