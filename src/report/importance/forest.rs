//! A small random forest (Breiman 2001, "Random Forests"), which predicts values from parameters.
//!
//! Further forests are fitted to what the ones before did not predict for rows outside of their samples: greedy splits leave weak
//! effects out, and these are measured here too (Ghosal & Hooker 2021, "Boosting Random Forests to Reduce Bias", algorithm 1).

use rand::RngExt;

use super::param_column::GridValue;
use super::tree::{Leaf, TrainingSet, contains, grow};
use crate::types::stream::Stream;

/// Number of trees per stage.
const TREES: usize = 16;
/// Maximum number of leaves per tree.
const MAX_LEAVES: usize = 72;
/// Maximum number of leaves of all trees, times columns: the time grows with the square of the one and with the other.
const MAX_SIZE: usize = 60_000;
/// Share of the columns that each node looks at (Hutter et al. 2014, section 4, use 5/6).
const TRIED: f64 = 5.0 / 6.0;
/// Maximum number of stages.
const STAGES: usize = 3;
/// By how much a further stage must improve [`Forest::r_squared`].
const IMPROVEMENT: f64 = 0.005;
/// Number of parts of the forest that are fitted to different samples.
const PARTS: usize = 4;

/// A forest: the sum over stages of the mean over trees.
#[derive(Clone, Debug)]
pub struct Forest {
    /// The leaves of each tree, stage by stage.
    pub trees: Vec<Vec<Leaf>>,
    /// Trees per stage.
    pub per_stage: usize,
    /// Share of the variance of the values that the trees explain for rows that they were not fitted to, ≤ 1 (Breiman 2001, section
    /// 3.1).
    pub r_squared: f64,
}

/// The trees of one stage and what they predict for the rows outside of their samples.
struct Stage {
    trees: Vec<Vec<Leaf>>,
    predicted: Vec<f64>,
}

impl Forest {
    /// Fits a forest to `set`, which is not empty.
    pub fn fit(mut set: TrainingSet<'_>, stream: &mut Stream) -> Forest {
        let values = set.values.clone();
        let mut predicted = vec![0.0; values.len()];
        let mut forest = Forest { trees: Vec::new(), per_stage: TREES, r_squared: f64::MIN };
        for _ in 0..STAGES {
            let stage = stage(&set, stream);
            predicted.iter_mut().zip(&stage.predicted).for_each(|(sum, more)| *sum += more);
            let r_squared = r_squared(&values, &predicted);
            if r_squared < forest.r_squared + IMPROVEMENT {
                break;
            }
            forest.r_squared = r_squared;
            forest.trees.extend(stage.trees);
            set.values = values.iter().zip(&predicted).map(|(value, predicted)| value - predicted).collect();
        }
        forest
    }

    /// Smaller forests, which together have all trees.
    pub fn divided(&self) -> Vec<Forest> {
        let part = |part| {
            let trees = self.trees.iter().skip(part).step_by(PARTS).cloned().collect();
            Forest { trees, per_stage: self.per_stage / PARTS, r_squared: self.r_squared }
        };
        (0..PARTS).map(part).collect()
    }

    /// The mean value over all other parameters where `column` has the values of `grid`.
    pub fn marginal(&self, column: usize, grid: &[GridValue]) -> Vec<f64> {
        let conditional = |leaf: &Leaf, at: &GridValue| {
            let is_inside =
                |(restricted, set, _): &(usize, _, f64)| *restricted != column || contains(*set, at.coordinate);
            let others = leaf.restrictions.iter().filter(|(restricted, ..)| *restricted != column);
            let mass: f64 = others.map(|(_, _, mass)| mass).product();
            if leaf.restrictions.iter().all(is_inside) { mass * leaf.value } else { 0.0 }
        };
        let weighted = |at: &GridValue| self.trees.iter().flatten().map(|leaf| conditional(leaf, at)).sum::<f64>();
        grid.iter().map(|at| weighted(at) / self.per_stage as f64).collect()
    }
}

fn stage(set: &TrainingSet<'_>, stream: &mut Stream) -> Stage {
    let count = set.rows.len();
    let tried = ((set.columns.len() as f64 * TRIED).ceil() as usize).max(1);
    let max_leaves = (MAX_SIZE / (TREES * set.columns.len())).clamp(8, MAX_LEAVES);
    let mut outside = vec![(0.0, 0usize); count];
    let tree = |_| {
        let sample: Vec<usize> = (0..count).map(|_| stream.random_range(0..count)).collect();
        let mut is_inside = vec![false; count];
        sample.iter().for_each(|row| is_inside[*row] = true);
        let leaves = grow(set, sample, max_leaves, tried, stream);
        for row in (0..count).filter(|row| !is_inside[*row]) {
            let prediction = leaves.iter().find(|leaf| leaf.contains(&set.rows[row])).map_or(0.0, |leaf| leaf.value);
            outside[row] = (outside[row].0 + prediction, outside[row].1 + 1);
        }
        leaves
    };
    let trees = (0..TREES).map(tree).collect();
    let mean = set.values.iter().sum::<f64>() / count as f64;
    // Rows in the samples of all trees, of which there are hardly any, are predicted by the mean.
    let predicted = outside.into_iter().map(|(sum, count)| if count > 0 { sum / count as f64 } else { mean }).collect();
    Stage { trees, predicted }
}

/// 1 − the error of the predictions over the variance.
fn r_squared(values: &[f64], predicted: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let error: f64 = values.iter().zip(predicted).map(|(value, predicted)| (value - predicted).powi(2)).sum();
    let variance: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    if variance > 0.0 && error.is_finite() { 1.0 - error / variance } else { 0.0 }
}
