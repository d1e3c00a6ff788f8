//! Signals steps by `scancel`, on a thread of its own: the caller of [`Signaller::signal`] holds a lock.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::query::{QueryError, query};
use crate::launch::process::pidfd::{pidfd, signal_pidfd};
use crate::launch::process::syscalls::{Pid, Signal, signal_child};

/// How long `srun` may take to exit after its job was killed. It waits for slurmstepd, which may be dead.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(10);
/// Pause before a signal that could not be sent is sent again.
const RETRY: Duration = Duration::from_secs(1);
/// Longest wait for a request; only bounds the loop.
const IDLE: Duration = Duration::from_secs(3600);

/// The clients of running jobs, and the thread that signals their jobs.
#[derive(Debug, Default)]
pub struct Signaller {
    shared: Arc<Shared>,
    requests: Mutex<Option<Sender<Request>>>,
}

#[derive(Debug, Default)]
struct Shared {
    clients: Mutex<HashMap<Pid, Client>>,
    /// Whether a client was killed, so that its job may still run.
    has_killed: AtomicBool,
}

/// An `srun` that has not been reaped.
#[derive(Debug)]
struct Client {
    pidfd: OwnedFd,
    /// The id of its step, once that has started.
    step: Option<String>,
}

/// A signal to the job of a client.
#[derive(Clone, Copy, Debug)]
struct Request {
    client: Pid,
    signal: Signal,
}

impl Signaller {
    /// Starts the thread.
    pub fn start(&self) -> io::Result<()> {
        let (sender, receiver) = mpsc::channel();
        let shared = Arc::clone(&self.shared);
        thread::Builder::new().name("scancel".into()).spawn(move || run(&shared, &receiver))?;
        *lock(&self.requests) = Some(sender);
        Ok(())
    }

    /// Adds the client `pid`, which has not been reaped.
    pub fn add(&self, pid: Pid) -> io::Result<()> {
        let client = Client { pidfd: pidfd(pid)?, step: None };
        lock(&self.shared.clients).insert(pid, client);
        Ok(())
    }

    /// The job of `pid` has started as `step`.
    pub fn started(&self, pid: Pid, step: &str) {
        if let Some(client) = lock(&self.shared.clients).get_mut(&pid) {
            client.step = Some(step.to_owned());
        }
    }

    /// Removes a client before it is reaped.
    pub fn remove(&self, pid: Pid) {
        lock(&self.shared.clients).remove(&pid);
    }

    /// Sends `signal` to the job of `client`. A client whose job has not started ends at once.
    pub fn signal(&self, client: Pid, signal: Signal) {
        let has_step = lock(&self.shared.clients).get(&client).is_some_and(|client| client.step.is_some());
        if !has_step {
            // A waiting srun gives up at SIGTERM; SIGINT would only make it print its state.
            signal_child(client, Signal::Terminate);
        }
        let is_sent =
            lock(&self.requests).as_ref().is_some_and(|requests| requests.send(Request { client, signal }).is_ok());
        if !is_sent {
            signal_child(client, signal);
        }
    }

    /// Whether a client was killed, so that its job may still run.
    pub fn has_killed_clients(&self) -> bool {
        self.shared.has_killed.load(Ordering::Relaxed)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The thread. Ends with the launcher.
fn run(shared: &Shared, requests: &Receiver<Request>) {
    let mut unsent: Vec<Request> = Vec::new();
    let mut deadlines: BTreeMap<Pid, Instant> = BTreeMap::new();
    loop {
        let next = deadlines.values().min().map(|due| due.saturating_duration_since(Instant::now()));
        let retry = (!unsent.is_empty()).then_some(RETRY);
        match requests.recv_timeout([next, retry].into_iter().flatten().min().unwrap_or(IDLE)) {
            Ok(request) => unsent.extend([request].into_iter().chain(requests.try_iter())),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        for request in unsent.iter().filter(|request| request.signal == Signal::Kill) {
            deadlines.entry(request.client).or_insert_with(|| Instant::now() + CLIENT_TIMEOUT);
        }
        unsent = send(shared, unsent);
        let clients = lock(&shared.clients);
        deadlines.retain(|pid, _| clients.contains_key(pid));
        let now = Instant::now();
        for (_, client) in clients.iter().filter(|(pid, _)| deadlines.get(pid).is_some_and(|due| *due <= now)) {
            shared.has_killed.store(true, Ordering::Relaxed);
            signal_pidfd(client.pidfd.as_fd(), Signal::Kill);
        }
        deadlines.retain(|_, due| *due > now);
    }
}

/// Sends `requests`, one command for each signal. Returns those to be sent again.
fn send(shared: &Shared, requests: Vec<Request>) -> Vec<Request> {
    let mut unsent = Vec::new();
    for signal in [Signal::Interrupt, Signal::Terminate, Signal::Kill] {
        let wanted: Vec<(Request, String)> = {
            let clients = lock(&shared.clients);
            let step = |request: &Request| Some((*request, clients.get(&request.client)?.step.clone()?));
            requests.iter().filter(|request| request.signal == signal).filter_map(step).collect()
        };
        if wanted.is_empty() {
            continue;
        }
        let name = match signal {
            Signal::Interrupt => "--signal=INT",
            Signal::Terminate => "--signal=TERM",
            Signal::Kill => "--signal=KILL",
        };
        let args: Vec<&str> =
            ["--quiet", name].into_iter().chain(wanted.iter().map(|(_, step)| step.as_str())).collect();
        match query("scancel", &args) {
            Ok(_) => {}
            // The step has ended meanwhile.
            Err(QueryError::Failed { message, .. }) if message.contains("nvalid job") => {}
            Err(_) => unsent.extend(wanted.into_iter().map(|(request, _)| request)),
        }
    }
    unsent
}
