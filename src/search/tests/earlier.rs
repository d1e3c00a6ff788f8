//! What samplers make of earlier studies of other tasks.

use serde_json::Value;

use super::{branin, session, session_with_prior, square};
use crate::search::anneal::Anneal;
use crate::search::gp::Gp;
use crate::search::observation::prior_trial;
use crate::search::random::Random;
use crate::search::tpe::Tpe;
use crate::search::{PriorObservation, Proposal, Sampler, SearchContext};
use crate::types::advice::TrialRequest;
use crate::types::assignment::Assignment;
use crate::types::ids::{BracketId, TrialId};
use crate::types::objective::Score;
use crate::types::units::Resource;

/// Random draws in one earlier study per cost function, 30 each.
fn prior(seed: u64, costs: &[fn(&Assignment) -> f64]) -> Vec<PriorObservation> {
    let mut prior = Vec::new();
    for (study, cost) in costs.iter().enumerate() {
        for params in session(&Random, &square(seed + 100 * (study as u64 + 1)), 30, branin) {
            prior.push(PriorObservation {
                trial: prior_trial(prior.len() as u64),
                study: Some(study as u32),
                score: Score::new(cost(&params)),
                params,
                resource: Resource::ONE,
                curve: Vec::new(),
            });
        }
    }
    prior
}

/// Branin's function at a point that is `shift` further to the right.
fn shifted(params: &Assignment, shift: f64) -> f64 {
    let at = |name: &str| params.get(name).and_then(Value::as_f64).expect("a number");
    let moved = [("x".into(), (at("x") + shift).into()), ("y".into(), at("y").into())];
    branin(&moved.into_iter().collect())
}

fn left(params: &Assignment) -> f64 {
    0.001 * shifted(params, 0.03)
}

fn right(params: &Assignment) -> f64 {
    5000.0 * shifted(params, -0.03)
}

fn misleading(params: &Assignment) -> f64 {
    400.0 - branin(params)
}

/// The lowest value of Branin's function in `trials` trials, averaged over eight seeds.
fn mean_best(sampler: &dyn Sampler, trials: u64, costs: &[fn(&Assignment) -> f64]) -> f64 {
    mean_best_over(8, sampler, trials, costs)
}

/// [`mean_best`] over `seeds` seeds.
fn mean_best_over(seeds: u64, sampler: &dyn Sampler, trials: u64, costs: &[fn(&Assignment) -> f64]) -> f64 {
    let best = |seed| {
        let proposed = session_with_prior(sampler, &square(seed), &prior(seed, costs), trials, branin);
        proposed.iter().map(branin).fold(f64::INFINITY, f64::min)
    };
    (0..seeds).map(best).sum::<f64>() / seeds as f64
}

#[test]
fn studies_of_similar_tasks_help_at_any_scale_and_beside_a_misleading_one() {
    let cold = mean_best(&Gp::default(), 5, &[]);
    for costs in [&[left as fn(&Assignment) -> f64, right][..], &[left, misleading, right]] {
        let warm = mean_best(&Gp::default(), 5, costs);
        assert!(warm < 0.5 * cold, "{} studies: {warm} warm, {cold} cold", costs.len());
    }
}

#[test]
fn tpe_and_anneal_compare_ranks_of_studies_with_other_scales() {
    let samplers: [(&str, &dyn Sampler); 2] = [("tpe", &Tpe::default()), ("anneal", &Anneal)];
    for (name, sampler) in samplers {
        let (cold, warm) = (mean_best(sampler, 6, &[]), mean_best(sampler, 6, &[left, right]));
        assert!(warm < 0.6 * cold, "{name}: {warm} warm, {cold} cold");
    }
}

#[test]
fn a_misleading_study_costs_less_than_ten_trials() {
    let (cold, warm) =
        (mean_best_over(24, &Gp::default(), 20, &[]), mean_best_over(24, &Gp::default(), 30, &[misleading]));
    assert!(warm < cold, "{warm} misled, {cold} cold");
}

/// The configurations of `trials` trials that start before any ends.
fn at_once(context: &SearchContext, prior: &[PriorObservation], trials: u64) -> Vec<Assignment> {
    let mut searcher = Gp::default().searcher(context);
    searcher.warm_start(prior);
    let start = |trial| {
        let request = TrialRequest { trial, bracket: BracketId::default(), resource: Resource::ONE };
        let Proposal::Ready(assignment) = searcher.propose(&request) else { panic!("a configuration is proposed") };
        searcher.register(trial, &assignment);
        assignment
    };
    (0..trials).map(TrialId).map(start).collect()
}

#[test]
fn without_observations_proposals_are_good_and_differ() {
    let prior = prior(3, &[left, right]);
    let started = at_once(&square(3), &prior, 8);
    for (i, assignment) in started.iter().enumerate() {
        assert!(!started[..i].contains(assignment), "{started:?}");
    }
    assert!(branin(&started[0]) < 5.0 && branin(&started[1]) < 20.0, "{started:?}");
    assert_eq!(started, at_once(&square(3), &prior, 8));
}

#[test]
fn proposals_do_not_depend_on_when_the_models_were_used() {
    let (context, prior) = (square(5), prior(5, &[left, misleading]));
    let run = |asks: bool| {
        let mut searcher = Gp::default().searcher(&context);
        searcher.warm_start(&prior);
        let mut proposed = Vec::new();
        for trial in (0..12).map(TrialId) {
            let request = TrialRequest { trial, bracket: BracketId::default(), resource: Resource::ONE };
            // A replay does not ask for the first proposals: it registers the recorded ones.
            let known = session_with_prior(&Gp::default(), &context, &prior, 12, branin);
            let assignment = known[trial.0 as usize].clone();
            if asks || trial.0 > 8 {
                assert_eq!(searcher.propose(&request), Proposal::Ready(assignment.clone()), "{trial}");
            }
            searcher.register(trial, &assignment);
            let score = Score::new(branin(&assignment));
            let (resource, curve) = (Resource::ONE, &[][..]);
            let observation = crate::search::Observation { trial, assignment: &assignment, resource, score, curve };
            searcher.observe(&observation);
            proposed.push(assignment);
        }
        proposed
    };
    assert_eq!(run(true), run(false));
}

#[test]
fn observations_without_a_study_count_like_those_of_this_study() {
    let old: Vec<PriorObservation> =
        prior(1, &[branin]).into_iter().map(|prior| PriorObservation { study: None, ..prior }).collect();
    let request = TrialRequest { trial: TrialId(3), bracket: BracketId::default(), resource: Resource::ONE };
    let mut warm = Gp::default().searcher(&square(1));
    warm.warm_start(&old);
    let mut observing = Gp::default().searcher(&square(1));
    old.iter().for_each(|prior| observing.observe(&prior.observation()));
    assert_eq!(warm.propose(&request), observing.propose(&request));
}

#[test]
fn a_study_of_failures_only_is_ignored() {
    let failed: Vec<PriorObservation> =
        prior(2, &[branin]).into_iter().map(|prior| PriorObservation { score: None, ..prior }).collect();
    let proposed = session_with_prior(&Gp::default(), &square(2), &failed, 15, branin);
    assert_eq!(proposed.len(), 15);
}
