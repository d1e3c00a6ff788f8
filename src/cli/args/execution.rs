//! Options of sessions, which may differ each time a study is resumed.

use std::time::Duration;

use clap::Args;

use super::values::one_of;

use crate::cli::options::{overrides, quantity};
use crate::engine::experiment::Limits;
use crate::launch::catalogue::LauncherChoice;
use crate::run::change::Rerun;
use crate::run::checkpoints::retention::Keep;
use crate::run::process::default_variables::Threads;
use crate::run::process::gpus::Gpus;
use crate::types::ids::MAX_SLOTS;

const JOBS: &str = "Jobs";
const LIMITS: &str = "Limits (to continue, run the same command line with a larger limit)";

/// Arguments that may differ each time a study is resumed.
#[derive(Clone, Debug, Args)]
pub struct ExecutionArgs {
    /// Number of jobs that run at the same time [default: from the matrix, else the number of CPUs]
    #[arg(short = 'j', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_SLOTS)), help_heading = JOBS)]
    pub concurrency: Option<u32>,
    /// How jobs are started: local, slurm, ssh, template (with options: '{kind: slurm, cpus: 4, gpus: 1}') [default: from the matrix, else local]
    #[arg(long, value_name = "LAUNCHER", value_parser = overrides::launcher, help_heading = JOBS)]
    pub launcher: Option<LauncherChoice>,
    /// Outside of a Slurm allocation: keep up to N allocations, each for TIME, such as 4x8h, and run jobs in them [default: from the matrix, else a Slurm job for each job]
    #[arg(long, value_name = "NxTIME", help_heading = JOBS)]
    pub allocation: Option<String>,
    /// Continue even if the first jobs all fail for the same reason
    #[arg(long, help_heading = JOBS)]
    pub keep_going: bool,
    /// Retry a failed job up to N times [default: from the matrix, else 0]
    #[arg(long, value_name = "N", help_heading = JOBS)]
    pub retries: Option<u32>,
    /// Run jobs again: failed (also in a study that has ended; all other results are kept)
    #[arg(long, value_name = "WHICH", value_parser = one_of(RERUN), hide_possible_values = true, help_heading = JOBS)]
    pub rerun: Option<Rerun>,
    /// Stop a job that runs longer than this, such as 90s, 5m or 1h30m
    #[arg(long, value_name = "DURATION", value_parser = quantity::duration, help_heading = JOBS)]
    pub job_timeout: Option<Duration>,
    /// Stop the study once the system has refused to start a job for this long
    #[arg(long, value_name = "DURATION", value_parser = quantity::duration, default_value = "1m", help_heading = JOBS)]
    pub launch_timeout: Duration,
    /// Time between SIGINT, SIGTERM and SIGKILL when a job is stopped early
    #[arg(long, value_name = "DURATION", value_parser = quantity::duration, default_value = "10s", help_heading = JOBS)]
    pub grace: Duration,
    /// Stop the study after running for this long, earlier runs included
    #[arg(long, value_name = "DURATION", value_parser = quantity::duration, help_heading = LIMITS)]
    pub time_limit: Option<Duration>,
    /// Stop the study after N jobs
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = LIMITS)]
    pub max_jobs: Option<u64>,
    /// Stop the study before its jobs use more of the resource than this, in total
    #[arg(long, value_name = "X", value_parser = positive, help_heading = LIMITS)]
    pub max_resource: Option<f64>,
    /// Stop the study when the rest of its budget is expected to gain less than this share of what was gained so far, such as 0.01
    #[arg(long, value_name = "FRACTION", value_parser = share, help_heading = LIMITS)]
    pub patience: Option<f64>,
    /// Let running jobs finish when a limit is reached
    #[arg(long, help_heading = LIMITS)]
    pub finish_running: bool,
    /// Amount of each job's stdout and stderr to keep: the first and the last part
    #[arg(long, value_name = "SIZE", value_parser = quantity::bytes, default_value = "100MB", help_heading = JOBS)]
    pub log_limit: u64,
    /// Checkpoints to keep: all, promoted (of trials that finished or may be promoted), best or none
    #[arg(long, value_name = "WHICH", default_value = "promoted", hide_possible_values = true, value_parser = one_of(KEEP), help_heading = JOBS)]
    pub keep_checkpoints: Keep,
    /// GPUs for the jobs: auto (one per job, where there are any), none, or their numbers like 0,1,3 [default: auto]
    #[arg(long, value_name = "GPUS", value_parser = gpus, help_heading = JOBS)]
    pub gpus: Option<Gpus>,
    /// Number of GPUs per job
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..), help_heading = JOBS)]
    pub gpus_per_job: u32,
    /// Number of jobs that share a GPU
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..), help_heading = JOBS)]
    pub jobs_per_gpu: u32,
    /// Threads of the numerical libraries in each job: a number, none (not set), or auto (processors divided by jobs)
    #[arg(long, value_name = "N", default_value = "auto", value_parser = threads, help_heading = JOBS)]
    pub threads: Threads,
    /// Print only errors and the result
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print a line for each finished job
    #[arg(short, long)]
    pub verbose: bool,
}

const RERUN: [(&str, Rerun); 1] = [("failed", Rerun::Failed)];

const KEEP: [(&str, Keep); 4] =
    [("all", Keep::All), ("promoted", Keep::Promoted), ("best", Keep::Best), ("none", Keep::None)];

fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|x: &f64| x.is_finite() && *x > 0.0);
    number.ok_or_else(|| "expected a number above 0".to_owned())
}

fn share(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|x: &f64| Limits::accepts_patience(*x));
    number.ok_or_else(|| "expected a number above 0 and below 1".to_owned())
}

/// `auto`, `none`, or devices by number or unique name.
fn gpus(text: &str) -> Result<Gpus, String> {
    match text {
        "none" => Ok(Gpus::None),
        "auto" => Ok(Gpus::Auto),
        _ => {
            let devices: Vec<_> = text.split(',').map(|d| d.trim().to_owned()).collect();
            let complete = devices.iter().all(|d| !d.is_empty());
            complete
                .then_some(Gpus::Listed(devices))
                .ok_or_else(|| "expected auto, none, or devices like 0,1,3".to_owned())
        }
    }
}

/// `auto`, `none`, or a number.
fn threads(text: &str) -> Result<Threads, String> {
    match text {
        "auto" => Ok(Threads::Auto),
        "none" => Ok(Threads::None),
        _ => text.parse().map(Threads::Count).map_err(|_| "expected auto, none, or a number above 0".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpus_are_a_keyword_or_a_list() {
        assert_eq!(gpus("1,0"), Ok(Gpus::Listed(vec!["1".into(), "0".into()])));
        assert_eq!(gpus("auto"), Ok(Gpus::Auto));
        assert!(gpus("0,,1").is_err());
    }
}
