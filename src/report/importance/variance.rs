//! The variance of a forest's mean and its parts by parameters (functional ANOVA).
//!
//! A leaf l has the value v, the probability w, and in column k the set l_k. For pairs of leaves l, m of all trees let
//! r_k = P(l_k ∩ m_k) / (P(l_k) P(m_k)). The variance of the mean over the columns outside of U is then Σ w_l v_l w_m v_m Π_{k∈U} r_k
//! if values are relative to the mean of their stage. This is the decomposition of Hutter, Hoos & Leyton-Brown 2014 ("An Efficient Approach for
//! Assessing Hyperparameter Importance", section 3), of the sum of the stages' means over trees instead of the mean over trees of the decompositions:
//! what single trees make of noise cancels out.

use super::forest::Forest;
use super::param_column::{CoordinateSet, ParamColumn};
use super::tree::Leaf;

/// Parts of a variance.
#[derive(Clone, PartialEq, Debug)]
pub struct VarianceParts {
    /// The variance.
    pub whole: f64,
    /// Of each column alone.
    pub main: Vec<f64>,
    /// Of each column with all its interactions.
    pub total: Vec<f64>,
    /// Of each pair of columns without those of either alone, by rows; zero below the diagonal.
    pub pairs: Vec<Vec<f64>>,
}

/// The parts of the variance of `forest`.
pub fn parts(columns: &[ParamColumn], forest: &Forest) -> VarianceParts {
    let count = columns.len();
    let mut parts = VarianceParts {
        whole: 0.0,
        main: vec![0.0; count],
        total: vec![0.0; count],
        pairs: vec![vec![0.0; count]; count],
    };
    let leaves: Vec<&Leaf> = forest.trees.iter().flatten().collect();
    let weight: Vec<f64> = forest.trees.chunks(forest.per_stage).flat_map(weights).collect();
    let mut ratios = Vec::new();
    for (i, one) in leaves.iter().enumerate() {
        for (j, other) in leaves.iter().enumerate().skip(i) {
            let product = weight[i] * weight[j] * if i == j { 1.0 } else { 2.0 };
            if product != 0.0 {
                common(columns, one, other, &mut ratios);
                parts.add(product, &ratios);
            }
        }
    }
    parts
}

/// The weight of each leaf of a stage's trees, with values relative to their mean.
fn weights(trees: &[Vec<Leaf>]) -> Vec<f64> {
    let leaves = || trees.iter().flatten();
    let count = trees.len() as f64;
    let mean = leaves().map(|leaf| leaf.mass * leaf.value).sum::<f64>() / count;
    leaves().map(|leaf| leaf.mass * (leaf.value - mean) / count).collect()
}

impl VarianceParts {
    /// Adds a pair of leaves with the ratios of the columns that restrict both; in all other columns the ratio is 1.
    fn add(&mut self, product: f64, ratios: &[(usize, f64)]) {
        let zeros = ratios.iter().filter(|(_, ratio)| *ratio == 0.0).count();
        let of_others: f64 = ratios.iter().map(|(_, ratio)| ratio).filter(|ratio| **ratio != 0.0).product();
        let all = if zeros == 0 { of_others } else { 0.0 };
        self.whole += product * all;
        for (at, (column, ratio)) in ratios.iter().enumerate() {
            let without = match (zeros, *ratio == 0.0) {
                (0, _) => all / ratio,
                (1, true) => of_others,
                _ => 0.0,
            };
            self.main[*column] += product * (ratio - 1.0);
            self.total[*column] += product * (all - without);
            for (other, factor) in &ratios[at + 1..] {
                self.pairs[*column][*other] += product * (ratio - 1.0) * (factor - 1.0);
            }
        }
    }
}

/// The ratios of the columns that restrict both leaves.
fn common(columns: &[ParamColumn], one: &Leaf, other: &Leaf, ratios: &mut Vec<(usize, f64)>) {
    ratios.clear();
    let (mut i, mut j) = (0, 0);
    while let (Some((a, set, mass)), Some((b, other_set, other_mass))) =
        (one.restrictions.get(i), other.restrictions.get(j))
    {
        if a == b {
            let both = match (set, other_set) {
                (CoordinateSet::Interval(low, high), CoordinateSet::Interval(other_low, other_high)) => {
                    (high.min(*other_high) - low.max(*other_low)).max(0.0)
                }
                (CoordinateSet::Categories(bits), CoordinateSet::Categories(other_bits)) => {
                    columns[*a].mass(CoordinateSet::Categories(bits & other_bits))
                }
                _ => 0.0,
            };
            ratios.push((*a, both / (mass * other_mass)));
        }
        (i, j) = (i + usize::from(a <= b), j + usize::from(b <= a));
    }
}
