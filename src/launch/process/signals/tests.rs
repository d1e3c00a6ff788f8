use std::sync::{PoisonError, RwLock};

use super::*;

/// Locked for writing by tests that raise signals, which all sessions of this process would receive.
static RAISING: RwLock<()> = RwLock::new(());

/// Runs a whole session while no test raises signals.
pub(crate) fn without_raised_signals<T>(session: impl FnOnce() -> T) -> T {
    let _raising = RAISING.read().unwrap_or_else(PoisonError::into_inner);
    session()
}

#[test]
fn a_termination_is_recognized_by_signal_and_by_exit_code() {
    let ended = |raw| is_termination(ExitStatus::from_raw(raw));
    assert!([SIGTERM, SIGINT, 143 << 8, 129 << 8].map(ended).iter().all(|yes| *yes));
    assert!(![0, 9, 1 << 8, 137 << 8].map(ended).iter().any(|yes| *yes));
}

#[test]
fn a_signal_is_taken_as_often_as_it_was_received() {
    let _raising = RAISING.write().unwrap_or_else(PoisonError::into_inner);
    let signals = Signals::catch().unwrap();
    assert!(!signals.pending() && signals.take().is_empty());
    signal_hook::low_level::raise(SIGTERM).unwrap();
    signal_hook::low_level::raise(SIGTERM).unwrap();
    assert!(syscalls::wait_readable(signals.descriptors(), None).unwrap().contains(&true));
    assert!(signals.pending());
    assert_eq!(signals.take(), [SIGTERM, SIGTERM]);
}
