//! The ssh processes of running jobs: their stdin carries signals to the hosts.

use std::collections::HashMap;
use std::io::{self, PipeWriter, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use super::hosts::Place;
use crate::launch::process::pidfd::{pidfd, signal_pidfd};
use crate::launch::process::syscalls::{Pid, Signal, set_nonblocking, signal_child};

/// Longest time between the start of ssh and that of its job. A login shell that takes longer does not answer.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// How long ssh may take to exit after its job was killed.
const KILL_TIMEOUT: Duration = Duration::from_secs(5);
/// Time between two looks at all clients.
const INTERVAL: Duration = Duration::from_millis(500);

/// The clients that have not been reaped.
#[derive(Debug, Default)]
pub struct Clients(Arc<Mutex<HashMap<Pid, SshClient>>>);

/// An ssh process.
#[derive(Debug)]
pub struct SshClient {
    pub place: Place,
    /// The job's mark.
    pub mark: String,
    /// `None` while the job's line is being written.
    stdin: Option<PipeWriter>,
    pidfd: OwnedFd,
    is_started: bool,
    /// When it is killed.
    deadline: Option<Instant>,
}

impl Clients {
    /// Starts the thread that kills clients which take too long. It ends with this.
    pub fn watch(&self) -> io::Result<()> {
        let clients = Arc::downgrade(&self.0);
        thread::Builder::new().name("ssh".into()).spawn(move || watch(&clients)).map(drop)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Pid, SshClient>> {
        lock(&self.0)
    }

    /// Adds the client `pid`, which reads from the other end of `stdin`, and writes `line` for its host.
    pub fn add(&self, pid: Pid, place: Place, mark: String, stdin: PipeWriter, line: Vec<u8>) -> io::Result<()> {
        let deadline = Some(Instant::now() + START_TIMEOUT);
        let client = SshClient { place, mark, stdin: None, pidfd: pidfd(pid)?, is_started: false, deadline };
        self.lock().insert(pid, client);
        // What does not fit into the pipe waits until ssh reads it.
        let clients = Arc::clone(&self.0);
        let write = move |mut stdin: PipeWriter| {
            // Fails if ssh has exited, which is seen elsewhere.
            let _ = stdin.write_all(&line).and_then(|()| set_nonblocking(stdin.as_fd()));
            if let Some(client) = lock(&clients).get_mut(&pid) {
                client.stdin = Some(stdin);
            }
        };
        thread::Builder::new().name("ssh-stdin".into()).spawn(move || write(stdin)).map(drop)
    }

    /// The job of `pid` has started.
    pub fn started(&self, pid: Pid) {
        if let Some(client) = self.lock().get_mut(&pid) {
            client.is_started = true;
            if !client.is_being_killed() {
                client.deadline = None;
            }
        }
    }

    /// Sends `signal` to the job of `pid`. A client whose job has not started ends at once.
    pub fn signal(&self, pid: Pid, signal: Signal) {
        let mut clients = self.lock();
        let Some(client) = clients.get_mut(&pid) else { return };
        if !client.is_started {
            // Its end is the end of stdin on the host.
            signal_child(pid, if signal == Signal::Kill { signal } else { Signal::Terminate });
            return;
        }
        let line: &[u8] = match signal {
            Signal::Interrupt => b"INT\n",
            Signal::Terminate => b"TERM\n",
            Signal::Kill => b"KILL\n",
        };
        let is_sent = client.stdin.as_mut().is_some_and(|stdin| stdin.write_all(line).is_ok());
        match (signal, is_sent) {
            (Signal::Kill, true) => client.deadline = Some(Instant::now() + KILL_TIMEOUT),
            (_, true) => {}
            (_, false) => signal_child(pid, Signal::Kill),
        }
    }

    /// Removes a client before it is reaped.
    pub fn remove(&self, pid: Pid) -> Option<SshClient> {
        self.lock().remove(&pid)
    }
}

impl SshClient {
    fn is_being_killed(&self) -> bool {
        self.is_started && self.deadline.is_some()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn watch(clients: &Weak<Mutex<HashMap<Pid, SshClient>>>) {
    while let Some(clients) = clients.upgrade() {
        let now = Instant::now();
        for client in lock(&clients).values_mut().filter(|client| client.deadline.is_some_and(|due| due <= now)) {
            client.deadline = None;
            signal_pidfd(client.pidfd.as_fd(), Signal::Kill);
        }
        drop(clients);
        sleep(INTERVAL);
    }
}
