//! One job on its slot's thread, from its launch record to what is known of its end.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::checkpoints::Checkpoints;
use super::coordinator::JobResult;
use super::error::RunError;
use super::observer::Observer;
use super::outcome;
use super::output::job_logs::JobLogs;
use super::output::job_output::{CapturedOutput, DiscardOutput, JobOutput};
use super::output::log_file::LogLimit;
use super::output::readings_file::JobReadings;
use super::process::gpus::SlotEnvironment;
use super::process::programs::Programs;
use super::process::slot_table::SlotTable;
use super::process::start_retry::{StartError, StartRetry};
use super::process::termination::{KILL_TIMEOUT, KillReason};
use super::process::wakeup::Wakeup;
use super::process::working_directory::WorkingDirectory;
use crate::collect::catalogue;
use crate::collect::collector::Wanted;
use crate::command::template::Renderer;
use crate::engine::event::Launch;
use crate::engine::experiment::Experiment;
use crate::journal::folder::layout::StudyFolder;
use crate::journal::readings::ReadingsFile;
use crate::journal::record::{EndRecord, ProcessUsage};
use crate::journal::sync::JournalSync;
use crate::launch::job_exit::JobExit;
use crate::launch::launcher::Launcher;
use crate::launch::oom::OomMonitor;
use crate::launch::orphans::mark::{Mark, SessionMark};
use crate::launch::orphans::marked_processes::SearchScope;
use crate::launch::orphans::process_groups::ProcessGroups;
use crate::launch::process::child::{Child, Patience};
use crate::launch::process::signals::{self, Signals};
use crate::launch::process::syscalls::Reaped;
use crate::types::outcome::{Failure, Outcome, Reading, StopRule};
use crate::types::units::Moment;

/// Longest time between a job's end by a signal and the arrival of the same signal here.
const SIGNALLED_TOGETHER: Duration = Duration::from_millis(300);

/// All that jobs of a session share.
pub struct JobRunner<'a> {
    /// The checked input.
    pub experiment: &'a Experiment,
    /// Makes command lines.
    pub renderer: &'a Renderer,
    /// The study's folder, absolute.
    pub folder: &'a StudyFolder,
    /// This session, in every job's environment.
    pub session: &'a SessionMark,
    /// What each slot adds to the environment.
    pub slots: &'a [SlotEnvironment],
    /// Where readings are recorded.
    pub readings: &'a ReadingsFile,
    /// Of each log.
    pub log_limit: LogLimit,
    /// Checkpoint directories.
    pub checkpoints: &'a Checkpoints,
    /// Makes launch records durable.
    pub journal: &'a JournalSync,
    /// Who runs where.
    pub places: &'a SlotTable,
    /// Tell whether the driver is being ended too.
    pub signals: &'a Signals,
    /// The process groups that the guard ends.
    pub groups: &'a ProcessGroups,
    /// Evidence of missing memory.
    pub oom: OomMonitor,
    /// Starts, signals and judges jobs.
    pub launcher: &'a dyn Launcher,
    /// Rung when jobs that have not ended are no longer waited for.
    pub abandon: &'a Wakeup,
    /// The programs of jobs.
    pub programs: Programs,
    /// Where jobs begin.
    pub directory: &'a WorkingDirectory,
    /// Tries again what the machine refuses.
    pub start_retry: StartRetry<'a>,
    /// Whether the user was told of a log that cannot be written.
    pub is_abandoned_log_reported: AtomicBool,
    /// Shows notes to the user.
    pub watcher: &'a dyn Observer,
}

/// Hears a running job's readings.
pub type Listener<'a> = Option<&'a dyn Fn(Vec<Reading>)>;

impl JobRunner<'_> {
    /// Runs `launch` to its end. An error is the driver's, never the job's; the job has ended then, too.
    pub fn run(&self, launch: &Launch, listener: Listener<'_>, buffer: &mut [u8]) -> Result<JobResult, RunError> {
        match self.start(launch) {
            Ok((child, begun)) => self.attend(launch, child, begun, listener, buffer),
            Err(StartError::Cancelled) => Ok(self.never_ran(launch, "ended before it was spawned")),
            Err(StartError::Job(why)) => Ok(self.never_ran(launch, &why)),
            Err(StartError::Refused { operation, source }) => {
                self.places.release(launch.slot);
                Err(RunError::Refused { operation, source })
            }
            Err(StartError::Session(fault)) => {
                self.places.release(launch.slot);
                Err(fault)
            }
        }
    }

    fn attend(
        &self,
        launch: &Launch,
        mut child: Child,
        begun: Instant,
        listener: Listener<'_>,
        buffer: &mut [u8],
    ) -> Result<JobResult, RunError> {
        // Without the group the guard searches by environment.
        let _ = self.groups.set(launch.slot, Some(child.pid()));
        let name = |name: &String| name.clone();
        let metric = self.experiment.metric.as_ref().map(|m| name(&m.name));
        let step = self.experiment.resource.as_ref().map(|r| name(&r.name));
        let collector = (catalogue::default().collector)(Wanted { metric, step });
        let readings = JobReadings::new(self.readings, launch.job);
        let create = |path: &Path, options: &OpenOptions| self.create_log(launch, path, options);
        let given_up = |path: &Path, error: &io::Error| self.report_abandoned_log(path, error);
        let logs = JobLogs::new(self.folder, launch.job, self.log_limit, &create, &given_up);
        let mut output = JobOutput::new(logs, collector, readings, listener);
        let patience = Patience { abandoned: Some(self.abandon.descriptor()), until: None };
        let followed = child.follow(&mut output, buffer, patience);
        if followed.is_err() {
            let now = Instant::now();
            self.places.kill(launch.job, &KillReason::DriverError, now);
            let Ok(()) =
                child.follow(&mut DiscardOutput, buffer, Patience { until: Some(now + KILL_TIMEOUT), ..patience });
        }
        let ended_by = self.places.release(launch.slot);
        let _ = self.groups.set(launch.slot, None);
        let reaped =
            self.launcher.reap(child).map_err(|source| RunError::System { operation: "wait for a child", source });
        let usage = reaped.as_ref().map(|reaped| usage(reaped, begun)).unwrap_or_default();
        let (heard, logs) = output.finish();
        followed.and(logs)?;
        let status = reaped?.status;
        let ended_by = ended_by.or_else(|| self.ended_with_us(status));
        if ended_by.is_some() {
            // What it started in sessions of its own; a job that ended by itself may leave that running.
            let mark = Mark::Job(self.session.job(launch.job));
            self.launcher.end_leftovers(vec![mark], SearchScope::CurrentSession);
        }
        let value = &heard.collected.value;
        let outcome = match &ended_by {
            Some(reason) => outcome::of_ended_job(reason, value),
            None => {
                let exit = JobExit { status, stderr_tail: &heard.stderr_tail, oom: &self.oom };
                outcome::of_exit(self.launcher.interpret(&exit), value)
            }
        };
        self.checkpoints.job_ended(launch, &outcome)?;
        Ok(ended(launch, outcome, usage, heard))
    }

    /// When a machine shuts down or a job manager's time is over, every process gets the signal at once, and a job may be gone
    /// before we know of it: such an end says nothing about the configuration.
    fn ended_with_us(&self, status: ExitStatus) -> Option<KillReason> {
        let suspicious = signals::ended_by_one(status) || self.signals.pending();
        let patience = if suspicious { SIGNALLED_TOGETHER } else { Duration::ZERO };
        let interrupted = self.places.wait_for_interrupt(patience);
        interrupted.then(|| KillReason::Rule(StopRule::new(StopRule::INTERRUPTED, None, None)))
    }

    /// A job without a process: it was ended before, or it could not be spawned.
    fn never_ran(&self, launch: &Launch, why: &str) -> JobResult {
        let outcome = match self.places.release(launch.slot) {
            Some(KillReason::Rule(by)) => Outcome::Stopped { score: None, by },
            Some(KillReason::DriverError) => Outcome::Failed { failure: Failure::Lost },
            Some(KillReason::Timeout) | None => Outcome::Failed { failure: Failure::Launch(why.to_owned()) },
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

fn ended(launch: &Launch, outcome: Outcome, usage: ProcessUsage, heard: CapturedOutput) -> JobResult {
    let failed = matches!(outcome, Outcome::Failed { .. });
    let record = EndRecord {
        job: launch.job,
        outcome,
        readings: heard.collected.readings,
        usage,
        stderr_tail: if failed { heard.stderr_tail } else { String::new() },
        at: Moment::default(),
    };
    JobResult { record: Box::new(record), first_step: heard.collected.first_step }
}

fn usage(reaped: &Reaped, begun: Instant) -> ProcessUsage {
    ProcessUsage {
        duration_s: begun.elapsed().as_secs_f64(),
        exit_code: reaped.status.code(),
        signal: reaped.status.signal(),
        max_rss_bytes: Some(reaped.max_rss_bytes),
        cpu_s: Some(reaped.cpu.as_secs_f64()),
    }
}
