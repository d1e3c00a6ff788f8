//! The command line as it is typed; `options` makes checked options of it.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::exit_codes;
use super::quantity::{Size, Span};
use crate::words::objective::Direction;

/// Find the best hyperparameters of a command: a YAML matrix in, the best configuration out.
#[derive(Clone, Debug, Parser)]
#[command(name = "hypertune", version, after_help = exit_codes::HELP, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Run a study, or go on with one that was stopped
    Run(RunArgs),
    /// Show what a study would do; nothing is created or launched
    Plan(PlanArgs),
    /// Check a matrix file and report every fault in it
    Check(CheckArgs),
    /// Show the best trial of a study and the command that repeats it
    Best(BestArgs),
    /// List a study's trials, best first
    Trials(TrialsArgs),
    /// Write every job of a study, one row each
    Export(ExportArgs),
    /// Go on with a study that was stopped, without its command line
    Resume(ResumeArgs),
    /// Ends the children of a driver that died (started by `run` itself)
    #[command(hide = true)]
    Guard,
}

/// What a study is made of.
#[derive(Clone, Debug, Args)]
pub struct StudyArgs {
    /// The matrix file (YAML)
    pub matrix: PathBuf,
    /// The training command; parameters are appended as --name=value unless it holds {{ templates }}
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<String>,
    /// Folder of the study [default: the matrix file's stem with .study, in the current folder]
    #[arg(long, value_name = "DIR")]
    pub study: Option<PathBuf>,
    /// Seed of every draw [default: the matrix's, else one is drawn and shown]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Metric to rank by
    #[arg(long, value_name = "NAME[:minimize|maximize]")]
    pub metric: Option<MetricArg>,
    /// Fix a parameter or an input
    #[arg(short = 'P', long = "param", value_name = "NAME=VALUE")]
    pub params: Vec<ParamArg>,
    /// How parameters are appended: --lr=0.1, --lr 0.1 or lr=0.1
    #[arg(long, value_enum)]
    pub arg_style: Option<ArgStyleArg>,
    /// Who proposes configurations, over the matrix's
    #[arg(long, value_name = "NAME")]
    pub sampler: Option<String>,
}

/// How a study is carried out; none of it changes what runs.
#[derive(Clone, Debug, Args)]
pub struct ExecutionArgs {
    /// Jobs at once [default: the matrix's, else the number of processors]
    #[arg(short = 'j', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub concurrency: Option<u32>,
    /// Go on even if the first jobs all fail for one reason
    #[arg(long)]
    pub keep_going: bool,
    /// Launch a failed job up to N times more
    #[arg(long, value_name = "N")]
    pub retries: Option<u32>,
    /// End a job that runs longer
    #[arg(long, value_name = "SPAN")]
    pub job_timeout: Option<Span>,
    /// Time between SIGINT, SIGTERM and SIGKILL for a job that is ended
    #[arg(long, value_name = "SPAN", default_value = "10s")]
    pub grace: Span,
    /// Stop the study after this time
    #[arg(long, value_name = "SPAN")]
    pub time_limit: Option<Span>,
    /// Stop the study after N jobs
    #[arg(long, value_name = "N")]
    pub max_jobs: Option<u64>,
    /// Stop the study before it gives out more resource than this
    #[arg(long, value_name = "X")]
    pub max_resource: Option<f64>,
    /// Let running jobs end when a limit comes
    #[arg(long)]
    pub finish_running: bool,
    /// Keep at most this much of each job's stdout and stderr: the first and the last part
    #[arg(long, value_name = "SIZE", default_value = "100MB")]
    pub log_limit: Size,
    /// Which trials' checkpoints are kept
    #[arg(long, value_enum, default_value_t = KeepArg::Promoted)]
    pub keep_checkpoints: KeepArg,
    /// GPUs to give to jobs: auto, none, or their numbers
    #[arg(long, value_name = "auto|none|0,1,…", default_value = "none")]
    pub gpus: GpusArg,
    /// GPUs each job gets
    #[arg(long, value_name = "N", conflicts_with = "jobs_per_gpu", value_parser = clap::value_parser!(u32).range(1..))]
    pub gpus_per_job: Option<u32>,
    /// Jobs that share one GPU
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub jobs_per_gpu: Option<u32>,
    /// Print no progress
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print a line for every job
    #[arg(short, long)]
    pub verbose: bool,
}

/// `run`.
#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    /// What is studied.
    #[command(flatten)]
    pub study: StudyArgs,
    /// How.
    #[command(flatten)]
    pub execution: ExecutionArgs,
    /// Only show what would run, as `plan` does
    #[arg(long)]
    pub dry_run: bool,
    /// Discard the study of that name and start afresh
    #[arg(long)]
    pub overwrite: bool,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t)]
    pub format: FormatArg,
}

/// `plan`.
#[derive(Clone, Debug, Args)]
pub struct PlanArgs {
    /// What is studied.
    #[command(flatten)]
    pub study: StudyArgs,
    /// How the plan is printed
    #[arg(long, value_enum, default_value_t)]
    pub format: FormatArg,
}

/// `check`.
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    /// What is studied.
    #[command(flatten)]
    pub study: StudyArgs,
    /// How the findings are printed
    #[arg(long, value_enum, default_value_t)]
    pub format: FormatArg,
}

/// `best`.
#[derive(Clone, Debug, Args)]
pub struct BestArgs {
    /// Folder of the study
    pub study: PathBuf,
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    pub format: FormatArg,
}

/// `trials`.
#[derive(Clone, Debug, Args)]
pub struct TrialsArgs {
    /// Folder of the study
    pub study: PathBuf,
    /// How they are printed
    #[arg(long, value_enum, default_value_t)]
    pub format: FormatArg,
}

/// `export`.
#[derive(Clone, Debug, Args)]
pub struct ExportArgs {
    /// Folder of the study
    pub study: PathBuf,
    /// File format
    #[arg(long, default_value = "jsonl", value_parser = exporter_names())]
    pub format: String,
}

/// `resume`.
#[derive(Clone, Debug, Args)]
pub struct ResumeArgs {
    /// Folder of the study
    pub study: PathBuf,
    /// How.
    #[command(flatten)]
    pub execution: ExecutionArgs,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t)]
    pub format: FormatArg,
}

fn exporter_names() -> clap::builder::PossibleValuesParser {
    crate::report::exporters::EXPORTERS.map(|e| e.name()).into()
}

/// For people or for programs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub enum FormatArg {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// How parameters are appended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum ArgStyleArg {
    /// --lr=0.1
    Equals,
    /// --lr 0.1
    Space,
    /// lr=0.1
    Hydra,
}

/// Which checkpoints are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum KeepArg {
    /// Every trial's.
    All,
    /// Those of trials that may still be promoted.
    Promoted,
    /// The best trial's.
    Best,
    /// None, once a trial is over.
    None,
}

/// A metric as it is typed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MetricArg {
    /// Its name.
    pub name: String,
    /// Which way is better, if it is said.
    pub direction: Option<Direction>,
}

impl FromStr for MetricArg {
    type Err = String;

    fn from_str(text: &str) -> Result<MetricArg, String> {
        let (name, direction) = match text.rsplit_once(':') {
            None => (text, None),
            Some((name, "minimize" | "min")) => (name, Some(Direction::Minimize)),
            Some((name, "maximize" | "max")) => (name, Some(Direction::Maximize)),
            Some((_, other)) => return Err(format!("`{other}` must be minimize or maximize")),
        };
        if name.is_empty() {
            return Err("the metric's name is missing".to_owned());
        }
        Ok(MetricArg { name: name.to_owned(), direction })
    }
}

/// A fixed parameter or input as it is typed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParamArg {
    /// Its name.
    pub name: String,
    /// Its value, as YAML.
    pub value: String,
}

impl FromStr for ParamArg {
    type Err = String;

    fn from_str(text: &str) -> Result<ParamArg, String> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok(ParamArg { name: name.to_owned(), value: value.to_owned() }),
            _ => Err("write it as NAME=VALUE".to_owned()),
        }
    }
}

/// Which GPUs are given to jobs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum GpusArg {
    /// None.
    None,
    /// All that nvidia-smi lists.
    Auto,
    /// These.
    These(Vec<u32>),
}

impl FromStr for GpusArg {
    type Err = String;

    fn from_str(text: &str) -> Result<GpusArg, String> {
        match text {
            "none" => return Ok(GpusArg::None),
            "auto" => return Ok(GpusArg::Auto),
            _ => {}
        }
        let numbers: Result<Vec<u32>, _> = text.split(',').map(|n| n.trim().parse()).collect();
        let mut numbers = numbers.map_err(|_| "write auto, none, or numbers like 0,1,3".to_owned())?;
        let count = numbers.len();
        numbers.sort_unstable();
        numbers.dedup();
        if numbers.len() < count { Err("a GPU is named twice".to_owned()) } else { Ok(GpusArg::These(numbers)) }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_metric_may_name_its_direction() {
        let metric = |text: &str| text.parse::<MetricArg>();
        assert_eq!(metric("loss"), Ok(MetricArg { name: "loss".into(), direction: None }));
        assert_eq!(metric("acc:max"), Ok(MetricArg { name: "acc".into(), direction: Some(Direction::Maximize) }));
        assert!(metric("acc:up").is_err() && metric(":min").is_err());
    }

    #[test]
    fn gpus_are_distinct_numbers() {
        assert_eq!("1,0".parse(), Ok(GpusArg::These(vec![0, 1])));
        assert_eq!("auto".parse(), Ok(GpusArg::Auto));
        assert!("0,0".parse::<GpusArg>().is_err() && "gpu0".parse::<GpusArg>().is_err());
    }

    #[test]
    fn the_command_follows_two_dashes() {
        let line = ["hypertune", "run", "m.yaml", "-P", "a=b=c", "--", "python3", "t.py", "--x", "-j"];
        let Ok(Cli { command: Command::Run(args) }) = Cli::try_parse_from(line) else { panic!("it parses") };
        assert_eq!(args.study.command, ["python3", "t.py", "--x", "-j"]);
        assert_eq!(args.study.params, [ParamArg { name: "a".into(), value: "b=c".into() }]);
    }
}
