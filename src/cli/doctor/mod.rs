//! The jobs of `doctor`: a few jobs of a study in a scratch folder.

mod configurations;
mod gpu_monitor;
mod jobs;
mod metric_reading;
mod observer;
mod scratch;
mod sessions;
mod variations;

pub(crate) use gpu_monitor::GpuMonitor;
pub(crate) use jobs::observe;
pub(crate) use sessions::{DoctorEnd, DoctorSessions};
