//! How a running job is ended: SIGINT or SIGTERM first, then SIGKILL.

use std::time::{Duration, Instant};

use crate::launch::process::syscalls::Signal;
use crate::types::outcome::StopRule;

/// Longest time between SIGTERM and SIGKILL in an interrupted study; the job had the full grace period after SIGINT.
const TERMINATE_GRACE_AFTER_INTERRUPT: Duration = Duration::from_secs(2);

/// How long a process may take to exit after SIGKILL; freeing the memory of a large one takes seconds. One that takes longer belongs
/// to another user or is stuck in the kernel.
pub const KILL_TIMEOUT: Duration = Duration::from_secs(30);

/// Why hypertune ends a job.
#[derive(Clone, PartialEq, Debug)]
pub enum KillReason {
    /// A rule of the study, a limit or an interruption.
    Rule(StopRule),
    /// The job exceeded the job timeout.
    Timeout,
    /// The driver failed, for example on a full disk. The end of the job is not recorded.
    DriverError,
}

/// The signals for one job and the times they are due. Reads no clock: callers pass the time.
#[derive(Clone, PartialEq, Debug)]
pub struct Termination {
    signal: Signal,
    grace: Duration,
    due: Option<Instant>,
    is_overdue: bool,
}

impl Termination {
    /// Starts the termination of a job; the caller sends [`Termination::signal`] at once.
    pub fn start(reason: &KillReason, grace: Duration, now: Instant) -> Termination {
        let signal = match reason {
            KillReason::Rule(rule) if rule.rule == StopRule::INTERRUPTED => Signal::Interrupt,
            KillReason::Rule(_) | KillReason::Timeout => Signal::Terminate,
            KillReason::DriverError => Signal::Kill,
        };
        let timeout = if signal == Signal::Kill { KILL_TIMEOUT } else { grace };
        Termination { signal, grace, due: Some(now + timeout), is_overdue: false }
    }

    /// The current signal, sent or to be sent.
    pub fn signal(&self) -> Signal {
        self.signal
    }

    /// When the next step is due; `None` after the last one.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Takes the next step if it is due, and returns the signal to send.
    pub fn advance(&mut self, now: Instant) -> Option<Signal> {
        self.due.filter(|due| *due <= now)?;
        let (signal, timeout) = match self.signal {
            Signal::Interrupt => (Signal::Terminate, self.grace.min(TERMINATE_GRACE_AFTER_INTERRUPT)),
            Signal::Terminate => (Signal::Kill, KILL_TIMEOUT),
            Signal::Kill => {
                (self.due, self.is_overdue) = (None, true);
                return None;
            }
        };
        (self.signal, self.due) = (signal, Some(now + timeout));
        Some(signal)
    }

    /// Skips to SIGKILL; the caller sends it at once.
    pub fn force(&mut self, now: Instant) {
        if self.signal != Signal::Kill {
            (self.signal, self.due) = (Signal::Kill, Some(now + KILL_TIMEOUT));
        }
    }

    /// Whether [`KILL_TIMEOUT`] has passed since SIGKILL.
    pub fn is_overdue(&self) -> bool {
        self.is_overdue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(reason: &KillReason, grace: Duration) -> Vec<(u64, Signal)> {
        let start = Instant::now();
        let mut termination = Termination::start(reason, grace, start);
        let mut steps = vec![(0, termination.signal())];
        while let Some(due) = termination.due() {
            assert_eq!(termination.advance(due - Duration::from_millis(1)), None);
            assert!(!termination.is_overdue());
            match termination.advance(due) {
                Some(signal) => steps.push(((due - start).as_secs(), signal)),
                None => assert_eq!(due - start, Duration::from_secs(steps.last().unwrap().0) + KILL_TIMEOUT),
            }
        }
        assert!(termination.is_overdue());
        steps
    }

    #[test]
    fn an_interrupted_job_gets_three_signals_others_two_and_then_they_are_overdue() {
        use Signal::{Interrupt, Kill, Terminate};
        let rule = |name| KillReason::Rule(StopRule::new(name, None, None));
        let ten = Duration::from_secs(10);
        assert_eq!(steps(&rule(StopRule::INTERRUPTED), ten), [(0, Interrupt), (10, Terminate), (12, Kill)]);
        assert_eq!(steps(&rule("median"), ten), [(0, Terminate), (10, Kill)]);
        assert_eq!(steps(&KillReason::Timeout, Duration::from_secs(1)), [(0, Terminate), (1, Kill)]);
        assert_eq!(steps(&KillReason::DriverError, ten), [(0, Kill)]);
    }
}
