//! The driver in virtual time: the same engine, jobs that only pretend, and a clock that jumps from event to event.
//!
//! A [`World`] says how long each job takes and how it ends; [`simulate`] plays a whole study on that and tells how busy its
//! slots were. Nothing sleeps, so a million jobs take seconds and every run of the same study is the same.

mod agenda;
pub mod barrier;
pub mod spread;
mod stage;
#[cfg(test)]
mod tests;
pub mod usage;

use std::sync::Arc;
use std::time::Duration;

use self::stage::Stage;
use self::usage::Usage;
use crate::engine::event::{Command, FinishReason, Launch};
use crate::engine::experiment::Experiment;
use crate::words::outcome::{CurvePoint, Outcome};
use crate::words::units::Moment;

/// What a job pretends to do.
#[derive(Clone, PartialEq, Debug)]
pub struct Performance {
    /// How long it runs if nobody ends it.
    pub took: Duration,
    /// How it ends then.
    pub outcome: Outcome,
    /// What it prints on the way, evenly spread over its time.
    pub curve: Vec<CurvePoint>,
}

/// The jobs of a simulated study.
pub trait World {
    /// What the job launched at `now` will do.
    fn perform(&mut self, now: Moment, launch: &Launch) -> Performance;
    /// Every command of the engine, as it comes.
    fn notice(&mut self, _now: Moment, _command: &Command) {}
}

/// What a simulated study came to.
#[derive(Clone, PartialEq, Debug)]
pub struct Course {
    /// Why it ended; `None` if the engine waited for something that no event would bring.
    pub reason: Option<FinishReason>,
    /// Launches.
    pub launches: u64,
    /// Trials that went on to a next rung, counted once for each rung.
    pub promotions: u64,
    /// The slots from the beginning to the end.
    pub whole: Usage,
    /// The slots until the last new trial started. After that only promotions are left, and slots must run dry.
    pub before_tail: Usage,
}

/// Plays the study on `slots` simulated slots.
pub fn simulate(experiment: Arc<Experiment>, slots: u32, world: &mut dyn World) -> Course {
    Stage::new(experiment, slots, world).play()
}
