//! Options that define a study.

use std::path::PathBuf;

use clap::Args;

use super::matrix_options::MatrixArgs;
pub(crate) use super::values::STUDY;
use super::values::one_of;
use crate::cli::options::overrides;
use crate::collect::catalogue::ConfiguredCollector;
use crate::command::style::catalogue::ArgStyle;
use crate::matrix::command_line::overrides::{MetricOverride, ValueOverride};

/// Arguments that define a study.
#[derive(Clone, Debug, Default, Args)]
pub struct StudyArgs {
    /// The matrix: a YAML file with the search space and the search algorithm. It may be left out if -s gives the parameters
    pub matrix: Option<PathBuf>,
    /// The training command; parameters are appended, unless it has templates like {{lr}}
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<String>,
    #[command(flatten)]
    pub options: MatrixArgs,
    /// Folder of the study [default: the stem of the matrix file, or of the script, with .study, in the current directory]
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
    /// YAML, JSON or TOML file of which each job gets a copy with its parameters; passed as --config=PATH unless the command has
    /// {{config}}
    #[arg(long, value_name = "FILE", help_heading = STUDY)]
    pub config_template: Option<PathBuf>,
    /// Working directory of jobs, a template such as '{{ trial_dir }}'; created if missing [default: the current directory]
    #[arg(long, value_name = "DIR", value_parser = clap::builder::NonEmptyStringValueParser::new(), help_heading = STUDY)]
    pub workdir: Option<String>,
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
