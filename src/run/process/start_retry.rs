//! Starts that the machine refuses are tried again, with growing pauses, while the job keeps its slot.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::slot_table::SlotTable;
use crate::run::error::RunError;
use crate::run::observer::Observer;
use crate::types::ids::Slot;

/// Pause after the first refusal; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// Longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long a refusal lasts before the user is told of it.
const UNMENTIONED: Duration = Duration::from_secs(1);

/// Why a job has no process.
#[derive(Debug)]
pub enum StartError {
    /// Its end was asked for before.
    Ended,
    /// The command or the configuration is at fault: a failure of the job.
    Job(String),
    /// The machine refuses it, perhaps not for long.
    Refused {
        /// What was to be done.
        what: String,
        /// The system's answer.
        source: io::Error,
    },
    /// The driver cannot go on.
    EventLoop(RunError),
}

/// Tries again what the machine refuses.
#[derive(Debug)]
pub struct StartRetry<'a> {
    places: &'a SlotTable,
    timeout: Duration,
    is_mentioned: AtomicBool,
}

impl<'a> StartRetry<'a> {
    /// Jobs in `places` are tried again for `timeout`, and beyond it as long as other jobs run.
    pub fn new(places: &'a SlotTable, timeout: Duration) -> StartRetry<'a> {
        StartRetry { places, timeout, is_mentioned: AtomicBool::new(false) }
    }

    /// Repeats `attempt` for the job of `slot` while the machine refuses it.
    ///
    /// # Errors
    /// The last error of `attempt`: [`StartError::Refused`] once nothing else runs and the time is over. [`StartError::Ended`] if the
    /// job's end is asked for during a pause.
    pub fn run<T>(
        &self,
        slot: Slot,
        watcher: &dyn Observer,
        attempt: impl FnMut() -> Result<T, StartError>,
    ) -> Result<T, StartError> {
        self.repeat(slot, watcher, attempt, || self.places.running() == 0)
    }

    /// [`StartRetry::run`] for what a running job needs: it ends with the time, whatever else runs.
    pub fn run_within_timeout<T>(
        &self,
        slot: Slot,
        watcher: &dyn Observer,
        attempt: impl FnMut() -> Result<T, StartError>,
    ) -> Result<T, StartError> {
        self.repeat(slot, watcher, attempt, || true)
    }

    fn repeat<T>(
        &self,
        slot: Slot,
        watcher: &dyn Observer,
        mut attempt: impl FnMut() -> Result<T, StartError>,
        may_give_up: impl Fn() -> bool,
    ) -> Result<T, StartError> {
        let mut refused = None;
        loop {
            let (what, source) = match attempt() {
                Err(StartError::Refused { what, source }) => (what, source),
                other => {
                    if refused.is_some() && other.is_ok() {
                        self.is_mentioned.store(false, Ordering::Relaxed);
                    }
                    return other;
                }
            };
            let (since, pause) = *refused.get_or_insert((Instant::now(), FIRST_PAUSE));
            let waited = since.elapsed();
            if waited >= self.timeout && may_give_up() {
                return Err(StartError::Refused { what, source });
            }
            if waited >= UNMENTIONED {
                self.mention(watcher, &what, &source);
            }
            let left = self.timeout.saturating_sub(waited).max(FIRST_PAUSE);
            if self.places.is_ended_within(slot, if waited < self.timeout { pause.min(left) } else { pause }) {
                return Err(StartError::Ended);
            }
            refused = Some((since, (2 * pause).min(LONGEST_PAUSE)));
        }
    }

    fn mention(&self, watcher: &dyn Observer, what: &str, source: &io::Error) {
        if !self.is_mentioned.swap(true, Ordering::Relaxed) {
            watcher.note(&format!("the system refuses to {what}: {source}; trying again (--launch-timeout)"));
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
    struct Notes(Mutex<Vec<String>>);

    impl Observer for Notes {
        fn record(&self, _: &Record) {}
        fn note(&self, text: &str) {
            self.0.lock().unwrap().push(text.to_owned());
        }
    }

    fn job() -> JobId {
        JobId { key: JobKey { trial: TrialId(0), rung: Rung(0) }, attempt: Attempt(1) }
    }

    fn places() -> SlotTable {
        let places = SlotTable::new(1, Duration::from_secs(10), None);
        assert!(places.occupy(SLOT, job()));
        places
    }

    fn refused() -> StartError {
        StartError::Refused { what: "start x".into(), source: io::Error::from_raw_os_error(libc::EMFILE) }
    }

    #[test]
    fn what_is_refused_for_a_while_succeeds_in_the_end_without_a_word() {
        let (places, notes) = (places(), Notes::default());
        let mut tries = 0;
        let started = StartRetry::new(&places, Duration::from_secs(60)).run(SLOT, &notes, || {
            tries += 1;
            if tries < 4 { Err(refused()) } else { Ok(tries) }
        });
        assert_eq!(started.unwrap(), 4);
        assert!(notes.0.lock().unwrap().is_empty());
    }

    #[test]
    fn after_the_timeout_the_refusal_is_handed_on_and_was_mentioned_once() {
        let (places, notes) = (places(), Notes::default());
        let retry = StartRetry::new(&places, Duration::from_millis(1500));
        let begun = Instant::now();
        let started = retry.run::<()>(SLOT, &notes, || Err(refused()));
        assert!(matches!(started, Err(StartError::Refused { .. })));
        assert!(begun.elapsed() >= Duration::from_millis(1500));
        let notes = notes.0.into_inner().unwrap();
        assert_eq!(notes.len(), 1, "{notes:?}");
        assert!(notes[0].starts_with("the system refuses to start x: Too many open files"), "{notes:?}");
    }

    #[test]
    fn the_end_of_the_job_ends_the_pause_and_other_errors_are_not_tried_again() {
        let (places, notes) = (places(), Notes::default());
        let retry = StartRetry::new(&places, Duration::from_secs(600));
        let job_s = retry.run::<()>(SLOT, &notes, || Err(StartError::Job("no".into())));
        assert!(matches!(job_s, Err(StartError::Job(_))));
        let ended = retry.run::<()>(SLOT, &notes, || {
            places.end(job(), &KillReason::Timeout, Instant::now());
            Err(refused())
        });
        assert!(matches!(ended, Err(StartError::Ended)));
    }
}
