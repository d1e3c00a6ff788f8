//! The argument list of `srun` for one job.

use super::leftovers::step_name;
use super::options::SlurmOptions;
use crate::launch::launcher::JobIdentity;

/// The exit code of srun for its own errors, which else is 1 (srun(1), "ENVIRONMENT VARIABLES").
pub const SLURM_ERROR_CODE: i32 = 211;
/// The variable that sets it.
pub const ERROR_CODE_VARIABLE: &str = "SLURM_EXIT_ERROR";

/// Variables that Slurm sets for the job that the driver runs in, and that srun takes as options (srun(1), "INPUT ENVIRONMENT
/// VARIABLES"). Those of the driver's own job do not apply to the jobs of the study.
pub const CONFLICTING_VARIABLES: [&str; 25] = [
    "SLURM_CPUS_PER_TASK",
    "SLURM_CPUS_PER_GPU",
    "SLURM_CPU_BIND",
    "SLURM_CPU_BIND_LIST",
    "SLURM_CPU_BIND_TYPE",
    "SLURM_CPU_BIND_VERBOSE",
    "SLURM_DISTRIBUTION",
    "SLURM_EXCLUSIVE",
    "SLURM_GPUS",
    "SLURM_GPUS_PER_NODE",
    "SLURM_GPUS_PER_SOCKET",
    "SLURM_GPUS_PER_TASK",
    "SLURM_GPUS_ON_NODE",
    "SLURM_GRES",
    "SLURM_MEM_PER_CPU",
    "SLURM_MEM_PER_GPU",
    "SLURM_MEM_PER_NODE",
    "SLURM_NNODES",
    "SLURM_NPROCS",
    "SLURM_NTASKS",
    "SLURM_NTASKS_PER_GPU",
    "SLURM_NTASKS_PER_NODE",
    "SLURM_TRES_PER_TASK",
    "SLURM_TIMELIMIT",
    "CUDA_VISIBLE_DEVICES",
];

/// The argument list up to the job's own. `excluded` are nodes that it must not run on.
pub fn srun(options: &SlurmOptions, in_allocation: bool, job: &JobIdentity<'_>, excluded: &[String]) -> Vec<String> {
    let mut argv = vec![
        "srun".to_owned(),
        "--nodes=1".to_owned(),
        "--ntasks=1".to_owned(),
        "--unbuffered".to_owned(),
        "--input=none".to_owned(),
        "--export=ALL".to_owned(),
        format!("--job-name={}", step_name(job.mark)),
        format!("--cpus-per-task={}", options.cpus()),
    ];
    let mut option = |name: &str, value: Option<&str>| {
        argv.extend(value.map(|value| format!("--{name}={value}")));
    };
    if in_allocation {
        // Without --exact a step has all processors of its node, without --gres all GPUs, and without --mem all memory, so that no
        // other step runs beside it. A step with --mem=0 may use all memory and takes none of it from others.
        option("gres", Some(options.gres().as_deref().unwrap_or("none")));
        option("mem", Some(options.mem.as_deref().unwrap_or("0")));
    } else {
        option("gres", options.gres().as_deref());
        option("mem", options.mem.as_deref());
        option("partition", options.partition.as_deref());
        option("account", options.account.as_deref());
        option("qos", options.qos.as_deref());
        option("constraint", options.constraint.as_deref());
    }
    option("time", options.time.as_deref());
    if !excluded.is_empty() {
        option("exclude", Some(&excluded.join(",")));
    }
    if in_allocation {
        argv.push("--exact".to_owned());
    }
    argv.extend(options.extra.iter().cloned());
    argv
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;
    use crate::types::ids::{Attempt, JobId, JobKey, Rung, Slot, TrialId};
    use crate::types::units::Resource;

    fn argv(options: serde_json::Value, in_allocation: bool, excluded: &[&str]) -> String {
        let args = options.as_object().unwrap().iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let options = SlurmOptions::read(&args).unwrap();
        let job = JobId { key: JobKey { trial: TrialId(3), rung: Rung(0) }, attempt: Attempt(1) };
        let (resource, directory) = (Resource::ONE, Path::new("/"));
        let job = JobIdentity { slot: Slot(0), job, resource, mark: "1-2-3/3-0-1", directory };
        let excluded: Vec<String> = excluded.iter().map(|node| (*node).to_owned()).collect();
        srun(&options, in_allocation, &job, &excluded)[6..].join(" ")
    }

    #[test]
    fn a_step_takes_no_more_than_its_share() {
        assert_eq!(
            argv(json!({}), true, &[]),
            "--job-name=ht:1-2-3/3-0-1 --cpus-per-task=1 --gres=none --mem=0 --exact"
        );
        let all = json!({"cpus": 2, "gpus": 1, "mem": "4G", "time": 30, "partition": "p", "extra": ["--nice"]});
        assert_eq!(
            argv(all, true, &["n1", "n2"]),
            "--job-name=ht:1-2-3/3-0-1 --cpus-per-task=2 --gres=gpu:1 --mem=4G --time=30 --exclude=n1,n2 --exact --nice"
        );
    }

    #[test]
    fn a_job_of_its_own_names_partition_and_account() {
        let all = json!({"gpus": "a100:2", "partition": "p", "account": "a", "qos": "q", "constraint": "c"});
        assert_eq!(
            argv(all, false, &[]),
            "--job-name=ht:1-2-3/3-0-1 --cpus-per-task=1 --gres=gpu:a100:2 --partition=p --account=a --qos=q --constraint=c"
        );
    }
}
