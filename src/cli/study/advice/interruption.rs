//! How an interrupted study continues.

use signal_hook::consts::SIGTERM;

use crate::launch::slurm::batch::submitted;

/// How the study continues that `signal` interrupted; `resume` is a command line.
pub fn next_step(signal: i32, resume: &str) -> String {
    match submitted::own_job().filter(|_| signal == SIGTERM) {
        Some(job) => format!(
            "Slurm job {job} queues itself again and continues the study, unless it was cancelled; scancel {job} ends it for good"
        ),
        None => format!("continue with the same command line, or with\n  {resume}"),
    }
}
