//! The command line as clap parses it; `options` converts it.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser};

use super::exit_codes;
use super::options::{overrides, quantity};
use crate::collect::catalogue::ConfiguredCollector;
use crate::command::style::catalogue::ArgStyle;
use crate::matrix::command_line::overrides::{MetricOverride, ValueOverride};
use crate::report::condition::Condition;
use crate::report::trial_columns::SortOrder;
use crate::run::change::Rerun;
use crate::run::checkpoints::retention::Keep;
use crate::run::process::default_variables::Threads;
use crate::run::process::gpus::Gpus;
use crate::types::ids::MAX_SLOTS;

const STUDY: &str = "Study";
const JOBS: &str = "Jobs";
const LIMITS: &str = "Limits (to continue, run the same command line with a larger limit)";

/// Tune the hyperparameters of a training command: run it with many configurations, find the best one.
#[derive(Clone, Debug, Parser)]
#[command(name = "hypertune", version, after_help = exit_codes::HELP, max_term_width = 100)]
pub struct Cli {
    /// The subcommand.
    #[command(subcommand)]
    pub command: Subcommand,
}

/// The subcommands.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Subcommand {
    /// Run a study, or resume one that was stopped
    Run(RunArgs),
    /// Show what a study would run; creates and launches nothing
    Plan(RunArgs),
    /// Report all errors of a matrix file; given a study's folder, check its journal
    Check(CheckArgs),
    /// Show the best trial of a study and the command that repeats it
    Best(BestArgs),
    /// List the trials of a study, best first
    Trials(TrialsArgs),
    /// Write all jobs of a study to stdout, one row each
    Export(ExportArgs),
    /// Resume a study that was stopped, given its folder only
    Resume(ResumeArgs),
    /// End the jobs of a driver that died (`run` starts this)
    #[command(hide = true)]
    Guard {
        /// The session with the jobs.
        session: String,
    },
}

/// Arguments that define a study.
#[derive(Clone, Debug, Args)]
pub struct StudyArgs {
    /// The matrix: a YAML file with the search space and the search algorithm
    pub matrix: PathBuf,
    /// The training command; parameters are appended, unless it has templates like {{lr}}
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<String>,
    /// Folder of the study [default: the matrix file's stem with .study, in the current directory]
    #[arg(long, value_name = "DIR", help_heading = STUDY)]
    pub study: Option<PathBuf>,
    /// Seed of all random draws [default: from the matrix, else drawn and printed]
    #[arg(long, value_name = "N", allow_negative_numbers = true, help_heading = STUDY)]
    pub seed: Option<u64>,
    /// Metric that ranks the trials: NAME, NAME:minimize or NAME:maximize [default: from the matrix]
    #[arg(long, value_name = "METRIC", value_parser = overrides::metric, help_heading = STUDY)]
    pub metric: Option<MetricOverride>,
    /// How metrics are read: auto, json, regex=PATTERN, file=PATH or tensorboard=DIR [default: from the matrix, else auto]
    #[arg(long, value_name = "COLLECTOR", value_parser = overrides::collector, help_heading = STUDY)]
    pub collect: Option<ConfiguredCollector>,
    /// Fix a parameter, or set an input of the component; repeatable
    #[arg(short = 'P', long = "param", value_name = "NAME=VALUE", value_parser = overrides::param, help_heading = STUDY)]
    pub params: Vec<ValueOverride>,
    /// How parameters are passed: equals (--lr=0.1), space (--lr 0.1), hydra (lr=0.1, quoted by Hydra's grammar), assign (lr=0.1),
    /// env (LR=0.1 in the environment) or none [default: from the matrix, else equals]
    #[arg(long, value_name = "STYLE", hide_possible_values = true, value_parser = one_of(ArgStyle::all()), help_heading = STUDY)]
    pub arg_style: Option<ArgStyle>,
    /// Sampler that proposes configurations, such as random, tpe or gp [default: from the matrix]
    #[arg(long, value_name = "NAME", help_heading = STUDY)]
    pub sampler: Option<String>,
    /// File with full or partial configurations to run first: a YAML or JSON list, or JSON lines
    #[arg(long, value_name = "FILE", help_heading = STUDY)]
    pub enqueue: Vec<PathBuf>,
    /// Folder of an earlier study whose results the sampler learns from; repeatable
    #[arg(long, value_name = "STUDY", help_heading = STUDY)]
    pub warm_start: Vec<PathBuf>,
}

/// Arguments that may differ each time a study is resumed.
#[derive(Clone, Debug, Args)]
pub struct ExecutionArgs {
    /// Number of jobs that run at the same time [default: from the matrix, else the number of CPUs]
    #[arg(short = 'j', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_SLOTS)), help_heading = JOBS)]
    pub concurrency: Option<u32>,
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

/// Arguments of `run`, and of `plan`, which takes the same ones.
#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    #[command(flatten)]
    pub study: StudyArgs,
    #[command(flatten)]
    pub execution: ExecutionArgs,
    /// Only show what would run, like `plan`
    #[arg(long)]
    pub dry_run: bool,
    /// Discard an existing study in the folder and start a new one
    #[arg(long)]
    pub overwrite: bool,
    /// Exit with code 3 if this holds for the best trial, as in 'loss > 0.3'; may be given several times
    #[arg(long, value_name = "CONDITION")]
    pub fail_if: Vec<Condition>,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = one_of(FORMATS))]
    pub format: FormatArg,
}

/// Arguments of `check`.
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    #[command(flatten)]
    pub study: StudyArgs,
    /// Given a study's folder: truncate a damaged journal before the damage, and keep a copy
    #[arg(long, help_heading = STUDY)]
    pub salvage: bool,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = one_of(FORMATS))]
    pub format: FormatArg,
}

/// Arguments of `best`.
#[derive(Clone, Debug, Args)]
pub struct BestArgs {
    /// Folder of the study
    pub study: PathBuf,
    /// Rank by this metric instead of the study's: NAME:minimize or NAME:maximize
    #[arg(long, value_name = "METRIC", value_parser = overrides::metric)]
    pub metric: Option<MetricOverride>,
    /// Exit with code 3 if this holds for the best trial, as in 'loss > 0.3'; may be given several times
    #[arg(long, value_name = "CONDITION")]
    pub fail_if: Vec<Condition>,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = one_of(FORMATS))]
    pub format: FormatArg,
}

/// Arguments of `trials`.
#[derive(Clone, Debug, Args)]
pub struct TrialsArgs {
    /// Folder of the study
    pub study: PathBuf,
    /// Rank by this metric instead of the study's: NAME:minimize or NAME:maximize
    #[arg(long, value_name = "METRIC", value_parser = overrides::metric)]
    pub metric: Option<MetricOverride>,
    /// Show only the first N
    #[arg(long, value_name = "N")]
    pub top: Option<usize>,
    /// Sort by a field, written FIELD, FIELD:asc or FIELD:desc [default: best first]
    #[arg(long, value_name = "FIELD", value_parser = sort_key)]
    pub sort: Option<(String, SortOrder)>,
    /// Fields to show: trial, bracket, status, resource, value, jobs, duration_s, reason, params.NAME, metrics.NAME
    #[arg(long, value_name = "FIELDS", value_delimiter = ',')]
    pub columns: Vec<String>,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = one_of(FORMATS))]
    pub format: FormatArg,
}

/// Arguments of `export`.
#[derive(Clone, Debug, Args)]
pub struct ExportArgs {
    /// Folder of the study
    pub study: PathBuf,
    /// Output format
    #[arg(long, default_value = "jsonl", value_parser = exporter_names())]
    pub format: String,
    /// Add each job's readings of the metric, as a column `curve`
    #[arg(long)]
    pub curves: bool,
}

/// Arguments of `resume`.
#[derive(Clone, Debug, Args)]
pub struct ResumeArgs {
    /// Folder of the study
    pub study: PathBuf,
    #[command(flatten)]
    pub execution: ExecutionArgs,
    /// Exit with code 3 if this holds for the best trial, as in 'loss > 0.3'; may be given several times
    #[arg(long, value_name = "CONDITION")]
    pub fail_if: Vec<Condition>,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = one_of(FORMATS))]
    pub format: FormatArg,
}

/// Parses one of a few words. clap's `ValueEnum` adds a help line per word, which turns every `--help` into its long form.
fn one_of<T: Copy + Send + Sync + 'static, const N: usize>(
    words: [(&'static str, T); N],
) -> impl TypedValueParser<Value = T> {
    let value_of = move |word: String| words.into_iter().find(|(name, _)| *name == word).map(|(_, value)| value);
    PossibleValuesParser::new(words.map(|(name, _)| name)).try_map(move |word| value_of(word).ok_or("unknown value"))
}

fn exporter_names() -> PossibleValuesParser {
    crate::report::export::catalogue::EXPORTERS.map(|e| e.name()).into()
}

/// An output format.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FormatArg {
    Text,
    Json,
}

const FORMATS: [(&str, FormatArg); 2] = [("text", FormatArg::Text), ("json", FormatArg::Json)];

const RERUN: [(&str, Rerun); 1] = [("failed", Rerun::Failed)];

const KEEP: [(&str, Keep); 4] =
    [("all", Keep::All), ("promoted", Keep::Promoted), ("best", Keep::Best), ("none", Keep::None)];

/// `FIELD`, `FIELD:asc` or `FIELD:desc`.
fn sort_key(text: &str) -> Result<(String, SortOrder), String> {
    let (field, order) = match text.rsplit_once(':') {
        Some((field, "asc")) => (field, SortOrder::Ascending),
        Some((field, "desc")) => (field, SortOrder::Descending),
        _ => (text, SortOrder::Ascending),
    };
    if field.is_empty() { Err("the field is missing".to_owned()) } else { Ok((field.to_owned(), order)) }
}

fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|x: &f64| x.is_finite() && *x > 0.0);
    number.ok_or_else(|| "expected a number above 0".to_owned())
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
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_valid() {
        Cli::command().debug_assert();
    }

    #[test]
    fn gpus_are_a_keyword_or_a_list() {
        assert_eq!(gpus("1,0"), Ok(Gpus::Listed(vec!["1".into(), "0".into()])));
        assert_eq!(gpus("auto"), Ok(Gpus::Auto));
        assert!(gpus("0,,1").is_err());
    }

    #[test]
    fn the_command_follows_two_dashes() {
        let line = ["hypertune", "run", "m.yaml", "-P", "a=b=c", "--", "python3", "t.py", "--x", "-j"];
        let Ok(Cli { command: Subcommand::Run(args) }) = Cli::try_parse_from(line) else { panic!("it parses") };
        assert_eq!(args.study.command, ["python3", "t.py", "--x", "-j"]);
        assert_eq!(args.study.params, [ValueOverride { name: "a".into(), text: "b=c".into() }]);
    }
}
