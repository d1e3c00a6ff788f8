//! `tpe`: the pair of kernel densities of BOHB (Falkner, Klein and Hutter 2018, section 3.2): configurations that look good
//! against those that do not, over the highest rung with enough points.

pub mod kde;
pub mod searcher;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use self::searcher::TpeSearcher;
use super::{Sampler, SearchContext, Searcher};
use crate::method::SamplerKind;

/// `sampler: tpe`.
pub static SAMPLER: SamplerKind = SamplerKind { name: "tpe", build: || Arc::new(Tpe::default()) };

/// Settings of the density pair.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Tpe {
    /// Share of trials drawn from the prior, 0…1.
    pub random_fraction: f64,
    /// q: share of a rung's configurations that count as good, 0…1 (0.15 in the paper).
    pub good_share: f64,
    /// Draws from the good density, of which the best ratio is taken: 64 in the paper; 24, Hyperopt's number, chases the ratio less far
    /// from where anything is known.
    pub candidates: usize,
    /// How much wider than the density the draws are (b_w = 3 in the paper).
    pub stretch: f64,
    /// Trials drawn from the prior before anything else.
    pub initial: u64,
}

impl Default for Tpe {
    fn default() -> Tpe {
        Tpe { random_fraction: 0.1, good_share: 0.15, candidates: 24, stretch: 3.0, initial: 0 }
    }
}

impl Sampler for Tpe {
    fn name(&self) -> &'static str {
        "tpe"
    }

    fn searcher(&self, context: &SearchContext) -> Box<dyn Searcher> {
        Box::new(TpeSearcher::new(*self, context))
    }

    fn draws_blindly(&self) -> bool {
        false
    }
}
