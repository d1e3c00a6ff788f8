//! The subcommands, as clap parses them. The arguments of each are in its own file.

use clap::Parser;

use super::exit_codes;
use super::matrix_commands::check::CheckArgs;
use super::matrix_commands::doctor::DoctorArgs;
use super::matrix_commands::import::ImportArgs;
use super::matrix_commands::init::InitArgs;
use super::matrix_commands::plan::PlanArgs;
use super::matrix_commands::run::RunArgs;
use super::matrix_commands::slurm::SlurmArgs;
use super::study_commands::best::BestArgs;
use super::study_commands::diff::DiffArgs;
use super::study_commands::explain::ExplainArgs;
use super::study_commands::export::ExportArgs;
use super::study_commands::importance::ImportanceArgs;
use super::study_commands::list::ListArgs;
use super::study_commands::logs::LogsArgs;
use super::study_commands::plot::PlotArgs;
use super::study_commands::report::ReportArgs;
use super::study_commands::resume::ResumeArgs;
use super::study_commands::serve::ServeArgs;
use super::study_commands::status::StatusArgs;
use super::study_commands::trials::TrialsArgs;

/// Tune the hyperparameters of a training command: run it with many configurations, find the best one.
#[derive(Clone, Debug, Parser)]
#[command(name = "hypertune", version, after_help = exit_codes::HELP, max_term_width = 100)]
pub struct Cli {
    /// The subcommand.
    #[command(subcommand)]
    pub command: Subcommand,
}

/// What `status` and `explain` call dropped.
const DROPPED: &str = "\
A trial is dropped if it was not promoted: its value was not among the best of its rung. It keeps its results and gets no more jobs.";

/// The subcommands.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Subcommand {
    /// Run a study, or resume one that was stopped
    Run(RunArgs),
    /// Submit a Slurm job that runs a study on the nodes of its allocation, and that is queued again until the study is finished
    Slurm(SlurmArgs),
    /// Show what a study would run; creates and launches nothing
    Plan(PlanArgs),
    /// Write a matrix file for parameters on the command line, or for the options that a script prints for --help
    Init(InitArgs),
    /// Report all errors of a matrix file; given a study's folder, check its journal
    Check(CheckArgs),
    /// Try the command with a few real jobs: parameters, metric, resource, checkpoint, seed, signals, memory, time
    Doctor(DoctorArgs),
    /// Convert a file of another tool (W&B, Katib, NNI, Oríon, Optuna, Hydra, Polyaxon before 1.0) into a matrix
    Import(ImportArgs),
    /// Show the best trial of a study and the command that repeats it
    Best(BestArgs),
    /// List the trials of a study, best first; trials with more of the resource are before others
    Trials(TrialsArgs),
    /// Write all jobs of a study to stdout, one row each
    Export(ExportArgs),
    /// Write a report about one or several studies: one HTML file with plots and tables
    Report(ReportArgs),
    /// Serve the report of studies to a browser on this machine, live while they run
    Serve(ServeArgs),
    /// Draw one plot of a study as SVG or PNG
    Plot(PlotArgs),
    /// Show the state of a study: its rungs, running jobs, best trial and time left
    #[command(after_help = DROPPED)]
    Status(StatusArgs),
    /// List the studies in a folder and below
    List(ListArgs),
    /// Show what a job printed
    Logs(LogsArgs),
    /// Show what was decided about a trial, and why
    #[command(after_help = DROPPED)]
    Explain(ExplainArgs),
    /// Show how much each parameter matters, and in which direction
    Importance(ImportanceArgs),
    /// Show two trials or two studies side by side
    Diff(DiffArgs),
    /// Resume a study that was stopped, given its folder only
    Resume(ResumeArgs),
    /// End the jobs of a driver that died (`run` starts this)
    #[command(hide = true)]
    Guard {
        /// The session with the jobs.
        session: String,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::matrix::command_line::overrides::ValueOverride;

    #[test]
    fn the_definition_is_valid() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_command_follows_two_dashes() {
        let line = ["hypertune", "run", "m.yaml", "-P", "a=b=c", "--", "python3", "t.py", "--x", "-j"];
        let Ok(Cli { command: Subcommand::Run(args) }) = Cli::try_parse_from(line) else { panic!("it parses") };
        assert_eq!(args.study.command, ["python3", "t.py", "--x", "-j"]);
        assert_eq!(args.study.params, [ValueOverride { name: "a".into(), text: "b=c".into() }]);
    }
}
