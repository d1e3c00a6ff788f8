//! What `doctor` prints while a job runs.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::journal::folder::layout::StudyFolder;
use crate::journal::record::Record;
use crate::progress::first_job::{self, FirstJob};
use crate::progress::print_message;
use crate::run::observer::Observer;

/// Time between two lines about one job.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// Prints each warning of the sessions once, and from time to time what a long job prints.
#[derive(Debug, Default)]
pub struct DoctorObserver {
    state: Mutex<ObserverState>,
}

#[derive(Debug, Default)]
struct ObserverState {
    warnings: Vec<String>,
    running: FirstJob,
    /// When the next line about the running job is due.
    next_line: Option<Instant>,
    is_stopped: bool,
}

impl ObserverState {
    fn record(&mut self, record: &Record, now: Instant) {
        // Each job of a session is shown, not only the first.
        if matches!(record, Record::Launch(_)) {
            self.running = FirstJob::default();
        }
        self.running.record(record, now);
        self.next_line = self.running.due();
    }
}

impl DoctorObserver {
    /// Calls `run`, which runs the jobs of a session in `folder`, and prints the last line of a job after [`first_job::DELAY`], then
    /// each [`HEARTBEAT`], unless `is_quiet`.
    pub fn watch<T>(&self, folder: &StudyFolder, is_quiet: bool, run: impl FnOnce() -> T) -> T {
        if is_quiet {
            return run();
        }
        self.state().is_stopped = false;
        thread::scope(|scope| {
            let thread = thread::Builder::new().name("job output".into());
            // Without the thread only the lines are missing.
            let printer = thread.spawn_scoped(scope, || self.print_lines(folder)).ok();
            let _stop = StopOnDrop { observer: self, thread: printer.as_ref().map(|printer| printer.thread().clone()) };
            run()
        })
    }

    fn print_lines(&self, folder: &StudyFolder) {
        loop {
            let now = Instant::now();
            let (shown, pause) = {
                let mut state = self.state();
                if state.is_stopped {
                    return;
                }
                let shown = state.next_line.filter(|due| now >= *due).and(state.running.shown(now));
                if shown.is_some() {
                    state.next_line = Some(now + HEARTBEAT);
                }
                (shown, state.next_line.map_or(first_job::DELAY, |due| due.saturating_duration_since(now)))
            };
            if let Some((job, elapsed)) = shown {
                print_message(&first_job::line(folder, job, elapsed, None, None));
            }
            // A job that starts meanwhile is due after this pause.
            thread::park_timeout(pause.min(first_job::DELAY));
        }
    }

    fn state(&self) -> MutexGuard<'_, ObserverState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the printer, also if the session panics.
struct StopOnDrop<'o> {
    observer: &'o DoctorObserver,
    thread: Option<thread::Thread>,
}

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.observer.state().is_stopped = true;
        self.thread.iter().for_each(thread::Thread::unpark);
    }
}

impl Observer for DoctorObserver {
    fn record(&self, record: &Record) {
        self.state().record(record, Instant::now());
    }

    fn note(&self, _: &str) {}

    fn warn(&self, text: &str) {
        let mut state = self.state();
        if !state.warnings.iter().any(|before| before == text) {
            state.warnings.push(text.to_owned());
            print_message(&format!("warning: {text}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixtures::StudyFixture;

    #[test]
    fn each_job_of_a_session_is_shown_after_ten_seconds() {
        let mut fixture = StudyFixture::new();
        fixture.launch(0, 0, 1, 1.0).succeed(0, 0, 0.5).launch(0, 1, 1, 3.0);
        let (mut state, start) = (ObserverState::default(), Instant::now());
        let records = fixture.records();
        let mut due = Vec::new();
        for record in records {
            state.record(record, start);
            due.push(state.next_line.map(|due| due - start));
        }
        let running = Some(first_job::DELAY);
        assert_eq!(due[due.len() - 3..], [running, None, running]);
    }
}
