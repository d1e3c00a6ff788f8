//! Runs one job in its slot's thread, from its launch record to its end record.

use std::cell::OnceCell;
use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::checkpoints::{Checkpoints, FileError};
use super::coordinator::JobResult;
use super::error::RunError;
use super::observer::Observer;
use super::outcome;
use super::output::client_output::ClientOutput;
use super::output::job_logs::JobLogs;
use super::output::job_output::{CapturedOutput, DiscardOutput, JobOutput};
use super::output::log_file::LogLimit;
use super::output::metric_input::MetricInput;
use super::output::metric_notes::MetricNotes;
use super::output::readings_file::JobReadings;
use super::process::full_disk;
use super::process::gpus::SlotEnvironment;
use super::process::ports::Ports;
use super::process::programs::Programs;
use super::process::slot_table::SlotTable;
use super::process::start_retry::{StartError, StartRetry};
use super::process::termination::{KILL_TIMEOUT, KillReason};
use super::process::wakeup::Wakeup;
use super::process::working_directory::WorkingDirectory;
use crate::collect::catalogue::ConfiguredCollector;
use crate::collect::collector::MetricValue;
use crate::command::template::Renderer;
use crate::engine::event::Launch;
use crate::engine::experiment::Experiment;
use crate::journal::folder::layout::StudyFolder;
use crate::journal::readings::ReadingsFile;
use crate::journal::record::{EndRecord, ProcessUsage};
use crate::journal::sync::JournalSync;
use crate::launch::error::LaunchError;
use crate::launch::job_exit::JobExit;
use crate::launch::launcher::{JobHost, Launcher, StartReport};
use crate::launch::oom::OomMonitor;
use crate::launch::orphans::leftovers::Leftovers;
use crate::launch::orphans::mark::{Mark, SessionMark};
use crate::launch::orphans::marked_processes::SearchScope;
use crate::launch::orphans::process_groups::ProcessGroups;
use crate::launch::process::child::{Child, WaitLimit};
use crate::launch::process::signals::{self, Signals};
use crate::launch::process::syscalls::Pid;
use crate::types::outcome::{Failure, Outcome, Reading, StopRule};
use crate::types::placement::Placement;
use crate::types::units::Moment;

/// How long after a signal has killed a job the driver may receive the same signal, where both were sent at once.
const SHARED_SIGNAL_DELAY: Duration = Duration::from_millis(300);

/// Runs the jobs of a session. All slots share it.
pub struct JobRunner<'a> {
    /// The checked input.
    pub experiment: &'a Experiment,
    /// Renders the command of each job.
    pub renderer: &'a Renderer,
    /// The study's folder, absolute.
    pub folder: &'a StudyFolder,
    /// Marks the session's processes in their environment.
    pub session: &'a SessionMark,
    /// Environment variables of each slot.
    pub slots: &'a [SlotEnvironment],
    /// Variables of all jobs, where nothing else sets them.
    pub defaults: &'a SlotEnvironment,
    /// TCP ports of the slots.
    pub ports: Ports,
    /// Where readings are written.
    pub readings: &'a ReadingsFile,
    /// Limit for each log.
    pub log_limit: LogLimit,
    /// Checkpoint directories.
    pub checkpoints: &'a Checkpoints,
    /// Syncs the journal.
    pub journal: &'a JournalSync,
    /// The running jobs, and the only way to signal them.
    pub slot_table: &'a SlotTable,
    /// Signals to the driver.
    pub signals: &'a Signals,
    /// The process groups that the guard ends.
    pub groups: &'a ProcessGroups,
    /// Detects kills by the kernel for lack of memory.
    pub oom: OomMonitor,
    /// Starts, signals and judges jobs.
    pub launcher: &'a dyn Launcher,
    /// What sessions may have left running.
    pub leftovers: &'a Leftovers<'a>,
    /// Set when jobs that do not exit are abandoned.
    pub abandon: &'a Wakeup,
    /// Located programs.
    pub programs: Programs,
    /// The working directory of jobs.
    pub working_directory: &'a WorkingDirectory,
    /// Retries what fails because of the machine.
    pub start_retry: StartRetry<'a>,
    /// How readings are collected.
    pub collector: ConfiguredCollector,
    /// The file or folder that the collector reads, if it reads one; the first argument is its path.
    pub metric_path: Option<Renderer>,
    /// What was noted of the output of jobs.
    pub metric_notes: MetricNotes,
    /// Whether a log that cannot be written was noted.
    pub is_abandoned_log_reported: AtomicBool,
    /// Shows notes to the user.
    pub observer: &'a dyn Observer,
}

/// Called with the readings of a running job.
pub type Listener<'a> = Option<&'a dyn Fn(Vec<Reading>)>;

/// Receivers of the events of a running job.
#[derive(Clone, Copy)]
pub struct JobListeners<'a> {
    /// Its readings.
    pub readings: Listener<'a>,
    /// A scheduler has started it.
    pub started: &'a dyn Fn(&Placement),
}

impl JobRunner<'_> {
    /// Runs the job of `launch` until it ends.
    ///
    /// # Errors
    /// The session cannot continue; the job has ended. Failures of the job are in the result.
    pub fn run(&self, launch: &Launch, listeners: JobListeners<'_>, buffer: &mut [u8]) -> Result<JobResult, RunError> {
        let metrics = self.metric_input(launch);
        match self.start(launch) {
            Ok((child, start)) => self.follow(launch, metrics, child, start, listeners, buffer),
            Err(StartError::Cancelled) => Ok(self.not_started(launch, "killed before it was started")),
            Err(StartError::Job(reason)) => Ok(self.not_started(launch, &reason)),
            Err(StartError::Refused { operation, source }) => {
                self.slot_table.release(launch.slot);
                Err(RunError::Refused { operation, source })
            }
            Err(StartError::NotReady(message) | StartError::Queued(message)) => {
                self.slot_table.release(launch.slot);
                Err(LaunchError::Unusable { name: self.launcher.name(), message }.into())
            }
            Err(StartError::Session(error)) => {
                self.slot_table.release(launch.slot);
                Err(error)
            }
        }
    }

    fn follow(
        &self,
        launch: &Launch,
        metrics: MetricInput,
        mut child: Child,
        spawned: Instant,
        listeners: JobListeners<'_>,
        buffer: &mut [u8],
    ) -> Result<JobResult, RunError> {
        // Without the group the guard searches by environment.
        let _ = self.groups.set(launch.slot, Some(child.pid()));
        let readings = JobReadings::new(self.readings, launch.job);
        let create = |path: &Path, options: &OpenOptions| self.create_log(launch, path, options);
        let on_error = |path: &Path, error: &io::Error| self.report_abandoned_log(path, error);
        let logs = JobLogs::new(self.folder, launch.job, self.log_limit, &create, &on_error);
        let (pid, start) = (child.pid(), OnceCell::new());
        let on_start = |placement: &Placement| self.started(launch, pid, placement, listeners);
        let is_client = self.launcher.start_report() == StartReport::Printed;
        let output = JobOutput::new(logs, metrics, readings, listeners.readings);
        let mut output = ClientOutput::new(output, is_client, &on_start, &start);
        let followed = self.follow_output(launch, &mut child, &mut output, buffer);
        let killed = self.slot_table.release_killed(launch.slot);
        let _ = self.groups.set(launch.slot, None);
        let reaped =
            self.launcher.reap(child).map_err(|source| RunError::System { operation: "wait for a child", source });
        let kill_reason = killed.map(|killed| {
            killed.descendants.end();
            killed.reason
        });
        let (captured, logs, messages) = output.finish();
        let start = start.into_inner();
        let duration = match (is_client, &start) {
            (false, _) => spawned.elapsed(),
            (true, start) => start.as_ref().map(|start| start.at.elapsed()).unwrap_or_default(),
        };
        let usage = reaped.as_ref().map(|reaped| match (is_client, self.launcher.job_host()) {
            (false, JobHost::Machine) => outcome::usage(reaped, duration),
            _ => outcome::client_usage(reaped, duration),
        });
        let usage = usage.unwrap_or_default();
        followed.and(logs)?;
        let CapturedOutput { collected, absent_metrics, .. } = &captured;
        let trial = launch.job.key.trial;
        let notes = self.metric_notes.job_ended(trial, collected, &self.experiment.wanted(), absent_metrics);
        notes.iter().for_each(|note| self.observer.warn(note));
        let exit = JobExit {
            status: reaped?.status,
            stderr_tail: &captured.stderr_tail,
            client_messages: &messages,
            oom: &self.oom,
            job: launch.job,
            placement: start.as_ref().map(|start| &start.placement),
        };
        let outcome = self.outcome(&exit, kill_reason, &captured.collected.value);
        self.launcher.take_warnings().iter().for_each(|note| self.observer.warn(note));
        // Before the end of the job is recorded.
        self.leftovers.record_unstopped()?;
        let outcome = outcome?;
        if let (Outcome::Succeeded { .. }, Some(exception)) = (&outcome, &captured.exception) {
            self.metric_notes.succeeded_with(trial, exception).iter().for_each(|note| self.observer.warn(note));
        }
        self.check_disk(&outcome, &captured.stderr_tail)?;
        self.checkpoints.job_ended(launch, &outcome)?;
        Ok(result(launch, outcome, usage, captured))
    }

    /// Passes the output of `child` to `output` until it exits, or after an error until it is killed.
    fn follow_output(
        &self,
        launch: &Launch,
        child: &mut Child,
        output: &mut ClientOutput<'_>,
        buffer: &mut [u8],
    ) -> Result<(), RunError> {
        let limit = WaitLimit { abandoned: Some(self.abandon.descriptor()), deadline: None };
        let followed = child.follow(output, buffer, limit);
        if followed.is_err() {
            let now = Instant::now();
            self.slot_table.kill(launch.job, &KillReason::DriverError, now);
            let Ok(()) =
                child.follow(&mut DiscardOutput, buffer, WaitLimit { deadline: Some(now + KILL_TIMEOUT), ..limit });
        }
        followed
    }

    /// A scheduler has started the job of the client `pid`.
    fn started(&self, launch: &Launch, pid: Pid, placement: &Placement, listeners: JobListeners<'_>) {
        self.launcher.started(pid, placement);
        self.slot_table.started(launch.slot, Instant::now());
        (listeners.started)(placement);
    }

    /// The collector of a job that is about to start.
    fn metric_input(&self, launch: &Launch) -> MetricInput {
        let path = self.metric_path.as_ref().and_then(|path| {
            let trial = launch.job.key.trial;
            let (trial_dir, checkpoint_dir) = (self.folder.trial(trial), self.folder.checkpoint(trial));
            let context = self.context(launch, &trial_dir, &checkpoint_dir);
            let path = PathBuf::from(path.argv(&context).ok()?.into_iter().next()?);
            let directory = self.renderer.directory(&context, self.working_directory.path()).ok()?;
            Some(directory.map_or(path.clone(), |directory| directory.join(path)))
        });
        MetricInput::before_start(&self.collector, self.experiment.wanted(), path)
    }

    fn outcome(
        &self,
        exit: &JobExit<'_>,
        kill_reason: Option<KillReason>,
        value: &MetricValue,
    ) -> Result<Outcome, RunError> {
        match kill_reason.or_else(|| self.shared_signal(exit.status)) {
            Some(reason) => {
                // Processes that left the job's group; those that a job leaves which exits by itself keep running.
                let mark = Mark::Job(self.session.job(exit.job));
                self.launcher.end_leftovers(vec![mark], SearchScope::CurrentSession);
                Ok(outcome::of_ended_job(&reason, value))
            }
            None => outcome::of_exit(self.launcher.interpret(exit), value)
                .map_err(|message| LaunchError::Unusable { name: self.launcher.name(), message }.into()),
        }
    }

    /// An error if the job failed while the study's file system is full: another configuration would have failed too.
    fn check_disk(&self, outcome: &Outcome, stderr_tail: &str) -> Result<(), RunError> {
        let is_failure = matches!(outcome, Outcome::Failed { failure }
            if !matches!(failure, Failure::Timeout | Failure::Cancelled(_) | Failure::Infrastructure(_) | Failure::Lost));
        if is_failure && full_disk::is_full(self.folder.root(), stderr_tail) {
            let source = io::Error::from_raw_os_error(libc::ENOSPC);
            return Err(RunError::File(FileError { path: self.folder.root().to_owned(), source }));
        }
        Ok(())
    }

    /// The interruption of the study, if the signal that killed the job was sent to the driver too. At a shutdown or the end of a
    /// cluster job every process gets the signal, and the job may exit before the driver receives it.
    fn shared_signal(&self, status: ExitStatus) -> Option<KillReason> {
        let is_likely = signals::is_termination(status) || self.signals.pending();
        let timeout = if is_likely { SHARED_SIGNAL_DELAY } else { Duration::ZERO };
        let interrupted = self.slot_table.wait_for_interrupt(timeout);
        interrupted.then(|| KillReason::Rule(StopRule::new(StopRule::INTERRUPTED, None, None)))
    }

    /// The end of a job without a process, which was killed before its start or could not be started for `reason`.
    fn not_started(&self, launch: &Launch, reason: &str) -> JobResult {
        let outcome = match self.slot_table.release(launch.slot) {
            Some(KillReason::Rule(by)) => Outcome::Stopped { score: None, by },
            Some(KillReason::DriverError) => Outcome::Failed { failure: Failure::Lost },
            Some(KillReason::Timeout) | None => Outcome::Failed { failure: Failure::Launch(reason.to_owned()) },
        };
        let record = EndRecord {
            job: launch.job,
            outcome,
            readings: Default::default(),
            usage: ProcessUsage::default(),
            stderr_tail: String::new(),
            at: Moment::default(),
        };
        JobResult { record: Box::new(record), first_step: None }
    }
}

/// What the journal records of a failed job's output: for a missing metric what was printed instead, then the end of stderr.
fn failure_output(outcome: &Outcome, captured: &CapturedOutput) -> String {
    let evidence = match (outcome, &captured.collected.value) {
        (Outcome::Failed { failure: Failure::NoMetric(_) }, MetricValue::Missing(missing)) => missing.evidence.as_str(),
        _ => "",
    };
    match (evidence, captured.stderr_tail.as_str()) {
        ("", tail) => tail.to_owned(),
        (evidence, "") => evidence.to_owned(),
        (evidence, tail) => format!("{evidence}\nthe last lines of stderr:\n{tail}"),
    }
}

fn result(launch: &Launch, outcome: Outcome, usage: ProcessUsage, captured: CapturedOutput) -> JobResult {
    let failed = matches!(outcome, Outcome::Failed { .. });
    let stderr_tail = if failed { failure_output(&outcome, &captured) } else { String::new() };
    let record = EndRecord {
        job: launch.job,
        outcome,
        readings: captured.collected.readings,
        usage,
        stderr_tail,
        at: Moment::default(),
    };
    JobResult { record: Box::new(record), first_step: captured.collected.first_step }
}
