//! How simulated jobs behave.

use std::time::Duration;

use crate::engine::event::{Command, Launch};
use crate::types::outcome::{CurvePoint, Outcome};
use crate::types::units::Moment;

/// The behaviour of one job.
#[derive(Clone, PartialEq, Debug)]
pub struct SimulatedJob {
    /// Its run time, if it is not killed.
    pub run_time: Duration,
    /// Its outcome, if it is not killed.
    pub outcome: Outcome,
    /// Its readings, printed at equal intervals over the run time.
    pub curve: Vec<CurvePoint>,
}

/// Determines the behaviour of all jobs of a simulated study.
pub trait JobModel {
    /// The behaviour of a job that is launched at `now`.
    fn launch(&mut self, now: Moment, launch: &Launch) -> SimulatedJob;
    /// Called for every command of the engine, in order.
    fn on_command(&mut self, _now: Moment, _command: &Command) {}
}
