//! One session with a study: drive it, then show what it came to.

use std::env;

use anyhow::{Context, anyhow};
use jiff::Timestamp;
use serde_json::Value;

use super::definition::StudyDefinition;
use super::tuner;
use super::view;
use crate::cli::args::{ExecutionArgs, FormatArg};
use crate::cli::error::CliError;
use crate::cli::exit_codes::Exit;
use crate::cli::options::execution;
use crate::cli::output;
use crate::engine::event::FinishReason;
use crate::journal::error::JournalError;
use crate::journal::record::{FORMAT, Header, PlanTotals, SAMPLING_RULES};
use crate::progress::{self, Verbosity, stderr};
use crate::report::summary::Summary;
use crate::report::view::{JobStatus, JobView, StudyView, ViewDetail};
use crate::report::{summary_text, text};
use crate::run::error::RunError;
use crate::run::options::Existing;
use crate::run::process::machine_errors;
use crate::run::session as driver;
use crate::run::study::StudyInput;

/// How a session is held.
#[derive(Clone, Copy, Debug)]
pub struct SessionOptions<'a> {
    /// The flags.
    pub execution: &'a ExecutionArgs,
    /// How the result is printed.
    pub format: FormatArg,
    /// What becomes of a study that is there.
    pub existing: Existing,
}

impl SessionOptions<'_> {
    /// Drives `study` to its end, a limit or a signal, and prints what it came to. A finished study is only printed.
    pub fn run(&self, study: StudyDefinition, header: Header) -> Result<Exit, CliError> {
        if self.existing == Existing::Continue
            && study.folder.journal().exists()
            && let Some(view) = view::read_if_begun(study.folder.root(), ViewDetail::Values)?
            && let Some(reason) = view.finish.clone().filter(|reason| !reason.is_resumable())
        {
            if execution::verbosity(self.execution) != Verbosity::Quiet {
                progress::print_message(
                    "note: this study has ended, nothing is launched; --overwrite starts it again\n",
                );
            }
            return self.show(&study, &view, &reason);
        }
        let reason = self.drive(&study, header)?;
        let view = view::read(study.folder.root(), ViewDetail::Values)?;
        self.show(&study, &view, &reason)
    }

    fn drive(&self, study: &StudyDefinition, header: Header) -> Result<FinishReason, CliError> {
        let Some(renderer) = &study.renderer else { return Err(CliError::usage(anyhow!("the study has no command"))) };
        find_program(study)?;
        let tuner = study.tuner.as_ref().map(|spec| tuner::program(spec, &study.source.name)).transpose()?;
        let mut options = execution::options(self.execution, study.concurrency, self.existing)?;
        execution::fit_open_files(
            &mut options,
            study.experiment.plan().trials(),
            execution::verbosity(self.execution),
        )?;
        let mut experiment = study.experiment.clone();
        execution::apply(self.execution, std::sync::Arc::make_mut(&mut experiment));
        let observer = progress::observer(&experiment, execution::verbosity(self.execution));
        let driven = StudyInput { experiment, renderer, folder: study.folder.clone(), header, tuner };
        driver::run(&driven, &options, &*observer).map_err(|fault| stopped(fault, study))
    }

    fn show(&self, study: &StudyDefinition, view: &StudyView, reason: &FinishReason) -> Result<Exit, CliError> {
        let summary = Summary::new(view, study.folder.trials(), |job| study.repeat(job));
        let exit = Exit::of(reason, has_result(view));
        let text = match self.format {
            FormatArg::Text => summary_text::render(&summary),
            FormatArg::Json => output::json_text(&summary).map_err(CliError::internal)?,
        };
        match reason {
            FinishReason::Interrupted { .. } => {
                output::with_timeout(stderr::FLUSH_TIMEOUT, move || output::text(&text))?
            }
            _ => output::text(&text)?,
        }
        if self.format == FormatArg::Json && exit == Exit::NoResult && !summary.failures.is_empty() {
            progress::print_message(summary_text::failures_text(&summary.failures).trim_end());
        }
        ending(study, view, reason, exit)
    }
}

/// The exit code, and on stderr what to do next where the study is not simply done.
fn ending(study: &StudyDefinition, view: &StudyView, reason: &FinishReason, exit: Exit) -> Result<Exit, CliError> {
    let sentence = summary_text::finish_sentence(reason);
    let resume = resume(study);
    match reason {
        FinishReason::Limit { .. } => {
            progress::print_message(&format!("\n{sentence}; continue with a larger limit in the same command line"));
        }
        FinishReason::Interrupted { .. } => {
            progress::print_message(&format!("\n{sentence}; continue with the same command line, or with\n  {resume}"));
        }
        FinishReason::FirstFailures { .. } => {
            let fault = CliError::no_result(anyhow!(sentence));
            let fault = how_to_print(view).into_iter().fold(fault, CliError::hint);
            return Err(fault
                .hint("fix the command, then rerun with --overwrite")
                .hint("if such failures are expected, rerun with --overwrite --keep-going"));
        }
        FinishReason::Completed if exit == Exit::NoResult => {
            return Err(CliError::no_result(anyhow!("no job gave a value")));
        }
        FinishReason::FailureShare { .. } => return Err(CliError::no_result(anyhow!(sentence))),
        FinishReason::Tuner { .. } => {
            let hint = format!(
                "no result is lost: fix the tuner, then continue with the same command line, or with\n  {resume}"
            );
            return Err(CliError::internal(anyhow!(sentence)).hint(hint));
        }
        FinishReason::Completed | FinishReason::MetricReached { .. } => {}
    }
    Ok(exit)
}

/// What a command has to print, where it ended well and did not print the metric.
fn how_to_print(view: &StudyView) -> Option<String> {
    let ended_well = |job: &JobView| job.usage.and_then(|usage| usage.exit_code) == Some(0);
    view.jobs.iter().find(|job| job.is_failure() && ended_well(job))?;
    let name = Value::from(view.header.metric.as_ref()?.name.as_str());
    Some(format!(
        "print it on stdout as a line of JSON, in Python print(json.dumps({{{name}: …}})), or choose another with --metric"
    ))
}

/// Whether some job gave what was wanted: a value, or in a study without a metric a good end.
fn has_result(view: &StudyView) -> bool {
    let wanted = view.direction().is_some();
    let good = |status| matches!(status, JobStatus::Succeeded | JobStatus::Stopped);
    view.jobs.iter().any(|j| good(j.status) && (j.score.is_some() || !wanted))
}

/// The first line of a new study's journal.
pub fn header(study: &StudyDefinition) -> Result<Header, CliError> {
    let experiment = &study.experiment;
    let totals = experiment.totals(&experiment.plan());
    let directory = env::current_dir().context("the current folder cannot be found").map_err(CliError::internal)?;
    Ok(Header {
        format: FORMAT,
        sampling_rules: SAMPLING_RULES,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        matrix_path: study.source.name.clone(),
        matrix: study.source.text.clone(),
        directory: directory.to_string_lossy().into_owned(),
        study: study.folder.root().to_string_lossy().into_owned(),
        component: study.component.as_ref().map(|component| component.text.clone()),
        command: study.renderer.as_ref().map(|r| r.command().to_vec()).unwrap_or_default(),
        options: study.options.to_value(),
        seed: experiment.seed,
        metric: experiment.metric.clone(),
        resource: experiment.resource.clone(),
        promoted: experiment.promoted,
        prior: experiment.prior.to_vec(),
        plan: PlanTotals {
            trials: totals.trials,
            jobs: totals.jobs,
            resource: totals.resource,
            full_resource: totals.full_resource,
        },
        started_at: Timestamp::now().to_string(),
    })
}

/// Refuses a command whose program is not there, before anything is sampled.
pub fn find_program(study: &StudyDefinition) -> Result<(), CliError> {
    study.missing_program().map_or(Ok(()), |error| Err(CliError::usage(error)))
}

fn stopped(fault: RunError, study: &StudyDefinition) -> CliError {
    match fault {
        fault @ RunError::ConcurrentStart(_) => CliError::usage(fault).hint("run the same command line again"),
        RunError::Journal(
            fault @ (JournalError::Held { .. } | JournalError::SamplingRules { .. } | JournalError::Mismatch { .. }),
        ) => CliError::usage(fault),
        RunError::Journal(fault) => view::unreadable(fault),
        RunError::Refused { operation, source } => {
            let advice = machine_errors::advice(&source);
            let fault = CliError::internal(RunError::Refused { operation, source });
            fault
                .hint(advice)
                .hint(format!("no job has failed for this: run the same command line again, or\n  {}", resume(study)))
        }
        RunError::System { operation, source } if machine_errors::machine_error(&source).is_some() => {
            let advice = machine_errors::advice(&source);
            CliError::internal(RunError::System { operation, source }).hint(advice)
        }
        fault => CliError::internal(fault),
    }
}

/// The command line that goes on with `study`.
fn resume(study: &StudyDefinition) -> String {
    text::command_line(["hypertune", "resume", &study.folder.root().to_string_lossy()])
}
