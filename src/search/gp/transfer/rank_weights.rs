//! Weights of models by how well they rank the observations of this study (Feurer, Letham, Hutter and Bakshy 2018, "Practical Transfer
//! Learning for Bayesian Optimization", arXiv:1802.02219, section 4: RGPE).
//!
//! The ranking loss of a model is the fraction of misordered pairs (eq. 3). Only pairs at the same resource count, because every model
//! knows that more training helps. A model's weight is the fraction of bootstrap samples of the trials in which its loss is the lowest
//! (section 4.1). This study's own model predicts each trial without the trial's own observations, at any resource.

use rand::RngExt;

use crate::types::stream::Stream;

/// Number of bootstrap samples.
const SAMPLES: usize = 200;
/// Maximum number of observations that are compared; the number of pairs is quadratic.
const MAX_OBSERVATIONS: usize = 100;
/// The models of earlier studies have this many trials' weight before there are observations.
const PRIOR_TRIALS: f64 = 3.0;
/// Fraction of misordered pairs of a model that knows nothing.
const CHANCE: f64 = 0.5;
/// A model whose losses are above [`CHANCE`] at this quantile misleads and gets no weight. Lower than the median, because the first
/// trials are good ones, whose order is mostly noise.
const MISLEADING_QUANTILE: f64 = 0.1;
/// Weight dilution prevention (section 4.2): a model gets no weight if its median loss is above this quantile of the losses of this
/// study's own model.
const DILUTION_QUANTILE: f64 = 0.95;

/// The weights of models, which sum up to 1.
#[derive(Clone, PartialEq, Debug)]
pub struct Weights {
    /// One per earlier study.
    pub earlier: Vec<f64>,
    /// That of this study's own model.
    pub own: f64,
}

/// An observation of this study with the models' predictions of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Comparison {
    /// The index of its trial; those of all observations are 0, 1, ….
    pub trial: usize,
    /// ln(resource / R).
    pub t: f64,
    /// The observed value; less is better.
    pub value: f64,
    /// The prediction of each earlier study's model.
    pub earlier: Vec<f64>,
    /// The prediction of this study's own model without this trial.
    pub own: f64,
}

/// Two observations of different trials with different values at one resource.
struct Pair {
    trials: [usize; 2],
    /// Whether the own model misorders them.
    is_own_wrong: bool,
    /// The predictions of the earlier models for the worse one minus those for the better one; a model with a positive one is right.
    differences: Vec<f64>,
}

/// The weights of `studies` earlier models and of the own one. Without pairs that can be compared, all earlier studies have the same
/// weight and the own model has none.
pub fn rank_weights(comparisons: &[Comparison], studies: usize, stream: &mut Stream) -> Weights {
    let stride = comparisons.len().div_ceil(MAX_OBSERVATIONS).max(1);
    let compared: Vec<&Comparison> = comparisons.iter().rev().step_by(stride).collect();
    let pairs = pairs(&compared);
    let trials = comparisons.iter().map(|comparison| comparison.trial + 1).max().unwrap_or(0);
    if pairs.is_empty() || studies == 0 {
        let share = if studies == 0 { 0.0 } else { 1.0 / studies as f64 };
        return Weights { earlier: vec![share; studies], own: if studies == 0 { 1.0 } else { 0.0 } };
    }
    let samples: Vec<Vec<f64>> = (0..SAMPLES).map(|_| bootstrap(trials, stream)).collect();
    let losses = |is_wrong: &dyn Fn(&Pair) -> bool| -> Vec<f64> {
        let is_wrong: Vec<bool> = pairs.iter().map(is_wrong).collect();
        samples.iter().map(|multiplicity| loss(&pairs, multiplicity, &is_wrong)).collect()
    };
    let own = losses(&|pair| pair.is_own_wrong);
    let earlier: Vec<Vec<f64>> = (0..studies).map(|i| losses(&|pair| pair.differences[i] <= 0.0)).collect();
    let limit = quantile(&own, DILUTION_QUANTILE);
    let is_kept = |losses: &[f64]| quantile(losses, 0.5) <= limit && quantile(losses, MISLEADING_QUANTILE) <= CHANCE;
    let kept: Vec<usize> = (0..studies).filter(|i| is_kept(&earlier[*i])).collect();
    let mean = losses(&|pair| kept.iter().map(|i| pair.differences[*i]).sum::<f64>() <= 0.0);
    let counted: Vec<&Vec<f64>> = kept.iter().map(|i| &earlier[*i]).collect();
    shares(&kept, &counted, &mean, &own, studies, trials as f64)
}

/// The weights from the losses of the models that are kept, of their mean, and of the own model.
fn shares(kept: &[usize], earlier: &[&Vec<f64>], mean: &[f64], own: &[f64], studies: usize, trials: f64) -> Weights {
    let mut weights = Weights { earlier: vec![0.0; studies], own: 0.0 };
    if kept.is_empty() {
        return Weights { own: 1.0, ..weights };
    }
    let equal = 1.0 / kept.len() as f64;
    let sample = trials / (trials + PRIOR_TRIALS) / SAMPLES as f64;
    for s in 0..SAMPLES {
        let lowest = earlier.iter().map(|losses| losses[s]).fold(own[s].min(mean[s]), f64::min);
        let winners: Vec<usize> = (0..kept.len()).filter(|i| earlier[*i][s] == lowest).collect();
        let count = winners.len() + usize::from(mean[s] == lowest) + usize::from(own[s] == lowest);
        let share = sample / count as f64;
        winners.iter().for_each(|i| weights.earlier[kept[*i]] += share);
        if mean[s] == lowest {
            kept.iter().for_each(|i| weights.earlier[*i] += share * equal);
        }
        if own[s] == lowest {
            weights.own += share;
        }
    }
    let rest = PRIOR_TRIALS / (trials + PRIOR_TRIALS);
    kept.iter().for_each(|i| weights.earlier[*i] += rest * equal);
    weights
}

fn pairs(compared: &[&Comparison]) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for (i, a) in compared.iter().enumerate() {
        for b in &compared[..i] {
            if a.trial == b.trial || a.t != b.t || a.value == b.value {
                continue;
            }
            let (better, worse) = if a.value < b.value { (a, b) } else { (b, a) };
            let differences = worse.earlier.iter().zip(&better.earlier).map(|(worse, better)| worse - better).collect();
            pairs.push(Pair { trials: [a.trial, b.trial], is_own_wrong: worse.own <= better.own, differences });
        }
    }
    pairs
}

/// How often each of `trials` is in a sample of as many with replacement.
fn bootstrap(trials: usize, stream: &mut Stream) -> Vec<f64> {
    let mut multiplicity = vec![0.0; trials];
    (0..trials).for_each(|_| multiplicity[stream.random_range(0..trials)] += 1.0);
    multiplicity
}

/// The fraction of misordered pairs in a sample; [`CHANCE`] if the sample has no pair.
fn loss(pairs: &[Pair], multiplicity: &[f64], is_wrong: &[bool]) -> f64 {
    let (mut wrong, mut all) = (0.0, 0.0);
    for (pair, is_wrong) in pairs.iter().zip(is_wrong) {
        let weight = multiplicity[pair.trials[0]] * multiplicity[pair.trials[1]];
        all += weight;
        wrong += if *is_wrong { weight } else { 0.0 };
    }
    if all > 0.0 { wrong / all } else { CHANCE }
}

fn quantile(values: &[f64], p: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[(p * (sorted.len() - 1) as f64) as usize]
}
