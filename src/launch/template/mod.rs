//! The launcher `template`: jobs are started by a command of the user, such as `kubectl run` or `docker run`.
//!
//! The child process is a client that lives as long as its job. Where there is a command `stop`, jobs are ended by it, by their names;
//! without one they are signalled like local processes.

mod element;
mod job_name;
mod options;
mod stopper;

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use serde_json::{Map, Value};

use self::element::{JobVariable, VariableValues, expand};
use self::job_name::NamedJob;
use self::options::{GpuOwner, TemplateOptions};
use self::stopper::{Stopper, job_text};
use super::error::SpawnError;
use super::job_exit::{ExitMeaning, JobExit};
use super::kind::{BuildResult, LauncherKind};
use super::launcher::{Capacity, CommandLine, JobHost, JobIdentity, Launcher, StartReport};
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
    Ok(Arc::new(Template {
        options,
        local: Local::default(),
        stopper,
        clients: Mutex::default(),
        session: OnceLock::new(),
    }))
}

/// Runs jobs by commands of the user.
#[derive(Debug)]
struct Template {
    options: TemplateOptions,
    /// Starts the clients.
    local: Local,
    stopper: Stopper,
    /// Clients that have not been reaped, and those that were killed, until their jobs have been stopped.
    clients: Mutex<HashMap<Pid, Client>>,
    /// The mark of the session.
    session: OnceLock<SessionMark>,
}

/// The process of a job.
#[derive(Debug)]
struct Client {
    /// The job's mark.
    mark: String,
    state: ClientState,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum ClientState {
    Running,
    /// Its job may still run.
    Killed,
}

impl Template {
    fn clients(&self) -> MutexGuard<'_, HashMap<Pid, Client>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn program(&self) -> String {
        expand(&self.options.start[..1], &NoValues).pop().unwrap_or_default()
    }

    /// Stops a job whose client failed and may have left it running.
    fn stop_lost(&self, job: JobId) {
        if let Some(session) = self.session.get() {
            self.stopper.stop_all(&[session.job(job)]);
        }
    }

    /// The jobs of this session, of which `marks` are some, that may still run without a client.
    fn unstopped(&self, marks: &[Mark]) -> Vec<String> {
        let mut clients = self.clients();
        let is_wanted = |client: &Client| {
            marks.iter().any(|mark| match mark {
                Mark::Job(job) => client.mark == *job && client.state == ClientState::Killed,
                Mark::Session(_) | Mark::Unrecorded { .. } => true,
            })
        };
        let (wanted, others): (HashMap<_, _>, HashMap<_, _>) =
            clients.drain().partition(|(_, client)| is_wanted(client));
        *clients = others;
        wanted.into_values().map(|client| client.mark).collect()
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
        let session = job.mark.rsplit_once('/').and_then(|(session, _)| SessionMark::parse(session));
        session.into_iter().for_each(|session| drop(self.session.set(session)));
        let argv = expand(&self.options.start, &JobValues { command: &command, job });
        CommandLine { argv, ..command }
    }

    fn start(&self, command: &JobCommand, spawning: &SpawningChild) -> Result<Child, SpawnError> {
        let child = self.local.start(command, spawning)?;
        if let Some((_, mark)) = command.env.iter().find(|(name, _)| name == JOB_VARIABLE) {
            let client = Client { mark: mark.to_string_lossy().into_owned(), state: ClientState::Running };
            self.clients().insert(child.pid(), client);
        }
        Ok(child)
    }

    fn signal(&self, child: Pid, signal: Signal) {
        let mut clients = self.clients();
        let client = clients.get_mut(&child).filter(|_| self.stopper.exists());
        match (client, signal) {
            (Some(client), Signal::Interrupt | Signal::Terminate) => self.stopper.request(&client.mark, signal),
            (Some(client), Signal::Kill) => {
                // Its job is stopped when it can start no more, in `end_leftovers`.
                client.state = ClientState::Killed;
                signal_child(child, signal);
            }
            (None, _) => signal_child(child, signal),
        }
    }

    fn reap(&self, child: Child) -> io::Result<Reaped> {
        let pid = child.pid();
        self.clients().retain(|other, client| *other != pid || client.state == ClientState::Killed);
        child.reap()
    }

    fn interpret(&self, exit: &JobExit<'_>) -> ExitMeaning {
        let code = exit.status.code();
        if self.options.infrastructure.matches(code, exit.stderr_tail) {
            self.stop_lost(exit.job);
            let line = exit.stderr_tail.lines().rfind(|line| !line.trim().is_empty());
            let ended = code.map_or("was killed".to_owned(), |code| format!("exited with {code}"));
            let line = line.map(|line| format!(": {}", line.trim())).unwrap_or_default();
            return ExitMeaning::Infrastructure(format!("{} {ended}{line}", self.program()));
        }
        if code.is_none() && self.stopper.exists() {
            // A client is not its job.
            self.stop_lost(exit.job);
            return ExitMeaning::Infrastructure(format!("{} was killed", self.program()));
        }
        exit.meaning()
    }

    fn end_leftovers(&self, marks: Vec<Mark>, scope: SearchScope) -> usize {
        let stopped = match scope {
            SearchScope::CurrentSession => self.unstopped(&marks),
            SearchScope::EarlierSession => marks.iter().filter_map(Mark::job).map(str::to_owned).collect(),
        };
        // The clients first: one that still runs might start its job.
        MarkedProcesses::new(marks, scope).end() + self.stopper.stop_all(&stopped)
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

/// Variables without a value, for messages.
struct NoValues;

impl VariableValues for NoValues {
    fn text(&self, variable: JobVariable) -> String {
        variable.to_string()
    }

    fn list(&self, variable: JobVariable) -> Vec<String> {
        vec![variable.to_string()]
    }
}
