//! Study time: the time spent in sessions, without the pauses between them.

use std::time::{Duration, Instant};

use crate::types::units::Moment;

/// The clock of a session.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
    /// Study time at `start`.
    base: Moment,
}

impl Clock {
    /// Starts at `base`, the end of the last session.
    pub fn starting_at(base: Moment) -> Clock {
        Clock { start: Instant::now(), base }
    }

    /// The current study time.
    pub fn now(&self) -> Moment {
        self.base.after(self.start.elapsed())
    }

    /// Time until `moment`; zero if it has passed.
    pub fn until(&self, moment: Moment) -> Duration {
        moment.since(self.now())
    }
}

/// The current time as RFC 3339 in UTC, for the journal.
pub fn wall_time() -> String {
    jiff::Timestamp::now().to_string()
}
