//! Tests of the locks of a study.

use std::fs;

use super::*;

#[test]
fn a_second_driver_is_refused_with_the_first_one_s_process_id() {
    let dir = tempfile::tempdir().unwrap();
    let folder = StudyFolder::new(dir.path());
    let first = acquire(&folder, &mut |_| {}).unwrap();
    let refused = acquire(&folder, &mut |_| {}).unwrap_err();
    assert!(
        matches!(&refused, JournalError::Held { holder: Some(holder), .. } if holder.pid == std::process::id()),
        "{refused}"
    );
    assert!(is_held(&folder));
    drop(first);
    acquire(&folder, &mut |_| {}).unwrap();
    assert!(!is_held(&folder));
}

#[test]
fn without_the_lock_file_a_second_driver_is_refused_too() {
    let dir = tempfile::tempdir().unwrap();
    let folder = StudyFolder::new(dir.path());
    let _first = acquire(&folder, &mut |_| {}).unwrap();
    fs::remove_file(folder.lock()).unwrap();
    assert!(is_held(&folder));
    for _ in 0..2 {
        let refused = acquire(&folder, &mut |_| {}).unwrap_err();
        assert!(matches!(refused, JournalError::Held { holder: None, .. }), "{refused}");
        assert!(is_held(&folder));
    }
}

#[test]
fn a_replaced_journal_is_empty_and_locked_and_the_old_one_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let folder = StudyFolder::new(dir.path());
    fs::write(folder.journal(), "{\"type\":\"study\"").unwrap();
    fs::write(folder.new_journal(), "of a crashed driver").unwrap();
    fs::write(dir.path().join("thesis.tex"), "").unwrap();
    let mut lock = acquire(&folder, &mut |_| {}).unwrap();
    lock.replace_journal().unwrap();
    assert!(matches!(lock_journal(&folder.journal(), try_lock), Err(JournalError::Held { .. })));
    let mut names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["journal.discarded.jsonl", "journal.jsonl", "lock", "thesis.tex"]);
    assert_eq!(fs::metadata(folder.journal()).unwrap().len(), 0);
}

#[test]
fn testing_the_lock_does_not_keep_a_driver_out() {
    let dir = tempfile::tempdir().unwrap();
    let folder = StudyFolder::new(dir.path());
    assert!(!is_held(&folder), "without a lock file there is no driver");
    acquire(&folder, &mut |_| {}).unwrap();
    std::thread::scope(|scope| {
        let tester = scope.spawn(|| {
            for _ in 0..1_000 {
                is_held(&folder);
                sleep(Duration::from_micros(100));
            }
        });
        while !tester.is_finished() {
            acquire(&folder, &mut |_| {}).unwrap();
        }
    });
}

#[test]
fn a_dead_process_s_lock_is_taken_over() {
    let dir = tempfile::tempdir().unwrap();
    let folder = StudyFolder::new(dir.path());
    fs::write(folder.lock(), "999999999\nrubbish").unwrap();
    let lock = acquire(&folder, &mut |_| {}).unwrap();
    let content = || fs::read_to_string(folder.lock()).unwrap();
    assert!(content().starts_with(&format!("{}\n", std::process::id())) && content().contains(" 0000000000 "));
    drop(lock);
    assert_eq!(content(), format!("{}\n", std::process::id()));
}

fn context(host: &str, scope: FileSystemScope) -> LockContext {
    let [renew_every, stale_after, locked_for, confirm_after] = [50, 600, 1200, 50].map(Duration::from_millis);
    let machine = Machine { host: host.to_owned(), boot_id: None };
    LockContext { machine, scope, timing: LeaseTiming { renew_every, stale_after, locked_for, confirm_after } }
}

/// For tests that fail if a lease becomes stale, however slow the machine is.
fn patient(host: &str, scope: FileSystemScope) -> LockContext {
    let mut context = context(host, scope);
    (context.timing.stale_after, context.timing.locked_for) = (Duration::from_secs(600), Duration::from_secs(600));
    context
}

/// Locks as in `context`. The returned text has all notes.
fn acquire_in(
    folder: &StudyFolder,
    context: &LockContext,
    try_lock: TryLock,
) -> (Result<StudyLock, JournalError>, String) {
    let mut notes = String::new();
    let lock = open(&folder.lock(), OpenOptions::new().read(true).write(true)).unwrap();
    let locked = acquire_file(folder, lock, context, try_lock, &mut |note| notes += note);
    (locked, notes)
}

fn acquired(_: &File) -> io::Result<LockState> {
    Ok(LockState::Acquired)
}

fn unsupported(_: &File) -> io::Result<LockState> {
    Ok(LockState::Unsupported)
}

fn held(_: &File) -> io::Result<LockState> {
    Ok(LockState::Held)
}

#[test]
fn a_driver_on_another_host_is_refused_where_locks_are_local_or_missing() {
    let cases = [
        (acquired as TryLock, FileSystemScope::Shared),
        (acquired, FileSystemScope::SharedWithLocks),
        (unsupported, FileSystemScope::Machine),
    ];
    for (try_lock, scope) in cases {
        let dir = tempfile::tempdir().unwrap();
        let folder = StudyFolder::new(dir.path());
        let (first, notes) = acquire_in(&folder, &patient("n1", scope), try_lock);
        assert!(first.is_ok() && notes.is_empty(), "{notes}");
        let refused = acquire_in(&folder, &patient("n2", scope), try_lock).0.unwrap_err().to_string();
        assert!(refused.contains(&format!("process {} on n1 is driving this study", std::process::id())), "{refused}");
        drop(first);
        let (second, notes) = acquire_in(&folder, &patient("n2", scope), try_lock);
        assert!(second.is_ok() && notes.is_empty(), "an ended driver is not waited for: {notes}");
    }
}

/// Both find no lease, and the locks of both machines are their own.
#[test]
fn of_two_drivers_that_start_together_the_one_whose_lease_is_replaced_is_refused() {
    for (try_lock, scope) in [(acquired as TryLock, FileSystemScope::Shared), (unsupported, FileSystemScope::Machine)] {
        let dir = tempfile::tempdir().unwrap();
        let folder = StudyFolder::new(dir.path());
        let mut first = patient("n1", scope);
        first.timing.confirm_after = Duration::from_secs(5);
        let lock = folder.lock();
        std::thread::scope(|threads| {
            threads.spawn(|| {
                let started = Instant::now();
                while !fs::read_to_string(&lock).is_ok_and(|text| text.contains("n1")) {
                    assert!(started.elapsed() < Duration::from_secs(60));
                    sleep(Duration::from_millis(1));
                }
                fs::write(&lock, "12\nn2 0000000000\n").unwrap();
            });
            let refused = acquire_in(&folder, &first, try_lock).0.unwrap_err().to_string();
            assert!(refused.contains("process 12 on n2 is driving this study"), "{refused}");
        });
    }
}

#[test]
fn without_locks_a_second_driver_on_the_same_host_is_refused_too() {
    let dir = tempfile::tempdir().unwrap();
    let folder = StudyFolder::new(dir.path());
    fs::write(folder.lock(), "12\nn1 0000000007\n").unwrap();
    let renewed = folder.lock();
    std::thread::spawn(move || {
        sleep(Duration::from_millis(200));
        fs::write(renewed, "12\nn1 0000000008\n").unwrap();
    });
    assert!(acquire_in(&folder, &patient("n1", FileSystemScope::Machine), unsupported).0.is_err());
}

#[test]
fn a_stale_lease_is_taken_over_with_a_note() {
    for (try_lock, host) in [(acquired as TryLock, "n2"), (unsupported, "n2"), (unsupported, "n1")] {
        let dir = tempfile::tempdir().unwrap();
        let folder = StudyFolder::new(dir.path());
        fs::write(folder.lock(), "12\nn1 0000000007\n").unwrap();
        let started = Instant::now();
        let (locked, notes) = acquire_in(&folder, &context(host, FileSystemScope::Shared), try_lock);
        assert!(locked.is_ok() && started.elapsed() >= Duration::from_millis(600));
        assert!(notes.contains("process 12 on n1 has not renewed its lease"), "{notes}");
    }
}

#[test]
fn a_lock_that_a_dead_host_still_holds_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let folder = StudyFolder::new(dir.path());
    fs::write(folder.lock(), "12\nn1 0000000007\n").unwrap();
    let started = Instant::now();
    let mut long = context("n2", FileSystemScope::Shared);
    (long.timing.stale_after, long.timing.locked_for) = (Duration::ZERO, Duration::from_secs(2));
    let (refused, notes) = acquire_in(&folder, &long, held);
    assert!(refused.is_err() && started.elapsed() >= Duration::from_secs(2));
    assert!(notes.contains("waiting up to 2 s"), "{notes}");
    // On the same host, or on a file system of this machine, a held lock is never stale.
    for (host, scope) in [("n1", FileSystemScope::Shared), ("n2", FileSystemScope::Machine)] {
        let (refused, notes) = acquire_in(&folder, &patient(host, scope), held);
        assert!(refused.is_err() && notes.is_empty(), "it is refused without a wait: {notes}");
    }
}

#[test]
fn a_lease_is_renewed_where_other_machines_may_see_it() {
    for scope in [FileSystemScope::Shared, FileSystemScope::SharedWithLocks] {
        let dir = tempfile::tempdir().unwrap();
        let folder = StudyFolder::new(dir.path());
        let _lock = acquire_in(&folder, &patient("n1", scope), acquired).0.unwrap();
        let content = || fs::read_to_string(folder.lock()).unwrap();
        let (first, started) = (content(), Instant::now());
        while content() == first {
            assert!(started.elapsed() < Duration::from_secs(30), "{first}");
            sleep(PAUSE);
        }
    }
}
