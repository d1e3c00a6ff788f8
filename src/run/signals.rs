//! Ctrl-C, SIGTERM and SIGHUP as something one can wait for.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use signal_hook::SigId;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level::{pipe, unregister};

use super::sys;

/// The signals that end a study, caught while this lives.
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
    /// Begins to catch them. SIGHUP stays ignored where it was (`nohup`).
    pub fn catch() -> io::Result<Signals> {
        let mut signals = Signals { caught: Vec::new() };
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            if signal == SIGHUP && sys::is_ignored(signal) {
                continue;
            }
            let (ours, handler_s) = UnixStream::pair()?;
            ours.set_nonblocking(true)?;
            let registration = pipe::register(signal, handler_s)?;
            signals.caught.push(Caught { signal, pipe: ours, registration });
        }
        Ok(signals)
    }

    /// Readable when there is something to [`Signals::take`].
    pub fn descriptors(&self) -> [Option<BorrowedFd<'_>>; 3] {
        [0, 1, 2].map(|i| self.caught.get(i).map(|caught| caught.pipe.as_fd()))
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
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_told_as_often_as_it_came() {
        let signals = Signals::catch().unwrap();
        assert!(signals.take().is_empty());
        signal_hook::low_level::raise(SIGTERM).unwrap();
        signal_hook::low_level::raise(SIGTERM).unwrap();
        let [a, b, c] = signals.descriptors();
        assert!(sys::wait_readable([a, b, c], None).unwrap().contains(&true));
        assert_eq!(signals.take(), [SIGTERM, SIGTERM]);
    }
}
