//! Retries starts that fail because of the machine, with exponential backoff, while the job keeps its slot.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::slot_table::SlotTable;
use crate::run::error::RunError;
use crate::run::observer::Observer;
use crate::types::ids::Slot;

/// Pause after the first failure; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Longest pause of a job that waits in a queue: its place may be free at any time, and asking costs nothing.
const QUEUE_PAUSE: Duration = Duration::from_millis(500);
/// How long retries run before a note is shown.
const NOTE_AFTER: Duration = Duration::from_secs(1);
/// How long a launcher that is not ready is waited for: the maintenance of a scheduler may take hours.
const READY_TIMEOUT: Duration = Duration::from_secs(24 * 3600);

/// Why a job was not started.
#[derive(Debug)]
pub enum StartError {
    /// It was killed before.
    Cancelled,
    /// An error in the command or the configuration: the job fails.
    Job(String),
    /// An error of the machine that may pass.
    Refused {
        /// What was attempted: `start /usr/bin/python3`.
        operation: String,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The launcher cannot start jobs now; the reason is a sentence without a full stop.
    NotReady(String),
    /// The job waits in the queue of a cluster, for this reason, without a time limit.
    Queued(String),
    /// An error that ends the session.
    Session(RunError),
}

impl StartError {
    /// How long it is retried, where `timeout` is that of refusals, and the longest pause; `None` if it is not.
    fn retry_limits(&self, timeout: Duration) -> Option<(Duration, Duration)> {
        match self {
            StartError::Refused { .. } => Some((timeout, LONGEST_PAUSE)),
            StartError::NotReady(_) => Some((READY_TIMEOUT, LONGEST_PAUSE)),
            StartError::Queued(_) => Some((Duration::MAX, QUEUE_PAUSE)),
            StartError::Cancelled | StartError::Job(_) | StartError::Session(_) => None,
        }
    }
}

/// The attempts since the first failure.
#[derive(Clone, Copy, Debug)]
struct Backoff {
    since: Instant,
    pause: Duration,
    /// Whether the job waits in a queue.
    is_queued: bool,
}

impl Backoff {
    fn new(is_queued: bool) -> Backoff {
        Backoff { since: Instant::now(), pause: FIRST_PAUSE, is_queued }
    }
}

/// Retries what fails because of the machine.
#[derive(Debug)]
pub struct StartRetry<'a> {
    slots: &'a SlotTable,
    timeout: Duration,
    is_noted: AtomicBool,
}

impl<'a> StartRetry<'a> {
    /// Retries for `timeout`, and longer while other jobs in `slots` run.
    pub fn new(slots: &'a SlotTable, timeout: Duration) -> StartRetry<'a> {
        StartRetry { slots, timeout, is_noted: AtomicBool::new(false) }
    }

    /// Repeats `attempt` for the job in `slot` while it returns [`StartError::Refused`], [`StartError::NotReady`] or
    /// [`StartError::Queued`].
    ///
    /// # Errors
    /// The last error of `attempt`: one of the first two after its timeout once no other job runs. [`StartError::Cancelled`] if the
    /// job is killed during a pause.
    pub fn run<T>(
        &self,
        slot: Slot,
        observer: &dyn Observer,
        attempt: impl FnMut() -> Result<T, StartError>,
    ) -> Result<T, StartError> {
        self.repeat(slot, observer, attempt, || self.slots.running_count() == 0)
    }

    /// [`StartRetry::run`] for what a running job needs: stops at the timeout even while other jobs run.
    pub fn run_within_timeout<T>(
        &self,
        slot: Slot,
        observer: &dyn Observer,
        attempt: impl FnMut() -> Result<T, StartError>,
    ) -> Result<T, StartError> {
        self.repeat(slot, observer, attempt, || true)
    }

    fn repeat<T>(
        &self,
        slot: Slot,
        observer: &dyn Observer,
        mut attempt: impl FnMut() -> Result<T, StartError>,
        may_stop: impl Fn() -> bool,
    ) -> Result<T, StartError> {
        let mut backoff: Option<Backoff> = None;
        loop {
            let result = attempt();
            let limits = result.as_ref().err().and_then(|error| error.retry_limits(self.timeout));
            let (error, (timeout, longest)) = match (result, limits) {
                (Err(error), Some(limits)) => (error, limits),
                (other, _) => {
                    if backoff.is_some() && other.is_ok() {
                        self.is_noted.store(false, Ordering::Relaxed);
                    }
                    return other;
                }
            };
            // What comes after hours in a queue has its own time.
            let is_queued = matches!(error, StartError::Queued(_));
            let before = backoff.filter(|backoff| backoff.is_queued == is_queued);
            let Backoff { since, pause, .. } = before.unwrap_or_else(|| Backoff::new(is_queued));
            let waited = since.elapsed();
            if waited >= timeout && may_stop() {
                return Err(error);
            }
            if waited >= NOTE_AFTER {
                self.note_once(observer, &error);
            }
            let left = timeout.saturating_sub(waited).max(FIRST_PAUSE);
            if self.slots.wait_for_kill(slot, if waited < timeout { pause.min(left) } else { pause }) {
                return Err(StartError::Cancelled);
            }
            backoff = Some(Backoff { since, pause: (2 * pause).min(longest), is_queued });
        }
    }

    fn note_once(&self, observer: &dyn Observer, error: &StartError) {
        let note = match error {
            StartError::Refused { operation, source } => {
                format!("the system refuses to {operation}: {source}; retrying (--launch-timeout)")
            }
            StartError::NotReady(reason) | StartError::Queued(reason) => format!("{reason}; new jobs wait"),
            StartError::Cancelled | StartError::Job(_) | StartError::Session(_) => return,
        };
        if !self.is_noted.swap(true, Ordering::Relaxed) {
            observer.note(&note);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::journal::record::Record;
    use crate::run::process::termination::KillReason;
    use crate::types::ids::{Attempt, JobId, JobKey, Rung, TrialId};

    const SLOT: Slot = Slot(0);

    #[derive(Default)]
    struct RecordingObserver(Mutex<Vec<String>>);

    impl Observer for RecordingObserver {
        fn record(&self, _: &Record) {}
        fn note(&self, text: &str) {
            self.0.lock().unwrap().push(text.to_owned());
        }

        fn warn(&self, _: &str) {}
    }

    fn job() -> JobId {
        JobId { key: JobKey { trial: TrialId(0), rung: Rung(0) }, attempt: Attempt(1) }
    }

    fn slots() -> SlotTable {
        let slots = SlotTable::new(1, Duration::from_secs(10), None, crate::launch::catalogue::default());
        assert!(slots.reserve(SLOT, job()));
        slots
    }

    fn refusal() -> StartError {
        StartError::Refused { operation: "start x".into(), source: io::Error::from_raw_os_error(libc::EMFILE) }
    }

    #[test]
    fn a_start_that_succeeds_soon_shows_no_note() {
        let (slots, notes) = (slots(), RecordingObserver::default());
        let mut tries = 0;
        let started = StartRetry::new(&slots, Duration::from_secs(60)).run(SLOT, &notes, || {
            tries += 1;
            if tries < 4 { Err(refusal()) } else { Ok(tries) }
        });
        assert_eq!(started.unwrap(), 4);
        assert!(notes.0.lock().unwrap().is_empty());
    }

    #[test]
    fn after_the_timeout_the_error_is_returned_and_was_noted_once() {
        let (slots, notes) = (slots(), RecordingObserver::default());
        let retry = StartRetry::new(&slots, Duration::from_millis(1500));
        let start = Instant::now();
        let started = retry.run::<()>(SLOT, &notes, || Err(refusal()));
        assert!(matches!(started, Err(StartError::Refused { .. })));
        assert!(start.elapsed() >= Duration::from_millis(1500));
        let notes = notes.0.into_inner().unwrap();
        assert_eq!(notes.len(), 1, "{notes:?}");
        assert!(notes[0].starts_with("the system refuses to start x: Too many open files"), "{notes:?}");
    }

    #[test]
    fn a_queue_is_waited_for_without_a_limit_and_a_refusal_after_it_has_its_own_time() {
        let (slots, notes) = (slots(), RecordingObserver::default());
        let mut tries = 0;
        let started = StartRetry::new(&slots, Duration::from_millis(50)).run(SLOT, &notes, || {
            tries += 1;
            match tries {
                1..=5 => Err(StartError::Queued("queued".into())),
                6 => Err(refusal()),
                _ => Ok(tries),
            }
        });
        assert_eq!(started.unwrap(), 7);
    }

    #[test]
    fn a_kill_ends_the_pause_and_other_errors_are_not_retried() {
        let (slots, notes) = (slots(), RecordingObserver::default());
        let retry = StartRetry::new(&slots, Duration::from_secs(600));
        let job_error = retry.run::<()>(SLOT, &notes, || Err(StartError::Job("no".into())));
        assert!(matches!(job_error, Err(StartError::Job(_))));
        let cancelled = retry.run::<()>(SLOT, &notes, || {
            slots.kill(job(), &KillReason::Timeout, Instant::now());
            Err(refusal())
        });
        assert!(matches!(cancelled, Err(StartError::Cancelled)));
    }
}
