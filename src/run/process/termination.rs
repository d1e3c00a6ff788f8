//! How a running job is ended: politely first, then not.

use std::time::{Duration, Instant};

use crate::launch::process::syscalls::Signal;
use crate::types::outcome::StopRule;

/// Longest time between SIGTERM and SIGKILL of an interrupted study: the job had its grace after SIGINT already.
const LAST_GRACE: Duration = Duration::from_secs(2);

/// How long a process may take to end after SIGKILL: the memory of a large one takes seconds to free. One that takes longer is another
/// user's or is stuck in the kernel.
pub const KILL_PATIENCE: Duration = Duration::from_secs(30);

/// Why hypertune ends a job.
#[derive(Clone, PartialEq, Debug)]
pub enum KillReason {
    /// The engine says so.
    Rule(StopRule),
    /// It ran longer than the job timeout.
    Timeout,
    /// The driver itself cannot go on (a full disk); the end of this job is not recorded.
    DriverFault,
}

/// A job on its way out. Time is handed in.
#[derive(Clone, PartialEq, Debug)]
pub struct Termination {
    sent: Signal,
    grace: Duration,
    due: Option<Instant>,
    is_overdue: bool,
}

impl Termination {
    /// Begins to end a job for the reason `why`; send [`Termination::signal`] now.
    pub fn begin(why: &KillReason, grace: Duration, now: Instant) -> Termination {
        let sent = match why {
            KillReason::Rule(rule) if rule.rule == StopRule::INTERRUPTED => Signal::Interrupt,
            KillReason::Rule(_) | KillReason::Timeout => Signal::Terminate,
            KillReason::DriverFault => Signal::Kill,
        };
        let patience = if sent == Signal::Kill { KILL_PATIENCE } else { grace };
        Termination { sent, grace, due: Some(now + patience), is_overdue: false }
    }

    /// The signal sent last.
    pub fn signal(&self) -> Signal {
        self.sent
    }

    /// When the next step is due, if there is one.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// The signal to send now, if one is due.
    pub fn advance(&mut self, now: Instant) -> Option<Signal> {
        self.due.filter(|due| *due <= now)?;
        let (sent, patience) = match self.sent {
            Signal::Interrupt => (Signal::Terminate, self.grace.min(LAST_GRACE)),
            Signal::Terminate => (Signal::Kill, KILL_PATIENCE),
            Signal::Kill => {
                (self.due, self.is_overdue) = (None, true);
                return None;
            }
        };
        (self.sent, self.due) = (sent, Some(now + patience));
        Some(sent)
    }

    /// No more patience: send SIGKILL now.
    pub fn cut_short(&mut self, now: Instant) {
        if self.sent != Signal::Kill {
            (self.sent, self.due) = (Signal::Kill, Some(now + KILL_PATIENCE));
        }
    }

    /// Whether SIGKILL was sent [`KILL_PATIENCE`] ago.
    pub fn is_overdue(&self) -> bool {
        self.is_overdue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(why: &KillReason, grace: Duration) -> Vec<(u64, Signal)> {
        let start = Instant::now();
        let mut ladder = Termination::begin(why, grace, start);
        let mut steps = vec![(0, ladder.signal())];
        while let Some(due) = ladder.due() {
            assert_eq!(ladder.advance(due - Duration::from_millis(1)), None);
            assert!(!ladder.is_overdue());
            match ladder.advance(due) {
                Some(signal) => steps.push(((due - start).as_secs(), signal)),
                None => assert_eq!(due - start, Duration::from_secs(steps.last().unwrap().0) + KILL_PATIENCE),
            }
        }
        assert!(ladder.is_overdue());
        steps
    }

    #[test]
    fn an_interrupted_job_gets_three_signals_and_others_two_and_then_they_are_overdue() {
        use Signal::{Interrupt, Kill, Terminate};
        let rule = |name| KillReason::Rule(StopRule::new(name, None, None));
        let ten = Duration::from_secs(10);
        assert_eq!(steps(&rule(StopRule::INTERRUPTED), ten), [(0, Interrupt), (10, Terminate), (12, Kill)]);
        assert_eq!(steps(&rule("median"), ten), [(0, Terminate), (10, Kill)]);
        assert_eq!(steps(&KillReason::Timeout, Duration::from_secs(1)), [(0, Terminate), (1, Kill)]);
        assert_eq!(steps(&KillReason::DriverFault, ten), [(0, Kill)]);
    }
}
