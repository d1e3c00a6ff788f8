//! Whether the jobs use a GPU.

use super::finding::CheckOutcome;
use super::observed::{DoctorJobs, GpuUse};
use crate::report::text;

pub fn check(jobs: &DoctorJobs) -> CheckOutcome {
    match jobs.gpu {
        GpuUse::NoGpu => CheckOutcome::unknown("no GPU here (nvidia-smi lists none)"),
        GpuUse::NotAssigned => CheckOutcome::unknown("jobs get no GPU (--gpus none)"),
        GpuUse::NotOnThisMachine => CheckOutcome::unknown("not seen: jobs run on other machines"),
        GpuUse::NotObserved => CheckOutcome::unknown("not seen: jobs are too short, or nvidia-smi does not answer"),
        GpuUse::Unused => CheckOutcome::failed(
            "there is a GPU, and no job had memory on it",
            "move the model and the data to the GPU, or run more jobs at once without it: --gpus none",
        ),
        GpuUse::ByProcesses { bytes } => {
            CheckOutcome::passed(format!("a job uses up to {} of GPU memory", text::bytes(bytes)))
        }
        GpuUse::InTotal { bytes } => CheckOutcome::passed(format!(
            "{} more GPU memory is used while jobs run; nvidia-smi does not list their processes",
            text::bytes(bytes)
        )),
    }
}
