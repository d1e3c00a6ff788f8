//! A child between `clone` and `exec`, which other threads may signal.

use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::syscalls::{Pid, Signal, signal_process};

/// A child that has been cloned and whose program has not been loaded yet. The thread that spawns it is blocked for as long as the
/// program's file system takes to answer; other threads signal the child through this.
#[derive(Debug, Default)]
pub struct SpawningChild {
    /// Written by the child itself; 0 if there is none.
    pid: AtomicI32,
    /// Held while the child is signalled, and before it is reaped, so that its number is not given to another process meanwhile.
    signalling: Mutex<()>,
}

impl SpawningChild {
    /// Signals the child; returns whether there is one.
    pub fn signal(&self, signal: Signal) -> bool {
        let _held = self.hold();
        let Some(pid) = Pid::new(self.pid.load(Ordering::Acquire)) else { return false };
        signal_process(pid, signal);
        true
    }

    /// Called in the child, which may do nothing but make system calls.
    pub(super) fn set(&self, pid: i32) {
        self.pid.store(pid, Ordering::Release);
    }

    /// The child runs its program or has failed to: from here on it is not signalled through this.
    pub(super) fn clear(&self) {
        let _held = self.hold();
        self.set(0);
    }

    fn hold(&self) -> MutexGuard<'_, ()> {
        self.signalling.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
