//! Jobs are given slots, started, and ended whatever their stage.

use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command};
use std::sync::mpsc;

use super::*;
use crate::run::process::termination::KILL_PATIENCE;
use crate::types::ids::{Attempt, JobKey, Rung, TrialId};
use crate::types::outcome::StopRule;

const SLOT: Slot = Slot(0);

fn job(trial: u64) -> JobId {
    JobId { key: JobKey { trial: TrialId(trial), rung: Rung(0) }, attempt: Attempt(1) }
}

fn places(timeout: Option<Duration>) -> SlotTable {
    SlotTable::new(1, Duration::from_secs(10), timeout)
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
    let rule = KillReason::Rule(StopRule::new(StopRule::LIMIT, None, None));
    assert!(places.occupy(SLOT, job(0)));
    places.end(job(1), &rule, Instant::now());
    places.end(job(0), &rule, Instant::now());
    let started = places.start::<(), io::Error>(SLOT, |_| unreachable!("it must not be spawned"));
    assert!(matches!(started, SpawnResult::EndedBefore));
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
    let started = places.start::<(), io::Error>(SLOT, |_| Err(io::ErrorKind::NotFound.into()));
    assert!(matches!(started, SpawnResult::Refused(e) if e.kind() == io::ErrorKind::NotFound));
}

fn interrupted() -> KillReason {
    KillReason::Rule(StopRule::new(StopRule::INTERRUPTED, None, None))
}

/// A child in a group of its own that sleeps.
fn sleeper() -> (Child, Pid) {
    let child = Command::new("sleep").arg("600").process_group(0).spawn().unwrap();
    let pid = Pid::new(i32::try_from(child.id()).unwrap()).unwrap();
    (child, pid)
}

#[test]
fn a_spawn_that_hangs_holds_up_nobody_and_its_job_is_ended_afterwards() {
    let places = places(None);
    assert!(places.occupy(SLOT, job(0)));
    let (mut child, pid) = sleeper();
    let (entered, is_entered) = mpsc::channel();
    let (resume, is_resumed) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let places = &places;
        let hanging = scope.spawn(move || {
            places.start(SLOT, |_| {
                entered.send(()).unwrap();
                is_resumed.recv().unwrap();
                Ok::<_, io::Error>((pid, ()))
            })
        });
        is_entered.recv().unwrap();
        let now = Instant::now();
        places.interrupt();
        places.end_all(&interrupted(), now);
        places.end(job(0), &interrupted(), now);
        assert_eq!(places.escalate(now), Some(now + Duration::from_secs(10)));
        assert_eq!((places.tenants(), places.running()), (1, 0));
        assert_eq!(child.try_wait().unwrap(), None);
        resume.send(()).unwrap();
        assert!(matches!(hanging.join().unwrap(), SpawnResult::Running(())));
    });
    assert_eq!(child.wait().unwrap().signal(), Some(2), "the end that was asked for meanwhile");
    assert_eq!(places.release(SLOT), Some(interrupted()));
}

#[test]
fn a_job_that_waits_for_its_start_notices_its_end() {
    let places = places(None);
    assert!(places.occupy(SLOT, job(0)));
    assert!(!places.is_ended_within(SLOT, Duration::ZERO));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| places.is_ended_within(SLOT, Duration::from_secs(600)));
        places.end(job(0), &interrupted(), Instant::now());
        assert!(waiting.join().unwrap());
    });
}

#[test]
fn a_spawn_that_failed_after_its_end_was_asked_for_is_no_refusal() {
    let places = places(None);
    assert!(places.occupy(SLOT, job(0)));
    let started = places.start::<(), io::Error>(SLOT, |_| {
        places.end(job(0), &interrupted(), Instant::now());
        Err(io::ErrorKind::NotFound.into())
    });
    assert!(matches!(started, SpawnResult::EndedBefore));
}

#[test]
fn jobs_that_run_too_long_are_ended_for_it() {
    let minute = Duration::from_secs(60);
    let places = places(Some(minute));
    assert!(places.occupy(SLOT, job(0)));
    // A number above every pid_max: signals go nowhere.
    let nobody = Pid::new(i32::MAX).unwrap();
    assert!(matches!(places.start(SLOT, |_| Ok::<_, io::Error>((nobody, ()))), SpawnResult::Running(())));
    let now = Instant::now();
    let due = places.escalate(now).unwrap();
    assert!(due <= now + minute);
    let mut due = now + minute;
    for patience in [Duration::from_secs(10), KILL_PATIENCE] {
        assert_eq!(places.escalate(due), Some(due + patience));
        assert_eq!(places.overdue(), []);
        due += patience;
    }
    places.escalate(due);
    assert_eq!(places.overdue(), [(job(0), nobody)]);
    assert_eq!(places.release(SLOT), Some(KillReason::Timeout));
    assert_eq!(places.overdue(), []);
}
