//! Simulated jobs of known durations.

use std::time::Duration;

use rand::RngExt;

use super::rates::CostRates;
use crate::engine::event::Launch;
use crate::sim::{JobModel, SimulatedJob};
use crate::types::allocation::PromotedStart;
use crate::types::ids::TrialId;
use crate::types::objective::Score;
use crate::types::outcome::Outcome;
use crate::types::stream::{Purpose, stream};
use crate::types::units::Moment;

/// How good each trial is, which decides about promotions where they are asynchronous.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TrialOrder {
    /// In random order.
    Random,
    /// Each trial is better than all before, so that there are as many promotions as possible.
    Improving,
    /// Each trial is worse than all before.
    Declining,
}

/// Jobs that all succeed.
#[derive(Debug)]
pub struct JobCosts {
    pub rates: CostRates,
    pub promoted: PromotedStart,
    pub order: TrialOrder,
    /// Whether small values are better.
    pub is_minimized: bool,
    /// The jobs so far, in order of their start.
    pub launched: Vec<JobInterval>,
}

/// When a simulated job runs.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct JobInterval {
    /// From the start of the study to its start, seconds.
    pub start_s: f64,
    /// How long it takes.
    pub seconds: f64,
}

impl JobModel for JobCosts {
    fn launch(&mut self, now: Moment, launch: &Launch) -> SimulatedJob {
        let resource = self.promoted.cost(launch.resource, Some(launch.previous));
        let seconds = self.rates.seconds(resource);
        self.launched.push(JobInterval { start_s: now.since(Moment::default()).as_secs_f64(), seconds });
        let score = Score::new(self.value(launch.job.key.trial));
        SimulatedJob {
            run_time: Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX),
            outcome: Outcome::Succeeded { score },
            curve: Vec::new(),
        }
    }
}

impl JobCosts {
    fn value(&self, trial: TrialId) -> f64 {
        let number = trial.0 as f64;
        let cost = match self.order {
            TrialOrder::Random => stream(0, trial, Purpose::Simulation).random::<f64>(),
            TrialOrder::Improving => -number,
            TrialOrder::Declining => number,
        };
        if self.is_minimized { cost } else { -cost }
    }
}
