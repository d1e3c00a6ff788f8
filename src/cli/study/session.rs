//! Runs one session of a study and prints its result.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::env;

use anyhow::{Context, anyhow};
use jiff::Timestamp;

use super::advice::interruption;
use super::advice::machine::with_machine_advice;
use super::advice::metric::metric_hint;
use super::advice::passing;
use super::definition::StudyDefinition;
use super::fail_if;
use super::repetition;
use super::shared_metrics;
use super::tuner;
use super::view;

use crate::cli::args::execution::ExecutionArgs;
use crate::cli::args::values::FormatArg;
use crate::cli::error::CliError;
use crate::cli::exit_codes::Exit;
use crate::cli::options::execution;
use crate::cli::options::launcher::{LastSlots, SessionSlots};
use crate::cli::output;
use crate::cli::umask;
use crate::command::files::fingerprint::{changed, fingerprints};
use crate::engine::event::FinishReason;
use crate::journal::error::JournalError;
use crate::journal::record::{FORMAT, Header, PlanTotals};
use crate::launch::error::LaunchError;
use crate::progress::{self, Verbosity, stderr};
use crate::report::condition::Condition;
use crate::report::summary::Summary;
use crate::report::view::{JobStatus, JobView, StudyView};
use crate::report::{failures, summary_text, text};
use crate::run::change::StudyChange;
use crate::run::error::RunError;
use crate::run::options::Existing;
use crate::run::session as driver;
use crate::run::study::StudyInput;
use crate::space::{Param, Space};
use crate::types::fingerprint::FileFingerprint;
use crate::types::ids::TrialId;
use crate::types::printable::printable;

/// Most failed trials that a note names.
const MAX_NAMED_TRIALS: usize = 10;

/// Options of a session.
#[derive(Clone, Debug)]
pub struct SessionOptions<'a> {
    pub execution: &'a ExecutionArgs,
    pub format: FormatArg,
    /// Whether an existing study is resumed or discarded.
    pub existing: Existing,
    /// What changes in an existing study that is resumed.
    pub change: StudyChange,
    /// Determined when they are needed: a finished study has none.
    pub places: OnceCell<SessionSlots>,
    /// Those of the last session of an existing study that is resumed.
    pub last: Option<LastSlots>,
    /// Conditions that turn the exit code into 3.
    pub fail_if: &'a [Condition],
}

impl SessionOptions<'_> {
    /// Prints the result of the recorded study in `view` if it has ended and the session does not continue it; else [`Self::run`].
    pub fn resume(&self, study: StudyDefinition, view: StudyView) -> Result<Exit, CliError> {
        warn_if_edited(&study, &view);
        if let Some(reason) = view.finish.clone().filter(|reason| !self.change.continues(reason)) {
            self.note("this study has ended, nothing is launched; `hypertune run` with --overwrite starts a new one");
            return self.print_result(&study, &view, &reason);
        }
        self.run(study, view.header)
    }

    /// Runs `study` to its end, a limit or a signal, and prints the result.
    pub fn run(&self, study: StudyDefinition, header: Header) -> Result<Exit, CliError> {
        let reason = self.drive(&study, header)?;
        let view = view::read(study.folder.root(), fail_if::detail(self.fail_if))?;
        self.print_result(&study, &view, &reason)
    }

    /// The number of concurrent jobs, before it is limited by open files.
    ///
    /// # Errors
    /// The GPU options do not match the machine.
    pub fn slot_count(&self, study: &StudyDefinition) -> Result<u32, CliError> {
        Ok(self.places(study)?.count())
    }

    fn places(&self, study: &StudyDefinition) -> Result<&SessionSlots, CliError> {
        if let Some(places) = self.places.get() {
            return Ok(places);
        }
        let places =
            SessionSlots::find(self.execution, study.concurrency, study.launcher.as_ref(), self.last.as_ref())?;
        Ok(self.places.get_or_init(|| places))
    }

    /// Checks that the command's program can be started, before anything is sampled.
    pub fn check_program(&self, study: &StudyDefinition) -> Result<(), CliError> {
        study.check_program(self.places(study)?.launcher.job_host())
    }

    fn drive(&self, study: &StudyDefinition, header: Header) -> Result<FinishReason, CliError> {
        let Some(renderer) = &study.renderer else { return Err(CliError::usage(anyhow!("the study has no command"))) };
        self.check_program(study)?;
        umask::check()?;
        let tuner = study.tuner.as_ref().map(|spec| tuner::program(spec, &study.source.name)).transpose()?;
        let mut options = execution::options(self.execution, self.places(study)?, self.existing);
        let trials = study.experiment.plan().trials();
        execution::fit_open_files(&mut options, trials, execution::verbosity(self.execution))?;
        shared_metrics::check(study, || Ok(options.slot_count()))?;
        execution::share_processors(&mut options, self.execution, trials);
        let mut experiment = study.experiment.clone();
        execution::apply(self.execution, std::sync::Arc::make_mut(&mut experiment));
        let observer = progress::observer(&experiment, &study.folder, execution::verbosity(self.execution));
        let change = self.change.clone();
        let (folder, files) = (study.folder.clone(), scripts(study));
        let driven = StudyInput { experiment, renderer, folder, header, tuner, change, files };
        driver::run(&driven, &options, &*observer).map_err(|error| session_error(error, study))
    }

    fn print_result(&self, study: &StudyDefinition, view: &StudyView, reason: &FinishReason) -> Result<Exit, CliError> {
        let summary =
            Summary::new(view, study.folder.trials(), |job| repetition::of(Some(study), &study.folder, job, None));
        let exit = match Exit::of(reason, has_result(view)) {
            Exit::Limit if all_failed(view) => Exit::NoResult,
            exit => exit,
        };
        let text = match self.format {
            FormatArg::Text => summary_text::render(&summary),
            FormatArg::Json => output::json_text(&summary).map_err(CliError::internal)?,
        };
        let printed = match reason {
            FinishReason::Interrupted { .. } => {
                output::with_timeout(stderr::FLUSH_TIMEOUT, move || output::text(&text))
            }
            _ => output::text(&text),
        };
        printed.map_err(|error| error.hint(format!("no result is lost; print it with\n  {}", best_command(study))))?;
        if self.format == FormatArg::Json && exit == Exit::NoResult && !summary.failures.is_empty() {
            progress::print_message(summary_text::failures_text(&summary.failures).trim_end());
        }
        if let Some(failed) = failed_trials(view)
            && !matches!(reason, FinishReason::MetricReached { .. })
        {
            self.note(&format!("{failed}; with --rerun failed they run again, and all other results are kept"));
        }
        fail_if::check(self.fail_if, view, finish(study, view, reason, exit)?)
    }

    fn note(&self, text: &str) {
        if execution::verbosity(self.execution) != Verbosity::Quiet {
            progress::print_message(&format!("note: {text}"));
        }
    }
}

/// The scripts of the study's command as they are now.
fn scripts(study: &StudyDefinition) -> Vec<FileFingerprint> {
    let directory = env::current_dir().unwrap_or_default();
    study.renderer.as_ref().map(|renderer| fingerprints(renderer.command(), &directory)).unwrap_or_default()
}

/// Warns about scripts that differ from those of the last session.
fn warn_if_edited(study: &StudyDefinition, view: &StudyView) {
    let Some(last) = view.last_session.as_ref().filter(|last| !last.files.is_empty()) else { return };
    let files = changed(&last.files, &scripts(study));
    if !files.is_empty() {
        let files = files.iter().map(|file| printable(file).into_owned()).collect::<Vec<_>>().join(", ");
        progress::print_message(&format!(
            "warning: {files} changed since the study's last session, which started at {}: its results are from the file before the \
             change; with --overwrite a new study starts",
            last.started_at
        ));
    }
}

/// Prints the next step unless the study is complete; returns the exit code or the error.
fn finish(study: &StudyDefinition, view: &StudyView, reason: &FinishReason, exit: Exit) -> Result<Exit, CliError> {
    let message = summary_text::finish_sentence(reason);
    let resume = resume_command(study);
    match reason {
        FinishReason::Limit { .. } if exit == Exit::NoResult => {
            let error = CliError::no_result(anyhow!("every job failed{}", headline(view)));
            let error = metric_hint(view).into_iter().fold(error, CliError::hint);
            let error = passing::rejected(study, view).into_iter().fold(error, CliError::hint);
            return Err(error.hint("fix the command, then run it again with --rerun failed"));
        }
        FinishReason::Limit { limit } => {
            let next = summary_text::next_limit(*limit);
            progress::print_message(&format!("\n{message}; continue with {next} in the same command line"));
        }
        FinishReason::Interrupted { signal } => {
            progress::print_message(&format!("\n{message}; {}", interruption::next_step(*signal, &resume)));
        }
        FinishReason::FirstFailures { .. } => {
            let error = CliError::no_result(anyhow!("{message}{}", headline(view)));
            let error = metric_hint(view).into_iter().fold(error, CliError::hint);
            let error = passing::rejected(study, view).into_iter().fold(error, CliError::hint);
            return Err(error
                .hint("fix the command, then run it again")
                .hint("if such failures are expected, run it again with --keep-going"));
        }
        FinishReason::Completed if exit == Exit::NoResult => {
            return Err(CliError::no_result(anyhow!("no job returned a value")));
        }
        FinishReason::FailureShare { .. } => return Err(CliError::no_result(anyhow!(message))),
        FinishReason::Tuner { .. } => {
            let hint = format!(
                "no result is lost; fix the tuner, then continue with the same command line, or with\n  {resume}"
            );
            return Err(CliError::internal(anyhow!(message)).hint(hint));
        }
        FinishReason::Completed | FinishReason::MetricReached { .. } => {}
    }
    Ok(exit)
}

/// The trials whose last job failed, in words; `None` if there are none.
fn failed_trials(view: &StudyView) -> Option<String> {
    let latest: BTreeMap<TrialId, &JobView> = view.jobs.iter().map(|job| (job.job.key.trial, job)).collect();
    let failed: Vec<String> =
        latest.iter().filter(|(_, job)| job.is_failure()).map(|(trial, _)| trial.to_string()).collect();
    let listed = failed.iter().take(MAX_NAMED_TRIALS).cloned().collect::<Vec<_>>().join(", ");
    let more = failed.len().saturating_sub(MAX_NAMED_TRIALS);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let trials = text::counted(failed.len() as u64, "trial");
    (!failed.is_empty()).then(|| format!("{trials} failed: {listed}{more}"))
}

/// Whether every job that was launched has failed.
fn all_failed(view: &StudyView) -> bool {
    !view.jobs.is_empty() && view.last_attempts().all(JobView::is_failure)
}

/// `: ValueError: …`, the error of the most frequent failure, if its reason does not have it.
fn headline(view: &StudyView) -> String {
    let error = failures::failures(view).first().and_then(|group| group.error.clone());
    error.map(|error| format!(": {}", printable(&error))).unwrap_or_default()
}

/// Whether some job succeeded, with a value if the study has a metric.
fn has_result(view: &StudyView) -> bool {
    let has_metric = view.direction().is_some();
    let succeeded = |status| matches!(status, JobStatus::Succeeded | JobStatus::Stopped);
    view.jobs.iter().any(|j| succeeded(j.status) && (j.score.is_some() || !has_metric))
}

/// The names of all parameters, if some have a `when`.
fn names_if_conditional(space: &Space) -> Vec<String> {
    let names = space.params.iter().map(|param| param.name.to_string());
    if space.conditions().is_empty() { Vec::new() } else { names.collect() }
}

fn logarithmic_names(space: &Space) -> Vec<String> {
    let is_logarithmic = |param: &&Param| param.domain.distribution().is_some_and(|d| d.distribution.is_logarithmic());
    space.params.iter().filter(is_logarithmic).map(|param| param.name.to_string()).collect()
}

/// The first line of a new study's journal.
pub fn header(study: &StudyDefinition) -> Result<Header, CliError> {
    let experiment = &study.experiment;
    let totals = experiment.totals(&experiment.plan());
    let directory = env::current_dir().context("cannot determine the current directory").map_err(CliError::internal)?;
    Ok(Header {
        format: FORMAT,
        sampling_rules: experiment.method.rules(),
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
        collector: Some(experiment.collector().to_json()),
        resource: experiment.resource.clone(),
        promoted: experiment.promoted,
        params: names_if_conditional(&experiment.space),
        log_params: logarithmic_names(&experiment.space),
        prior: experiment.prior.to_vec(),
        sampler_choice: experiment.method.sampler.choice().cloned(),
        plan: PlanTotals {
            trials: totals.trials,
            jobs: totals.jobs,
            resource: totals.resource,
            full_resource: totals.full_resource,
        },
        started_at: Timestamp::now().to_string(),
    })
}

/// The error of a session, with the next step.
fn session_error(error: RunError, study: &StudyDefinition) -> CliError {
    match error {
        RunError::ConcurrentStart(_) => CliError::usage(error).hint("run the same command line again"),
        RunError::Journal(
            error @ (JournalError::Held { .. } | JournalError::SamplingRules { .. } | JournalError::Mismatch { .. }),
        ) => CliError::usage(error),
        RunError::Journal(JournalError::Io { .. })
        | RunError::Refused { .. }
        | RunError::System { .. }
        | RunError::File(_)
        | RunError::Launch(LaunchError::SessionList { .. })
        | RunError::Discard(_) => {
            let has_records = study.folder.journal().metadata().is_ok_and(|found| found.len() > 0);
            let resume = has_records.then(|| resume_command(study));
            with_machine_advice(error, resume.as_deref())
        }
        RunError::Journal(error) => view::journal_error(error),
        error @ RunError::Launch(LaunchError::Unusable { .. }) => {
            let hint =
                format!("no result is lost; once jobs can be started, continue with\n  {}", resume_command(study));
            CliError::internal(error).hint(hint)
        }
        error => CliError::internal(error),
    }
}

/// The command line that prints the best trial of `study`.
fn best_command(study: &StudyDefinition) -> String {
    text::command_line(["hypertune", "best", &study.folder.root().to_string_lossy()])
}

/// The command line that resumes `study`.
fn resume_command(study: &StudyDefinition) -> String {
    text::command_line(["hypertune", "resume", &study.folder.root().to_string_lossy()])
}
