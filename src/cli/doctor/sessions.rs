//! Sessions of `doctor`: the jobs of one trial each, in a scratch folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use super::observer::DoctorObserver;
use super::scratch::ScratchFolder;
use crate::cli::args::execution::ExecutionArgs;
use crate::cli::error::CliError;
use crate::cli::options::execution;
use crate::cli::options::launcher::SessionSlots;
use crate::cli::study::advice::machine::with_machine_advice;
use crate::cli::study::definition::StudyDefinition;
use crate::cli::study::session::header;
use crate::cli::study::view;
use crate::command::template::Renderer;
use crate::engine::event::FinishReason;
use crate::engine::experiment::{Experiment, FirstFailures, Limits, Retries, Stopping};
use crate::journal::error::JournalError;
use crate::journal::folder::layout::{LogStream, StudyFolder};
use crate::journal::folder::log_tail::last_lines;
use crate::journal::readings::{self, ReadingRecord};
use crate::launch::launcher::{Capacity, JobHost, Unstopped};
use crate::launch::orphans::mark::{Mark, SessionMark};
use crate::launch::orphans::marked_processes::SearchScope;
use crate::launch::process::signals::Signals;
use crate::progress::{Verbosity, print_message};
use crate::report::doctor::ObservedJob;
use crate::report::view::{JobStatus, JobView, StudyView, ViewDetail};
use crate::run::change::StudyChange;
use crate::run::checkpoints::retention::Keep;
use crate::run::error::RunError;
use crate::run::options::{Existing, RunOptions};
use crate::run::session as driver;
use crate::run::study::StudyInput;
use crate::schedule::single_trial::SingleTrial;
use crate::search::listed::Listed;
use crate::types::assignment::Assignment;
use crate::types::units::Resource;

/// Why a job failed during which the journal was removed or changed.
const CHANGED_STUDY_FOLDER: &str = "the study's journal was removed or changed while the job ran; the script must leave the \
                                    folder HYPERTUNE_STUDY_DIR alone, except for its own files";

/// What became of the journal of a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum JournalState {
    Intact,
    /// Something else than the session removed or changed it.
    Changed,
}

/// The state of the journal after a session that `ended` so.
fn journal_state(ended: Result<FinishReason, RunError>) -> Result<JournalState, DoctorEnd> {
    match ended {
        Ok(FinishReason::Interrupted { signal }) => Err(DoctorEnd::Signal(signal)),
        Ok(_) => Ok(JournalState::Intact),
        Err(RunError::Journal(
            JournalError::Displaced { .. } | JournalError::Resized { .. } | JournalError::Missing { .. },
        )) => Ok(JournalState::Changed),
        Err(error) => Err(with_machine_advice(error, None).into()),
    }
}

/// Why no more jobs run.
#[derive(Debug)]
pub enum DoctorEnd {
    /// hypertune got a signal.
    Signal(i32),
    Error(Box<CliError>),
}

impl From<CliError> for DoctorEnd {
    fn from(error: CliError) -> DoctorEnd {
        DoctorEnd::Error(Box::new(error))
    }
}

/// The jobs of a trial that has run.
#[derive(Debug)]
pub struct TrialRun {
    pub jobs: Vec<ObservedJob>,
    pub view: StudyView,
    pub folder: StudyFolder,
}

/// Runs jobs of a study in a scratch folder. Dropping it ends what the jobs have left running and removes the folder.
#[derive(Debug)]
pub struct DoctorSessions<'a> {
    pub study: &'a StudyDefinition,
    renderer: &'a Renderer,
    options: RunOptions,
    /// Number of jobs at once in the study.
    pub slots: u32,
    /// Whether jobs run on this machine.
    pub is_local: bool,
    verbosity: Verbosity,
    observer: DoctorObserver,
    /// `None` once it is removed.
    scratch: Option<ScratchFolder>,
    marks: Vec<SessionMark>,
    count: u32,
    /// Catches signals between two sessions; `None` once released.
    signals: Option<Signals>,
}

impl<'a> DoctorSessions<'a> {
    /// Where the jobs run.
    pub fn job_host(&self) -> JobHost {
        self.options.launcher.job_host()
    }

    /// Creates the scratch folder: a temporary one, or beside the study if jobs run on machines that may not see that.
    pub fn new(
        study: &'a StudyDefinition,
        renderer: &'a Renderer,
        args: &ExecutionArgs,
    ) -> Result<DoctorSessions<'a>, CliError> {
        let verbosity = execution::verbosity(args);
        let places = SessionSlots::find(args, study.concurrency, study.launcher.as_ref(), None)?;
        let slots = places.count();
        let is_local = places.launcher.capacity().map_err(CliError::usage)? == Capacity::Machine;
        let mut options = execution::options(args, &places, Existing::Continue);
        execution::fit_open_files(&mut options, 1, verbosity)?;
        // Jobs get as many threads as in the study.
        execution::share_processors(&mut options, args, study.experiment.plan().trials());
        options.slots.truncate(1);
        options.keep = Keep::All;
        let signals = Signals::catch()?;
        let parent = if is_local { std::env::temp_dir() } else { parent(study)? };
        let scratch = ScratchFolder::create(&parent);
        let scratch = scratch.with_context(|| format!("cannot create a scratch folder in {}", parent.display()));
        let scratch = scratch
            .map_err(|error| CliError::internal(error).hint("set TMPDIR to a folder in which you may create files"))?;
        if is_local {
            scratch.remove_abandoned();
        }
        Ok(DoctorSessions {
            study,
            renderer,
            options,
            slots,
            is_local,
            verbosity,
            observer: DoctorObserver::default(),
            scratch: Some(scratch),
            marks: Vec::new(),
            count: 0,
            signals: Some(signals),
        })
    }

    /// Keeps the scratch folder; its path.
    pub fn keep(&mut self) -> Option<PathBuf> {
        Some(self.scratch.take()?.keep())
    }

    /// Longest time from SIGTERM to SIGKILL.
    pub fn grace(&self) -> Duration {
        self.options.grace
    }

    /// Prints what runs next, unless only the result is wanted.
    pub fn note(&self, text: &str) {
        if self.verbosity != Verbosity::Quiet {
            print_message(text);
        }
    }

    /// Runs a trial with `params` at the rungs `resources`, one job after the other, each for at most `timeout`.
    pub fn run(
        &mut self,
        params: &Assignment,
        resources: &[Resource],
        timeout: Duration,
    ) -> Result<TrialRun, DoctorEnd> {
        self.check_signals()?;
        let scratch = self.scratch.as_ref().map(ScratchFolder::path).unwrap_or(Path::new("."));
        let folder = StudyFolder::new(scratch.join(self.count.to_string()));
        self.count += 1;
        let experiment = Arc::new(self.experiment(params, resources, timeout));
        let mut header = header(self.study)?;
        header.study = folder.root().to_string_lossy().into_owned();
        let input = StudyInput {
            experiment,
            renderer: self.renderer,
            folder: folder.clone(),
            header,
            tuner: None,
            change: StudyChange::default(),
            files: Vec::new(),
        };
        let is_quiet = self.verbosity == Verbosity::Quiet;
        let ended = self.observer.watch(&folder, is_quiet, || driver::run(&input, &self.options, &self.observer));
        let view = view::try_read(folder.root(), ViewDetail::Curves);
        let marks = view.iter().flatten();
        self.marks.extend(marks.filter_map(|view| SessionMark::parse(&view.last_session.as_ref()?.mark)));
        let journal = journal_state(ended)?;
        self.check_signals()?;
        let is_intact = journal == JournalState::Intact;
        let view = match view {
            Ok(Some(view)) => view,
            _ if !is_intact => return Err(CliError::no_result(anyhow::anyhow!("{CHANGED_STUDY_FOLDER}")).into()),
            Err(error) => return Err(error.into()),
            Ok(None) => return Err(CliError::internal(anyhow::anyhow!("a job was not recorded")).into()),
        };
        let mut jobs = observed(&view, &folder)?;
        // The journal is not checked after each job, so any of them may have changed it.
        jobs.iter_mut().filter(|_| !is_intact).for_each(|job| {
            (job.exited_with_0, job.timed_out, job.value) = (false, false, None);
            job.failure = Some(CHANGED_STUDY_FOLDER.to_owned());
        });
        Ok(TrialRun { jobs, view, folder })
    }

    /// The study's experiment for this trial, without what depends on results.
    fn experiment(&self, params: &Assignment, resources: &[Resource], timeout: Duration) -> Experiment {
        let mut experiment = (*self.study.experiment).clone();
        experiment.method.schedule = Arc::new(SingleTrial {
            rungs: resources.to_vec(),
            max_resource: experiment.method.schedule.max_resource(),
            eta: experiment.method.schedule.eta(),
        });
        experiment.method.sampler = Arc::new(Listed::new(vec![params.clone()]));
        experiment.limits = Limits::default();
        experiment.stopping = Stopping::default();
        experiment.retries = Retries { max: 0, ..experiment.retries };
        experiment.first_failures = FirstFailures::KeepGoing;
        experiment.job_timeout = Some(timeout);
        experiment.initial = Vec::new();
        experiment.prior = Arc::new([]);
        experiment
    }

    fn check_signals(&self) -> Result<(), DoctorEnd> {
        match self.signals.as_ref().and_then(Signals::take_termination) {
            Some(signal) => Err(DoctorEnd::Signal(signal)),
            None => Ok(()),
        }
    }
}

impl Drop for DoctorSessions<'_> {
    fn drop(&mut self) {
        let marks: Vec<Mark> = self.marks.drain(..).map(Mark::Session).collect();
        if !marks.is_empty() {
            self.options.launcher.end_leftovers(marks, SearchScope::CurrentSession);
            let unstopped = self.options.launcher.unstopped();
            unstopped.iter().for_each(|Unstopped { name, reason, .. }| {
                print_message(&format!(
                    "warning: {name} may still run, because it could not be stopped ({reason}); end it"
                ));
            });
        }
        drop(self.scratch.take());
        self.signals.take().into_iter().for_each(Signals::release);
    }
}

/// The folder that contains the study's folder.
fn parent(study: &StudyDefinition) -> Result<PathBuf, CliError> {
    let root = std::path::absolute(study.folder.root())?;
    Ok(root.parent().unwrap_or(Path::new("/")).to_owned())
}

fn observed(view: &StudyView, folder: &StudyFolder) -> Result<Vec<ObservedJob>, DoctorEnd> {
    let all: Vec<ReadingRecord> = readings::read(folder).map_err(CliError::from)?.collect();
    let job = |job: &JobView| ObservedJob {
        params: (*job.params).clone(),
        resource: job.resource.amount(),
        previous: job.previous.amount(),
        exited_with_0: job.status != JobStatus::Timeout && job.usage.is_some_and(|usage| usage.exit_code == Some(0)),
        timed_out: job.status == JobStatus::Timeout,
        was_killed: job.usage.is_some_and(|usage| usage.signal == Some(libc::SIGKILL)),
        failure: job.reason.clone(),
        stderr_tail: job.stderr_tail.clone(),
        stdout_tail: match job.is_failure() {
            true => last_lines(&folder.log(job.job, LogStream::Stdout)).join("\n"),
            false => String::new(),
        },
        value: job.score.map(|score| score.value()),
        curve: job.curve.clone(),
        readings: all.iter().filter(|reading| reading.job == job.job).cloned().collect(),
        duration_s: job.usage.map_or(0.0, |usage| usage.duration_s),
        max_rss_bytes: job.usage.and_then(|usage| usage.max_rss_bytes),
        checkpoint_entries: fs::read_dir(folder.checkpoint(job.job.key.trial)).map_or(0, Iterator::count),
    };
    Ok(view.jobs.iter().map(job).collect())
}
