//! A launcher for tests that simulates jobs without processes.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{self, PipeWriter, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use super::error::SpawnError;
use super::launcher::{CommandLine, JobIdentity, Launcher};
use super::orphans::mark::Mark;
use super::orphans::marked_processes::SearchScope;
use super::process::child::Child;
use super::process::spawn::JobCommand;
use super::process::spawning_child::SpawningChild;
use super::process::syscalls::{Pid, Reaped, Signal};

/// Above the maximum pid of Linux (2²²), so that no real process is signalled.
const FIRST_PID: i32 = 1 << 30;

/// The output of a job, printed at its start, and its end.
#[derive(Clone, Copy, Debug)]
pub struct FakeJob {
    pub stdout: &'static str,
    pub stderr: &'static str,
    pub end: FakeEnd,
}

/// How a job ends.
#[derive(Clone, Copy, Debug)]
pub enum FakeEnd {
    /// Exits at once with this code.
    Exit(i32),
    /// Is killed by this signal; ignores others.
    OnSignal(Signal),
}

/// Returns the behaviour of a job, or the error of its start.
pub type Script = Box<dyn Fn(&JobCommand) -> Result<FakeJob, SpawnError> + Send + Sync>;

/// Simulates jobs and records signals.
pub struct Fake {
    script: Script,
    /// Prepended to each command.
    pub prefix: Vec<String>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    jobs: HashMap<Pid, RunningJob>,
    started: i32,
    signals: Vec<Signal>,
    searches: usize,
}

struct RunningJob {
    end: FakeEnd,
    status: ExitStatus,
    /// Closed when the job ends.
    pidfd_writer: Option<PipeWriter>,
}

impl fmt::Debug for Fake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fake")
    }
}

impl Fake {
    pub fn new(script: impl Fn(&JobCommand) -> Result<FakeJob, SpawnError> + Send + Sync + 'static) -> Fake {
        Fake { script: Box::new(script), prefix: Vec::new(), state: Mutex::default() }
    }

    /// All signals to jobs, in order.
    pub fn signals(&self) -> Vec<Signal> {
        self.state().signals.clone()
    }

    /// Number of searches for leftovers.
    pub fn searches(&self) -> usize {
        self.state().searches
    }

    /// Number of started jobs that have not been reaped.
    pub fn running(&self) -> usize {
        self.state().jobs.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl Launcher for Fake {
    fn name(&self) -> &'static str {
        "fake"
    }

    fn wrap(&self, command: CommandLine, _job: &JobIdentity<'_>) -> CommandLine {
        CommandLine { argv: self.prefix.iter().cloned().chain(command.argv).collect(), ..command }
    }

    fn start(&self, command: &JobCommand, _spawning: &SpawningChild) -> Result<Child, SpawnError> {
        let FakeJob { stdout, stderr, end } = (self.script)(command)?;
        let printed = |text: &str| {
            let (reader, mut writer) = io::pipe().unwrap();
            writer.write_all(text.as_bytes()).unwrap();
            File::from(OwnedFd::from(reader))
        };
        let (pidfd, writer) = io::pipe().unwrap();
        let (status, pidfd_writer) = match end {
            FakeEnd::Exit(code) => (ExitStatus::from_raw(code << 8), None),
            FakeEnd::OnSignal(signal) => (ExitStatus::from_raw(signal.number()), Some(writer)),
        };
        let mut state = self.state();
        let pid = Pid::new(FIRST_PID + state.started).unwrap();
        state.started += 1;
        state.jobs.insert(pid, RunningJob { end, status, pidfd_writer });
        Ok(Child::new(pid, OwnedFd::from(pidfd), printed(stdout), printed(stderr)))
    }

    fn signal(&self, child: Pid, signal: Signal) {
        let mut state = self.state();
        state.signals.push(signal);
        let job = state.jobs.get_mut(&child).unwrap();
        if matches!(job.end, FakeEnd::OnSignal(expected) if expected == signal) {
            job.pidfd_writer = None;
        }
    }

    fn reap(&self, child: Child) -> io::Result<Reaped> {
        let job = self.state().jobs.remove(&child.pid()).unwrap();
        assert!(job.pidfd_writer.is_none(), "reaped a running job");
        Ok(Reaped { status: job.status, max_rss_bytes: 0, cpu: Duration::ZERO })
    }

    fn end_leftovers(&self, _marks: Vec<Mark>, _scope: SearchScope) -> usize {
        self.state().searches += 1;
        0
    }
}
