//! Parts of the space to which a suggestion is restricted, so that each of them is searched while another has the best results.

use rand::RngExt;

use super::model::RankedTrial;
use crate::search::encoding::{Axis, Branch, Encoding, INACTIVE, MAX_DRAWS_PER_VECTOR, branch};
use crate::types::stream::Stream;

/// Probability with which a suggestion is restricted to one branch of a space with conditions.
const DRAWN_BRANCHES: f64 = 0.5;
/// Probability with which another suggestion is restricted to one value of one unordered parameter.
const DRAWN_CATEGORIES: f64 = 1.0 / 3.0;

/// A part of the space.
#[derive(Clone, PartialEq, Debug)]
pub enum Subspace {
    /// All of it.
    Whole,
    /// The configurations in which the same parameters are active.
    Branch(Branch),
    /// The configurations with one value of an unordered parameter.
    Category {
        /// Its coordinate.
        dimension: usize,
        /// The index of its value.
        value: f64,
    },
}

impl Subspace {
    /// Whether the vector `x` is in it.
    pub fn contains(&self, x: &[f64]) -> bool {
        match self {
            Subspace::Whole => true,
            Subspace::Branch(wanted) => *wanted == branch(x),
            Subspace::Category { dimension, value } => x[*dimension] == *value,
        }
    }

    /// The most draws from the prior to get `wanted` feasible vectors in it.
    pub fn draw_limit(&self, encoding: &Encoding, wanted: usize) -> usize {
        match self {
            Subspace::Whole => encoding.draw_limit(wanted),
            Subspace::Branch(_) | Subspace::Category { .. } => MAX_DRAWS_PER_VECTOR * wanted,
        }
    }

    /// Draws one: a branch or a category that a configuration drawn from the prior has, so that each is as likely as in the prior, or
    /// the whole space. One without results in `ranking` is not drawn: there may be too many.
    pub fn draw(encoding: &Encoding, ranking: &[RankedTrial], stream: &mut Stream) -> Subspace {
        let has_results = |part: &Subspace| ranking.iter().any(|ranked| part.contains(&ranked.x));
        if encoding.has_conditions() && stream.random::<f64>() < DRAWN_BRANCHES {
            let drawn = Subspace::Branch(branch(&encoding.draw(stream)));
            if has_results(&drawn) {
                return drawn;
            }
        }
        let axes = encoding.axes();
        let unordered: Vec<usize> = (0..axes.len()).filter(|d| axes[*d] == Axis::Unordered).collect();
        if unordered.is_empty() || stream.random::<f64>() >= DRAWN_CATEGORIES {
            return Subspace::Whole;
        }
        let dimension = unordered[stream.random_range(0..unordered.len())];
        let value = encoding.draw(stream)[dimension];
        let drawn = Subspace::Category { dimension, value };
        if value != INACTIVE && has_results(&drawn) { drawn } else { Subspace::Whole }
    }
}
