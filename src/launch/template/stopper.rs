//! Runs the command `stop`, on threads of its own where the caller must not wait.

use std::collections::BTreeSet;
use std::io;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::element::{Element, JobVariable, VariableValues, expand};
use super::job_name::NamedJob;
use super::options::InfrastructureRule;
use crate::launch::process::bounded::output_within;
use crate::launch::process::syscalls::Signal;

/// Longest time for one command.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Commands that run at once.
const THREADS: usize = 8;

/// Ends jobs by their names.
#[derive(Debug)]
pub struct Stopper {
    shared: Arc<StopCommand>,
    requests: Mutex<Option<Sender<Request>>>,
    /// Marks of jobs that must end before others are started.
    pending: Mutex<BTreeSet<String>>,
    has_pending: AtomicBool,
}

/// A signal to the job with a mark.
#[derive(Clone, Debug)]
struct Request {
    mark: String,
    signal: Signal,
}

/// The command.
#[derive(Debug)]
struct StopCommand {
    elements: Vec<Element>,
    infrastructure: InfrastructureRule,
}

/// How a command ended.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Stopped {
    /// It has ended the job.
    Ended,
    /// It failed; there may be no such job.
    NotFound,
    /// It could not reach the job, for this reason.
    Unreachable(String),
}

impl Stopper {
    pub fn new(elements: Vec<Element>, infrastructure: InfrastructureRule) -> Stopper {
        Stopper {
            shared: Arc::new(StopCommand { elements, infrastructure }),
            requests: Mutex::default(),
            pending: Mutex::default(),
            has_pending: AtomicBool::new(false),
        }
    }

    /// Whether there is a command.
    pub fn exists(&self) -> bool {
        !self.shared.elements.is_empty()
    }

    /// Starts the threads.
    pub fn start(&self) -> io::Result<()> {
        if !self.exists() {
            return Ok(());
        }
        let (sender, receiver) = mpsc::channel();
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..THREADS {
            let (shared, receiver) = (Arc::clone(&self.shared), Arc::clone(&receiver));
            thread::Builder::new().name("stop".into()).spawn(move || serve(&shared, &receiver))?;
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

    /// Stops the jobs with `marks`. Returns how many there were. Those that cannot be reached are pending.
    pub fn stop_all(&self, marks: &[String]) -> usize {
        if !self.exists() {
            return 0;
        }
        let results: Mutex<Vec<(&String, Stopped)>> = Mutex::default();
        let queue = Mutex::new(marks.iter());
        thread::scope(|scope| {
            let work = || {
                loop {
                    let next = lock(&queue).next();
                    let Some(mark) = next else { return };
                    let stopped = self.shared.run(mark, Signal::Kill);
                    lock(&results).push((mark, stopped));
                }
            };
            for _ in 1..THREADS.min(marks.len()) {
                // With fewer threads it takes longer.
                let _ = thread::Builder::new().spawn_scoped(scope, work);
            }
            work();
        });
        let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut pending = lock(&self.pending);
        let is_unreachable = |(_, stopped): &&(&String, Stopped)| matches!(stopped, Stopped::Unreachable(_));
        pending.extend(results.iter().filter(is_unreachable).map(|(mark, _)| (*mark).clone()));
        self.has_pending.store(!pending.is_empty(), Ordering::Relaxed);
        results.iter().filter(|(_, stopped)| *stopped == Stopped::Ended).count()
    }

    /// Stops what is pending.
    ///
    /// # Errors
    /// Why it is still pending.
    pub fn stop_pending(&self) -> Result<(), String> {
        if !self.has_pending.load(Ordering::Relaxed) {
            return Ok(());
        }
        // Held, so that no other thread starts a job in between.
        let mut pending = lock(&self.pending);
        while let Some(mark) = pending.first() {
            if let Stopped::Unreachable(reason) = self.shared.run(mark, Signal::Kill) {
                return Err(format!("jobs that may still run cannot be stopped: {reason}"));
            }
            pending.pop_first();
        }
        self.has_pending.store(false, Ordering::Relaxed);
        Ok(())
    }
}

impl StopCommand {
    fn run(&self, mark: &str, signal: Signal) -> Stopped {
        let Some(job) = NamedJob::of_mark(mark) else { return Stopped::NotFound };
        let argv = expand(&self.elements, &StopValues { job: &job, signal });
        let Some((program, args)) = argv.split_first() else { return Stopped::NotFound };
        match output_within(Command::new(program).args(args).stdin(Stdio::null()), TIMEOUT) {
            Err(error) => Stopped::Unreachable(format!("{program} cannot be run: {error}")),
            Ok(None) => Stopped::Unreachable(format!("{program} did not end within {} s", TIMEOUT.as_secs())),
            Ok(Some(output)) => {
                let stderr = String::from_utf8_lossy(&output.stderr);
                if self.infrastructure.matches(output.status.code(), &stderr) {
                    let line = stderr.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it printed nothing");
                    return Stopped::Unreachable(format!("{program}: {}", line.trim()));
                }
                if output.status.success() { Stopped::Ended } else { Stopped::NotFound }
            }
        }
    }
}

/// The values of a command that stops a job.
struct StopValues<'a> {
    job: &'a NamedJob,
    signal: Signal,
}

impl VariableValues for StopValues<'_> {
    fn text(&self, variable: JobVariable) -> String {
        match variable {
            JobVariable::Signal => match self.signal {
                Signal::Interrupt => "INT".to_owned(),
                Signal::Terminate => "TERM".to_owned(),
                Signal::Kill => "KILL".to_owned(),
            },
            variable => job_text(self.job, variable),
        }
    }

    fn list(&self, _variable: JobVariable) -> Vec<String> {
        Vec::new()
    }
}

/// The value of a variable that follows from the job's name.
pub fn job_text(job: &NamedJob, variable: JobVariable) -> String {
    match variable {
        JobVariable::Job => job.name.clone(),
        JobVariable::Trial => job.id.key.trial.to_string(),
        JobVariable::Rung => job.id.key.rung.to_string(),
        JobVariable::Attempt => job.id.attempt.to_string(),
        _ => String::new(),
    }
}

/// A thread. Ends with the launcher.
fn serve(command: &StopCommand, requests: &Mutex<Receiver<Request>>) {
    loop {
        let received = lock(requests).recv();
        let Ok(Request { mark, signal }) = received else { return };
        // If it fails, the client is killed after the grace period, and the command is run again.
        command.run(&mark, signal);
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
        let last = fs::read_to_string(&log).unwrap().lines().last().unwrap().to_owned();
        assert_eq!(last, "KILL ht-1-2-3-9-0-1");
    }
}
