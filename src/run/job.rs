//! One job on its slot's thread, from its launch record to what is known of its end.

use std::collections::HashMap;
use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::checkpoints::{Checkpoints, Prepared};
use super::core::Ended;
use super::fault::RunFault;
use super::guard::Guard;
use super::job_readings::JobReadings;
use super::ladder::{KILL_PATIENCE, Why};
use super::logs::LogLimit;
use super::mark::{JOB_VARIABLE, Mark, SESSION_VARIABLE, SessionMark};
use super::memory::OomWatch;
use super::output::{Deaf, Heard, JobOutput};
use super::places::{Places, Started};
use super::process::{Child, Patience};
use super::signals::{self, Signals};
use super::slots::SlotEnvironment;
use super::spawn::{JobCommand, Spawner};
use super::sweep::{Sweep, Whose};
use super::sys::Reaped;
use super::verdict;
use super::wake::Wake;
use crate::collect::catalogue;
use crate::collect::collector::Wanted;
use crate::command::JobContext;
use crate::command::program::{explain, locate};
use crate::command::template::Renderer;
use crate::engine::event::Launch;
use crate::engine::experiment::Experiment;
use crate::journal::layout::StudyFolder;
use crate::journal::readings::ReadingsFile;
use crate::journal::record::{EndRecord, Usage};
use crate::journal::sync::JournalSync;
use crate::words::outcome::{Failure, Outcome, Reading, StopRule};
use crate::words::units::Moment;

/// Longest time between a job's end by a signal and the arrival of the same signal here.
const SIGNALLED_TOGETHER: Duration = Duration::from_millis(300);

/// All that jobs of a session share.
pub struct Workshop<'a> {
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
    pub places: &'a Places,
    /// Tell whether the driver is being ended too.
    pub signals: &'a Signals,
    /// Told of process groups.
    pub guard: &'a Guard,
    /// Evidence of missing memory.
    pub oom: OomWatch,
    /// Makes processes.
    pub spawner: &'a Spawner,
    /// Rung when jobs that have not ended are no longer waited for.
    pub abandon: &'a Wake,
    /// Programs by the name they are called by.
    pub programs: Mutex<HashMap<String, PathBuf>>,
}

/// Hears a running job's readings.
pub type Listener<'a> = Option<&'a dyn Fn(Vec<Reading>)>;

impl Workshop<'_> {
    /// Runs `launch` to its end. An error is the driver's, never the job's; the job has ended then, too.
    pub fn run(&self, launch: &Launch, listener: Listener<'_>, buffer: &mut [u8]) -> Result<Ended, RunFault> {
        match self.prepare_checkpoint(launch) {
            Ok(Ok(())) => {}
            Ok(Err(why)) => return Ok(self.never_ran(launch, &why)),
            Err(fault) => {
                self.places.release(launch.slot);
                return Err(fault);
            }
        }
        let command = match self.command(launch) {
            Ok(command) => command,
            Err(why) => return Ok(self.never_ran(launch, &why)),
        };
        let begun = Instant::now();
        let spawn = |child: &_| self.spawner.spawn(&command, child).map(|spawned| (spawned.pid, Child::new(spawned)));
        let started = self.places.start(launch.slot, spawn);
        match started {
            Started::Running(child) => self.attend(launch, child, begun, listener, buffer),
            Started::Refused(e) => Ok(self.never_ran(launch, &format!("{}: {e}", command.program.display()))),
            Started::EndedBefore => Ok(self.never_ran(launch, "ended before it was spawned")),
        }
    }

    /// The inner error is the job's: its own checkpoint cannot be copied or emptied.
    fn prepare_checkpoint(&self, launch: &Launch) -> Result<Result<(), String>, RunFault> {
        match self.checkpoints.prepare(launch) {
            Ok(Prepared::Ready) => {}
            Ok(Prepared::AfterJournalSync) => self.journal.sync()?,
            Err(fault) if fault.stops_the_study() => return Err(fault.into()),
            Err(fault) => return Ok(Err(format!("cannot prepare its checkpoint: {fault}"))),
        }
        Ok(Ok(()))
    }

    fn attend(
        &self,
        launch: &Launch,
        mut child: Child,
        begun: Instant,
        listener: Listener<'_>,
        buffer: &mut [u8],
    ) -> Result<Ended, RunFault> {
        // A failing note leaves the guard with its search by environment.
        let _ = self.guard.note(launch.slot, Some(child.pid()));
        let name = |name: &String| name.clone();
        let metric = self.experiment.metric.as_ref().map(|m| name(&m.name));
        let step = self.experiment.resource.as_ref().map(|r| name(&r.name));
        let collector = (catalogue::default().collector)(Wanted { metric, step });
        let readings = JobReadings::new(self.readings, launch.job);
        let mut output = JobOutput::new(self.folder, launch.job, self.log_limit, collector, readings, listener);
        let patience = Patience { abandoned: Some(self.abandon.descriptor()), until: None };
        let followed = child.follow(&mut output, buffer, patience);
        if followed.is_err() {
            let now = Instant::now();
            self.places.end(launch.job, &Why::DriverFault, now);
            let Ok(()) = child.follow(&mut Deaf, buffer, Patience { until: Some(now + KILL_PATIENCE), ..patience });
        }
        let ended_by = self.places.release(launch.slot);
        let _ = self.guard.note(launch.slot, None);
        let reaped = child.reap().map_err(|source| RunFault::System { wanted: "wait for a child", source });
        let usage = reaped.as_ref().map(|reaped| usage(reaped, begun)).unwrap_or_default();
        let (heard, logs) = output.finish();
        followed.and(logs)?;
        let status = reaped?.status;
        let ended_by = ended_by.or_else(|| self.ended_with_us(status));
        if ended_by.is_some() {
            // What it started in sessions of its own; a job that ended by itself may leave that running.
            Sweep::new(vec![Mark::Job(self.session.job(launch.job))], Whose::ThisSession).end();
        }
        let end = verdict::End {
            status: Some(status),
            value: &heard.collected.value,
            ended_by: ended_by.as_ref(),
            stderr_tail: &heard.stderr_tail,
        };
        let outcome = verdict::outcome(&end, &self.oom);
        self.checkpoints.make_durable(launch, &outcome)?;
        Ok(ended(launch, outcome, usage, heard))
    }

    /// When a machine shuts down or a job manager's time is over, every process gets the signal at once, and a job may be gone
    /// before we know of it: such an end says nothing about the configuration.
    fn ended_with_us(&self, status: ExitStatus) -> Option<Why> {
        let suspicious = signals::ended_by_one(status) || self.signals.pending();
        let patience = if suspicious { SIGNALLED_TOGETHER } else { Duration::ZERO };
        let interrupted = self.places.is_interrupted_within(patience);
        interrupted.then(|| Why::Rule(StopRule::new(StopRule::INTERRUPTED, None, None)))
    }

    /// A job without a process: it was ended before, or it could not be spawned.
    fn never_ran(&self, launch: &Launch, why: &str) -> Ended {
        let outcome = match self.places.release(launch.slot) {
            Some(Why::Rule(by)) => Outcome::Stopped { score: None, by },
            Some(Why::DriverFault) => Outcome::Failed { failure: Failure::Lost },
            Some(Why::Timeout) | None => Outcome::Failed { failure: Failure::Launch(why.to_owned()) },
        };
        let record = EndRecord {
            job: launch.job,
            outcome,
            readings: Default::default(),
            usage: Usage::default(),
            stderr_tail: String::new(),
            at: Moment::default(),
        };
        Ended { record: Box::new(record), first_step: None }
    }

    fn command(&self, launch: &Launch) -> Result<JobCommand, String> {
        let trial = launch.job.key.trial;
        let context = JobContext {
            launch,
            seed: self.experiment.trial_seed(trial),
            study_dir: self.folder.root(),
            trial_dir: &self.folder.trial(trial),
            checkpoint_dir: &self.folder.checkpoint(trial),
        };
        let mut argv = self.renderer.argv(&context).map_err(|fault| fault.message)?;
        if argv.is_empty() {
            return Err("the command is empty".into());
        }
        let name = argv.remove(0);
        let variables = self.renderer.environment(&context).into_iter();
        let slot = self.slots.get(launch.slot.0 as usize).into_iter().flatten().cloned();
        let session = (SESSION_VARIABLE, OsString::from(self.session.as_str()));
        let job = (JOB_VARIABLE, OsString::from(self.session.job(launch.job)));
        Ok(JobCommand {
            program: self.program(&name)?,
            name: name.into(),
            args: argv.into_iter().map(OsString::from).collect(),
            env: variables.chain(slot).chain([session, job]).collect(),
        })
    }

    /// Where `name` is, looked up once. A bare name would be looked up by every spawn, the slow way.
    fn program(&self, name: &str) -> Result<PathBuf, String> {
        let mut programs = self.programs.lock().map_err(|e| e.to_string())?;
        if let Some(path) = programs.get(name) {
            return Ok(path.clone());
        }
        let path = locate(name).map_err(|missing| explain(name, &missing))?;
        programs.insert(name.to_owned(), path.clone());
        Ok(path)
    }
}

fn ended(launch: &Launch, outcome: Outcome, usage: Usage, heard: Heard) -> Ended {
    let failed = matches!(outcome, Outcome::Failed { .. });
    let record = EndRecord {
        job: launch.job,
        outcome,
        readings: heard.collected.readings,
        usage,
        stderr_tail: if failed { heard.stderr_tail } else { String::new() },
        at: Moment::default(),
    };
    Ended { record: Box::new(record), first_step: heard.collected.first_step }
}

fn usage(reaped: &Reaped, begun: Instant) -> Usage {
    Usage {
        duration_s: begun.elapsed().as_secs_f64(),
        exit_code: reaped.status.code(),
        signal: reaped.status.signal(),
        max_rss_bytes: Some(reaped.max_rss_bytes),
        cpu_s: Some(reaped.cpu.as_secs_f64()),
    }
}
