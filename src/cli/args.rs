//! The command line as it is typed; `options` makes checked options of it.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser};

use super::exit_codes;
use super::options::overrides;
use super::options::quantity::{Size, Span};
use crate::command::style::ArgStyle;
use crate::matrix::command_line::overrides::{MetricOverride, ValueOverride};
use crate::run::checkpoints::retention::Keep;
use crate::run::process::gpus::Gpus;
use crate::types::ids::MAX_SLOTS;

const STUDY: &str = "What is studied";
const JOBS: &str = "How jobs run";
const LIMITS: &str = "Limits (the same line with a larger one goes on)";

/// Find the best hyperparameters of a command: a YAML matrix in, the best configuration out.
#[derive(Clone, Debug, Parser)]
#[command(name = "hypertune", version, after_help = exit_codes::HELP, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Subcommand,
}

/// The subcommands.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Subcommand {
    /// Run a study, or go on with one that was stopped
    Run(RunArgs),
    /// Show what a study would do; nothing is created or launched
    Plan(PlanArgs),
    /// Check a matrix file and report every fault in it; or check the journal of a study, given its folder
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
    Guard {
        /// The session whose jobs it watches over.
        session: String,
    },
}

/// What a study is made of.
#[derive(Clone, Debug, Args)]
pub struct StudyArgs {
    /// The matrix file (YAML)
    pub matrix: PathBuf,
    /// The training command; parameters are appended unless it holds templates like {{ lr }}
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<String>,
    /// Folder of the study [default: the matrix file's stem with .study, in the current folder]
    #[arg(long, value_name = "DIR", help_heading = STUDY)]
    pub study: Option<PathBuf>,
    /// Seed of every draw [default: the matrix's, else one is drawn and shown]
    #[arg(long, value_name = "N", allow_negative_numbers = true, help_heading = STUDY)]
    pub seed: Option<u64>,
    /// Metric to rank by, written NAME, NAME:minimize or NAME:maximize
    #[arg(long, value_name = "METRIC", value_parser = overrides::metric, help_heading = STUDY)]
    pub metric: Option<MetricOverride>,
    /// Fix a parameter or an input
    #[arg(short = 'P', long = "param", value_name = "NAME=VALUE", value_parser = overrides::param, help_heading = STUDY)]
    pub params: Vec<ValueOverride>,
    /// How parameters are appended: equals (--lr=0.1), space (--lr 0.1) or hydra (lr=0.1)
    #[arg(long, value_name = "STYLE", default_value = "equals", hide_possible_values = true, value_parser = one_of(ArgStyle::ALL), help_heading = STUDY)]
    pub arg_style: ArgStyle,
    /// Who proposes configurations, over the matrix's
    #[arg(long, value_name = "NAME", help_heading = STUDY)]
    pub sampler: Option<String>,
    /// Configurations to start with, whole or in part: a YAML or JSON list, or JSON lines
    #[arg(long, value_name = "FILE", help_heading = STUDY)]
    pub enqueue: Vec<PathBuf>,
    /// Earlier studies to learn from before the first proposal
    #[arg(long, value_name = "STUDY", num_args = 1.., help_heading = STUDY)]
    pub warm_start: Vec<PathBuf>,
}

/// How a study is carried out; none of it changes what runs.
#[derive(Clone, Debug, Args)]
pub struct ExecutionArgs {
    /// Jobs at once [default: the matrix's, else the number of processors]
    #[arg(short = 'j', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_SLOTS)), help_heading = JOBS)]
    pub concurrency: Option<u32>,
    /// Go on even if the first jobs all fail for one reason
    #[arg(long, help_heading = JOBS)]
    pub keep_going: bool,
    /// Launch a failed job up to N times more
    #[arg(long, value_name = "N", help_heading = JOBS)]
    pub retries: Option<u32>,
    /// End a job that runs longer than this, such as 90s, 5m or 1h30m
    #[arg(long, value_name = "SPAN", help_heading = JOBS)]
    pub job_timeout: Option<Span>,
    /// Try a job that the system refuses to start again for this long, then stop the study
    #[arg(long, value_name = "SPAN", default_value = "1m", help_heading = JOBS)]
    pub launch_timeout: Span,
    /// Time between SIGINT, SIGTERM and SIGKILL for a job that is ended early
    #[arg(long, value_name = "SPAN", default_value = "10s", help_heading = JOBS)]
    pub grace: Span,
    /// Stop the study after this time
    #[arg(long, value_name = "SPAN", help_heading = LIMITS)]
    pub time_limit: Option<Span>,
    /// Stop the study after N jobs
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = LIMITS)]
    pub max_jobs: Option<u64>,
    /// Stop the study before it gives out more resource than this
    #[arg(long, value_name = "X", value_parser = positive, help_heading = LIMITS)]
    pub max_resource: Option<f64>,
    /// Let running jobs end when a limit comes
    #[arg(long, help_heading = LIMITS)]
    pub finish_running: bool,
    /// How much of each job's stdout and stderr is kept: the first and the last part
    #[arg(long, value_name = "SIZE", default_value = "100MB", help_heading = JOBS)]
    pub log_limit: Size,
    /// Whose checkpoints are kept: all, promoted (what may still go on, and what finished), best or none
    #[arg(long, value_name = "WHOSE", default_value = "promoted", hide_possible_values = true, value_parser = one_of(KEEP), help_heading = JOBS)]
    pub keep_checkpoints: Keep,
    /// GPUs to give to jobs: auto, none, or their numbers like 0,1,3
    #[arg(long, value_name = "GPUS", default_value = "none", value_parser = gpus, help_heading = JOBS)]
    pub gpus: Gpus,
    /// GPUs each job gets
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..), help_heading = JOBS)]
    pub gpus_per_job: u32,
    /// Jobs that share one GPU
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..), help_heading = JOBS)]
    pub jobs_per_gpu: u32,
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
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = one_of(FORMATS))]
    pub format: FormatArg,
}

/// `plan`.
#[derive(Clone, Debug, Args)]
pub struct PlanArgs {
    /// What is studied.
    #[command(flatten)]
    pub study: StudyArgs,
    /// How the plan is printed
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = one_of(FORMATS))]
    pub format: FormatArg,
}

/// `check`.
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    /// What is studied.
    #[command(flatten)]
    pub study: StudyArgs,
    /// In a study's folder with a damaged journal: keep a copy of it and cut it off before the damage
    #[arg(long, help_heading = STUDY)]
    pub salvage: bool,
    /// How the findings are printed
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = one_of(FORMATS))]
    pub format: FormatArg,
}

/// `best`.
#[derive(Clone, Debug, Args)]
pub struct BestArgs {
    /// Folder of the study
    pub study: PathBuf,
    /// How it is printed
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = one_of(FORMATS))]
    pub format: FormatArg,
}

/// `trials`.
#[derive(Clone, Debug, Args)]
pub struct TrialsArgs {
    /// Folder of the study
    pub study: PathBuf,
    /// How they are printed
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = one_of(FORMATS))]
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
    /// Add each job's readings of the metric, as a column `curve`
    #[arg(long)]
    pub curves: bool,
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
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = one_of(FORMATS))]
    pub format: FormatArg,
}

/// One of a few words. (clap's own enums give each word a help line, which turns every `--help` into its long form.)
fn one_of<T: Copy + Send + Sync + 'static, const N: usize>(
    words: [(&'static str, T); N],
) -> impl TypedValueParser<Value = T> {
    let meaning = move |word: String| words.into_iter().find(|(name, _)| *name == word).map(|(_, value)| value);
    PossibleValuesParser::new(words.map(|(name, _)| name)).try_map(move |word| meaning(word).ok_or("no such word"))
}

fn exporter_names() -> PossibleValuesParser {
    crate::report::export::catalogue::EXPORTERS.map(|e| e.name()).into()
}

/// For people or for programs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FormatArg {
    /// For people.
    Text,
    /// For programs.
    Json,
}

const FORMATS: [(&str, FormatArg); 2] = [("text", FormatArg::Text), ("json", FormatArg::Json)];

const KEEP: [(&str, Keep); 4] =
    [("all", Keep::All), ("promoted", Keep::Promoted), ("best", Keep::Best), ("none", Keep::None)];

/// A finite number above 0.
fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|x: &f64| x.is_finite() && *x > 0.0);
    number.ok_or_else(|| "write a number above 0".to_owned())
}

/// `auto`, `none`, or devices: their numbers or unique names.
fn gpus(text: &str) -> Result<Gpus, String> {
    match text {
        "none" => Ok(Gpus::None),
        "auto" => Ok(Gpus::Auto),
        _ => {
            let devices: Vec<_> = text.split(',').map(|d| d.trim().to_owned()).collect();
            let complete = devices.iter().all(|d| !d.is_empty());
            complete
                .then_some(Gpus::Listed(devices))
                .ok_or_else(|| "write auto, none, or devices like 0,1,3".to_owned())
        }
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
    fn gpus_are_a_word_or_a_list() {
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
