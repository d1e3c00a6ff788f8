//! The thread that asks Slurm about jobs that were submitted and have not started.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use super::reports::{WaitReports, Waiting};
use super::{LIST, QueuedJob, parse};
use crate::launch::process::syscalls::Pid;
use crate::launch::slurm::leftovers::step_name;
use crate::launch::slurm::query::query;

/// How long a job waits before Slurm is asked about it.
const FIRST_QUERY: Duration = Duration::from_secs(3);
/// How long a job waits for room in an allocation before that is said: it is submitted only if there is room.
const STEP_WAIT: Duration = Duration::from_secs(60);
/// Time between two questions; it doubles.
const SHORTEST_PAUSE: Duration = Duration::from_secs(3);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Time between two looks at the clients.
const TICK: Duration = Duration::from_secs(1);

/// Where jobs wait.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum WaitPlace {
    /// In the queue, as Slurm jobs.
    Queue,
    /// In the allocation with this id, as steps.
    Allocation(String),
}

/// The clients whose jobs have not started.
#[derive(Debug)]
pub struct QueueWatch {
    state: Arc<Mutex<WatchState>>,
}

#[derive(Debug)]
struct WatchState {
    place: WaitPlace,
    waiting: HashMap<Pid, WaitingClient>,
    reports: WaitReports,
}

#[derive(Debug)]
struct WaitingClient {
    /// The name of its Slurm job.
    name: String,
    since: Instant,
}

impl QueueWatch {
    pub fn new(place: WaitPlace) -> QueueWatch {
        let state = WatchState { place, waiting: HashMap::new(), reports: WaitReports::default() };
        QueueWatch { state: Arc::new(Mutex::new(state)) }
    }

    /// Starts the thread, which ends within [`TICK`] after the launcher.
    pub fn start(&self) -> io::Result<()> {
        let state = Arc::downgrade(&self.state);
        thread::Builder::new().name("squeue".into()).spawn(move || run(&state)).map(|_| ())
    }

    /// The job with the mark `mark` was submitted by `client`.
    pub fn add(&self, client: Pid, mark: &str) {
        lock(&self.state).waiting.insert(client, WaitingClient { name: step_name(mark), since: Instant::now() });
    }

    /// The job of `client` has started, or `client` has ended.
    pub fn remove(&self, client: Pid) {
        lock(&self.state).waiting.remove(&client);
    }

    /// The warnings that were not taken yet.
    pub fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.state).reports.warnings)
    }

    /// The notes that were not taken yet.
    pub fn take_notes(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.state).reports.notes)
    }
}

fn lock(state: &Mutex<WatchState>) -> MutexGuard<'_, WatchState> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn run(state: &Weak<Mutex<WatchState>>) {
    let (mut pause, mut next) = (SHORTEST_PAUSE, Instant::now());
    loop {
        sleep(TICK);
        let Some(state) = state.upgrade() else { return };
        let oldest = lock(&state).longest_wait(Instant::now());
        match oldest.filter(|waited| *waited >= FIRST_QUERY) {
            None => pause = SHORTEST_PAUSE,
            Some(waited) if Instant::now() >= next => {
                ask(&state, waited);
                next = Instant::now() + pause;
                pause = (2 * pause).min(LONGEST_PAUSE);
            }
            Some(_) => {}
        }
    }
}

/// Asks Slurm what the waiting clients wait for.
fn ask(state: &Mutex<WatchState>, waited: Duration) {
    let place = lock(state).place.clone();
    match place {
        WaitPlace::Allocation(id) if waited >= STEP_WAIT => {
            // Otherwise steps wait for the controller.
            if query("squeue", &["--noheader", "--steps", "--jobs", &id]).is_ok() {
                lock(state).reports.add_step(&id, waited);
            }
        }
        WaitPlace::Allocation(_) => {}
        WaitPlace::Queue => {
            // Without an answer it is asked again.
            if let Ok(listed) = query("squeue", &LIST) {
                lock(state).report(&listed, waited);
            }
        }
    }
}

impl WatchState {
    fn longest_wait(&self, now: Instant) -> Option<Duration> {
        self.waiting.values().map(|client| now.saturating_duration_since(client.since)).max()
    }

    /// Reports the jobs in `listed`, an output of `squeue`, that wait.
    fn report(&mut self, listed: &str, waited: Duration) {
        let waits = |job: &QueuedJob<'_>| self.waiting.values().any(|client| client.name == job.name);
        let queued: Vec<(&str, &str)> = parse(listed).filter(waits).map(|job| (job.id, job.reason)).collect();
        self.reports.add(Waiting::Jobs, &queued, waited);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_jobs_of_the_session_that_have_not_started_are_reported() {
        let watch = QueueWatch::new(WaitPlace::Queue);
        let pids = [11, 12].map(|number| Pid::new(number).expect("a process number"));
        watch.add(pids[0], "1-2-3/0-0-1");
        watch.add(pids[1], "1-2-3/1-0-1");
        watch.remove(pids[0]);
        let listed = "7|ht:1-2-3/0-0-1|PartitionConfig\n8|other|JobHeldUser\n9|ht:1-2-3/1-0-1|PartitionNodeLimit\n";
        lock(&watch.state).report(listed, Duration::ZERO);
        let warnings = watch.take_warnings();
        assert!(warnings.len() == 1 && warnings[0].contains("(PartitionNodeLimit), Slurm job 9: "), "{warnings:?}");
        assert!(watch.take_warnings().is_empty() && watch.take_notes().is_empty());
    }
}
