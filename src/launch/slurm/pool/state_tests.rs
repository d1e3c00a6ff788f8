use std::os::unix::process::ExitStatusExt;

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

/// Two allocations at most, of two jobs each, with `waiting` jobs.
fn pool(waiting: usize, now: Instant) -> PoolState {
    let mut pool = PoolState::new(2, 2, None);
    (0..waiting).for_each(|job| pool.add(&job.to_string(), Resource::ONE, now));
    pool
}

fn listed(id: &str, state: ListedState) -> ListedAllocation {
    ListedAllocation { id: id.to_owned(), state }
}

fn start(pool: &mut PoolState, id: &str, left: Duration, now: Instant) {
    pool.submitted(id.to_owned());
    let nodes = vec![format!("n{id}")];
    pool.set(id, Contents { nodes, slots: 2 }, Some(left), now);
}

fn exited(code: i32) -> Option<ExitStatus> {
    Some(ExitStatus::from_raw(code << 8))
}

#[test]
fn no_more_allocations_are_queued_than_the_waiting_jobs_need() {
    let now = Instant::now();
    for (waiting, expected) in [(0, 0), (1, 1), (2, 1), (3, 2), (9, 2)] {
        let mut pool = pool(waiting, now);
        assert_eq!(pool.plan(&[], now), PoolPlan { submit: expected, cancel: vec![] }, "{waiting}");
        (0..expected).for_each(|id| pool.submitted(id.to_string()));
        assert_eq!(pool.plan(&[], now), PoolPlan::default(), "{waiting}");
    }
}

#[test]
fn jobs_take_the_places_of_running_allocations_and_the_fullest_first() {
    let now = Instant::now();
    let mut pool = pool(5, now);
    pool.submitted("8".into());
    assert_eq!(pool.take("0", &[], now), None, "it is queued");
    start(&mut pool, "7", HOUR, now);
    start(&mut pool, "8", HOUR, now);
    let first = pool.take("0", &[], now).unwrap();
    assert_eq!(pool.take("1", &[], now), Some(first.clone()));
    let second = pool.take("2", &[], now).unwrap();
    assert_ne!(second, first);
    assert_eq!((pool.take("3", &[], now), pool.take("4", &[], now)), (Some(second), None));
    assert_eq!(pool.finished("1", exited(0), now), Some(first.clone()));
    assert_eq!(pool.take("4", &[], now), Some(first));
}

#[test]
fn an_allocation_that_has_ended_is_replaced_while_jobs_wait() {
    let now = Instant::now();
    let mut pool = pool(1, now);
    start(&mut pool, "7", HOUR, now);
    assert_eq!(pool.plan(&[], now).submit, 0);
    assert_eq!(pool.update(&[listed("7", ListedState::Over)], now), [""; 0]);
    assert_eq!(pool.plan(&[], now).submit, 1);
    assert_eq!(pool.update(&[listed("7", ListedState::Running(Some(HOUR)))], now), [""; 0], "it is not used again");
    // Its submission was not answered.
    assert_eq!(pool.update(&[listed("9", ListedState::Running(Some(HOUR)))], now), ["9"]);
    assert_eq!(pool.plan(&[], now).submit, 0);
}

#[test]
fn no_job_starts_where_too_little_time_is_left_for_it() {
    let now = Instant::now();
    let mut pool = PoolState::new(1, 1, Some(HOUR));
    pool.add("0", Resource::ONE, now);
    start(&mut pool, "7", 2 * HOUR, now);
    let later = now + HOUR + Duration::from_secs(1);
    assert_eq!(pool.take("0", &[], later), None, "by its time limit");
    assert_eq!(pool.plan(&[], later), PoolPlan { submit: 1, cancel: vec!["7".into()] });

    start(&mut pool, "8", HOUR / 2, later);
    assert_eq!(pool.take("0", &[], later).as_deref(), Some("8"), "no other has more time");
    pool.started("0", later);
    pool.finished("0", exited(0), later + HOUR / 4);
    pool.add("1", Resource::ONE, later);
    assert_eq!(
        pool.take("1", &[], later + HOUR / 4 - Duration::from_secs(1)).as_deref(),
        Some("8"),
        "by the longest run"
    );
    pool.finished("1", exited(1), later + HOUR / 4);
    pool.add("2", Resource::ONE, later);
    assert_eq!(pool.take("2", &[], later + HOUR / 4 + Duration::from_secs(1)), None);
}

#[test]
fn what_ended_with_its_allocation_is_known_to_take_longer() {
    let now = Instant::now();
    let mut pool = pool(1, now);
    start(&mut pool, "7", HOUR, now);
    pool.take("0", &[], now);
    pool.started("0", now);
    pool.finished("0", exited(143), now + HOUR);
    pool.add("1", Resource::ONE, now + HOUR);
    start(&mut pool, "8", HOUR, now);
    pool.remove("7");
    assert_eq!(pool.take("1", &[], now + 2 * FRESH), None);
}

#[test]
fn idle_and_useless_allocations_are_cancelled() {
    let now = Instant::now();
    let mut pool = pool(1, now);
    start(&mut pool, "7", HOUR, now);
    pool.submitted("8".into());
    pool.take("0", &[], now);
    assert_eq!(pool.plan(&[], now), PoolPlan::default());
    assert_eq!(pool.plan(&[], now + IDLE_LIMIT).cancel, ["8"], "nothing waits for it");
    pool.finished("0", exited(0), now + IDLE_LIMIT);
    assert_eq!(pool.plan(&[], now + IDLE_LIMIT), PoolPlan::default());
    assert_eq!(pool.plan(&[], now + 2 * IDLE_LIMIT).cancel, ["7"]);

    start(&mut pool, "9", HOUR, now);
    pool.add("1", Resource::ONE, now);
    assert_eq!(pool.take("1", &["n9".into()], now), None);
    assert_eq!(pool.plan(&["n9".into()], now), PoolPlan { submit: 1, cancel: vec!["9".into()] });
}

#[test]
fn a_job_that_does_not_ask_any_more_does_not_wait() {
    let now = Instant::now();
    let mut pool = pool(2, now);
    let later = now + WAITING_LIMIT;
    assert_eq!(pool.plan(&[], later).submit, 0);
    assert_eq!(pool.take("1", &[], later), None);
    assert_eq!(pool.plan(&[], later).submit, 1);
}
