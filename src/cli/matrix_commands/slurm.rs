//! `hypertune slurm MATRIX -- COMMAND`: submits a batch job that runs the study on the nodes of its allocation, and that is queued again
//! until the study is finished.

use std::env;

use anyhow::{Context, anyhow};
use clap::Args;
use serde::Serialize;
use serde_json::Map;

use super::run::recorded;
use super::submission::{absolute_journal, refuse_second, submit_first, utf8};
use crate::cli::args::execution::ExecutionArgs;
use crate::cli::args::study::StudyArgs;
use crate::cli::args::values::{FORMATS, FormatArg, one_of};
use crate::cli::error::CliError;
use crate::cli::exit_codes::Exit;
use crate::cli::findings;
use crate::cli::matrix_commands::definition_notes;
use crate::cli::options::{execution, launcher};
use crate::cli::output;
use crate::cli::study::definition::StudyDefinition;
use crate::cli::study::recorded::decide;
use crate::cli::study::view::journal_error;
use crate::journal::folder::{claim, lock};
use crate::launch::catalogue::LauncherChoice;
use crate::launch::launcher::JobHost;
use crate::launch::slurm;
use crate::launch::slurm::batch::submitted::wait_reason;
use crate::launch::slurm::batch::{BatchJob, BatchSize};
use crate::launch::slurm::options::SlurmOptions;
use crate::launch::slurm::queue::reason::advice;
use crate::progress::print_message;
use crate::report::text;
use crate::report::view::ViewDetail;

/// Options of this subcommand, which `run` does not have in this form, and whether a value follows.
const OWN_OPTIONS: [(&str, bool); 6] = [
    ("--nodes", true),
    ("--time", true),
    ("--sbatch", true),
    ("--format", true),
    ("--rerun", true),
    ("--dry-run", false),
];

/// Arguments of `slurm`.
#[derive(Clone, Debug, Args)]
pub struct SlurmArgs {
    #[command(flatten)]
    pub study: StudyArgs,
    #[command(flatten)]
    pub execution: ExecutionArgs,
    /// Allocate N whole nodes [default: room for as many jobs as -j or the matrix says, else 1 node]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub nodes: Option<u32>,
    /// Time limit of each allocation, such as 8:00:00; a study that needs longer is queued again [default: that of the partition]
    #[arg(long, value_name = "TIME")]
    pub time: Option<String>,
    /// Another option of sbatch, such as --sbatch=--partition=gpu; may be given several times
    #[arg(long, value_name = "OPTION", allow_hyphen_values = true)]
    pub sbatch: Vec<String>,
    /// Print the batch script instead of submitting it
    #[arg(long)]
    pub dry_run: bool,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = one_of(FORMATS))]
    pub format: FormatArg,
}

/// A batch job, as JSON.
#[derive(Debug, Serialize)]
struct Submission<'a> {
    /// Slurm's id of the job; `None` if it was not submitted.
    job: Option<&'a str>,
    /// What it waits for, in Slurm's word; `None` if it runs, if that is not known, or if it was not submitted.
    reason: Option<&'a str>,
    /// The file with its output.
    log: &'a str,
    script: &'a str,
}

/// Submits or prints the script for `args`.
pub fn submit(args: &SlurmArgs) -> Result<Exit, CliError> {
    definition_notes::check(&args.study)?;
    check_values(args)?;
    let study = StudyDefinition::load(&args.study).map_err(findings::invalid_file)?;
    findings::print_warnings(&study.warnings);
    let folder = study.folder.clone();
    let size = match (args.nodes, args.execution.concurrency.or(study.concurrency)) {
        (None, Some(jobs)) => BatchSize::Jobs(jobs),
        (nodes, _) => BatchSize::WholeNodes(nodes.unwrap_or(1)),
    };
    let (options, launcher) = job_request(&args.execution, study.launcher.as_ref())?;
    let [first, arguments] = run_arguments(&own_arguments()?, launcher).map(|words| quoted(&words));
    let directory = env::current_dir().context("cannot determine the current directory").map_err(CliError::internal)?;
    let program = env::current_exe().context("cannot find the program hypertune").map_err(CliError::internal)?;
    let batch = BatchJob {
        name: &folder.root().file_name().unwrap_or_default().to_string_lossy(),
        size,
        time: args.time.as_deref(),
        grace: args.execution.grace,
        options: &options,
        extra: &args.sbatch,
        directory: &text::quoted_word(utf8(directory.to_str())?),
        journal: &text::quoted_word(&absolute_journal(&folder)?),
        program: &text::command_line([utf8(program.to_str())?, "run"]),
        arguments: &arguments,
        first: &first,
    };
    batch
        .check_warning()
        .map_err(|error| CliError::usage(error).hint("allocate longer with --time, or shorten --grace"))?;
    if !args.dry_run {
        refuse_second(&batch)?;
    }
    check(study, args)?;
    submit_or_print(args, &batch)
}

/// Checks the values that become lines of the script.
fn check_values(args: &SlurmArgs) -> Result<(), CliError> {
    let options = args.sbatch.iter().map(|value| ("--sbatch", value, value.starts_with('-')));
    let time = args.time.iter().map(|value| ("--time", value, true));
    for (name, value, is_valid) in options.chain(time) {
        if !is_valid || value.contains(['\n', '\r']) {
            let error = CliError::usage(anyhow!("invalid value {value:?} for {name}"));
            let hint = "options of sbatch are written as in --sbatch=--partition=gpu, each in an --sbatch of its own";
            return Err(error.hint(hint));
        }
    }
    Ok(())
}

/// What each job asks of Slurm, and an argument that names the launcher if the command line of `run` needs one.
fn job_request(
    execution: &ExecutionArgs,
    in_file: Option<&LauncherChoice>,
) -> Result<(SlurmOptions, Option<String>), CliError> {
    let chosen = launcher::chosen(execution, in_file)?;
    let name = chosen.as_ref().map_or(slurm::NAME, LauncherChoice::name);
    let options = match chosen.filter(|_| name == slurm::NAME) {
        Some(chosen) => chosen.build().map_err(CliError::usage)?.options(),
        None => Map::new(),
    };
    let options = SlurmOptions::read(&options.into_iter().collect()).map_err(|errors| {
        let errors: Vec<String> = errors.into_iter().map(|error| error.message).collect();
        let of_launcher = "internal error: the launcher `slurm` returned invalid options (please report)";
        CliError::internal(anyhow!("{of_launcher}: {}", errors.join("; ")))
    })?;
    let is_given = execution.launcher.is_some() || in_file.is_some_and(|in_file| in_file.name() == name);
    Ok((options, (!is_given).then(|| format!("--launcher={name}"))))
}

/// The errors of `run` that can be found before the job is queued.
fn check(study: StudyDefinition, args: &SlurmArgs) -> Result<(), CliError> {
    if study.renderer.is_none() {
        return Err(definition_notes::no_command(&study, &args.study));
    }
    claim::check(&study.folder).map_err(journal_error)?;
    if lock::is_held(&study.folder) {
        return Err(CliError::usage(lock::held_error(&study.folder)));
    }
    match recorded(&study.folder, ViewDetail::Values)? {
        None => {
            let chosen = launcher::chosen(&args.execution, study.launcher.as_ref())?;
            let built = chosen.map(|chosen| chosen.build()).transpose().map_err(CliError::usage)?;
            study.check_program(built.map_or(JobHost::Machine, |launcher| launcher.job_host()))
        }
        Some(view) => {
            let study = study.load_again(&args.study, &view.header)?;
            decide(&view, study, args.execution.rerun, execution::verbosity(&args.execution)).map(|_| ())
        }
    }
}

fn submit_or_print(args: &SlurmArgs, batch: &BatchJob<'_>) -> Result<Exit, CliError> {
    let (script, log) = (batch.script(), batch.log());
    let job = if args.dry_run { None } else { Some(submit_first(batch)?) };
    let reason = job.as_deref().and_then(wait_reason);
    match (args.format, &job) {
        (FormatArg::Json, _) => {
            let reason = reason.as_deref();
            output::json(&Submission { job: job.as_deref(), reason, log: &log, script: &script })?;
        }
        (FormatArg::Text, None) => output::text(&script)?,
        (FormatArg::Text, Some(job)) => output::text(&format!(
            "submitted as Slurm job {job}; its output goes to {log}\nsqueue -j {job} shows its state, scancel {job} ends the study\n"
        ))?,
    }
    if let (Some(job), Some(reason)) = (job, reason)
        && let Some(advice) = advice(&reason)
    {
        print_message(&format!("warning: Slurm job {job} waits in the queue ({reason}): {advice}"));
    }
    Ok(Exit::Done)
}

/// The arguments after the subcommand.
fn own_arguments() -> Result<Vec<String>, CliError> {
    env::args_os().skip(2).map(|arg| utf8(arg.to_str()).map(str::to_owned)).collect()
}

fn quoted(words: &[String]) -> String {
    text::arguments(words.iter().map(String::as_str))
}

/// The arguments of `run` in `own`, those of this subcommand: those of the first allocation only, and those of every one. Without
/// `launcher`, `own` or the matrix names one.
fn run_arguments(own: &[String], launcher: Option<String>) -> [Vec<String>; 2] {
    let (mut first, mut kept, mut words) = (Vec::new(), Vec::new(), own.iter());
    let mut command = Vec::new();
    while let Some(word) = words.next() {
        if word == "--" {
            command.push(word.clone());
            command.extend(words.by_ref().cloned());
            break;
        }
        let name = word.split_once('=').map_or(word.as_str(), |(name, _)| name);
        let Some((own, has_value)) = OWN_OPTIONS.into_iter().find(|(own, _)| *own == name) else {
            kept.push(word.clone());
            continue;
        };
        let value = (has_value && name == word).then(|| words.next()).flatten();
        if own == "--rerun" {
            first.extend([word].into_iter().chain(value).cloned());
        }
    }
    kept.extend(launcher);
    kept.extend(command);
    [first, kept]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::cli::matrix_commands::run::RunArgs;

    /// The long options of a subcommand, and whether a value follows.
    fn long_options(command: clap::Command) -> BTreeSet<(String, bool)> {
        let options = command.get_arguments().filter(|arg| !arg.is_positional());
        let named = options.filter_map(|arg| Some((format!("--{}", arg.get_long()?), arg.get_action().takes_values())));
        named.collect()
    }

    #[test]
    fn the_own_options_are_those_that_run_does_not_have() {
        let slurm = long_options(SlurmArgs::augment_args(clap::Command::new("slurm")));
        let run = long_options(RunArgs::augment_args(clap::Command::new("run")));
        let own: BTreeSet<_> = OWN_OPTIONS.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        assert_eq!(own.difference(&slurm).next(), None, "not an option of `slurm`");
        let forwarded: BTreeSet<_> = slurm.difference(&own).cloned().collect();
        assert_eq!(forwarded.difference(&run).next(), None, "not an option of `run`");
    }

    #[test]
    fn run_gets_all_arguments_but_those_of_sbatch() {
        let run = |line: &str, launcher: Option<&str>| {
            let own: Vec<String> = line.split(' ').map(str::to_owned).collect();
            run_arguments(&own, launcher.map(str::to_owned)).map(|words| words.join(" "))
        };
        let line =
            "m.yaml --nodes 4 --time=8:00:00 -j 3 --sbatch --exclusive --dry-run --time-limit 3h -- t.py --nodes 2";
        let expected = "m.yaml -j 3 --time-limit 3h --launcher=slurm -- t.py --nodes 2";
        assert_eq!(run(line, Some("--launcher=slurm")), ["", expected]);
        assert_eq!(run("m.yaml --nodes 4", None), ["", "m.yaml"]);
        assert_eq!(run("m.yaml --rerun failed -q", None), ["--rerun failed", "m.yaml -q"]);
        assert_eq!(run("m.yaml --rerun=failed", None), ["--rerun=failed", "m.yaml"]);
    }
}
