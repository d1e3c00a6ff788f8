//! A launcher for tests: jobs follow a script, and no process is started.

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
use super::launcher::{CommandLine, Launcher};
use super::orphans::mark::Mark;
use super::orphans::marked_processes::SearchScope;
use super::process::child::Child;
use super::process::spawn::JobCommand;
use super::process::spawning_child::SpawningChild;
use super::process::syscalls::{Pid, Reaped, Signal};
use crate::types::ids::Slot;

/// Larger than any process number of Linux (2²²), so that no process can be meant.
const FIRST_PID: i32 = 1 << 30;

/// What a job prints, at once, and how it ends.
#[derive(Clone, Copy, Debug)]
pub struct FakeJob {
    pub stdout: &'static str,
    pub stderr: &'static str,
    pub end: FakeEnd,
}

/// How a job ends.
#[derive(Clone, Copy, Debug)]
pub enum FakeEnd {
    /// By itself, with this exit code.
    Exit(i32),
    /// When it gets this signal; others are ignored.
    At(Signal),
}

/// The behaviour of each start, which may be refused.
pub type Script = Box<dyn Fn(&JobCommand) -> Result<FakeJob, SpawnError> + Send + Sync>;

/// Starts jobs by a script and records signals.
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
    /// The job's end is seen when this is closed.
    ended: Option<PipeWriter>,
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

    /// All signals that jobs got, in order.
    pub fn signals(&self) -> Vec<Signal> {
        self.state().signals.clone()
    }

    /// How often leftovers were searched for.
    pub fn searches(&self) -> usize {
        self.state().searches
    }

    /// How many jobs were started and have not been reaped.
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

    fn wrap(&self, command: CommandLine, _slot: Slot) -> CommandLine {
        CommandLine { argv: self.prefix.iter().cloned().chain(command.argv).collect(), ..command }
    }

    fn start(&self, command: &JobCommand, _spawning: &SpawningChild) -> Result<Child, SpawnError> {
        let FakeJob { stdout, stderr, end } = (self.script)(command)?;
        let printed = |text: &str| {
            let (reader, mut writer) = io::pipe().unwrap();
            writer.write_all(text.as_bytes()).unwrap();
            File::from(OwnedFd::from(reader))
        };
        let (ended, writer) = io::pipe().unwrap();
        let (status, ended_writer) = match end {
            FakeEnd::Exit(code) => (ExitStatus::from_raw(code << 8), None),
            FakeEnd::At(signal) => (ExitStatus::from_raw(signal.number()), Some(writer)),
        };
        let mut state = self.state();
        let pid = Pid::new(FIRST_PID + state.started).unwrap();
        state.started += 1;
        state.jobs.insert(pid, RunningJob { end, status, ended: ended_writer });
        Ok(Child::new(pid, OwnedFd::from(ended), printed(stdout), printed(stderr)))
    }

    fn signal(&self, child: Pid, signal: Signal) {
        let mut state = self.state();
        state.signals.push(signal);
        let job = state.jobs.get_mut(&child).unwrap();
        if matches!(job.end, FakeEnd::At(expected) if expected == signal) {
            job.ended = None;
        }
    }

    fn reap(&self, child: Child) -> io::Result<Reaped> {
        let job = self.state().jobs.remove(&child.pid()).unwrap();
        assert!(job.ended.is_none(), "a job is reaped before its end");
        Ok(Reaped { status: job.status, max_rss_bytes: 0, cpu: Duration::ZERO })
    }

    fn end_leftovers(&self, _marks: Vec<Mark>, _scope: SearchScope) -> usize {
        self.state().searches += 1;
        0
    }
}
