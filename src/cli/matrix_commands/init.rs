//! `hypertune init`: writes a matrix file for the options of a command line, or for what a script prints for `--help`.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Args;

use super::script_help::{ScriptHelp, script_help};
use crate::cli::args::matrix_options::MatrixArgs;
use crate::cli::args::study::STUDY;
use crate::cli::error::CliError;
use crate::cli::exit_codes::Exit;
use crate::cli::findings;
use crate::cli::options::overrides;
use crate::cli::output_file::{self, IfExists};
use crate::matrix::command_line::matrix_options::MatrixOptions;
use crate::matrix::command_line::overrides::{MetricOverride, Overrides};
use crate::matrix::draft::{DraftNotes, draft};
use crate::matrix::from_help::{OtherOption, ProposedOptions, propose, subcommands};
use crate::matrix::load::{self, LoadedMatrix};
use crate::progress::print_message;
use crate::report::text;
use crate::types::objective::Direction;

/// The file that the comment in a matrix on stdout names.
const DEFAULT_FILE: &str = "matrix.yaml";

/// Parameters of a matrix for which none are given.
const EXAMPLE: [&str; 3] = ["lr=loguniform(1e-5, 1e-1)", "layers=int(1, 8)", "optimizer=choice(sgd, adam)"];

/// The seed in a new matrix: any number would do.
const SEED: u64 = 1;

/// Arguments of `init`.
#[derive(Clone, Debug, Args)]
pub struct InitArgs {
    /// The file to write, or - for stdout [default: stdout]
    pub file: Option<PathBuf>,
    /// The training command
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<String>,
    #[command(flatten)]
    pub options: MatrixArgs,
    /// Metric that ranks the trials: NAME, NAME:minimize or NAME:maximize [default: loss:minimize]
    #[arg(long, value_name = "METRIC", value_parser = overrides::metric, help_heading = STUDY)]
    pub metric: Option<MetricOverride>,
    /// Run the training command with --help and propose parameters for the options it prints
    #[arg(long)]
    pub from_help: bool,
    /// Replace the file if it exists
    #[arg(long)]
    pub overwrite: bool,
}

/// The guard of the script's processes: this binary.
const GUARD: &str = "/proc/self/exe";

/// Writes the matrix for `args`.
pub fn init(args: &InitArgs) -> Result<Exit, CliError> {
    let (file, if_exists) = (output_file::named(args.file.as_deref()), IfExists::of(args.overwrite));
    file.map_or(Ok(()), |file| output_file::check(file, if_exists))?;
    let mut proposed = if args.from_help { from_help(&args.command)? } else { ProposedOptions::default() };
    let mut notes = DraftNotes { command_line: command_line(args), ..DraftNotes::default() };
    if args.metric.is_none() {
        notes.guesses.push("metric");
    }
    let others = std::mem::take(&mut proposed.others);
    let options = options(args, proposed, &mut notes);
    let direction = args.metric.as_ref().and_then(|metric| metric.direction).unwrap_or(Direction::Minimize);
    let name = args.metric.as_ref().map_or("loss", |metric| &metric.name).to_owned();
    let metric = Some(MetricOverride { name, direction: Some(direction) });
    let overrides = Overrides { metric, matrix: options, ..Overrides::default() };
    let loaded = load::load_options(&overrides).map_err(findings::invalid_file)?;
    findings::print_warnings(&loaded.warnings);
    notes.others = unset(others, &loaded, &args.command);
    output_file::write(file, &draft(&loaded, &notes), if_exists)?;
    if let Some(file) = file {
        print_message(&format!("wrote {}", file.display()));
    }
    Ok(Exit::Done)
}

/// The options of the command line with the proposals and, if there are no parameters at all, an example.
fn options(args: &InitArgs, proposed: ProposedOptions, notes: &mut DraftNotes) -> MatrixOptions {
    let mut options = args.options.options();
    let given: Vec<String> =
        options.space.iter().filter_map(|text| Some(text.split_once('=')?.0.trim().to_owned())).collect();
    let mut space: Vec<String> = Vec::new();
    for param in proposed.params.into_iter().filter(|param| !given.contains(&param.name)) {
        notes.origins.insert(param.name, param.origin);
        space.push(param.notation);
    }
    space.append(&mut options.space);
    if space.is_empty() {
        let origin = |text: &str| text.split('=').next().map(|name| (name.to_owned(), "an example".to_owned()));
        notes.origins.extend(EXAMPLE.into_iter().filter_map(origin));
        space.extend(EXAMPLE.map(str::to_owned));
    }
    options.space = space;
    if !options.set.iter().any(|field| field.split('=').next().is_some_and(|name| name.trim() == "seed")) {
        options.set.push(format!("seed={SEED}"));
    }
    if let Some(resource) = proposed.resource.filter(|_| options.resource.is_none() && takes_resource(&options)) {
        notes.origins.insert("resource".to_owned(), resource.origin);
        notes.guesses.extend(["resource", "maxIterations"]);
        options.resource = Some(resource.notation);
    }
    options
}

/// The lines of the options that neither the matrix nor the command sets.
fn unset(others: Vec<OtherOption>, loaded: &LoadedMatrix, command: &[String]) -> Vec<String> {
    let experiment = &loaded.experiment;
    let is_set = |name: &str| {
        let in_command = |arg: &String| {
            let rest = arg.strip_prefix("--").and_then(|arg| arg.strip_prefix(name));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        };
        experiment.space.params.iter().any(|param| *param.name == *name)
            || experiment.resource.as_ref().is_some_and(|resource| resource.name == name)
            || command.iter().any(in_command)
    };
    others.into_iter().filter(|other| !is_set(&other.name)).map(|other| other.line).collect()
}

/// Whether the kind that is given, if one is, has a resource.
fn takes_resource(options: &MatrixOptions) -> bool {
    use crate::kinds::{Need, by_name};
    options.kind.as_deref().and_then(by_name).is_none_or(|kind| kind.resource != Need::Forbidden)
}

fn from_help(command: &[String]) -> Result<ProposedOptions, CliError> {
    let ScriptHelp { text: help, signal } = script_help(command, Some(Path::new(GUARD)))?;
    let proposed = propose(&help);
    let shown = text::command_line(command.iter().map(String::as_str).chain(["--help"]));
    if !proposed.params.is_empty() {
        if let Some(signal) = signal {
            print_message(&format!("warning: `{shown}` was ended by {signal}; its help may be incomplete"));
        }
        return Ok(proposed);
    }
    let error = CliError::usage(anyhow!("`{shown}` shows no option that is known to be worth tuning"));
    let error = match signal {
        Some(signal) => error.hint(format!("it was ended by {signal}")),
        None => error,
    };
    let error = match (proposed.others.as_slice(), help.lines().rev().find(|line| !line.trim().is_empty())) {
        ([], Some(last)) => error.hint(format!("it printed: {}", last.trim())),
        ([], None) => error.hint("it printed nothing"),
        (others, _) => others.iter().take(20).fold(error, |error, other| error.hint(&other.line)),
    };
    let error = match subcommands(&help).as_slice() {
        [] => error,
        names @ [first, ..] => {
            let trains = |name: &&String| name.contains("train") || name.contains("fit");
            let likely = names.iter().find(trains).unwrap_or(first);
            let example = text::command_line(command.iter().map(String::as_str).chain([likely.as_str()]));
            error.hint(format!("its subcommands ({}) have options of their own: {example}", names.join(", ")))
        }
    };
    Err(error.hint("give the parameters with -s, as in -s 'lr=loguniform(1e-5, 1e-1)'"))
}

/// The command line that runs the file.
fn command_line(args: &InitArgs) -> String {
    let file = output_file::named(args.file.as_deref()).map_or(DEFAULT_FILE.into(), Path::to_string_lossy);
    let command: Vec<&str> = match args.command.as_slice() {
        [] => vec!["python3", "train.py"],
        command => command.iter().map(String::as_str).collect(),
    };
    text::command_line(["hypertune", "run", &file, "--"].into_iter().chain(command))
}
