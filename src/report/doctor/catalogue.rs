//! The checks. A new one is a file and a line here.

use super::finding::CheckOutcome;
use super::observed::DoctorJobs;
use super::{arguments, checkpoint, command, gpu, memory, metric, resource, seed, signal, timing};

/// A check.
#[derive(Debug)]
pub struct DoctorCheck {
    /// Its name.
    pub name: &'static str,
    /// The result for the jobs.
    pub check: fn(&DoctorJobs) -> CheckOutcome,
}

/// All checks, in the order in which they are shown.
pub static CHECKS: [DoctorCheck; 10] = [
    DoctorCheck { name: "command", check: command::check },
    DoctorCheck { name: "metric", check: metric::check },
    DoctorCheck { name: "parameters", check: arguments::check },
    DoctorCheck { name: "resource", check: resource::check },
    DoctorCheck { name: "checkpoint", check: checkpoint::check },
    DoctorCheck { name: "seed", check: seed::check },
    DoctorCheck { name: "signals", check: signal::check },
    DoctorCheck { name: "memory", check: memory::check },
    DoctorCheck { name: "gpu", check: gpu::check },
    DoctorCheck { name: "time", check: timing::check },
];
