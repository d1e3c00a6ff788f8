//! Who runs where: one place per slot, and the only code that signals jobs.
//!
//! A process number is signalled only while its place holds it, and a place lets go of it before the process is reaped; so a
//! number that the kernel has given to somebody else is never signalled.

use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::ladder::{Ladder, Why};
use super::sys::{Pid, signal_group};
use crate::words::ids::{JobId, Slot};

/// A slot's place.
#[derive(Debug, Default)]
struct Place {
    tenant: Option<Tenant>,
}

/// A job from its launch record to the reaping of its process.
#[derive(Debug)]
struct Tenant {
    job: JobId,
    process: Option<(Pid, Instant)>,
    ending: Option<(Why, Ladder)>,
}

/// All places of a session, and how patient it is.
#[derive(Debug)]
pub struct Places {
    places: Vec<Mutex<Place>>,
    grace: Duration,
    timeout: Option<Duration>,
    /// Whether a signal wants the study's end, and who waits to know.
    interrupted: (Mutex<bool>, Condvar),
}

/// What came of starting a job.
#[derive(Debug)]
pub enum Started<T> {
    /// It runs.
    Running(T),
    /// Its end was asked for before it was spawned.
    EndedBefore,
    /// It could not be spawned.
    Refused(io::Error),
}

impl Places {
    /// `slots` free places; jobs get `grace` between polite and impolite signals and may run for `timeout`.
    pub fn new(slots: u32, grace: Duration, timeout: Option<Duration>) -> Places {
        let places = (0..slots).map(|_| Mutex::default()).collect();
        Places { places, grace, timeout, interrupted: Default::default() }
    }

    /// Gives `slot` to `job`; false if it is taken or there is no such slot, which would be a fault of the engine.
    #[must_use]
    pub fn occupy(&self, slot: Slot, job: JobId) -> bool {
        let Some(mut place) = self.place(slot) else { return false };
        let free = place.tenant.is_none();
        if free {
            place.tenant = Some(Tenant { job, process: None, ending: None });
        }
        free
    }

    /// Spawns the job of `slot` with `spawn`, unless its end was asked for in the meantime.
    pub fn start<T>(&self, slot: Slot, spawn: impl FnOnce() -> io::Result<(Pid, T)>) -> Started<T> {
        let Some(mut place) = self.place(slot) else { return Started::EndedBefore };
        let Some(tenant) = place.tenant.as_mut().filter(|tenant| tenant.ending.is_none()) else {
            return Started::EndedBefore;
        };
        match spawn() {
            Ok((pid, running)) => {
                tenant.process = Some((pid, Instant::now()));
                Started::Running(running)
            }
            Err(e) => Started::Refused(e),
        }
    }

    /// Does `work` while nothing is being spawned.
    pub fn between_spawns<T>(&self, work: impl FnOnce() -> T) -> T {
        let _all: Vec<_> = self.all().collect();
        work()
    }

    /// The process of `slot` has ended and is about to be reaped: from here on it is not signalled. Why it was ended, if it was.
    pub fn release(&self, slot: Slot) -> Option<Why> {
        let tenant = self.place(slot)?.tenant.take()?;
        tenant.ending.map(|(why, _)| why)
    }

    /// A signal wants the study's end.
    pub fn interrupt(&self) {
        *self.interrupted.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.interrupted.1.notify_all();
    }

    /// Whether a signal wants the study's end, now or before `patience` is over.
    pub fn is_interrupted_within(&self, patience: Duration) -> bool {
        let flag = self.interrupted.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.interrupted.1.wait_timeout_while(flag, patience, |interrupted| !*interrupted);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Begins to end `job` if it is still there and not being ended already. The next step is up to [`Places::escalate`].
    pub fn end(&self, job: JobId, why: &Why, now: Instant) {
        for place in self.all() {
            self.end_at(place, |tenant| tenant.job == job, why, now);
        }
    }

    /// Begins to end every job.
    pub fn end_all(&self, why: &Why, now: Instant) {
        for place in self.all() {
            self.end_at(place, |_| true, why, now);
        }
    }

    /// How many jobs there are.
    pub fn tenants(&self) -> usize {
        self.all().filter(|place| place.tenant.is_some()).count()
    }

    /// Kills every job that is being ended.
    pub fn cut_short(&self) {
        for mut place in self.all() {
            if let Some(Tenant { process, ending: Some((_, ladder)), .. }) = &mut place.tenant {
                ladder.cut_short();
                signal(*process, ladder);
            }
        }
    }

    /// Ends jobs that ran too long and takes the next step with those that do not go. When to look again, at the latest.
    pub fn escalate(&self, now: Instant) -> Option<Instant> {
        let mut next = self.timeout.map(|timeout| now + timeout);
        for mut place in self.all() {
            let Some(tenant) = &mut place.tenant else { continue };
            let due = match (&mut tenant.ending, tenant.process, self.timeout) {
                (Some((_, ladder)), process, _) => {
                    if ladder.advance(now).is_some() {
                        signal(process, ladder);
                    }
                    ladder.due()
                }
                (None, Some((_, since)), Some(timeout)) if since + timeout <= now => {
                    let ladder = Ladder::begin(&Why::Timeout, self.grace, now);
                    signal(tenant.process, &ladder);
                    let due = ladder.due();
                    tenant.ending = Some((Why::Timeout, ladder));
                    due
                }
                (None, Some((_, since)), Some(timeout)) => Some(since + timeout),
                (None, _, _) => None,
            };
            next = [next, due].into_iter().flatten().min();
        }
        next
    }

    fn end_at(&self, mut place: MutexGuard<'_, Place>, whom: impl Fn(&Tenant) -> bool, why: &Why, now: Instant) {
        let Some(tenant) = place.tenant.as_mut().filter(|tenant| whom(tenant)) else { return };
        match &mut tenant.ending {
            None => {
                let ladder = Ladder::begin(why, self.grace, now);
                signal(tenant.process, &ladder);
                tenant.ending = Some((why.clone(), ladder));
            }
            Some((before, ladder)) if *why == Why::DriverFault => {
                *before = Why::DriverFault;
                ladder.cut_short();
                signal(tenant.process, ladder);
            }
            Some(_) => {}
        }
    }

    fn place(&self, slot: Slot) -> Option<MutexGuard<'_, Place>> {
        self.places.get(usize::try_from(slot.0).ok()?).map(locked)
    }

    fn all(&self) -> impl Iterator<Item = MutexGuard<'_, Place>> {
        self.places.iter().map(locked)
    }
}

/// A panic elsewhere must not keep us from ending children.
fn locked(place: &Mutex<Place>) -> MutexGuard<'_, Place> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}

fn signal(process: Option<(Pid, Instant)>, ladder: &Ladder) {
    if let Some((pid, _)) = process {
        signal_group(pid, ladder.signal());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::ids::{Attempt, JobKey, Rung, TrialId};
    use crate::words::outcome::StopRule;

    const SLOT: Slot = Slot(0);

    fn job(trial: u64) -> JobId {
        JobId { key: JobKey { trial: TrialId(trial), rung: Rung(0) }, attempt: Attempt(1) }
    }

    fn places(timeout: Option<Duration>) -> Places {
        Places::new(1, Duration::from_secs(10), timeout)
    }

    #[test]
    fn a_place_is_given_once() {
        let places = places(None);
        assert!(places.occupy(SLOT, job(0)));
        assert!(!places.occupy(SLOT, job(1)));
        assert!(!places.occupy(Slot(1), job(1)));
        assert_eq!(places.release(SLOT), None);
        assert!(places.occupy(SLOT, job(1)));
    }

    #[test]
    fn a_job_that_is_ended_before_it_is_spawned_is_not_spawned() {
        let places = places(None);
        let rule = Why::Rule(StopRule::new(StopRule::LIMIT, None, None));
        assert!(places.occupy(SLOT, job(0)));
        places.end(job(1), &rule, Instant::now());
        places.end(job(0), &rule, Instant::now());
        let started = places.start::<()>(SLOT, || unreachable!("it must not be spawned"));
        assert!(matches!(started, Started::EndedBefore));
        assert_eq!(places.release(SLOT), Some(rule));
    }

    #[test]
    fn an_interruption_is_heard_by_who_waits_for_it() {
        let places = places(None);
        assert!(!places.is_interrupted_within(Duration::ZERO));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| places.is_interrupted_within(Duration::from_secs(600)));
            places.interrupt();
            assert!(waiting.join().unwrap());
        });
        assert!(places.is_interrupted_within(Duration::ZERO));
    }

    #[test]
    fn a_refused_spawn_is_handed_on() {
        let places = places(None);
        assert!(places.occupy(SLOT, job(0)));
        let started = places.start::<()>(SLOT, || Err(io::ErrorKind::NotFound.into()));
        assert!(matches!(started, Started::Refused(e) if e.kind() == io::ErrorKind::NotFound));
    }

    #[test]
    fn jobs_that_run_too_long_are_ended_for_it() {
        let minute = Duration::from_secs(60);
        let places = places(Some(minute));
        assert!(places.occupy(SLOT, job(0)));
        // A number above every pid_max: signals go nowhere.
        let nobody = Pid::new(i32::MAX).unwrap();
        assert!(matches!(places.start(SLOT, || Ok((nobody, ()))), Started::Running(())));
        let now = Instant::now();
        let due = places.escalate(now).unwrap();
        assert!(due <= now + minute);
        assert_eq!(places.escalate(now + minute), Some(now + minute + Duration::from_secs(10)));
        assert_eq!(places.release(SLOT), Some(Why::Timeout));
    }
}
