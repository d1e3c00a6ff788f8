//! The launcher `ssh`: jobs run on other machines, each behind an ssh process of its own that shares the connection of its host.
//!
//! A shell on the host starts the job and waits for it. It ends the job when its stdin ends, which is when the driver, the ssh process
//! or the connection ends. Tested with OpenSSH 9.2.

mod client_arguments;
mod clients;
mod connection;
mod exit;
mod hosts;
mod options;
mod script;

use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use serde_json::{Map, Value};

use self::client_arguments::{ConnectionUse, arguments};
use self::clients::Clients;
use self::exit::{RemoteEnd, client_end};
use self::hosts::{Hosts, NoPlace, Place};
use self::options::SshOptions;
use self::script::{BOOTSTRAP, RemoteJob};
use super::devices::DEVICE_VARIABLES;
use super::error::{LaunchError, SpawnError};
use super::job_exit::{ExitMeaning, JobExit};
use super::kind::{BuildResult, LauncherKind};
use super::launcher::{Capacity, CommandLine, JobHost, JobIdentity, Launcher, StartReport, Unstopped};
use super::local::Local;
use super::orphans::mark::{JOB_VARIABLE, Mark, SESSION_VARIABLE, SessionMark};
use super::orphans::marked_processes::{MarkedProcesses, SearchScope};
use super::process::child::Child;
use super::process::signals::Signals;
use super::process::spawn::JobCommand;
use super::process::spawning_child::SpawningChild;
use super::process::syscalls::{Pid, Reaped, Signal};
use crate::types::args::Args;
use crate::types::placement::Placement;

const NAME: &str = "ssh";

/// The catalogue's entry.
pub const KIND: LauncherKind =
    LauncherKind { name: NAME, options: &options::NAMES, start_report: StartReport::Printed, build };

fn build(args: &Args) -> BuildResult {
    let hosts = Arc::new(Hosts::new(SshOptions::read(args)?));
    Ok(Arc::new(Ssh {
        hosts,
        local: Local::default(),
        clients: Clients::default(),
        ran_on: Mutex::default(),
        program: OnceLock::new(),
    }))
}

/// Runs jobs on hosts.
#[derive(Debug)]
struct Ssh {
    hosts: Arc<Hosts>,
    /// Starts ssh.
    local: Local,
    clients: Clients,
    /// The host and the mark of each job that was reaped, until its exit is interpreted.
    ran_on: Mutex<HashMap<String, usize>>,
    /// The path of ssh, once it is known.
    program: OnceLock<PathBuf>,
}

impl Ssh {
    fn ran_on(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.ran_on.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn program(&self) -> &Path {
        self.program.get().map_or(Path::new(NAME), PathBuf::as_path)
    }

    /// The job's mark and its host.
    fn take_host(&self, exit: &JobExit<'_>) -> Option<(String, usize)> {
        let suffix = SessionMark::job_suffix(exit.job);
        let mut ran_on = self.ran_on();
        let mark = ran_on.keys().find(|mark| mark.ends_with(&suffix)).cloned()?;
        let host = ran_on.remove(&mark)?;
        Some((mark, host))
    }

    /// Starts ssh for the job of `command` at `place`.
    fn start_at(&self, place: Place, command: &JobCommand, spawning: &SpawningChild) -> Result<Child, SpawnError> {
        let variable =
            |wanted: &str| command.env.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
        let mark = variable(JOB_VARIABLE).unwrap_or_default().to_string_lossy().into_owned();
        let text = |arg: &OsString| arg.to_string_lossy().into_owned();
        let Some((directory, argv)) = command.args.split_first() else {
            return Err(SpawnError::Command(io::Error::other("the command is empty")));
        };
        let argv: Vec<String> = argv.iter().map(text).collect();
        let mut env: Vec<(String, OsString)> =
            command.env.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
        let host = self.hosts.options.hosts.get(place.host);
        let devices = host.and_then(|host| host.slots.get(place.slot)).filter(|devices| !devices.is_empty());
        env.extend(
            devices.into_iter().flat_map(|devices| DEVICE_VARIABLES.map(|name| (name.to_owned(), devices.into()))),
        );
        let name = self.hosts.name(place.host);
        let directory = Path::new(directory);
        let job = RemoteJob { host: name, argv: &argv, directory, env: &env, unset: &command.unset, mark: &mark };
        let line = job.line();
        if line.contains(&0) {
            return Err(SpawnError::Command(io::Error::other("an argument or a variable contains a NUL")));
        }
        let socket = self.hosts.socket(place.host);
        let sharing = socket.as_deref().map_or(ConnectionUse::None, ConnectionUse::Client);
        let mut args = arguments(&self.hosts.options, name, sharing);
        args.push(BOOTSTRAP.to_owned());
        // Without the job's mark, by which a host ends what its job leaves: it may be this machine.
        let mark_of_session = variable(SESSION_VARIABLE).map(|mark| (SESSION_VARIABLE.into(), mark));
        let client = JobCommand {
            program: command.program.clone(),
            name: command.name.clone(),
            args: args.into_iter().map(OsString::from).collect(),
            env: mark_of_session.into_iter().collect(),
            unset: Vec::new(),
            directory: None,
        };
        let (reader, writer) = io::pipe().map_err(SpawnError::Process)?;
        let child = self.local.start_with_stdin(&client, &reader, spawning)?;
        let pid = child.pid();
        if let Err(error) = self.clients.add(pid, place, mark, writer, line) {
            self.clients.remove(pid);
            // It has no job yet.
            let _ = child.reap();
            return Err(SpawnError::Process(error));
        }
        Ok(child)
    }
}

impl Launcher for Ssh {
    fn name(&self) -> &'static str {
        NAME
    }

    fn options(&self) -> Map<String, Value> {
        self.hosts.options.to_json()
    }

    fn capacity(&self) -> Result<Capacity, LaunchError> {
        Ok(Capacity::Jobs(self.hosts.options.slots()))
    }

    fn job_host(&self) -> JobHost {
        JobHost::Elsewhere
    }

    fn start_report(&self) -> StartReport {
        StartReport::Printed
    }

    fn prepare(&self, signals: &Signals) -> io::Result<()> {
        self.local.prepare(signals)?;
        self.clients.watch()
    }

    fn wrap(&self, command: CommandLine, job: &JobIdentity<'_>) -> CommandLine {
        // The host is chosen when the job starts.
        let argv = [NAME.to_owned(), job.directory.to_string_lossy().into_owned()];
        CommandLine { argv: argv.into_iter().chain(command.argv).collect(), ..command }
    }

    fn start(&self, command: &JobCommand, spawning: &SpawningChild) -> Result<Child, SpawnError> {
        let session = command.env.iter().find(|(name, _)| name == SESSION_VARIABLE);
        let session = session.map(|(_, value)| value.clone()).unwrap_or_default();
        let _ = self.program.set(command.program.clone());
        let place = self.hosts.take(&command.program, &session).map_err(|reason| match reason {
            NoPlace::Wait(reason) => SpawnError::NotReady(reason),
            NoPlace::Unusable(reason) => SpawnError::Unusable(reason),
        })?;
        self.start_at(place, command, spawning).inspect_err(|_| self.hosts.give_back(place))
    }

    fn started(&self, child: Pid, _placement: &Placement) {
        self.clients.started(child);
    }

    fn signal(&self, child: Pid, signal: Signal) {
        self.clients.signal(child, signal);
    }

    fn reap(&self, child: Child) -> io::Result<Reaped> {
        let client = self.clients.remove(child.pid());
        let reaped = child.reap();
        if let Some(client) = client {
            self.ran_on().insert(client.mark.clone(), client.place.host);
            self.hosts.give_back(client.place);
        }
        reaped
    }

    fn interpret(&self, exit: &JobExit<'_>) -> ExitMeaning {
        let host = self.take_host(exit);
        let infrastructure = |reason: &str| {
            let name = host.as_ref().map_or("", |(_, host)| self.hosts.name(*host));
            ExitMeaning::Infrastructure(format!("{name}: {reason}"))
        };
        match client_end(exit) {
            RemoteEnd::Job(meaning) => {
                host.iter().for_each(|(_, host)| self.hosts.worked(*host));
                meaning
            }
            RemoteEnd::NotRun(reason) => {
                host.iter().for_each(|(_, host)| self.hosts.failed(*host, &reason));
                infrastructure(&reason)
            }
            RemoteEnd::Lost(reason) => {
                if let Some((mark, host)) = &host {
                    self.hosts.lost(*host, self.program(), Mark::Job(mark.clone()), &reason);
                }
                infrastructure(&reason)
            }
        }
    }

    fn end_leftovers(&self, marks: Vec<Mark>, scope: SearchScope) -> usize {
        match scope {
            // The end of stdin ends them.
            SearchScope::CurrentSession => {
                let mut ran_on = self.ran_on();
                marks.iter().filter_map(Mark::job).for_each(|job| {
                    ran_on.remove(job);
                });
                drop(ran_on);
                MarkedProcesses::new(marks, scope).end()
            }
            SearchScope::EarlierSession => {
                // First the clients, as their ends are noticed on the hosts.
                let ended = MarkedProcesses::new(marks.clone(), scope).end();
                ended + self.hosts.end_leftovers(self.program(), &marks)
            }
        }
    }

    fn unstopped(&self) -> Vec<Unstopped> {
        unstopped(&self.hosts)
    }

    fn close(&self) {
        self.hosts.close();
    }
}

/// What could not be ended, once for each host.
fn unstopped(hosts: &Hosts) -> Vec<Unstopped> {
    let mut unstopped: Vec<Unstopped> = Vec::new();
    for (host, mark, reason) in hosts.leftovers() {
        let what = match &mark {
            Mark::Job(job) => job.as_str(),
            Mark::Session(session) => session.as_str(),
            Mark::Unrecorded { .. } => continue,
        };
        let name = format!("{what} on {}", hosts.name(host));
        if !unstopped.iter().any(|known| known.name == name) {
            unstopped.push(Unstopped { mark, name, reason });
        }
    }
    unstopped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_ended_on_a_host_is_named_with_it() {
        let args: Args = [("hosts".to_owned(), serde_json::json!(["a", "b"]))].into_iter().collect();
        let hosts = Arc::new(Hosts::new(SshOptions::read(&args).unwrap()));
        let mark = Mark::Job("2147483647-1-1/3-0-2".to_owned());
        assert_eq!(hosts.end_leftovers(Path::new("/no/such/program"), &[mark.clone(), mark]), 0);
        let names: Vec<String> = unstopped(&hosts).into_iter().map(|job| job.name).collect();
        assert_eq!(names, ["2147483647-1-1/3-0-2 on a", "2147483647-1-1/3-0-2 on b"]);
    }
}
