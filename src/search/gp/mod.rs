//! `gp`: a Gaussian process over configuration and resource, and the configuration from which it expects most at full resource.

pub mod acquisition;
pub mod bounded;
pub mod climb;
pub mod fit;
pub mod kernel;
pub mod lanes;
pub mod likelihood;
pub mod linalg;
pub mod model;
pub mod posterior;
pub mod searcher;
#[cfg(test)]
mod tests;
pub mod transform;

use std::sync::Arc;

use self::acquisition::Acquisition;
use self::model::Settings;
use self::searcher::GpSearcher;
use super::{Sampler, SearchContext, Searcher};
use crate::method::SamplerKind;

/// `sampler: gp`.
pub static SAMPLER: SamplerKind = SamplerKind { name: "gp", build: || Arc::new(Gp::default()) };

/// Settings of the Gaussian process.
#[derive(Clone, PartialEq, Debug)]
pub struct Gp {
    /// The model.
    pub model: Settings,
    /// What a suggestion maximises.
    pub acquisition: Acquisition,
    /// Share of trials drawn from the prior, 0…1: what the model is wrong about is found all the same. Small, for the expected
    /// improvement explores by itself.
    pub random_fraction: f64,
    /// Trials drawn from the prior before anything else.
    pub initial: u64,
    /// Readings before the model is asked.
    pub least_readings: usize,
}

impl Default for Gp {
    fn default() -> Gp {
        Gp {
            model: Settings::default(),
            acquisition: Acquisition::LogExpectedImprovement { margin: 0.0 },
            random_fraction: 0.02,
            initial: 0,
            least_readings: 10,
        }
    }
}

impl Sampler for Gp {
    fn name(&self) -> &'static str {
        "gp"
    }

    fn searcher(&self, context: &SearchContext) -> Box<dyn Searcher> {
        Box::new(GpSearcher::new(self.clone(), context))
    }

    fn draws_blindly(&self) -> bool {
        false
    }
}
