//! Options that have no effect beside the other ones.

use crate::cli::args::execution::ExecutionArgs;
use crate::run::process::gpus::Gpus;

/// A sentence for each option in `args` without effect.
pub fn without_effect(args: &ExecutionArgs) -> Vec<String> {
    let no_gpus = args.gpus == Some(Gpus::None);
    let options = [
        (no_gpus && args.gpus_per_job > 1, "--gpus-per-job", "--gpus none gives the jobs no GPUs"),
        (no_gpus && args.jobs_per_gpu > 1, "--jobs-per-gpu", "--gpus none gives the jobs no GPUs"),
        (
            args.finish_running && args.time_limit.is_none(),
            "--finish-running",
            "there is no --time-limit; at other limits running jobs always finish",
        ),
    ];
    let given = options.into_iter().filter(|(has_no_effect, ..)| *has_no_effect);
    given.map(|(_, option, why)| format!("{option} has no effect: {why}")).collect()
}
