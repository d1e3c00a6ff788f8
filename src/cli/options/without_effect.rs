//! Options that have no effect beside the other ones.

use crate::cli::args::ExecutionArgs;
use crate::run::process::gpus::Gpus;

/// A sentence for each option in `args` without effect.
pub fn without_effect(args: &ExecutionArgs) -> Vec<String> {
    let gpus = args.gpus == Gpus::None;
    let options = [
        (gpus && args.gpus_per_job > 1, "--gpus-per-job", "the jobs get no GPUs; add --gpus auto"),
        (gpus && args.jobs_per_gpu > 1, "--jobs-per-gpu", "the jobs get no GPUs; add --gpus auto"),
        (
            args.finish_running && args.time_limit.is_none(),
            "--finish-running",
            "there is no --time-limit; at other limits running jobs always finish",
        ),
    ];
    let given = options.into_iter().filter(|(has_no_effect, ..)| *has_no_effect);
    given.map(|(_, option, why)| format!("{option} has no effect: {why}")).collect()
}
