//! A driver in virtual time: the engine of real studies, simulated jobs, and a clock that jumps from event to event.
//!
//! A [`JobModel`] determines how long each job takes and how it ends; [`simulate`] runs a whole study and reports how busy the slots
//! were. A million jobs take seconds, and the same study gives the same result each time.

#[cfg(test)]
mod cluster_tests;
mod event_queue;
#[cfg(test)]
mod failure_tests;
mod job_model;
pub mod log_normal;
pub mod sequential_brackets;
mod simulation;
#[cfg(test)]
mod tests;
mod usage;

pub use crate::sim::job_model::{JobModel, SimulatedJob};
pub use crate::sim::simulation::{SimulationResult, simulate};
pub use crate::sim::usage::SlotUsage;
