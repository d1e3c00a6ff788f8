//! The launcher `template`: jobs are started by a command of the user, such as `kubectl run` or `docker run`.
//!
//! The child process is a client that lives as long as its job. Where there is a command `stop`, jobs are ended by it, by their names;
//! without one they are signalled like local processes.

mod element;
mod job_name;
mod options;
mod stop_command;
mod stopper;

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value};

use self::element::{JobVariable, VariableValues, expand};
use self::job_name::NamedJob;
use self::options::{GpuOwner, TemplateOptions};
use self::stop_command::job_text;
use self::stopper::Stopper;
use super::error::SpawnError;
use super::job_exit::{ExitMeaning, JobExit};
use super::kind::{BuildResult, LauncherKind};
use super::launcher::{Capacity, CommandLine, JobHost, JobIdentity, Launcher, StartReport, Unstopped};
use super::local::Local;
use super::orphans::mark::{JOB_VARIABLE, Mark, STUDY_VARIABLE, SessionMark};
use super::orphans::marked_processes::{MarkedProcesses, SearchScope};
use super::process::child::Child;
use super::process::signals::Signals;
use super::process::spawn::JobCommand;
use super::process::spawning_child::SpawningChild;
use super::process::syscalls::{Pid, Reaped, Signal, signal_child};
use crate::launch::error::LaunchError;
use crate::types::args::Args;
use crate::types::ids::JobId;

pub const NAME: &str = "template";
pub use self::options::TEMPLATE;

/// The catalogue's entry.
pub const KIND: LauncherKind =
    LauncherKind { name: NAME, options: &options::NAMES, start_report: StartReport::AtSpawn, build };

fn build(args: &Args) -> BuildResult {
    let options = TemplateOptions::read(args)?;
    let stopper = Stopper::new(options.stop.clone(), options.infrastructure.clone());
    Ok(Arc::new(Template { options, local: Local::default(), stopper, clients: Mutex::default() }))
}

/// Runs jobs by commands of the user.
#[derive(Debug)]
struct Template {
    options: TemplateOptions,
    /// Starts the clients.
    local: Local,
    stopper: Stopper,
    /// Jobs that were started, by their marks, until their end is judged.
    clients: Mutex<HashMap<String, Client>>,
}

/// The process of a job.
#[derive(Debug)]
struct Client {
    /// `None` once it is reaped.
    pid: Option<Pid>,
    /// Its program, as the template names it.
    program: String,
    state: ClientState,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum ClientState {
    Running,
    /// Its job may still run.
    Killed,
}

impl Template {
    fn clients(&self) -> MutexGuard<'_, HashMap<String, Client>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The job's mark and its client.
    fn take_client(&self, job: JobId) -> Option<(String, Client)> {
        let suffix = SessionMark::job_suffix(job);
        let mut clients = self.clients();
        let mark = clients.keys().find(|mark| mark.ends_with(&suffix)).cloned()?;
        clients.remove_entry(&mark)
    }

    /// Removes the clients of this session with one of `marks`. Returns the marks of jobs that may still run without a client.
    fn unfollowed(&self, marks: &[Mark]) -> Vec<String> {
        let mut clients = self.clients();
        let mut unfollowed = Vec::new();
        clients.retain(|name, client| {
            let (is_wanted, may_run) = marks.iter().fold((false, false), |(is_wanted, may_run), mark| match mark {
                Mark::Job(job) if job == name => (true, may_run || client.state == ClientState::Killed),
                Mark::Job(_) => (is_wanted, may_run),
                Mark::Session(_) | Mark::Unrecorded { .. } => {
                    (true, client.pid.is_some() || client.state == ClientState::Killed)
                }
            });
            unfollowed.extend(may_run.then(|| name.clone()));
            !is_wanted
        });
        unfollowed
    }
}

impl Launcher for Template {
    fn name(&self) -> &'static str {
        NAME
    }

    fn options(&self) -> Map<String, Value> {
        self.options.to_json()
    }

    fn capacity(&self) -> Result<Capacity, LaunchError> {
        Ok(match self.options.gpus {
            GpuOwner::Hypertune => Capacity::Machine,
            GpuOwner::Template => Capacity::Processors,
        })
    }

    fn job_host(&self) -> JobHost {
        match self.options.gpus {
            GpuOwner::Hypertune => JobHost::Container,
            GpuOwner::Template => JobHost::Elsewhere,
        }
    }

    fn gpu_hint(&self) -> &'static str {
        "`owns_gpus: false` makes hypertune assign them"
    }

    fn prepare(&self, signals: &Signals) -> io::Result<()> {
        self.local.prepare(signals)?;
        self.stopper.start()
    }

    fn ready(&self) -> Result<(), String> {
        self.stopper.stop_pending()
    }

    fn wrap(&self, command: CommandLine, job: &JobIdentity<'_>) -> CommandLine {
        let argv = expand(&self.options.start, &JobValues { command: &command, job });
        CommandLine { argv, ..command }
    }

    fn start(&self, command: &JobCommand, spawning: &SpawningChild) -> Result<Child, SpawnError> {
        let child = self.local.start(command, spawning)?;
        if let Some((_, mark)) = command.env.iter().find(|(name, _)| name == JOB_VARIABLE) {
            let program = command.name.to_string_lossy().into_owned();
            let client = Client { pid: Some(child.pid()), program, state: ClientState::Running };
            self.clients().insert(mark.to_string_lossy().into_owned(), client);
        }
        Ok(child)
    }

    fn signal(&self, child: Pid, signal: Signal) {
        let mut clients = self.clients();
        let client = clients.iter_mut().find(|(_, client)| client.pid == Some(child) && self.stopper.exists());
        match (client, signal) {
            (Some((mark, _)), Signal::Interrupt | Signal::Terminate) => self.stopper.request(mark, signal),
            (Some((_, client)), Signal::Kill) => {
                // Its job is stopped when it can start no more, in `end_leftovers`.
                client.state = ClientState::Killed;
                signal_child(child, signal);
            }
            (None, _) => signal_child(child, signal),
        }
    }

    fn reap(&self, child: Child) -> io::Result<Reaped> {
        let pid = Some(child.pid());
        self.clients().values_mut().filter(|client| client.pid == pid).for_each(|client| client.pid = None);
        child.reap()
    }

    fn interpret(&self, exit: &JobExit<'_>) -> ExitMeaning {
        let client = self.take_client(exit.job);
        let code = exit.status.code();
        // A client that was killed is not its job.
        let is_unknown = code.is_none() && self.stopper.exists();
        if !is_unknown && !self.options.infrastructure.matches(code, exit.stderr_tail) {
            return exit.meaning();
        }
        let (mark, program) = client.map(|(mark, client)| (mark, client.program)).unzip();
        self.stopper.stop_all(mark.as_slice());
        let program = program.unwrap_or_else(|| "the client".to_owned());
        let Some(code) = code else { return ExitMeaning::Infrastructure(format!("{program} was killed")) };
        let line = exit.stderr_tail.lines().rfind(|line| !line.trim().is_empty());
        let line = line.map(|line| format!(": {}", line.trim())).unwrap_or_default();
        ExitMeaning::Infrastructure(format!("{program} exited with {code}{line}"))
    }

    fn names_of_session(&self, session: &SessionMark) -> Option<String> {
        self.stopper.exists().then(|| NamedJob::prefix(session))
    }

    fn end_leftovers(&self, marks: Vec<Mark>, scope: SearchScope) -> usize {
        let stopped = match scope {
            SearchScope::CurrentSession => self.unfollowed(&marks),
            SearchScope::EarlierSession => marks.iter().filter_map(Mark::job).map(str::to_owned).collect(),
        };
        // The clients first: one that still runs might start its job.
        MarkedProcesses::new(marks, scope).end() + self.stopper.stop_all(&stopped)
    }

    fn unstopped(&self) -> Vec<Unstopped> {
        let unstopped = |(mark, reason): (String, String)| {
            let name = NamedJob::of_mark(&mark).map_or_else(|| mark.clone(), |job| job.name);
            Unstopped { mark: Mark::Job(mark), name, reason }
        };
        self.stopper.pending().into_iter().map(unstopped).collect()
    }

    fn take_warnings(&self) -> Vec<String> {
        self.stopper.take_warnings()
    }
}

/// The values of a command that starts a job.
struct JobValues<'a> {
    command: &'a CommandLine,
    job: &'a JobIdentity<'a>,
}

impl JobValues<'_> {
    fn environment(&self) -> impl Iterator<Item = (&str, String)> {
        self.command.env.iter().map(|(name, value)| (&**name, value.to_string_lossy().into_owned()))
    }
}

impl VariableValues for JobValues<'_> {
    fn text(&self, variable: JobVariable) -> String {
        match variable {
            // Fails only for a NUL, which no command can contain.
            JobVariable::CommandLine => {
                shlex::try_join(self.command.argv.iter().map(String::as_str)).unwrap_or_default()
            }
            JobVariable::Slot => self.job.slot.to_string(),
            JobVariable::Directory => self.job.directory.to_string_lossy().into_owned(),
            JobVariable::Study => {
                self.environment().find(|(name, _)| *name == STUDY_VARIABLE).map(|(_, value)| value).unwrap_or_default()
            }
            variable => NamedJob::of_mark(self.job.mark).map(|job| job_text(&job, variable)).unwrap_or_default(),
        }
    }

    fn list(&self, variable: JobVariable) -> Vec<String> {
        match variable {
            JobVariable::Command => self.command.argv.clone(),
            _ => self.environment().map(|(name, value)| format!("{name}={value}")).collect(),
        }
    }
}
