//! Options that have no effect beside the other ones, or in this study.

use crate::cli::args::execution::ExecutionArgs;
use crate::engine::experiment::Experiment;
use crate::report::text;
use crate::run::process::gpus::Gpus;
use crate::schedule::finite;

/// A sentence for each option in `args` without effect in the study `experiment`.
pub fn without_effect(args: &ExecutionArgs, experiment: &Experiment) -> Vec<String> {
    let no_gpus = args.gpus == Some(Gpus::None);
    let no_retries = args.retries == Some(0) && experiment.retries.max == 0;
    let options = [
        (no_gpus && args.gpus_per_job > 1, "--gpus-per-job", "--gpus none gives the jobs no GPUs"),
        (no_gpus && args.jobs_per_gpu > 1, "--jobs-per-gpu", "--gpus none gives the jobs no GPUs"),
        (no_retries, "--retries 0", "failed jobs are retried only where the matrix or --retries asks for it"),
        (args.patience.is_some() && experiment.metric.is_none(), "--patience", "without a metric nothing is gained"),
        (
            args.finish_running && args.time_limit.is_none(),
            "--finish-running",
            "there is no --time-limit; at other limits running jobs always finish",
        ),
    ];
    let given = options.into_iter().filter(|(has_no_effect, ..)| *has_no_effect);
    let mut sentences: Vec<String> = given.map(|(_, option, why)| format!("{option} has no effect: {why}")).collect();
    sentences.extend(unreachable_limits(args, experiment));
    sentences
}

/// Limits above what the study needs. Retries and interrupted jobs may need more of the resource, but not more jobs.
fn unreachable_limits(args: &ExecutionArgs, experiment: &Experiment) -> Vec<String> {
    let totals = experiment.totals(&experiment.plan());
    let Some(jobs) = finite(totals.jobs) else { return Vec::new() };
    let max_jobs = args.max_jobs.filter(|most| *most >= jobs);
    let sentence = |most| format!("--max-jobs {most} has no effect: the study has {}", text::counted(jobs, "job"));
    max_jobs.map(sentence).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::matrix::command_line::overrides::Overrides;
    use crate::matrix::load::load_bytes;

    #[derive(Parser)]
    struct Options {
        #[command(flatten)]
        execution: ExecutionArgs,
    }

    fn sentences(options: &str, matrix: &str) -> Vec<String> {
        let words = ["hypertune"].into_iter().chain(options.split_whitespace());
        let options = Options::try_parse_from(words).unwrap_or_else(|error| panic!("{error}"));
        let loaded = load_bytes("m.yaml", matrix.as_bytes(), "".as_ref(), &Overrides::default());
        without_effect(&options.execution, &loaded.expect("a valid matrix").experiment)
    }

    #[test]
    fn options_are_named_only_where_they_have_no_effect() {
        let study = "matrix: {kind: random, numRuns: 4, params: {x: {kind: uniform, value: [0, 1]}}}\n";
        let retried = format!("{study}termination: {{maxRetries: 2}}\n");
        let cases = [
            ("--retries 0", study, 1),
            ("--retries 0", retried.as_str(), 0),
            ("--retries 1", study, 0),
            ("--max-jobs 4", study, 1),
            ("--max-jobs 3", study, 0),
            ("--gpus none --gpus-per-job 2 --jobs-per-gpu 2", study, 2),
            ("--gpus none", study, 0),
            ("--finish-running", study, 1),
            ("--finish-running --time-limit 1s", study, 0),
        ];
        for (options, matrix, count) in cases {
            assert_eq!(sentences(options, matrix).len(), count, "{options}: {:?}", sentences(options, matrix));
        }
    }
}
