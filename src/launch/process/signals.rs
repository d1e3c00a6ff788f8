//! Ctrl-C, SIGTERM and SIGHUP as something one can wait for, and Ctrl-Z.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use signal_hook::SigId;
use signal_hook::consts::{SIGHUP, SIGINT, SIGSTOP, SIGTERM, SIGTSTP};
use signal_hook::flag::register_conditional_default;
use signal_hook::low_level::{pipe, raise, unregister};

use super::syscalls::{self, Disposition};

/// Whether the signals below have their default action: outside of sessions.
static UNCAUGHT: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// Those that end a study.
const ENDING: [i32; 3] = [SIGINT, SIGTERM, SIGHUP];

/// Whether a process died of a signal that ends studies too, or says with its exit code, as shells do, that it did.
pub fn ended_by_one(status: ExitStatus) -> bool {
    let signal = status.signal().or_else(|| status.code()?.checked_sub(128));
    signal.is_some_and(|signal| ENDING.contains(&signal))
}

/// Stops this process, as Ctrl-Z does where it is not caught, until a shell lets it go on.
pub fn stop_here() -> io::Result<()> {
    raise(SIGSTOP)
}

/// The signals that end a study, and the one that suspends it, caught while this lives.
#[derive(Debug)]
pub struct Signals {
    caught: Vec<Caught>,
}

#[derive(Debug)]
struct Caught {
    signal: i32,
    pipe: UnixStream,
    registration: SigId,
}

impl Signals {
    /// Begins to catch them. What was ignored before (SIGHUP under `nohup`) stays ignored, except that a study can always be ended.
    pub fn catch() -> io::Result<Signals> {
        let mut signals = Signals { caught: Vec::new() };
        UNCAUGHT.store(false, Ordering::SeqCst);
        for signal in ENDING.into_iter().chain([SIGTSTP]) {
            if [SIGHUP, SIGTSTP].contains(&signal) && syscalls::disposition(signal) == Disposition::Ignored {
                continue;
            }
            let (ours, handler_s) = UnixStream::pair()?;
            ours.set_nonblocking(true)?;
            register_conditional_default(signal, UNCAUGHT.clone())?;
            let registration = pipe::register(signal, handler_s)?;
            signals.caught.push(Caught { signal, pipe: ours, registration });
        }
        Ok(signals)
    }

    /// The session is over: from now on the signals end this process again, whatever it is waiting for. Without this they would
    /// be lost, as the handlers stay installed for good.
    pub fn release(self) {
        UNCAUGHT.store(true, Ordering::SeqCst);
    }

    /// Readable when there is something to [`Signals::take`].
    pub fn descriptors(&self) -> [Option<BorrowedFd<'_>>; 4] {
        [0, 1, 2, 3].map(|i| self.caught.get(i).map(|caught| caught.pipe.as_fd()))
    }

    /// Whether one came that is not taken yet.
    pub fn pending(&self) -> bool {
        syscalls::wait_readable(self.descriptors(), Some(Duration::ZERO)).is_ok_and(|ready| ready.contains(&true))
    }

    /// The signals that came since the last call, each as often as it came.
    pub fn take(&self) -> Vec<i32> {
        let mut came = Vec::new();
        for Caught { signal, pipe, .. } in &self.caught {
            let mut pipe = pipe;
            let mut bytes = [0; 16];
            while let Ok(count @ 1..) = pipe.read(&mut bytes) {
                came.extend(std::iter::repeat_n(*signal, count));
            }
        }
        came
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for caught in &self.caught {
            unregister(caught.registration);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
