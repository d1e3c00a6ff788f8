//! Runs the command `stop`, on threads of its own where the caller must not wait.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use super::element::Element;
use super::job_name::NamedJob;
use super::options::InfrastructureRule;
use super::stop_command::{StopCommand, Stopped, THREADS};
use crate::launch::process::syscalls::Signal;

/// Longest time for one command, and for all that a caller waits for.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Time between two tries to stop what is pending.
const RETRY_INTERVAL: Duration = Duration::from_secs(2);
/// Most failures that are reported.
const MAX_FAILURES: usize = 10;

/// Ends jobs by their names.
#[derive(Debug)]
pub struct Stopper {
    command: Arc<StopCommand>,
    requests: Mutex<Option<Sender<Request>>>,
    /// Marks of jobs that must end before others are started, each with the reason why it could not be stopped.
    pending: Mutex<BTreeMap<String, String>>,
    /// When it was last tried to stop them; locked during the try.
    last_try: Mutex<Option<Instant>>,
    failures: Mutex<Failures>,
}

/// Failures of the command that `infrastructure` does not describe.
#[derive(Debug, Default)]
struct Failures {
    /// Their messages without names of jobs; each is reported once.
    known: BTreeSet<String>,
    unreported: Vec<String>,
}

/// A signal to the job with a mark.
#[derive(Clone, Debug)]
struct Request {
    mark: String,
    signal: Signal,
}

impl Stopper {
    pub fn new(elements: Vec<Element>, infrastructure: InfrastructureRule) -> Stopper {
        Stopper {
            command: Arc::new(StopCommand { elements, infrastructure }),
            requests: Mutex::default(),
            pending: Mutex::default(),
            last_try: Mutex::default(),
            failures: Mutex::default(),
        }
    }

    /// Whether there is a command.
    pub fn exists(&self) -> bool {
        !self.command.elements.is_empty()
    }

    /// Starts the threads.
    pub fn start(&self) -> io::Result<()> {
        if !self.exists() {
            return Ok(());
        }
        let (sender, receiver) = mpsc::channel();
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..THREADS {
            let (command, receiver) = (Arc::clone(&self.command), Arc::clone(&receiver));
            thread::Builder::new().name("stop".into()).spawn(move || serve(&command, &receiver))?;
        }
        *lock(&self.requests) = Some(sender);
        Ok(())
    }

    /// Stops the job with the mark `mark`, without waiting.
    pub fn request(&self, mark: &str, signal: Signal) {
        if let Some(requests) = &*lock(&self.requests) {
            // The threads run as long as this.
            let _ = requests.send(Request { mark: mark.to_owned(), signal });
        }
    }

    /// Stops the jobs with `marks`, within [`TIMEOUT`]. Returns how many there were. Those that cannot be reached are pending.
    pub fn stop_all(&self, marks: &[String]) -> usize {
        if !self.exists() {
            return 0;
        }
        let results = self.command.run_all(marks, TIMEOUT);
        let mut count = 0;
        for (mark, stopped) in results {
            match stopped {
                Stopped::Unreachable(reason) => {
                    lock(&self.pending).insert(mark, reason);
                    continue;
                }
                Stopped::Failed(message) => self.failed(&mark, &message),
                Stopped::Ended => count += 1,
            }
            lock(&self.pending).remove(&mark);
        }
        count
    }

    /// Stops what is pending, unless that was tried just now or another thread is trying it.
    ///
    /// # Errors
    /// Why something is still pending.
    pub fn stop_pending(&self) -> Result<(), String> {
        if lock(&self.pending).is_empty() {
            return Ok(());
        }
        let last_try = match self.last_try.try_lock() {
            Ok(last_try) => Some(last_try),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        };
        if let Some(mut last_try) = last_try
            && last_try.is_none_or(|time| time.elapsed() >= RETRY_INTERVAL)
        {
            let marks: Vec<String> = lock(&self.pending).keys().cloned().collect();
            self.stop_all(&marks);
            *last_try = Some(Instant::now());
        }
        match lock(&self.pending).values().next() {
            Some(reason) => Err(format!("jobs that may still run cannot be stopped: {reason}")),
            None => Ok(()),
        }
    }

    /// The marks of the jobs that are pending, each with the reason.
    pub fn pending(&self) -> Vec<(String, String)> {
        lock(&self.pending).iter().map(|(mark, reason)| (mark.clone(), reason.clone())).collect()
    }

    /// Messages about failures that have not been returned yet.
    pub fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.failures).unreported)
    }

    fn failed(&self, mark: &str, message: &str) {
        let name = NamedJob::of_mark(mark).map(|job| job.name).unwrap_or_default();
        let mut failures = lock(&self.failures);
        if failures.known.len() < MAX_FAILURES && failures.known.insert(message.replace(&name, "")) {
            failures.unreported.push(format!(
                "`stop` failed for the job {name}, which counts as ended: {message}; if it may still run after such a failure, describe \
                 the failure in `infrastructure`"
            ));
        }
    }
}

/// A thread. Ends with the launcher.
fn serve(command: &StopCommand, requests: &Mutex<Receiver<Request>>) {
    loop {
        let received = lock(requests).recv();
        let Ok(Request { mark, signal }) = received else { return };
        // If it fails, the client is killed after the grace period, and the command is run again.
        command.run(&mark, signal, TIMEOUT);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::launch::template::element::STOP_VARIABLES;

    const SCRIPT: &str = "echo \"$1\" >> \"$0\"; case $1 in *-9-0-1) echo refused >&2; exit 7;; *-8-0-1) exit 1;; esac";

    fn stopper(log: &str) -> Stopper {
        let words = ["sh", "-c", SCRIPT, log, "{{ signal }} {{ job }}"];
        let elements = words.map(|word| Element::parse(word, &STOP_VARIABLES).unwrap());
        let args = [
            ("template".to_owned(), serde_json::json!(["x", "{{ command }}"])),
            ("infrastructure".to_owned(), serde_json::json!({"exit": 7})),
        ]
        .into_iter()
        .collect();
        let rule = crate::launch::template::options::TemplateOptions::read(&args).unwrap().infrastructure;
        Stopper::new(elements.into(), rule)
    }

    #[test]
    fn jobs_that_cannot_be_reached_are_pending_and_jobs_that_are_gone_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let stopper = stopper(log.to_str().unwrap());
        let marks: Vec<String> = (0..10).map(|trial| format!("1-2-3/{trial}-0-1")).collect();
        assert_eq!(stopper.stop_all(&marks[..9]), 8);
        assert!(stopper.stop_pending().is_ok());
        assert_eq!(fs::read_to_string(&log).unwrap().lines().count(), 9);
        assert_eq!(stopper.stop_all(&marks[9..]), 0);
        let reason = stopper.stop_pending().unwrap_err();
        assert_eq!(reason, "jobs that may still run cannot be stopped: sh: refused");
        assert_eq!(stopper.pending(), [("1-2-3/9-0-1".to_owned(), "sh: refused".to_owned())]);
        let [warning] = &stopper.take_warnings()[..] else { panic!("one failure") };
        assert!(
            warning.starts_with("`stop` failed for the job ht-1-2-3-8-0-1, which counts as ended: sh: "),
            "{warning}"
        );
        let last = fs::read_to_string(&log).unwrap().lines().last().unwrap().to_owned();
        assert_eq!(last, "KILL ht-1-2-3-9-0-1");
    }

    #[test]
    fn one_thread_tries_again_and_the_others_do_not_wait_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let stopper = stopper(log.to_str().unwrap());
        stopper.stop_all(&["1-2-3/9-0-1".to_owned()]);
        let tries = || fs::read_to_string(&log).unwrap().lines().count();
        let in_progress = stopper.last_try.lock().unwrap();
        assert!(stopper.stop_pending().is_err() && stopper.stop_pending().is_err());
        assert_eq!(tries(), 1);
        drop(in_progress);
        assert!(stopper.stop_pending().is_err() && stopper.stop_pending().is_err());
        assert_eq!(tries(), 2, "the second time within the interval");
    }
}
