//! Checks of a training command by a few real jobs: one file per check, and their catalogue.

mod arguments;
mod catalogue;
mod checkpoint;
mod command;
mod diagnosis;
mod finding;
mod gpu;
mod memory;
mod metric;
mod observed;
mod resource;
mod seed;
mod signal;
#[cfg(test)]
mod tests;
mod timing;

pub use diagnosis::Diagnosis;
pub use observed::{ChangedJob, DoctorJobs, EndedJob, GpuUse, MetricReading, ObservedJob, UntriedParam, UntriedReason};
pub(crate) use timing::JobTiming;
