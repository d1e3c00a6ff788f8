//! A world of run times that differ: some configurations are slow for life, as in D2L 19.3's stragglers.

use std::time::Duration;

use rand::RngExt;
use rand_distr::StandardNormal;

use super::{Performance, World};
use crate::engine::event::Launch;
use crate::words::objective::Score;
use crate::words::outcome::{CurvePoint, Outcome};
use crate::words::stream::{Purpose, stream};
use crate::words::units::Moment;

/// A job takes `unit` for each unit of resource times exp(`sigma`·z), z standard normal and drawn once for its trial. Its value falls
/// from about 1 towards the trial's own limit in [0, 1) as the resource grows.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Spread {
    /// The draws come from it.
    pub seed: u64,
    /// Spread of the logarithm of the run times.
    pub sigma: f64,
    /// Median time of one unit of resource.
    pub unit: Duration,
}

impl World for Spread {
    fn perform(&mut self, _now: Moment, launch: &Launch) -> Performance {
        let mut stream = stream(self.seed, launch.job.key.trial, Purpose::Simulation);
        let z: f64 = stream.sample(StandardNormal);
        let limit: f64 = stream.random();
        let resource = launch.resource.amount();
        let took = self.unit.mul_f64(resource * libm::exp(self.sigma * z));
        let value = limit + (1.0 - limit) / (1.0 + resource);
        let curve = vec![CurvePoint { step: resource, value }];
        Performance { took, outcome: Outcome::Succeeded { score: Score::new(value) }, curve }
    }
}
