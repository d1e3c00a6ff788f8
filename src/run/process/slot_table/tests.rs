//! Slots are reserved, and jobs are spawned and killed in every state of their process.

use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command};
use std::sync::mpsc;

use super::*;
use crate::run::process::termination::KILL_TIMEOUT;
use crate::types::ids::{Attempt, JobKey, Rung, TrialId};
use crate::types::outcome::StopRule;

const SLOT: Slot = Slot(0);

fn job(trial: u64) -> JobId {
    JobId { key: JobKey { trial: TrialId(trial), rung: Rung(0) }, attempt: Attempt(1) }
}

fn slot_table(timeout: Option<Duration>) -> SlotTable {
    SlotTable::new(1, Duration::from_secs(10), timeout, crate::launch::catalogue::default())
}

#[test]
fn a_slot_is_reserved_by_one_job() {
    let slots = slot_table(None);
    assert!(slots.reserve(SLOT, job(0)));
    assert!(!slots.reserve(SLOT, job(1)));
    assert!(!slots.reserve(Slot(1), job(1)));
    assert_eq!(slots.release(SLOT), None);
    assert!(slots.reserve(SLOT, job(1)));
}

#[test]
fn a_job_killed_before_its_spawn_is_not_spawned() {
    let slots = slot_table(None);
    let rule = KillReason::Rule(StopRule::new(StopRule::LIMIT, None, None));
    assert!(slots.reserve(SLOT, job(0)));
    slots.kill(job(1), &rule, Instant::now());
    slots.kill(job(0), &rule, Instant::now());
    let result = slots.spawn::<(), io::Error>(SLOT, |_| unreachable!("must not be spawned"));
    assert!(matches!(result, SpawnResult::Cancelled));
    assert_eq!(slots.release(SLOT), Some(rule));
}

#[test]
fn an_interrupt_wakes_waiting_threads() {
    let slots = slot_table(None);
    assert!(!slots.wait_for_interrupt(Duration::ZERO));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| slots.wait_for_interrupt(Duration::from_secs(600)));
        slots.set_interrupted();
        assert!(waiting.join().unwrap());
    });
    assert!(slots.wait_for_interrupt(Duration::ZERO));
}

#[test]
fn a_spawn_error_is_returned() {
    let slots = slot_table(None);
    assert!(slots.reserve(SLOT, job(0)));
    let result = slots.spawn::<(), io::Error>(SLOT, |_| Err(io::ErrorKind::NotFound.into()));
    assert!(matches!(result, SpawnResult::Failed(e) if e.kind() == io::ErrorKind::NotFound));
}

fn interrupted() -> KillReason {
    KillReason::Rule(StopRule::new(StopRule::INTERRUPTED, None, None))
}

/// A sleeping child in a separate process group.
fn sleeping_child() -> (Child, Pid) {
    let child = Command::new("sleep").arg("600").process_group(0).spawn().unwrap();
    let pid = Pid::new(i32::try_from(child.id()).unwrap()).unwrap();
    (child, pid)
}

#[test]
fn a_hanging_spawn_blocks_no_other_call_and_its_job_is_killed_afterwards() {
    let slots = slot_table(None);
    assert!(slots.reserve(SLOT, job(0)));
    let (mut child, pid) = sleeping_child();
    let (entered, is_entered) = mpsc::channel();
    let (resume, is_resumed) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let slots = &slots;
        let hanging = scope.spawn(move || {
            slots.spawn(SLOT, |_| {
                entered.send(()).unwrap();
                is_resumed.recv().unwrap();
                Ok::<_, io::Error>((pid, ()))
            })
        });
        is_entered.recv().unwrap();
        let now = Instant::now();
        slots.set_interrupted();
        slots.kill_all(&interrupted(), now);
        slots.kill(job(0), &interrupted(), now);
        assert_eq!(slots.escalate(now), Some(now + Duration::from_secs(10)));
        assert_eq!((slots.occupied_count(), slots.running_count()), (1, 0));
        assert_eq!(child.try_wait().unwrap(), None);
        resume.send(()).unwrap();
        assert!(matches!(hanging.join().unwrap(), SpawnResult::Running(())));
    });
    assert_eq!(child.wait().unwrap().signal(), Some(2), "the signal of the kill during the spawn");
    assert_eq!(slots.release(SLOT), Some(interrupted()));
}

#[test]
fn a_kill_wakes_a_job_that_waits_to_be_started() {
    let slots = slot_table(None);
    assert!(slots.reserve(SLOT, job(0)));
    assert!(!slots.wait_for_kill(SLOT, Duration::ZERO));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| slots.wait_for_kill(SLOT, Duration::from_secs(600)));
        slots.kill(job(0), &interrupted(), Instant::now());
        assert!(waiting.join().unwrap());
    });
}

#[test]
fn a_spawn_error_after_a_kill_is_a_cancellation() {
    let slots = slot_table(None);
    assert!(slots.reserve(SLOT, job(0)));
    let result = slots.spawn::<(), io::Error>(SLOT, |_| {
        slots.kill(job(0), &interrupted(), Instant::now());
        Err(io::ErrorKind::NotFound.into())
    });
    assert!(matches!(result, SpawnResult::Cancelled));
}

#[test]
fn jobs_that_exceed_the_timeout_are_killed() {
    let minute = Duration::from_secs(60);
    let slots = slot_table(Some(minute));
    assert!(slots.reserve(SLOT, job(0)));
    // Above every pid_max: signals reach no process.
    let unused_pid = Pid::new(i32::MAX).unwrap();
    assert!(matches!(slots.spawn(SLOT, |_| Ok::<_, io::Error>((unused_pid, ()))), SpawnResult::Running(())));
    let now = Instant::now();
    let due = slots.escalate(now).unwrap();
    assert!(due <= now + minute);
    let mut due = now + minute;
    for wait in [Duration::from_secs(10), KILL_TIMEOUT] {
        assert_eq!(slots.escalate(due), Some(due + wait));
        assert_eq!(slots.overdue(), []);
        due += wait;
    }
    slots.escalate(due);
    assert_eq!(slots.overdue(), [(job(0), unused_pid)]);
    assert_eq!(slots.release(SLOT), Some(KillReason::Timeout));
    assert_eq!(slots.overdue(), []);
}
