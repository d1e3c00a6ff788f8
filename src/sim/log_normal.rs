//! Log-normal run times: some configurations are always slow, like the stragglers of D2L 19.3.

use std::time::Duration;

use rand::RngExt;
use rand_distr::StandardNormal;

use super::job_model::{JobModel, SimulatedJob};
use crate::engine::event::Launch;
use crate::types::objective::Score;
use crate::types::outcome::{CurvePoint, Outcome};
use crate::types::stream::{Purpose, stream};
use crate::types::units::Moment;

/// A job with resource r takes r·`unit`·exp(`sigma`·z), with z standard normal and drawn once per trial. Its value is
/// l + (1 − l)/(1 + r), with the limit l drawn uniformly from [0, 1) once per trial.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct LogNormalJobs {
    /// Seed of the draws.
    pub seed: u64,
    /// Standard deviation of the logarithm of the run times.
    pub sigma: f64,
    /// Median run time of one unit of resource.
    pub unit: Duration,
}

impl JobModel for LogNormalJobs {
    fn launch(&mut self, _now: Moment, launch: &Launch) -> SimulatedJob {
        let mut stream = stream(self.seed, launch.job.key.trial, Purpose::Simulation);
        let z: f64 = stream.sample(StandardNormal);
        let limit: f64 = stream.random();
        let resource = launch.resource.amount();
        let run_time = self.unit.mul_f64(resource * libm::exp(self.sigma * z));
        let value = limit + (1.0 - limit) / (1.0 + resource);
        let curve = vec![CurvePoint { step: resource, value }];
        SimulatedJob { run_time, outcome: Outcome::Succeeded { score: Score::new(value) }, curve }
    }
}
