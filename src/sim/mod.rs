//! A driver in virtual time: the engine of real studies, simulated jobs, and a clock that jumps from event to event.
//!
//! A [`JobModel`] determines how long each job takes and how it ends; [`simulate`] runs a whole study and reports how busy the slots
//! were. A million jobs take seconds, and the same study gives the same result each time.

mod event_queue;
mod job_model;
pub mod log_normal;
pub mod sequential_brackets;
mod simulation;
#[cfg(test)]
mod tests;
mod usage;

pub use self::job_model::{JobModel, SimulatedJob};
pub use self::simulation::{SimulationResult, simulate};
pub use self::usage::SlotUsage;
