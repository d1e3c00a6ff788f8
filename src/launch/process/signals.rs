//! Catches SIGINT, SIGTERM, SIGHUP and SIGTSTP and makes them available through descriptors.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use signal_hook::SigId;
use signal_hook::consts::{SIGHUP, SIGINT, SIGSTOP, SIGTERM, SIGTSTP, SIGXFSZ};
use signal_hook::flag::register_conditional_default;
use signal_hook::low_level::{pipe, raise, unregister};

use super::syscalls::{self, Disposition};

/// Whether the signals have their default action: outside of sessions.
static USE_DEFAULT_ACTION: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// Number of [`Signals`]: of a session, and of a command that runs several sessions.
static CATCHING: AtomicUsize = AtomicUsize::new(0);

/// The signals that end a study.
const TERMINATION_SIGNALS: [i32; 3] = [SIGINT, SIGTERM, SIGHUP];

/// Whether a process was killed by a signal that also ends studies. Shells report it as exit code 128 + signal.
pub fn is_termination(status: ExitStatus) -> bool {
    let signal = status.signal().or_else(|| status.code()?.checked_sub(128));
    signal.is_some_and(|signal| TERMINATION_SIGNALS.contains(&signal))
}

/// Lets writes beyond the limit of file sizes (RLIMIT_FSIZE) fail with EFBIG instead of ending this process. Programs that it starts have
/// the default action.
pub fn survive_file_size_limit() {
    if syscalls::disposition(SIGXFSZ) == Disposition::Default {
        // Without the handler, the signal has its default action.
        let _ = signal_hook::flag::register(SIGXFSZ, Arc::default());
    }
}

/// Stops this process, as Ctrl-Z does by default, until SIGCONT.
pub fn stop_process() -> io::Result<()> {
    raise(SIGSTOP)
}

/// Catches the signals that end or suspend a study until it is dropped.
#[derive(Debug)]
pub struct Signals {
    caught: Vec<CaughtSignal>,
}

#[derive(Debug)]
struct CaughtSignal {
    signal: i32,
    pipe: UnixStream,
    registration: SigId,
}

impl Signals {
    /// Installs the handlers. An ignored SIGHUP (under `nohup`) or SIGTSTP stays ignored.
    pub fn catch() -> io::Result<Signals> {
        CATCHING.fetch_add(1, Ordering::SeqCst);
        let mut signals = Signals { caught: Vec::new() };
        USE_DEFAULT_ACTION.store(false, Ordering::SeqCst);
        for signal in TERMINATION_SIGNALS.into_iter().chain([SIGTSTP]) {
            if [SIGHUP, SIGTSTP].contains(&signal) && syscalls::disposition(signal) == Disposition::Ignored {
                continue;
            }
            let (receiver, sender) = UnixStream::pair()?;
            receiver.set_nonblocking(true)?;
            register_conditional_default(signal, USE_DEFAULT_ACTION.clone())?;
            let registration = pipe::register(signal, sender)?;
            signals.caught.push(CaughtSignal { signal, pipe: receiver, registration });
        }
        Ok(signals)
    }

    /// Restores the default actions, unless signals are still caught elsewhere. Without this signals would be lost, as handlers are
    /// never uninstalled.
    pub fn release(self) {
        drop(self);
        if CATCHING.load(Ordering::SeqCst) == 0 {
            USE_DEFAULT_ACTION.store(true, Ordering::SeqCst);
        }
    }

    /// The first signal that ends a study among those received since the last call.
    pub fn take_termination(&self) -> Option<i32> {
        self.take().into_iter().find(|signal| TERMINATION_SIGNALS.contains(signal))
    }

    /// Readable if there are signals to [`Signals::take`].
    pub fn descriptors(&self) -> [Option<BorrowedFd<'_>>; 4] {
        [0, 1, 2, 3].map(|i| self.caught.get(i).map(|caught| caught.pipe.as_fd()))
    }

    /// Whether a signal was received and not taken.
    pub fn pending(&self) -> bool {
        syscalls::wait_readable(self.descriptors(), Some(Duration::ZERO)).is_ok_and(|ready| ready.contains(&true))
    }

    /// The signals received since the last call, with repetitions.
    pub fn take(&self) -> Vec<i32> {
        let mut received = Vec::new();
        for CaughtSignal { signal, pipe, .. } in &self.caught {
            let mut pipe = pipe;
            let mut bytes = [0; 16];
            while let Ok(count @ 1..) = pipe.read(&mut bytes) {
                received.extend(std::iter::repeat_n(*signal, count));
            }
        }
        received
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        CATCHING.fetch_sub(1, Ordering::SeqCst);
        for caught in &self.caught {
            unregister(caught.registration);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
