//! A child between `clone` and `exec`.

use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::syscalls::{Pid, Signal, signal_process};

/// A child between `clone` and `exec`, which other threads can signal. The thread that spawns it is blocked until the program is
/// loaded, which takes arbitrarily long on a network file system.
#[derive(Debug, Default)]
pub struct SpawningChild {
    /// Written by the child itself; 0 if there is no such child.
    pid: AtomicI32,
    /// Held while the child is signalled and when it is cleared, which precedes reaping: its number cannot be reused meanwhile.
    signalling: Mutex<()>,
}

impl SpawningChild {
    /// Signals the child. Returns false if there is none.
    pub fn signal(&self, signal: Signal) -> bool {
        let _guard = self.lock();
        let Some(pid) = Pid::new(self.pid.load(Ordering::Acquire)) else { return false };
        signal_process(pid, signal);
        true
    }

    /// Called in the child, which may only make system calls.
    pub(super) fn set(&self, pid: i32) {
        self.pid.store(pid, Ordering::Release);
    }

    /// Called when the child has loaded its program or failed to.
    pub(super) fn clear(&self) {
        let _guard = self.lock();
        self.set(0);
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        self.signalling.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
